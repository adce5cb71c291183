import type { ResolvedLayer } from '../networks/types.js';
import { countLayers, type ParameterCounts } from './count-layer.js';
import { listOperations, type Operations } from './operations.js';

/** How many operations each thing is worth. */
export interface CountingRule {
  readonly perMac: number;
  /** For each output that a bias is added to. */
  readonly bias: number;
  /** For each output of a convolution. */
  readonly convOutput: number;
  /** For each element of a batch norm. */
  readonly batchNorm: number;
  /** For each output of an activation. */
  readonly activation: number;
  /** For each element that an average pool reads. */
  readonly averagePool: number;
  /** For each element that a maximum pool reads. */
  readonly maxPool: number;
  /** Whether dense layers count at all. */
  readonly dense: boolean;
}

export const parameterRules = ['weights', 'folded', 'trainable', 'total'] as const;

/** `weightsAndBias`: no batch norm; `slimV1`: biases and three of a batch norm's four vectors. */
export type ParameterRule = (typeof parameterRules)[number] | 'weightsAndBias' | 'slimV1';

/** How a paper or tool counts. */
export interface Convention {
  readonly id: ConventionId;
  /** What the tool calls its number. */
  readonly unit: 'MACs' | 'FLOPs';
  /** One sentence. */
  readonly definition: string;
  readonly rule: CountingRule;
  readonly params: (network: string) => ParameterRule;
  /** Length of the output where the source's networks have another than 1000. */
  readonly classes?: number;
}

export const conventionIds = [
  'paper',
  'slim',
  'keras',
  'torch',
  'fvcore',
  'thop',
  'ptflops',
  'tfprofiler',
  'openvino',
] as const;
export type ConventionId = (typeof conventionIds)[number];

const MACS_ONLY: CountingRule = {
  perMac: 1,
  bias: 0,
  convOutput: 0,
  batchNorm: 0,
  activation: 0,
  averagePool: 0,
  maxPool: 0,
  dense: true,
};

/** What a switch adds: a scale and a shift; one addition; one operation for each element that a pool reads. */
export const switches = {
  batchNorm: { batchNorm: 2 },
  bias: { bias: 1 },
  pool: { averagePool: 1, maxPool: 1 },
} as const satisfies Record<string, Partial<CountingRule>>;

const isMobilenet = (network: string) => network.startsWith('mobilenet');

export const conventions: Readonly<Record<ConventionId, Convention>> = {
  paper: {
    id: 'paper',
    unit: 'MACs',
    definition:
      'paper: multiply-accumulates of convolutions and dense layers; parameters: weights alone (MobileNet), trainable (others).',
    rule: MACS_ONLY,
    params: (network) => (isMobilenet(network) ? 'weights' : 'trainable'),
  },
  slim: {
    id: 'slim',
    unit: 'MACs',
    definition:
      'TF-slim README: multiply-accumulates of convolutions and dense layers, 1001 classes; parameters: weights and biases, for v1 with three batch-norm vectors.',
    rule: MACS_ONLY,
    params: (network) => (network.startsWith('mobilenet_v1') ? 'slimV1' : 'weightsAndBias'),
    classes: 1001,
  },
  keras: {
    id: 'keras',
    unit: 'MACs',
    definition:
      'Keras: multiply-accumulates of convolutions and dense layers, as its documentation prints them; parameters: all, with running statistics, as summary() does.',
    rule: MACS_ONLY,
    params: () => 'total',
  },
  torch: {
    id: 'torch',
    unit: 'MACs',
    definition:
      'torchvision: multiply-accumulates of convolutions and dense layers (its documentation says GFLOPS); parameters: trainable.',
    rule: MACS_ONLY,
    params: () => 'trainable',
  },
  fvcore: {
    id: 'fvcore',
    unit: 'MACs',
    definition:
      'fvcore, timm: multiply-accumulates (which they call flops) + 2 for each batch-norm element + 1 for each element that average pooling reads; parameters: trainable.',
    rule: { ...MACS_ONLY, batchNorm: 2, averagePool: 1 },
    params: () => 'trainable',
  },
  thop: {
    id: 'thop',
    unit: 'MACs',
    definition: 'THOP: multiply-accumulates + 4 for each batch-norm element; parameters: trainable.',
    rule: { ...MACS_ONLY, batchNorm: 4 },
    params: () => 'trainable',
  },
  ptflops: {
    id: 'ptflops',
    unit: 'MACs',
    definition:
      'ptflops (pytorch backend): multiply-accumulates + 1 for each bias addition, 2 for each batch-norm element, 1 for each activation and each element that pooling reads; parameters: trainable.',
    rule: { ...MACS_ONLY, bias: 1, batchNorm: 2, activation: 1, averagePool: 1, maxPool: 1 },
    params: () => 'trainable',
  },
  tfprofiler: {
    id: 'tfprofiler',
    unit: 'FLOPs',
    definition:
      'tf.profiler up to the last convolution: 2 × multiply-accumulates + 1 for each convolution output, without the dense layer; parameters: trainable.',
    rule: { ...MACS_ONLY, perMac: 2, convOutput: 1, dense: false },
    params: () => 'trainable',
  },
  openvino: {
    id: 'openvino',
    unit: 'FLOPs',
    definition:
      'OpenVINO Open Model Zoo: 2 × multiply-accumulates + 2 for each convolution output, 1001 classes; parameters: batch norm folded.',
    rule: { ...MACS_ONLY, perMac: 2, convOutput: 2 },
    params: () => 'folded',
    classes: 1001,
  },
};

/** One layer's operations as a rule counts them. */
export function countByRule(layer: ResolvedLayer, rule: CountingRule): number {
  return countOperations(listOperations(layer), rule, layer.kind === 'dense');
}

/** The operations of all layers together. */
export function countAllByRule(layers: readonly ResolvedLayer[], rule: CountingRule): number {
  // The usual rule needs no list of operations.
  if (rule === MACS_ONLY) return countLayers(layers).macs;
  return layers.reduce((sum, layer) => sum + countByRule(layer, rule), 0);
}

export function countOperations(done: Operations, rule: CountingRule, isDense: boolean): number {
  if (isDense && !rule.dense) return 0;
  return (
    rule.perMac * done.macs +
    rule.bias * done.biased +
    rule.convOutput * done.convolved +
    rule.batchNorm * done.normalised +
    rule.activation * done.activated +
    rule.averagePool * done.averaged +
    rule.maxPool * done.maximised
  );
}

/** Of the four counts that are kept, folded = weights + bias + γ and trainable = weights + bias + γ + β. */
export function parametersByRule(params: ParameterCounts, rule: ParameterRule): number {
  switch (rule) {
    case 'weightsAndBias':
      return 2 * params.folded - params.trainable;
    case 'slimV1':
      return (params.trainable + params.total) / 2;
    default:
      return params[rule];
  }
}
