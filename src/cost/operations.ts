import type { ResolvedLayer, Shape } from '../networks/types.js';
import { countLayer, isNorm } from './count-layer.js';

/** Everything in a layer that one counter or another counts. */
export interface Operations {
  readonly macs: number;
  /** Outputs that a bias of the layer's own is added to. */
  readonly biased: number;
  /** Outputs of a convolution (standard, depthwise or pointwise), without dense layers. */
  readonly convolved: number;
  /** Elements that a batch norm scales and shifts. */
  readonly normalised: number;
  /** Outputs of an activation function other than softmax. */
  readonly activated: number;
  /** Elements that an average pool reads. */
  readonly averaged: number;
  /** Elements that a maximum pool reads. */
  readonly maximised: number;
}

const NONE: Operations = {
  macs: 0,
  biased: 0,
  convolved: 0,
  normalised: 0,
  activated: 0,
  averaged: 0,
  maximised: 0,
};

const listed = new WeakMap<ResolvedLayer, Operations>();

/** What one layer does for one picture, in exact integers. */
export function listOperations(layer: ResolvedLayer): Operations {
  // Every convention and every published figure asks for the same layers.
  let operations = listed.get(layer);
  if (!operations) {
    operations = listAnew(layer);
    listed.set(layer, operations);
  }
  return operations;
}

function listAnew(layer: ResolvedLayer): Operations {
  const outputs = countElements(layer.outputShape);
  const inputs = countElements(layer.inputShapes[0]);
  if (isNorm(layer)) {
    const isLinear = 'activation' in layer && layer.activation === 'linear';
    return { ...NONE, normalised: outputs, activated: isLinear ? 0 : outputs };
  }
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
    case 'pointwise':
    case 'dense':
      return {
        ...NONE,
        macs: countLayer(layer).macs,
        biased: layer.bias ? outputs : 0,
        convolved: layer.kind === 'dense' ? 0 : outputs,
        normalised: layer.batchNorm ? outputs : 0,
        activated: layer.activation === 'linear' ? 0 : outputs,
      };
    case 'activation':
    case 'prelu':
      return { ...NONE, activated: outputs };
    case 'averagePool':
    case 'globalAveragePool':
      return { ...NONE, averaged: inputs };
    case 'maxPool':
    case 'globalMaxPool':
      return { ...NONE, maximised: inputs };
    default:
      return NONE;
  }
}

export function countElements({ height, width, channels }: Shape): number {
  return height * width * channels;
}
