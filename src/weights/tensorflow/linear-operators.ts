import type { Activation } from '../../networks/types.js';
import type { Target } from '../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, readReals } from '../graph/value.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';
import { readWindow } from './windows.js';

/** Activations that convolutions and products of matrices have fused into them. */
const FUSED: ReadonlyMap<string, Activation> = new Map([
  ['Relu', 'relu'],
  ['Relu6', 'relu6'],
  ['Elu', 'elu'],
  ['Sigmoid', 'sigmoid'],
  ['Tanh', 'tanh'],
]);
const DEFAULT_LEAKY_SLOPE = 0.2;

export function importConv(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const filter = importer.constant(node, 1, 'a filter');
  const [kernelH, kernelW, inChannels, outChannels] = filter.dims as [number, number, number, number];
  const groups = value.shape.channels / inChannels;
  if (filter.dims.length !== 4 || !Number.isInteger(groups) || outChannels % groups !== 0) {
    throw importer.damaged(
      `${node.operator} with a filter of ${filter.dims.join('×')} over ${value.shape.channels} channels`,
    );
  }
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const strides = [kernelW * inChannels * outChannels, inChannels * outChannels, outChannels, 1];
  const layout = { shape: [kernelH, kernelW, inChannels, outChannels], strides };
  finishLinear(importer, node, (target) =>
    importer.builder.conv(value, filter, layout, outChannels, window, target, groups),
  );
}

export function importDepthwise(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const filter = importer.constant(node, 1, 'a filter');
  const [kernelH, kernelW, channels, multiplier] = filter.dims as [number, number, number, number];
  if (filter.dims.length !== 4 || channels !== value.shape.channels) {
    throw importer.damaged(
      `${node.operator} with a filter of ${filter.dims.join('×')} over ${value.shape.channels} channels`,
    );
  }
  const filters = channels * multiplier;
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const layout = { shape: [kernelH, kernelW, filters], strides: [kernelW * filters, filters, 1] };
  finishLinear(importer, node, (target) =>
    importer.builder.depthwise(value, filter, layout, window, target, multiplier),
  );
}

export function importMatMul(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const weights = importer.constant(node, 1, 'weights');
  const transposed = importer.flagOf(node, 'transpose_b');
  const [first, second] = weights.dims as [number, number];
  const [inputs, outputs] = transposed ? [second, first] : [first, second];
  const count = multiply(value.dims);
  if (importer.flagOf(node, 'transpose_a') || weights.dims.length !== 2 || inputs !== count) {
    throw importer.unsupported(
      `${node.operator} with weights ${weights.dims.join('×')} over ${count} values, expected a matrix that fits`,
    );
  }
  if (value.dims.at(-1) !== count) {
    throw importer.unsupported(`${node.operator} over ${value.dims.join('×')}, expected a row of ${count} values`);
  }
  const strides = transposed ? { input: 1, output: inputs } : { input: outputs, output: 1 };
  finishLinear(importer, node, (target) => importer.builder.dense(value, weights, strides, outputs, target), [
    1,
    outputs,
  ]);
}

/** The bias and the activation that are fused into a linear operator. */
function finishLinear(
  importer: TensorflowImporter,
  node: TensorflowNode,
  make: (target: Target) => MapValue,
  dims?: readonly number[],
): void {
  const fused = importer.textsOf(node, 'fused_ops');
  const target = importer.target(node, []);
  let value = make(fused.length === 0 ? target : { ...target, readers: 1 });
  const { height, width, channels } = value.shape;
  const full = { ...target, name: value.layer, dims: dims ?? [1, height, width, channels] };
  value = { ...value, dims: full.dims };
  for (const [index, name] of fused.entries()) {
    const next = index === fused.length - 1 ? full : { ...full, readers: 1 };
    const activation = FUSED.get(name);
    if (name === 'BiasAdd' && index === 0) {
      value = addBias(importer, node, value, importer.constant(node, 2, 'a bias'), next);
    } else if (activation !== undefined) {
      value = importer.builder.activate(value, activation, next);
    } else if (name === 'LeakyRelu') {
      const slope = importer.floatOf(node, 'leakyrelu_alpha', DEFAULT_LEAKY_SLOPE);
      value = importer.builder.activate(value, 'leakyRelu', next, [slope]);
    } else if (name === 'Prelu') {
      value = importer.builder.prelu(value, readReals(importer.constant(node, 3, 'slopes')), next);
    } else {
      throw importer.unsupported(
        `${node.operator} with ${JSON.stringify(name)} fused, expected BiasAdd, LeakyRelu, Prelu, ${[...FUSED.keys()].join(', ')}`,
      );
    }
  }
  importer.define(node, value);
}

function addBias(
  importer: TensorflowImporter,
  node: TensorflowNode,
  value: MapValue,
  bias: ConstantValue,
  target: Target,
): MapValue {
  const { channels } = value.shape;
  if (multiply(bias.dims) !== channels) {
    throw importer.damaged(`${node.operator} with ${multiply(bias.dims)} biases, expected ${channels}`);
  }
  return importer.builder.affine(value, new Array<number>(channels).fill(1), readReals(bias), target);
}

export function importBiasAdd(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  if (value.dims.at(-1) !== value.shape.channels) {
    throw importer.unsupported(`BiasAdd over ${value.dims.join('×')}, expected channels last`);
  }
  const target = importer.target(node, value.dims);
  importer.define(node, addBias(importer, node, value, importer.constant(node, 1, 'a bias'), target));
}

export function importBatchNorm(importer: TensorflowImporter, node: TensorflowNode): void {
  if (importer.flagOf(node, 'is_training')) throw importer.unsupported(`${node.operator} in training mode`);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => readStatistics(importer, node, index));
  normalise(importer, node, {
    gamma,
    beta: beta!,
    mean: mean!,
    variance: variance!,
    epsilon: importer.floatOf(node, 'epsilon', 1e-4),
  });
}

/** The operator of graphs of 2015 and before. */
export function importNormalization(importer: TensorflowImporter, node: TensorflowNode): void {
  const [mean, variance, beta, gamma] = [1, 2, 3, 4].map((index) => readStatistics(importer, node, index));
  const isScaled = importer.flagOf(node, 'scale_after_normalization');
  const epsilon = importer.floatOf(node, 'variance_epsilon', Number.NaN);
  if (Number.isNaN(epsilon)) throw importer.damaged(`${node.operator} without its epsilon`);
  normalise(importer, node, {
    gamma: isScaled ? gamma : undefined,
    beta: beta!,
    mean: mean!,
    variance: variance!,
    epsilon,
  });
}

interface Normalisation {
  readonly gamma: readonly number[] | undefined;
  readonly beta: readonly number[];
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly epsilon: number;
}

function readStatistics(importer: TensorflowImporter, node: TensorflowNode, index: number): number[] {
  const { channels } = importer.picture(node).shape;
  const constant = importer.constant(node, index, 'statistics');
  if (multiply(constant.dims) !== channels) {
    throw importer.damaged(`${node.operator} with ${constant.dims.join('×')} values, expected ${channels}`);
  }
  return readReals(constant);
}

function normalise(
  importer: TensorflowImporter,
  node: TensorflowNode,
  { gamma, beta, mean, variance, epsilon }: Normalisation,
) {
  const value = importer.picture(node);
  const scale = variance.map((square, c) => (gamma?.[c] ?? 1) / Math.sqrt(square + epsilon));
  const offset = beta.map((base, c) => base - mean[c]! * scale[c]!);
  importer.define(node, importer.builder.affine(value, scale, offset, importer.target(node, value.dims)));
}
