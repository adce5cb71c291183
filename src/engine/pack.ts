import { NETWORK_INPUT } from '../networks/types.js';
import { toFloat32 } from '../weights/half.js';
import type { Tensor } from '../weights/types.js';
import type { KernelConstants } from './kernel-constants.js';
import type { Kernels } from './kernels.js';

/** A layer's weights in its own layout, and one bias for each output channel. */
export interface FoldedWeights {
  readonly weights: Tensor['data'];
  readonly bias: Float32Array;
}

/** Where and how one layer's parameters lie in memory; the layouts are described in DESIGN.md. */
export type PackedLayer = PackedPanels | PackedGroups | PackedDepthwise | PackedBiases;

/** All that lies in memory before the first run. */
export type PackedWeights = PackedLayer | PackedTable;

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

/**
 * Panels of `tile` output channels of a convolution in groups: for each tap and each of panelChannels input channels `tile`
 * weights, zeros where a channel is none of the output's group.
 */
export interface PackedGroups extends Placement {
  readonly layout: 'groups';
  readonly tile: number;
  readonly taps: number;
  readonly outChannels: number;
  readonly storedInChannels: number;
  readonly grouping: Grouping;
}

/** Which input channels a panel of a convolution reads; see `conv_direct_f32`. */
export interface Grouping {
  readonly panelChannels: number;
  readonly inOfGroup: number;
  readonly outOfGroup: number;
}

/** Biases of all stored channels, then `taps` rows of weights. */
export interface PackedDepthwise extends Placement {
  readonly layout: 'depthwise';
  readonly taps: number;
  readonly channels: number;
  readonly storedChannels: number;
}

/** Biases of all stored channels, of a layer whose weights are read in half precision when it begins. */
export interface PackedBiases extends Placement {
  readonly layout: 'biases';
}

/** Numbers that follow from sizes alone. */
export interface PackedTable {
  readonly layout: 'table';
  readonly address: number;
  readonly bytes: number;
  readonly entries: readonly TableEntry[];
}

/** What `resize_f32` is told of a row or column: the two of the input that it lies between, and the second one's share. */
export interface TableEntry {
  readonly first: number;
  readonly second: number;
  readonly share: number;
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
  readonly kernels: Pick<Kernels, 'pack_rows_f16' | 'pack_rows_f32' | 'widen_f16'>;
  /** Byte address; nothing else may live there while weights are packed. */
  readonly staging: number;
}

/** Bytes of staging that a layer's weights, or its biases, need in whatever precision they come. */
export function stagingBytes(packed: PackedWeights): number {
  if (packed.layout === 'biases' || packed.layout === 'groups' || packed.layout === 'table') return 0;
  if (packed.layout === 'depthwise') return 4 * packed.taps * packed.channels;
  return 4 * packed.outChannels * Math.max(packed.taps * packed.inChannels, 1);
}

/** Writes folded weights into memory as the kernels read them. What lies between is left as it is: zero. */
export function pack(packed: PackedLayer, folded: FoldedWeights, target: PackTarget): void {
  switch (packed.layout) {
    case 'biases':
      new Float32Array(target.memory, packed.address, folded.bias.length).set(folded.bias);
      return;
    case 'depthwise':
      packDepthwise(packed, folded, target);
      return;
    case 'panels':
      packPanels(packed, folded, target);
      return;
    case 'groups':
      packGroups(packed, folded, target);
      return;
    default:
      packed satisfies never;
  }
}

/** The address of values that lie in the memory already, or else of their copy in the staging area. */
export function stage(values: Tensor['data'], { memory, staging }: Pick<PackTarget, 'memory' | 'staging'>): number {
  if (values.buffer === memory) return values.byteOffset;
  if (values instanceof Uint16Array) new Uint16Array(memory, staging, values.length).set(values);
  else new Float32Array(memory, staging, values.length).set(values);
  return staging;
}

function packDepthwise(packed: PackedDepthwise, { weights, bias }: FoldedWeights, target: PackTarget): void {
  const { channels, storedChannels } = packed;
  const rows = new Float32Array(target.memory, packed.address, packed.bytes / 4);
  rows.set(bias, 0);
  const half = weights instanceof Uint16Array ? stage(weights, target) : undefined;
  for (let tap = 0; tap < packed.taps; tap++) {
    const row = (tap + 1) * storedChannels;
    const first = tap * channels;
    if (half === undefined) rows.set((weights as Float32Array).subarray(first, first + channels), row);
    else target.kernels.widen_f16(packed.address + 4 * row, half + 2 * first, channels);
  }
}

/** weights [taps][inOfGroup][outChannels] */
function packGroups(packed: PackedGroups, { weights, bias }: FoldedWeights, { memory }: PackTarget): void {
  const { tile, taps, outChannels, address, bytes } = packed;
  const { panelChannels, inOfGroup, outOfGroup } = packed.grouping;
  const values = toFloat32(weights);
  const panels = new Float32Array(memory, address, bytes / 4);
  const panelFloats = tile * (1 + taps * panelChannels);
  for (let n = 0; n < outChannels; n++) {
    const panel = Math.floor(n / tile);
    const at = panel * panelFloats + (n % tile);
    // The panel's channels begin with its first output's group, n's own perhaps further on.
    const skipped = Math.floor(n / outOfGroup) * inOfGroup - firstChannelOf(panel * tile, packed);
    panels[at] = bias[n]!;
    for (let tap = 0; tap < taps; tap++) {
      for (let k = 0; k < inOfGroup; k++) {
        panels[at + tile * (1 + tap * panelChannels + skipped + k)] = values[(tap * inOfGroup + k) * outChannels + n]!;
      }
    }
  }
}

/** The first input channel of the panel that begins with output channel `n`, as `conv_direct_f32` finds it. */
function firstChannelOf(n: number, { storedInChannels, grouping }: PackedGroups): number {
  const { panelChannels, inOfGroup, outOfGroup } = grouping;
  return Math.min(Math.floor(n / outOfGroup) * inOfGroup, storedInChannels - panelChannels);
}

/** How many channels next to each other a panel of outputs reads at most. */
export function groupChannels(
  { inChannels, outChannels, groups }: { inChannels: number; outChannels: number; groups: number },
  storedInChannels: number,
  { channelTile: tile, inputMultiple }: Pick<KernelConstants, 'channelTile' | 'inputMultiple'>,
): Grouping {
  const [inOfGroup, outOfGroup] = [inChannels / groups, outChannels / groups];
  let most = 0;
  for (let n = 0; n < outChannels; n += tile) {
    const last = Math.min(n + tile, outChannels) - 1;
    most = Math.max(most, Math.floor(last / outOfGroup) - Math.floor(n / outOfGroup) + 1);
  }
  const panelChannels = Math.min(Math.ceil((most * inOfGroup) / inputMultiple) * inputMultiple, storedInChannels);
  return { panelChannels, inOfGroup, outOfGroup };
}

export function writeTable({ address, bytes, entries }: PackedTable, memory: ArrayBufferLike): void {
  const integers = new Int32Array(memory, address, bytes / 4);
  const floats = new Float32Array(memory, address, bytes / 4);
  const words = integers.length / entries.length;
  entries.forEach(({ first, second, share }, index) => {
    integers.set([first, second], words * index);
    floats[words * index + 2] = share;
  });
}

function packPanels(packed: PackedPanels, { weights, bias }: FoldedWeights, target: PackTarget): void {
  const { tile, taps, inChannels, outChannels, storedInChannels, rows, address } = packed;
  const { kernels } = target;
  const panelBytes = 4 * (rows + 1) * tile;
  // The biases are each panel's first row.
  kernels.pack_rows_f32(address, stage(bias, target), 1, outChannels, panelBytes);
  const packRows = weights instanceof Uint16Array ? kernels.pack_rows_f16 : kernels.pack_rows_f32;
  const values = stage(weights, target);
  for (let tap = 0; tap < taps; tap++) {
    const to = address + 4 * tile * (1 + tap * storedInChannels);
    const from = values + tap * inChannels * outChannels * weights.BYTES_PER_ELEMENT;
    packRows(to, from, inChannels, outChannels, panelBytes);
  }
}
