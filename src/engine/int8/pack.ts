import { toFloat32 } from '../../weights/half.js';
import type { KernelConstants } from '../kernels.js';
import type { FoldedWeights } from '../pack.js';
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

/** Writes an operation's parameters as the kernels read them. The memory is zero before. */
export function packIntegers(
  packed: PackedIntegers,
  weightsOf: (layer: string) => FoldedWeights,
  memory: ArrayBufferLike,
  constants: KernelConstants,
): void {
  switch (packed.layout) {
    case 'rows':
      packed.rows.forEach((row, index) => {
        new Float32Array(memory, packed.address + 4 * index * packed.storedChannels, row.length).set(row);
      });
      return;
    case 'panels':
      packPanels(packed, weightsOf(packed.layer), memory, constants);
      return;
    case 'blocks':
      packBlocks(packed, weightsOf(packed.layer), memory, constants);
      return;
    default:
      packed satisfies never;
  }
}

/** weights [inChannels][outChannels] */
function packPanels(packed: PackedPanels, folded: FoldedWeights, memory: ArrayBufferLike, constants: KernelConstants) {
  const { input, storedInChannels, address } = packed;
  const weights = toFloat32(folded.weights);
  const outChannels = folded.bias.length;
  const inChannels = weights.length / outChannels;
  const most = largestWeight(input, inChannels);
  const each = storedBytes(input, constants);
  const lane = 4 / each;
  const panelBytes = constants.headerBytes + TILE * storedInChannels * each;
  const to = each === 1 ? new Int8Array(memory) : new Int16Array(memory);
  const sums = new Sums(packed.steps ?? largestSteps(weights, input.scale, outChannels, 1, most), folded.bias);
  const inverse = sums.steps.map((step) => 1 / step);
  for (let k = 0; k < inChannels; k++) {
    const scale = input.scale[k]!;
    const zero = input.zero[k]!;
    const mean = input.mean[k]!;
    const row = (address + constants.headerBytes) / each + Math.floor(k / lane) * TILE * lane + (k % lane);
    for (let n = 0, at = row, from = k * outChannels; n < outChannels; n++, from++) {
      const weight = weights[from]!;
      const integer = Math.max(-most, Math.min(most, Math.round(weight * scale * inverse[n]!)));
      to[at] = integer;
      sums.add(n, integer, zero, (weight - (integer * sums.steps[n]!) / scale) * mean);
      at += lane;
      if (n % TILE === TILE - 1) at += panelBytes / each - TILE * lane;
    }
  }
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
  const sums = new Sums(packed.steps ?? largestSteps(weights, input.scale, channels, 0, most), folded.bias);
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

/** What one unit stands for if the largest weight of a channel is to be `most`. `perInput`: 1 if scales go by input, 0 if by output. */
export function largestSteps(
  weights: Float32Array,
  scale: Float32Array,
  outChannels: number,
  perInput: 0 | 1,
  most: number,
): Float32Array {
  const steps = new Float32Array(outChannels);
  for (let from = 0, row = 0; from < weights.length; from += outChannels, row++) {
    for (let n = 0; n < outChannels; n++) {
      const size = Math.abs(weights[from + n]! * scale[perInput ? row : n]!) / most;
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
    const limits = packed.address + Math.floor(n / TILE) * stride + 128;
    if (storedBytes(output, constants) === 1) new Uint8Array(memory, limits)[n % TILE] = last;
    else new Int16Array(memory, limits)[n % TILE] = last;
  });
}
