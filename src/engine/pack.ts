import { NETWORK_INPUT } from '../networks/types.js';
import { toFloat32 } from '../weights/half.js';
import type { Tensor } from '../weights/types.js';
import type { Kernels } from './kernels.js';

/** A layer's weights in its own layout, and one bias for each output channel. */
export interface FoldedWeights {
  readonly weights: Tensor['data'];
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

/** What packing works on: the kernels bound to a memory, and room in it for the largest tensor, `stagingBytes`. */
export interface PackTarget {
  readonly memory: ArrayBufferLike;
  readonly kernels: Pick<Kernels, 'pack_rows_f16' | 'pack_rows_f32'>;
  /** Byte address; nothing else may live there while weights are packed. */
  readonly staging: number;
}

/** Bytes of staging that a layer's weights need, in whatever precision they come. */
export function stagingBytes(packed: PackedWeights): number {
  return packed.layout === 'depthwise' ? 0 : 4 * packed.taps * packed.inChannels * packed.outChannels;
}

/** Writes folded weights into memory as the kernels read them. What lies between is left as it is: zero. */
export function pack(packed: PackedWeights, folded: FoldedWeights, target: PackTarget): void {
  if (packed.layout === 'depthwise') packDepthwise(packed, folded, target.memory);
  else packPanels(packed, folded, target);
}

function packDepthwise(packed: PackedDepthwise, { weights, bias }: FoldedWeights, memory: ArrayBufferLike): void {
  const { channels, storedChannels } = packed;
  const rows = new Float32Array(memory, packed.address, packed.bytes / 4);
  const values = toFloat32(weights);
  rows.set(bias, 0);
  for (let tap = 0; tap < packed.taps; tap++) {
    rows.set(values.subarray(tap * channels, (tap + 1) * channels), (tap + 1) * storedChannels);
  }
}

function packPanels(packed: PackedPanels, { weights, bias }: FoldedWeights, target: PackTarget): void {
  const { tile, taps, inChannels, outChannels, storedInChannels, rows, address } = packed;
  const { memory, kernels, staging } = target;
  const panelBytes = 4 * (rows + 1) * tile;
  for (let first = 0, panel = 0; first < outChannels; first += tile, panel++) {
    new Float32Array(memory, address + panel * panelBytes, tile).set(bias.subarray(first, first + tile));
  }
  const half = weights instanceof Uint16Array;
  if (half) new Uint16Array(memory, staging, weights.length).set(weights);
  else new Float32Array(memory, staging, weights.length).set(weights);
  const packRows = half ? kernels.pack_rows_f16 : kernels.pack_rows_f32;
  for (let tap = 0; tap < taps; tap++) {
    const to = address + 4 * tile * (1 + tap * storedInChannels);
    const from = staging + tap * inChannels * outChannels * weights.BYTES_PER_ELEMENT;
    packRows(to, from, inChannels, outChannels, panelBytes);
  }
}
