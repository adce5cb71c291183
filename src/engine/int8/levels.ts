import type { LayerKind, ResolvedLayer } from '../../networks/types.js';
import { windowOf } from '../../networks/windows.js';
import type { Operation } from '../fuse.js';
import type { KernelConstants } from '../kernel-constants.js';

/** A map that is stored in integers. */
export interface IntegerMap {
  /** 12 bits (0 … 4095) where 8 (0 … 255) would cost accuracy. */
  readonly wide: boolean;
  /**
   * Whether the layer that makes a narrow map scales its sums in words instead of floats, where it can: faster, and the same
   * to within a level. Levels that were chosen by trials keep what they were tried with.
   */
  readonly inWords?: boolean;
}

/** All that a plan has to know of maps in integers: which they are, and how wide. */
export type IntegerMaps = ReadonlyMap<string, IntegerMap>;

/** The range of one map in integers: value = (integer − zero) · scale, each channel by itself. */
export interface ValueLevels extends IntegerMap {
  readonly scale: Float32Array;
  /** Whole numbers, but for the picture, whose zero lies between two of its levels. */
  readonly zero: Float32Array;
  /** Mean of the values over the pictures of the calibration; what rounding the weights shifts on average is given back. */
  readonly mean: Float32Array;
}

/** The integer ranges of a network: all that it needs, besides its weights, to run in integers. */
export interface Levels {
  /** By the name of the value: the last layer folded into the operation that makes it. */
  readonly values: ReadonlyMap<string, ValueLevels>;
  /** By the same name, for each output channel what one unit of an integer weight stands for. Optional: else the largest weight is 127. */
  readonly steps: ReadonlyMap<string, Float32Array>;
}

/** The largest integers of maps. */
export type IntegerLimits = Pick<KernelConstants, 'narrowMax' | 'wideMax'>;

export function largestInteger({ wide }: IntegerMap, { narrowMax, wideMax }: IntegerLimits): number {
  return wide ? wideMax : narrowMax;
}

const WEIGHT_MAX = 127;

/** Integer weights of words' layers: sums of `terms` products with 12 bits must stay below 2³⁰, biases get the rest. */
const MOST_WEIGHT = 2 ** 14 - 1;

/** The largest integer weight of a layer that adds up `terms` products: wide inputs are multiplied as words, with room to spare. */
export function largestWeight({ wide }: IntegerMap, terms: number, { wideMax }: IntegerLimits): number {
  return wide ? Math.max(WEIGHT_MAX, Math.min(MOST_WEIGHT, Math.floor(2 ** 30 / (wideMax * terms)))) : WEIGHT_MAX;
}

const FLOAT_KINDS: ReadonlySet<LayerKind> = new Set([
  ...(['globalAveragePool', 'globalMaxPool', 'flatten', 'dense', 'softmax'] as const),
]);

/** Values that stay floats: what is one number for each channel, and the output. */
function isFloat(operation: Operation, floats: ReadonlySet<string>, last: Operation): boolean {
  const { kind } = operation.layer;
  if (operation === last || FLOAT_KINDS.has(kind)) return true;
  return floats.has(operation.inputs[0]);
}

/** The values that stay floats (the picture is not among them). */
export function floatValues(operations: readonly Operation[]): ReadonlySet<string> {
  const floats = new Set<string>();
  const last = operations.at(-1)!;
  for (const operation of operations) if (isFloat(operation, floats, last)) floats.add(operation.output);
  return floats;
}

/** Whether the integer kernels have this window: square, without gaps, one filter for each channel or all channels. */
export function isPlainWindow(layer: ResolvedLayer & { readonly kind: 'conv' | 'depthwise' }): boolean {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = windowOf(layer);
  const isSquare = kernelHeight === kernelWidth && strideHeight === strideWidth;
  const count = layer.kind === 'conv' ? layer.groups : layer.multiplier;
  return isSquare && dilationHeight === 1 && dilationWidth === 1 && (count ?? 1) === 1;
}

/** A classifier smaller than this (squeeze-and-excitation's layers) stays in floats. */
const LEAST_CLASSIFIER = 2 ** 17;

/** Whether a linear operation on one pixel of floats is worth being done in integers: one with many weights. */
export function isClassifier({ layer, clamp, curve, clip, residual }: Operation): boolean {
  if (layer.kind !== 'dense' && layer.kind !== 'pointwise') return false;
  const plain = clamp[0] === -Infinity && clamp[1] === Infinity && !curve && !clip && residual === undefined;
  return plain && layer.inputShapes[0].channels * layer.outputShape.channels >= LEAST_CLASSIFIER;
}
