import type { QuantisedConv, QuantisedDepthwise } from '../../weights/quantised-graph.js';
import type { KernelConstants } from '../kernel-constants.js';
import type { FixedMultiplier } from './multiplier.js';

/** Where the kernels find numbers in memory. */
export type ExactConstants = Pick<KernelConstants, 'channelTile' | 'exactHeaderBytes' | 'exactHeader'>;

/** Where packed weights go; the memory must be zero. */
export interface ExactTarget {
  readonly memory: ArrayBufferLike;
  readonly address: number;
  readonly constants: ExactConstants;
}

/** Channels of maps and of panels come in groups of `channelTile`. */
export function roundUp(count: number, { channelTile: tile }: Pick<ExactConstants, 'channelTile'>): number {
  return Math.ceil(count / tile) * tile;
}

export function linearPanelBytes(depth: number, { channelTile, exactHeaderBytes }: ExactConstants): number {
  return exactHeaderBytes + depth * channelTile * 2;
}

export function depthwisePanelBytes(
  { kernelHeight, kernelWidth }: QuantisedDepthwise,
  constants: ExactConstants,
): number {
  return constants.exactHeaderBytes + kernelHeight * kernelWidth * constants.channelTile * 2;
}

/** Panels of a convolution for `exact_linear_i16`; missing channels and values are zeros (the memory must be). */
export function packLinear(
  layer: QuantisedConv,
  channels: number,
  depth: number,
  multipliers: readonly FixedMultiplier[],
  target: ExactTarget,
): void {
  const { channelTile: tile, exactHeaderBytes } = target.constants;
  const values = new Int16Array(target.memory);
  const { weights, weightZeroPoint, bias } = layer;
  const inputs = weights.length / channels;
  const panelBytes = linearPanelBytes(depth, target.constants);
  for (let channel = 0; channel < channels; channel++) {
    const lane = channel % tile;
    const panel = target.address + Math.floor(channel / tile) * panelBytes;
    const multiplier = multipliers[multipliers.length === 1 ? 0 : channel]!;
    writeHeader({ ...target, address: panel }, lane, bias?.[channel] ?? 0, multiplier);
    const to = (panel + exactHeaderBytes) / 2 + 2 * lane;
    const from = channel * inputs;
    for (let index = 0; index < inputs; index++) {
      values[to + (index >> 1) * 2 * tile + (index & 1)] = weights[from + index]! - weightZeroPoint;
    }
  }
}

/** Panels of a depthwise convolution for `exact_depthwise_i16`. */
export function packDepthwise(
  layer: QuantisedDepthwise,
  channels: number,
  multipliers: readonly FixedMultiplier[],
  target: ExactTarget,
): void {
  const { channelTile: tile, exactHeaderBytes } = target.constants;
  const values = new Int16Array(target.memory);
  const { weights, weightZeroPoint, bias } = layer;
  const taps = weights.length / channels;
  const panelBytes = depthwisePanelBytes(layer, target.constants);
  for (let channel = 0; channel < channels; channel++) {
    const lane = channel % tile;
    const panel = target.address + Math.floor(channel / tile) * panelBytes;
    const multiplier = multipliers[multipliers.length === 1 ? 0 : channel]!;
    writeHeader({ ...target, address: panel }, lane, bias?.[channel] ?? 0, multiplier);
    const to = (panel + exactHeaderBytes) / 2 + lane;
    for (let tap = 0; tap < taps; tap++) {
      values[to + tap * tile] = weights[tap * channels + channel]! - weightZeroPoint;
    }
  }
}

/** Bits by which TFLite enlarges the terms of a sum before it rescales them. */
export const ADD_SHIFT = 20;

export function addBytes({ exactHeaderBytes }: ExactConstants): number {
  return 3 * exactHeaderBytes;
}

/** Constants for `exact_add_i16`: of the two terms (multipliers below 1) and of their sum. */
export function packAdd(
  terms: readonly [FixedMultiplier, FixedMultiplier],
  sum: FixedMultiplier,
  target: ExactTarget,
): void {
  const { channelTile: tile, exactHeaderBytes, exactHeader } = target.constants;
  for (const [part, multiplier] of [...terms, sum].entries()) {
    const address = target.address + part * exactHeaderBytes;
    for (let lane = 0; lane < tile; lane++) writeHeader({ ...target, address }, lane, 0, multiplier);
    // Enlarging and reducing are two steps with a rounding between them.
    if (part < 2) new Int32Array(target.memory, address + exactHeader.lefts, tile).fill(2 ** ADD_SHIFT);
  }
}

function writeHeader(
  { memory, address, constants }: ExactTarget,
  lane: number,
  bias: number,
  { mantissa, shift }: FixedMultiplier,
): void {
  const { channelTile: tile, exactHeader } = constants;
  new Int32Array(memory, address, tile)[lane] = bias;
  new Int32Array(memory, address + exactHeader.multipliers, tile)[lane] = mantissa;
  new Int32Array(memory, address + exactHeader.lefts, tile)[lane] = 2 ** Math.max(shift, 0);
  new Float64Array(memory, address + exactHeader.rights, tile)[lane] = 2 ** Math.min(shift, 0);
}
