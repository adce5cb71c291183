import { toFloat32 } from '../../weights/half.js';
import type { KernelConstants, Kernels } from '../kernels.js';
import { type FoldedWeights, stage } from '../pack.js';
import { largestWeight, NARROW_MAX, type ValueLevels, WIDE_MAX } from './levels.js';

/** Where and how the parameters of one integer operation lie in memory; DESIGN.md describes the layouts. */
export type PackedIntegers = PackedPanels | PackedBlocks | PackedRows;

interface Placement {
  /** Byte address. */
  readonly address: number;
  readonly bytes: number;
}

interface Linear extends Placement {
  /** Whose weights these are. */
  readonly layer: string;
  readonly input: ValueLevels;
  /** Of the output; none where it stays in floats. */
  readonly output: ValueLevels | undefined;
  readonly residual: ValueLevels | undefined;
  readonly swish: boolean;
  /** Outputs are clipped to this real value. */
  readonly highest: number;
  readonly steps: Float32Array | undefined;
}

/** Panels of 8 output channels of a 1×1 convolution or dense layer. */
export interface PackedPanels extends Linear {
  readonly layout: 'panels';
  readonly storedInChannels: number;
}

/** Blocks of 8 channels of a depthwise convolution; behind them, at `padding`, `width` pixels of zero points. */
export interface PackedBlocks extends Linear {
  readonly layout: 'blocks';
  readonly kernelSize: number;
  readonly storedChannels: number;
  readonly padding: number;
  readonly width: number;
}

/** Rows of f32, one value for each channel, `storedChannels` apart. */
export interface PackedRows extends Placement {
  readonly layout: 'rows';
  readonly storedChannels: number;
  readonly rows: readonly Float32Array[];
}

/** 1.5 · 2²³, see the kernels. */
const ROUNDING = 1.5 * 2 ** 23;
/** A rounded result must not pass this, or its integer could not be read from its bits. */
const LARGEST_RESULT = 1e7;
/** Biases in units of a sum stay below this. */
const LARGEST_BIAS = 2 ** 29;

const TILE = 8;

/** Bytes of a stored integer. */
export function storedBytes({ wide }: { readonly wide: boolean }, constants: KernelConstants): 1 | 2 {
  return wide || constants.narrowBytes === 2 ? 2 : 1;
}

export function panelsBytes(inChannels: number, outChannels: number, each: number, constants: KernelConstants): number {
  return Math.ceil(outChannels / TILE) * (constants.headerBytes + TILE * inChannels * each);
}

export function blocksBytes(kernelSize: number, channels: number, each: number, constants: KernelConstants): number {
  const groups = Math.ceil((kernelSize * each) / 4);
  return (channels / TILE) * (constants.headerBytes + kernelSize * groups * 32);
}

/** What packing works on: the kernels bound to a memory, and room in it for the largest operation, `integerStagingBytes`. */
export interface IntegerTarget {
  readonly memory: ArrayBufferLike;
  readonly kernels: Pick<Kernels, 'largest_weights' | 'quantise_panels'>;
  readonly constants: KernelConstants;
  /** Byte address, a multiple of 16; nothing else may live there while weights are packed. */
  readonly staging: number;
}

/** Of a row (scale, zero point, mean) and of a column (step, inverse, bias, sums) in the staging area. */
const ROW_DOUBLES = 3;
const COLUMN_ROWS = 5;

/** Bytes of staging that an operation's weights and what the kernels need beside them may take, in whatever precision they come. */
export function integerStagingBytes(packed: PackedIntegers, constants: KernelConstants): number {
  if (packed.layout !== 'panels') return 0;
  const { storedInChannels } = packed;
  const panelBytes = constants.headerBytes + TILE * storedInChannels * storedBytes(packed.input, constants);
  const columns = TILE * (packed.bytes / panelBytes);
  return 8 * ROW_DOUBLES * storedInChannels + 8 * COLUMN_ROWS * columns + 4 * storedInChannels * columns;
}

/** Writes an operation's parameters as the kernels read them. The memory is zero before. */
export function packIntegers(
  packed: PackedIntegers,
  weightsOf: (layer: string) => FoldedWeights,
  target: IntegerTarget,
): void {
  switch (packed.layout) {
    case 'rows':
      packed.rows.forEach((row, index) => {
        new Float32Array(target.memory, packed.address + 4 * index * packed.storedChannels, row.length).set(row);
      });
      return;
    case 'panels':
      packPanels(packed, weightsOf(packed.layer), target);
      return;
    case 'blocks':
      packBlocks(packed, weightsOf(packed.layer), target.memory, target.constants);
      return;
    default:
      packed satisfies never;
  }
}

/** weights [inChannels][outChannels] */
function packPanels(packed: PackedPanels, { weights, bias }: FoldedWeights, target: IntegerTarget): void {
  const { input, storedInChannels, address } = packed;
  const { memory, kernels, constants, staging } = target;
  const outChannels = bias.length;
  const inChannels = weights.length / outChannels;
  const most = largestWeight(input, inChannels);
  const each = storedBytes(input, constants);
  const panelBytes = constants.headerBytes + TILE * storedInChannels * each;

  const inputs = new Float64Array(memory, staging, ROW_DOUBLES * storedInChannels);
  for (let k = 0; k < inChannels; k++) {
    inputs[ROW_DOUBLES * k] = input.scale[k]!;
    inputs[ROW_DOUBLES * k + 1] = input.zero[k]!;
    inputs[ROW_DOUBLES * k + 2] = input.mean[k]!;
  }
  const columns = Math.ceil(outChannels / TILE) * TILE;
  const channels = new Float64Array(memory, inputs.byteOffset + inputs.byteLength, COLUMN_ROWS * columns);
  channels.fill(0);
  const from = stage(weights, { memory, staging: channels.byteOffset + channels.byteLength });
  const half = weights instanceof Uint16Array ? 1 : 0;

  let { steps } = packed;
  if (!steps) {
    kernels.largest_weights(channels.byteOffset, from, half, inChannels, outChannels, inputs.byteOffset);
    steps = Float32Array.from(channels.subarray(0, outChannels), (largest) => largest / most);
  }
  const sums = new Sums(steps, bias);
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
    half,
    inChannels,
    outChannels,
    panelBytes,
    each,
    inputs.byteOffset,
    channels.byteOffset,
    most,
  );
  sums.bias.set(channels.subarray(2 * columns, 2 * columns + outChannels));
  sums.zeros.set(channels.subarray(3 * columns, 3 * columns + outChannels));
  sums.sizes.set(channels.subarray(4 * columns, 4 * columns + outChannels));
  writeHeaders(packed, sums, memory, panelBytes, constants);
}

/** weights [kernelSize][kernelSize][channels] */
function packBlocks(packed: PackedBlocks, folded: FoldedWeights, memory: ArrayBufferLike, constants: KernelConstants) {
  const { input, kernelSize, storedChannels, address } = packed;
  const weights = toFloat32(folded.weights);
  const channels = folded.bias.length;
  const most = largestWeight(input, kernelSize ** 2);
  const each = storedBytes(input, constants);
  const lane = 4 / each;
  const groups = Math.ceil(kernelSize / lane);
  const blockBytes = constants.headerBytes + kernelSize * groups * 32;
  const to = each === 1 ? new Int8Array(memory) : new Int16Array(memory);
  const sums = new Sums(packed.steps ?? largestSteps(weights, input.scale, most), folded.bias);
  for (let ky = 0; ky < kernelSize; ky++) {
    for (let kx = 0; kx < kernelSize; kx++) {
      const element = (kx * groups + Math.floor(ky / lane)) * TILE * lane + (ky % lane);
      for (let c = 0; c < channels; c++) {
        const weight = weights[(ky * kernelSize + kx) * channels + c]!;
        const scale = input.scale[c]!;
        const step = sums.steps[c]!;
        const integer = Math.max(-most, Math.min(most, Math.round((weight * scale) / step)));
        const block = address + Math.floor(c / TILE) * blockBytes + constants.headerBytes;
        to[block / each + element + (c % TILE) * lane] = integer;
        sums.add(c, integer, input.zero[c]!, (weight - (integer * step) / scale) * input.mean[c]!);
      }
    }
  }
  writeHeaders(packed, sums, memory, blockBytes, constants);
  const padding = each === 1 ? new Uint8Array(memory) : new Int16Array(memory);
  for (let x = 0; x < packed.width; x++) padding.set(input.zero, packed.padding / each + x * storedChannels);
}

/** What one unit stands for if the largest weight of a channel is to be `most`; weights [taps][channels]. */
function largestSteps(weights: Float32Array, scale: Float32Array, most: number): Float32Array {
  const channels = scale.length;
  const steps = new Float32Array(channels);
  for (let from = 0; from < weights.length; from += channels) {
    for (let n = 0; n < channels; n++) {
      const size = Math.abs(weights[from + n]! * scale[n]!) / most;
      if (size > steps[n]!) steps[n] = size;
    }
  }
  return steps;
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

  add(n: number, integer: number, zero: number, lost: number): void {
    this.zeros[n]! += integer * zero;
    this.sizes[n]! += Math.abs(integer);
    this.bias[n]! += lost;
  }
}

function writeHeaders(
  packed: PackedPanels | PackedBlocks,
  sums: Sums,
  memory: ArrayBufferLike,
  stride: number,
  constants: KernelConstants,
): void {
  const { input, output, residual, swish, highest } = packed;
  const integers = new Int32Array(memory);
  const floats = new Float32Array(memory);
  const limits = output && storedBytes(output, constants) === 2 ? new Int16Array(memory) : new Uint8Array(memory);
  sums.steps.forEach((step, n) => {
    const at = (packed.address + Math.floor(n / TILE) * stride) / 4 + (n % TILE);
    const second = residual ? residual.scale[n]! / output!.scale[n]! : swish ? 1 / (output?.scale[n] ?? 1) : 0;
    let bias = sums.bias[n]! / step - sums.zeros[n]!;
    if (residual) bias -= (residual.zero[n]! * residual.scale[n]!) / step;
    bias = Math.max(-LARGEST_BIAS, Math.min(LARGEST_BIAS, Math.round(bias)));
    const largest = sums.sizes[n]! * (input.wide ? WIDE_MAX : NARROW_MAX) + Math.abs(bias);
    const unit = output && !swish ? 1 / output.scale[n]! : 1;
    const limit = LARGEST_RESULT / (largest * (swish ? second : 1));
    integers[at] = bias;
    floats[at + 8] = output ? Math.min(step * unit, limit) : step;
    floats[at + 16] = output ? ROUNDING + output.zero[n]! : 0;
    floats[at + 24] = second;
    if (!output) return;
    const most = output.wide ? WIDE_MAX : NARROW_MAX;
    const last = Math.min(most, Math.max(0, Math.round(highest / output.scale[n]! + output.zero[n]!)));
    const first = packed.address + Math.floor(n / TILE) * stride + 128;
    limits[first / limits.BYTES_PER_ELEMENT + (n % TILE)] = last;
  });
}
