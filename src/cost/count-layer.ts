import type { Parameter, ResolvedLayer } from '../networks/types.js';

/** Parameters under the four conventions in use. */
export interface ParameterCounts {
  /** Weights of convolutions and dense layers, without bias. */
  readonly weights: number;
  /** Weights and one bias for each output channel that has a batch norm or a bias: what a folded network stores. */
  readonly folded: number;
  /** Weights, biases, gammas and betas. */
  readonly trainable: number;
  /** Trainable ones and the batch norms' running means and variances. */
  readonly total: number;
}

export interface LayerCount {
  /** Multiply-accumulates of a convolution or dense layer; 0 for every other layer. */
  readonly macs: number;
  readonly params: ParameterCounts;
}

/** What one layer costs. Bias, batch norm, activations, pools and sums are not counted as multiply-accumulates. */
export function countLayer(layer: ResolvedLayer): LayerCount {
  const params = countParameters(layer.parameters);
  const { height, width } = layer.outputShape;
  if (isNorm(layer)) return { macs: 0, params: { ...params, weights: 0 } };
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
    case 'pointwise':
    case 'dense':
      // Every weight is used once for each output position.
      return { macs: height * width * params.weights, params };
    default:
      return { macs: 0, params };
  }
}

/** A batch norm or a scale that stands by itself. */
export function isNorm(layer: ResolvedLayer): boolean {
  return layer.kind === 'depthwise' && layer.isNorm === true;
}

function countParameters(parameters: readonly Parameter[]): ParameterCounts {
  const counts = { weights: 0, bias: 0, gamma: 0, beta: 0, mean: 0, variance: 0 };
  for (const { name, shape } of parameters) counts[name] = shape.reduce(multiply, 1);
  const { weights, bias, gamma, beta, mean, variance } = counts;
  const trainable = weights + bias + gamma + beta;
  return { weights, folded: weights + bias + gamma, trainable, total: trainable + mean + variance };
}

const multiply = (product: number, extent: number) => product * extent;

/** What all layers of a network cost, and each of them. */
export interface LayersCount extends LayerCount {
  readonly each: readonly LayerCount[];
}

const counted = new WeakMap<readonly ResolvedLayer[], LayersCount>();

/** What all layers of a network cost. */
export function countLayers(layers: readonly ResolvedLayer[]): LayersCount {
  // Totals, groups, conventions and published figures all ask for the same layers.
  let count = counted.get(layers);
  if (!count) {
    const each = layers.map(countLayer);
    count = { ...addCounts(each), each };
    counted.set(layers, count);
  }
  return count;
}

export function addCounts(counts: readonly LayerCount[]): LayerCount {
  let macs = 0;
  let [weights, folded, trainable, total] = [0, 0, 0, 0];
  for (const { macs: own, params } of counts) {
    macs += own;
    weights += params.weights;
    folded += params.folded;
    trainable += params.trainable;
    total += params.total;
  }
  return { macs, params: { weights, folded, trainable, total } };
}
