import type { QuantisedConv, QuantisedDepthwise } from '../../weights/quantised-graph.js';
import type { FixedMultiplier } from './multiplier.js';

/** Channels of maps and of panels come in groups of this many; the kernels are written for it. */
export const EXACT_TILE = 8;
/** Bytes before the weights of a panel: see assembly/exact-requantise.ts. */
const HEADER_BYTES = 160;

export function roundUp(count: number): number {
  return Math.ceil(count / EXACT_TILE) * EXACT_TILE;
}

export function linearPanelBytes(depth: number): number {
  return HEADER_BYTES + depth * EXACT_TILE * 2;
}

export function depthwisePanelBytes({ kernelHeight, kernelWidth }: QuantisedDepthwise): number {
  return HEADER_BYTES + kernelHeight * kernelWidth * EXACT_TILE * 2;
}

/** Panels of a convolution for `exact_linear_i16`; missing channels and values are zeros (the memory must be). */
export function packLinear(
  layer: QuantisedConv,
  channels: number,
  depth: number,
  multipliers: readonly FixedMultiplier[],
  memory: ArrayBufferLike,
  address: number,
): void {
  const values = new Int16Array(memory);
  const { weights, weightZeroPoint, bias } = layer;
  const inputs = weights.length / channels;
  const panelBytes = linearPanelBytes(depth);
  for (let channel = 0; channel < channels; channel++) {
    const lane = channel % EXACT_TILE;
    const panel = address + Math.floor(channel / EXACT_TILE) * panelBytes;
    writeHeader(memory, panel, lane, bias?.[channel] ?? 0, multipliers[multipliers.length === 1 ? 0 : channel]!);
    const to = (panel + HEADER_BYTES) / 2 + 2 * lane;
    const from = channel * inputs;
    for (let index = 0; index < inputs; index++) {
      values[to + (index >> 1) * 2 * EXACT_TILE + (index & 1)] = weights[from + index]! - weightZeroPoint;
    }
  }
}

/** Panels of a depthwise convolution for `exact_depthwise_i16`. */
export function packDepthwise(
  layer: QuantisedDepthwise,
  channels: number,
  multipliers: readonly FixedMultiplier[],
  memory: ArrayBufferLike,
  address: number,
): void {
  const values = new Int16Array(memory);
  const { weights, weightZeroPoint, bias } = layer;
  const taps = weights.length / channels;
  const panelBytes = depthwisePanelBytes(layer);
  for (let channel = 0; channel < channels; channel++) {
    const lane = channel % EXACT_TILE;
    const panel = address + Math.floor(channel / EXACT_TILE) * panelBytes;
    writeHeader(memory, panel, lane, bias?.[channel] ?? 0, multipliers[multipliers.length === 1 ? 0 : channel]!);
    const to = (panel + HEADER_BYTES) / 2 + lane;
    for (let tap = 0; tap < taps; tap++) {
      values[to + tap * EXACT_TILE] = weights[tap * channels + channel]! - weightZeroPoint;
    }
  }
}

/** Bits by which TFLite enlarges the terms of a sum before it rescales them. */
export const ADD_SHIFT = 20;

export const ADD_BYTES = 3 * HEADER_BYTES;

/** Constants for `exact_add_i16`: of the two terms (multipliers below 1) and of their sum. */
export function packAdd(
  terms: readonly [FixedMultiplier, FixedMultiplier],
  sum: FixedMultiplier,
  memory: ArrayBufferLike,
  address: number,
): void {
  for (const [part, multiplier] of [...terms, sum].entries()) {
    const header = address + part * HEADER_BYTES;
    for (let lane = 0; lane < EXACT_TILE; lane++) {
      writeHeader(memory, header, lane, 0, multiplier);
      // Enlarging and reducing are two steps with a rounding between them.
      if (part < 2) new Int32Array(memory, header + 2 * EXACT_TILE * 4, EXACT_TILE)[lane] = 2 ** ADD_SHIFT;
    }
  }
}

function writeHeader(
  memory: ArrayBufferLike,
  panel: number,
  lane: number,
  bias: number,
  { mantissa, shift }: FixedMultiplier,
): void {
  const words = new Int32Array(memory, panel, 3 * EXACT_TILE);
  words[lane] = bias;
  words[EXACT_TILE + lane] = mantissa;
  words[2 * EXACT_TILE + lane] = 2 ** Math.max(shift, 0);
  new Float64Array(memory, panel + 3 * EXACT_TILE * 4, EXACT_TILE)[lane] = 2 ** Math.min(shift, 0);
}
