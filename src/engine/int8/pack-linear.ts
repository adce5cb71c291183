import { NETWORK_INPUT } from '../../networks/types.js';
import type { KernelConstants } from '../kernel-constants.js';
import type { Kernels } from '../kernels.js';
import { type FoldedWeights, stage } from '../pack.js';
import { blockBytes, type PackedBlocks, type PackedPanels, panelBytes, storedBytes } from './layouts.js';
import { type Levels, largestInteger, largestWeight, type ValueLevels } from './levels.js';
import { roundForPictures } from './picture-weights.js';

/** A rounded result must not pass this, or its integer could not be read from its bits. */
const LARGEST_RESULT = 1e7;
/** Biases in units of a sum stay below this. */
const LARGEST_BIAS = 2 ** 29;

/** What packing works on: the kernels bound to a memory, and room in it for the largest operation, `integerStagingBytes`. */
export interface IntegerTarget {
  readonly memory: ArrayBufferLike;
  readonly kernels: Pick<Kernels, 'largest_weights' | 'quantise_blocks' | 'quantise_panels'>;
  readonly constants: KernelConstants;
  readonly levels: Levels;
  /** Byte address, a multiple of 16; nothing else may live there while weights are packed. */
  readonly staging: number;
}

export function levelsOf({ values }: Levels, name: string): ValueLevels {
  return values.get(name)!;
}

/** weights [inChannels][outChannels], of a convolution [ky][kx][inChannels][outChannels] */
export function packPanels(packed: PackedPanels, { weights: given, bias }: FoldedWeights, target: IntegerTarget): void {
  const { storedInChannels, weightBytes, address } = packed;
  const { memory, kernels, constants, levels, staging } = target;
  const input = levelsOf(levels, packed.input);
  const outChannels = bias.length;
  let weights = given;
  const inChannels = weights.length / outChannels;
  const { packedInputDoubles, panelColumnRows } = constants;
  const most = largestWeight(input, inChannels, constants);
  const stride = panelBytes(storedInChannels, weightBytes, constants);

  const inputs = new Float64Array(memory, staging, packedInputDoubles * storedInChannels);
  const rows = [input.scale, input.zero, input.mean];
  for (let k = 0; k < inChannels; k++) {
    rows.forEach((row, index) => {
      inputs[packedInputDoubles * k + index] = row[k % row.length]!;
    });
  }
  const panels = Math.ceil(outChannels / constants.channelTile);
  const columns = panels * constants.channelTile;
  const channels = new Float64Array(memory, inputs.byteOffset + inputs.byteLength, panelColumnRows * columns);
  channels.fill(0);
  const place = { memory, staging: channels.byteOffset + channels.byteLength };
  const isHalf = () => (weights instanceof Uint16Array ? 1 : 0);
  let from = stage(weights, place);

  let steps = levels.steps.get(packed.value);
  if (!steps) {
    kernels.largest_weights(channels.byteOffset, from, isHalf(), inChannels, outChannels, inputs.byteOffset);
    steps = Float32Array.from(channels.subarray(0, outChannels), (largest) => largest / most);
  }
  const sums = new Sums(steps, bias);
  sums.scaleInWords(packed, inChannels, target);
  if (packed.input === NETWORK_INPUT) {
    weights = roundForPictures(given, sums.steps, input.scale, most);
    from = stage(weights, place);
  }
  channels.set(sums.steps);
  channels.set(
    sums.steps.map((step) => 1 / step),
    columns,
  );
  channels.set(sums.bias, 2 * columns);
  const to = address + constants.headerBytes;
  kernels.quantise_panels(
    to,
    from,
    isHalf(),
    inChannels,
    outChannels,
    stride,
    weightBytes,
    inputs.byteOffset,
    channels.byteOffset,
    most,
  );
  sums.take(channels, columns);
  writeHeaders(packed, sums, target, stride);
}

/** weights [kernelSize][kernelSize][channels] */
export function packBlocks(packed: PackedBlocks, { weights, bias }: FoldedWeights, target: IntegerTarget): void {
  const { kernelSize, storedChannels, address } = packed;
  const { memory, kernels, constants, levels, staging } = target;
  const input = levelsOf(levels, packed.input);
  const count = bias.length;
  const { packedInputDoubles, blockColumnRows } = constants;
  const most = largestWeight(input, kernelSize ** 2, constants);
  const each = storedBytes(input, constants);
  const stride = blockBytes(kernelSize, each, constants);

  const ones = new Float64Array(memory, staging, packedInputDoubles * kernelSize ** 2 + 1).fill(1);
  const channels = new Float64Array(
    memory,
    staging + Math.ceil(ones.byteLength / 16) * 16,
    blockColumnRows * storedChannels,
  );
  const from = stage(weights, { memory, staging: channels.byteOffset + channels.byteLength });
  const half = weights instanceof Uint16Array ? 1 : 0;
  let steps = levels.steps.get(packed.value);
  if (!steps) {
    kernels.largest_weights(channels.byteOffset, from, half, kernelSize ** 2, count, ones.byteOffset);
    steps = input.scale.map((scale, c) => (channels[c]! * scale) / most);
  }
  const sums = new Sums(steps, bias);
  sums.scaleInWords(packed, kernelSize ** 2, target);
  channels.fill(0);
  // lanes without a channel must not divide by zero
  channels.fill(1, 0, storedChannels);
  channels.fill(1, 5 * storedChannels, 6 * storedChannels);
  [sums.steps, input.zero, sums.bias, [], [], input.scale, input.mean].forEach((row, index) => {
    channels.set(row, index * storedChannels);
  });
  const to = address + constants.headerBytes;
  kernels.quantise_blocks(to, from, half, kernelSize, count, stride, each, channels.byteOffset, most);
  sums.take(channels, storedChannels);
  writeHeaders(packed, sums, target, stride);
  const padding = each === 1 ? new Uint8Array(memory) : new Int16Array(memory);
  for (let x = 0; x < packed.width; x++) padding.set(input.zero, packed.padding / each + x * storedChannels);
}

/** How sums of 8 channels become narrow integers in words: sum ÷ 2^shift · multiplier ÷ 2¹⁵ + zero point. */
interface WordScale {
  readonly shift: number;
  readonly multipliers: readonly number[];
}

/** Those that the kernels have. */
const SHIFTS = [0, 2, 4];
const WORD_MAX = 2 ** 15 - 1;
/** A product of it and a word, plus a zero point, is a word again. */
const LARGEST_MULTIPLIER = 2 ** 15 - 512;
/** Where sums are shifted, a level of the output has to be at least four units of what is left. */
const LARGEST_SHIFTED_MULTIPLIER = 2 ** 13;

/** undefined where words are too short: their range has to hold every channel's. */
function wordScale(multipliers: readonly number[], ranges: readonly number[]): WordScale | undefined {
  const range = Math.max(...ranges);
  const shift = SHIFTS.find((each) => range < WORD_MAX * 2 ** each);
  if (shift === undefined) return undefined;
  // At least 1, also for a channel of zeros: the steps follow from it.
  const words = multipliers.map((multiplier) => Math.max(1, Math.ceil(multiplier * 2 ** (15 + shift) - 1e-4)));
  const largest = shift > 0 ? LARGEST_SHIFTED_MULTIPLIER : LARGEST_MULTIPLIER;
  return words.every((each) => each <= largest) ? { shift, multipliers: words } : undefined;
}

/** What packing finds out about each output channel. */
class Sums {
  readonly steps: Float32Array;
  /** In real units, with what rounding the weights shifts given back. */
  readonly bias: Float64Array;
  /** Σ weight · zero point of the input. */
  readonly zeros: Float64Array;
  readonly sizes: Float64Array;

  constructor(steps: Float32Array, bias: Float32Array) {
    this.bias = Float64Array.from(bias);
    this.zeros = new Float64Array(bias.length);
    this.sizes = new Float64Array(bias.length);
    // a channel without weights, or with a bias far beyond them
    this.steps = steps.map((step, n) => Math.max(step, Math.abs(bias[n]!) / LARGEST_BIAS, 1e-20));
  }

  /** For every 8 channels; undefined where their sums are scaled in floats. */
  readonly wordScales: (WordScale | undefined)[] = [];

  /**
   * For narrow maps that may be, where nothing but a clip comes before. A multiplier of 15 bits would be up to 0.4 % off, so
   * the steps are made larger by as much.
   */
  scaleInWords(packed: PackedPanels | PackedBlocks, inputs: number, { levels, constants }: IntegerTarget): void {
    const output = packed.output === undefined ? undefined : levelsOf(levels, packed.output);
    if (!output || !packed.inWords) return;
    const input = levelsOf(levels, packed.input);
    const most = largestInteger(output, constants);
    const largest = inputs * largestWeight(input, inputs, constants) * largestInteger(input, constants);
    const tile = constants.channelTile;
    for (let first = 0; first < this.steps.length; first += tile) {
      const multipliers = [...this.steps.subarray(first, first + tile)].map(
        (step, n) => step / output.scale[first + n]!,
      );
      const ranges = multipliers.map((multiplier, n) => {
        const zero = output.zero[first + n]!;
        const bias = Math.abs(this.bias[first + n]! / this.steps[first + n]!);
        return Math.min(Math.max(most - zero, zero) / multiplier, largest + bias);
      });
      const scale = wordScale(multipliers, ranges);
      this.wordScales.push(scale);
      scale?.multipliers.forEach((multiplier, n) => {
        this.steps[first + n] = (multiplier * output.scale[first + n]!) / 2 ** (15 + scale.shift);
      });
    }
  }

  /** What the kernel left in rows 2, 3 and 4 of `columns` values. */
  take(channels: Float64Array, columns: number): void {
    [this.bias, this.zeros, this.sizes].forEach((sums, index) => {
      const first = (2 + index) * columns;
      sums.set(channels.subarray(first, first + sums.length));
    });
  }
}

function writeHeaders(
  packed: PackedPanels | PackedBlocks,
  sums: Sums,
  { memory, constants, levels }: IntegerTarget,
  stride: number,
): void {
  const { activation, highest } = packed;
  const { channelTile: tile, header, rounding, wholeRange } = constants;
  const curved = activation !== 'none';
  const input = levelsOf(levels, packed.input);
  const output = packed.output === undefined ? undefined : levelsOf(levels, packed.output);
  const residual = packed.residual === undefined ? undefined : levelsOf(levels, packed.residual);
  const integers = new Int32Array(memory);
  const floats = new Float32Array(memory);
  const words = new Int16Array(memory);
  const lasts = output ? lastIntegers(output, highest, constants) : undefined;
  const whole = output ? largestInteger(output, constants) : 0;
  const takesWholeRange = (first: number) =>
    lasts!.subarray(first, first + tile).every((last, lane) => last === whole && output!.zero[first + lane] === 0);
  const limits = output && storedBytes(output, constants) === 2 ? new Int16Array(memory) : new Uint8Array(memory);
  sums.steps.forEach((step, n) => {
    const panel = packed.address + Math.floor(n / tile) * stride;
    const lane = n % tile;
    const second = residual ? residual.scale[n]! / output!.scale[n]! : curved ? 1 / (output?.scale[n] ?? 1) : 0;
    let bias = sums.bias[n]! / step - sums.zeros[n]!;
    if (residual) bias -= (residual.zero[n]! * residual.scale[n]!) / step;
    bias = Math.max(-LARGEST_BIAS, Math.min(LARGEST_BIAS, Math.round(bias)));
    const largest = sums.sizes[n]! * largestInteger(input, constants) + Math.abs(bias);
    const unit = output && !curved ? 1 / output.scale[n]! : 1;
    const limit = LARGEST_RESULT / (largest * (curved ? second : 1));
    const scale = sums.wordScales[Math.floor(n / tile)];
    integers[panel / 4 + lane] = bias + (scale ? (2 ** scale.shift) >> 1 : 0);
    // a shift, in the place of a second multiplier
    if (packed.inWords && lane === 0) {
      integers[(panel + header.seconds) / 4] = scale ? scale.shift + (takesWholeRange(n) ? wholeRange : 0) : -1;
    }
    if (scale) {
      words[(panel + header.multipliers) / 2 + lane] = scale.multipliers[lane]!;
      words[(panel + header.offsets) / 2 + lane] = output!.zero[n]!;
    } else {
      floats[(panel + header.multipliers) / 4 + lane] = output ? Math.min(step * unit, limit) : step;
      floats[(panel + header.offsets) / 4 + lane] = output ? rounding + output.zero[n]! : 0;
      if (!packed.inWords) floats[(panel + header.seconds) / 4 + lane] = second;
    }
    if (lasts) limits[(panel + header.largest) / limits.BYTES_PER_ELEMENT + lane] = lasts[n]!;
  });
}

/** What each channel is clipped to, at most the largest that the map can hold. */
function lastIntegers(output: ValueLevels, highest: number, constants: KernelConstants): Float64Array {
  const most = largestInteger(output, constants);
  return Float64Array.from(output.scale, (scale, n) =>
    Math.min(most, Math.max(0, Math.round(highest / scale + output.zero[n]!))),
  );
}
