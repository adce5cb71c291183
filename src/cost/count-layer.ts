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
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
    case 'pointwise':
    case 'dense':
      // Every weight is used once for each output position.
      return { macs: height * width * params.weights, params };
    case 'add':
    case 'scale':
    case 'activation':
    case 'maxPool':
    case 'globalAveragePool':
    case 'softmax':
      return { macs: 0, params };
    default:
      return layer satisfies never;
  }
}

function countParameters(parameters: readonly Parameter[]): ParameterCounts {
  const sum = (...names: readonly Parameter['name'][]) =>
    parameters
      .filter(({ name }) => names.includes(name))
      .reduce((total, { shape }) => total + shape.reduce((product, extent) => product * extent, 1), 0);
  const weights = sum('weights');
  const bias = sum('bias');
  const gamma = sum('gamma');
  const trainable = weights + bias + sum('gamma', 'beta');
  return { weights, folded: weights + bias + gamma, trainable, total: trainable + sum('mean', 'variance') };
}

export function addCounts(counts: readonly LayerCount[]): LayerCount {
  const sum = (pick: (count: LayerCount) => number) => counts.reduce((total, count) => total + pick(count), 0);
  return {
    macs: sum(({ macs }) => macs),
    params: {
      weights: sum(({ params }) => params.weights),
      folded: sum(({ params }) => params.folded),
      trainable: sum(({ params }) => params.trainable),
      total: sum(({ params }) => params.total),
    },
  };
}
