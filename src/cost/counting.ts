import type { ResolvedLayer, ResolvedNetwork } from '../networks/types.js';
import {
  type ConventionId,
  type CountingRule,
  conventions,
  countAllByRule,
  countByRule,
  type ParameterRule,
  parametersByRule,
  switches,
} from './conventions.js';
import { countLayers } from './count-layer.js';

/** What a user asks for: a convention, and single switches on top of it. */
export interface CountingOptions {
  readonly convention?: ConventionId;
  readonly flopsPerMac?: 1 | 2;
  readonly countBatchNorm?: boolean;
  readonly countBias?: boolean;
  readonly countPool?: boolean;
  readonly params?: ParameterRule;
}

/** A convention with its switches, ready to count one network. */
export interface Counting {
  readonly convention: ConventionId;
  readonly unit: 'MACs' | 'FLOPs';
  /** One line. */
  readonly definition: string;
  readonly rule: CountingRule;
  readonly params: ParameterRule;
  /** 2 unless the user says otherwise. */
  readonly flopsPerMac: 1 | 2;
  /** Counts nothing but MACs of convolutions and dense layers. */
  readonly plain: boolean;
}

export function chooseCounting(options: CountingOptions, network: string): Counting {
  const { convention = 'paper', flopsPerMac, countBatchNorm, countBias, countPool } = options;
  const preset = conventions[convention];
  const rule: CountingRule = {
    ...preset.rule,
    ...(flopsPerMac && { perMac: flopsPerMac }),
    ...(countBatchNorm && switches.batchNorm),
    ...(countBias && switches.bias),
    ...(countPool && switches.pool),
  };
  const params = options.params ?? preset.params(network);
  const changes = [
    flopsPerMac && `${flopsPerMac} for each multiply-accumulate`,
    countBatchNorm && '2 for each batch-norm element',
    countBias && '1 for each bias addition',
    countPool && '1 for each element that a pool reads',
    options.params && `parameters: ${options.params}`,
  ].filter((change) => typeof change === 'string');
  const { perMac, dense, ...extras } = rule;
  return {
    convention,
    unit: perMac === 2 ? 'FLOPs' : 'MACs',
    definition: changes.length === 0 ? preset.definition : `${preset.definition} Changed: ${changes.join('; ')}.`,
    rule,
    params,
    flopsPerMac: flopsPerMac ?? 2,
    plain: perMac === 1 && dense && Object.values(extras).every((worth) => worth === 0),
  };
}

export interface Counted {
  readonly count: number;
  readonly params: number;
}

export function countNetwork({ layers }: Pick<ResolvedNetwork, 'layers'>, { rule, params, plain }: Counting): Counted {
  const total = countLayers(layers);
  return {
    count: plain ? total.macs : countAllByRule(layers, rule),
    params: parametersByRule(total.params, params),
  };
}

export function countOf(layer: ResolvedLayer, { rule }: Counting): number {
  return countByRule(layer, rule);
}
