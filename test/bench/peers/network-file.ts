import { foldBatchNorm } from '../../../src/engine/fold.js';
import { buildNetwork, findNetwork } from '../../../src/networks/index.js';
import { resolve } from '../../../src/networks/resolve.js';
import type { Activation, LayerKind, ResolvedNetwork } from '../../../src/networks/types.js';
import { seededWeights } from '../../../src/use-cases/seeded-weights.js';
import { toFloat32 } from '../../../src/weights/half.js';
import type { NetworkWeights } from '../../../src/weights/types.js';

/** Of the seeded batch norms. */
export const EPSILON = 1e-3;

/** The network as the peers' programs read it: batch norm folded, weights in a file of floats beside it. */
export interface NetworkFile {
  readonly model: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly layers: readonly PeerLayer[];
}

/** In its place where a file is compared that already is what the peers read. */
export interface OwnFile {
  readonly path: string;
  readonly resolution: number;
  /** How a quantised file stores its output: value = (stored − zeroPoint) · scale. */
  readonly output?: { readonly scale: number; readonly zeroPoint: number };
}

export interface PeerLayer {
  readonly name: string;
  readonly kind: LayerKind;
  readonly inputs: readonly string[];
  /** Height, width, channels of what it gives. */
  readonly shape: readonly [number, number, number];
  readonly activation: Activation;
  readonly kernelSize: number;
  readonly stride: number;
  /** Top, bottom, left, right. */
  readonly pads: readonly [number, number, number, number];
  /** Whether the pads are those of TensorFlow's SAME. */
  readonly same: boolean;
  /** Shape as in `networks/types.ts` and first float; the biases, one for each output channel, follow. */
  readonly weights?: { readonly shape: readonly number[]; readonly offset: number; readonly biases: number };
}

export function resolvePeerNetwork(model: string, alpha: number, resolution: number | undefined): ResolvedNetwork {
  const entry = findNetwork(model);
  return resolve(buildNetwork(model, { alpha }), { resolution: resolution ?? entry.defaultResolution });
}

/** The network's description and all its floats: seeded ones, or those of a model. */
export function describeForPeers(
  network: ResolvedNetwork,
  weights: NetworkWeights = seededWeights(network),
  epsilon = EPSILON,
): { file: NetworkFile; floats: Float32Array } {
  const parts: Float32Array[] = [];
  let offset = 0;
  const layers = network.layers.map((layer): PeerLayer => {
    const { name, kind, inputs, pads, outputShape } = layer;
    const own = weights.get(name);
    let stored: PeerLayer['weights'];
    if (own) {
      const folded = foldBatchNorm(own, epsilon);
      const values = toFloat32(folded.weights);
      stored = { shape: own.weights.shape, offset, biases: folded.bias.length };
      parts.push(values, folded.bias);
      offset += values.length + folded.bias.length;
    }
    return {
      name,
      kind,
      inputs,
      shape: [outputShape.height, outputShape.width, outputShape.channels],
      activation: 'activation' in layer ? layer.activation : 'linear',
      kernelSize: 'kernelSize' in layer ? layer.kernelSize : 1,
      stride: 'stride' in layer ? layer.stride : 1,
      pads: [pads.top, pads.bottom, pads.left, pads.right],
      same: 'padding' in layer && layer.padding === 'same',
      ...(stored && { weights: stored }),
    };
  });
  const floats = new Float32Array(offset);
  let at = 0;
  for (const part of parts) {
    floats.set(part, at);
    at += part.length;
  }
  return { file: { model: network.id, alpha: network.alpha, resolution: network.resolution, layers }, floats };
}

/** A dense layer between maps has to keep four axes: peers get it as a pointwise one. */
export function kindForPeers({ layers }: NetworkFile, index: number): LayerKind {
  const { kind } = layers[index]!;
  return kind === 'dense' && layers[index + 1]?.kind !== 'softmax' ? 'pointwise' : kind;
}

/** The weights of a layer that has any, in this project's order: output channels last. */
export function layerWeights({ weights }: PeerLayer, floats: Float32Array) {
  const { shape, offset, biases } = weights!;
  const count = shape.reduce((product, extent) => product * extent, 1);
  return {
    shape,
    values: floats.subarray(offset, offset + count),
    bias: floats.subarray(offset + count, offset + count + biases),
  };
}
