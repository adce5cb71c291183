import { NETWORK_INPUT } from '../networks/types.js';

/** A layer's weights in its own layout, and one bias for each output channel. */
export interface FoldedWeights {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Where and how one layer's parameters lie in memory; the layouts are described in DESIGN.md. */
export type PackedWeights = PackedPanels | PackedDepthwise;

interface Placement {
  readonly layer: string;
  /** Byte address. */
  readonly address: number;
  readonly bytes: number;
}

/** Panels of `tile` output channels: `tile` biases, then `tile` weights for each input. */
export interface PackedPanels extends Placement {
  readonly layout: 'panels';
  readonly tile: number;
  /** Weights' rows in the checkpoint: taps × channels of the input as the layer knows it. */
  readonly taps: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of the input map as stored: rows between are zero. */
  readonly storedInChannels: number;
  /** Rows of a panel, ≥ taps × storedInChannels. */
  readonly rows: number;
}

/** Biases of all stored channels, then `taps` rows of weights. */
export interface PackedDepthwise extends Placement {
  readonly layout: 'depthwise';
  readonly taps: number;
  readonly channels: number;
  readonly storedChannels: number;
}

/** The picture is stored as it is; every other map has its channels rounded up to the kernels' tile. */
export function storedChannels(value: string, channels: number, tile: number): number {
  return value === NETWORK_INPUT ? channels : Math.ceil(channels / tile) * tile;
}

export function panelBytes(outChannels: number, tile: number, rows: number): number {
  return 4 * (rows + 1) * Math.ceil(outChannels / tile) * tile;
}

export function depthwiseBytes(storedChannels: number, taps: number): number {
  return 4 * (taps + 1) * storedChannels;
}

/** Writes folded weights into `memory` as the kernels read them. What lies between is left as it is: zero. */
export function pack(packed: PackedWeights, folded: FoldedWeights, memory: ArrayBufferLike): void {
  const target = new Float32Array(memory, packed.address, packed.bytes / 4);
  if (packed.layout === 'depthwise') packDepthwise(packed, folded, target);
  else packPanels(packed, folded, target);
}

function packDepthwise(packed: PackedDepthwise, { weights, bias }: FoldedWeights, target: Float32Array): void {
  const { channels, storedChannels } = packed;
  target.set(bias, 0);
  for (let tap = 0; tap < packed.taps; tap++) {
    target.set(weights.subarray(tap * channels, (tap + 1) * channels), (tap + 1) * storedChannels);
  }
}

function packPanels(packed: PackedPanels, { weights, bias }: FoldedWeights, target: Float32Array): void {
  const { tile, taps, inChannels, outChannels, storedInChannels, rows } = packed;
  const panelLength = (rows + 1) * tile;
  for (let first = 0, panel = 0; first < outChannels; first += tile, panel += panelLength) {
    const width = Math.min(tile, outChannels - first);
    for (let n = 0; n < width; n++) target[panel + n] = bias[first + n]!;
    for (let tap = 0; tap < taps; tap++) {
      let to = panel + (1 + tap * storedInChannels) * tile;
      let from = tap * inChannels * outChannels + first;
      for (let k = 0; k < inChannels; k++, to += tile, from += outChannels) {
        for (let n = 0; n < width; n++) target[to + n] = weights[from + n]!;
      }
    }
  }
}
