import { readFileSync } from 'node:fs';
import { Bench, builds, randomFloats } from './load.js';
import type { Window } from './naive.js';

const IN_BYTES = ', narrow in bytes';
const FOR_BASELINE = ', loops for baseline code';

function loads(build: string): boolean {
  return WebAssembly.validate(readFileSync(new URL(`../../build/${build}`, import.meta.url)));
}

/** Whether bytes are multiplied here: with relaxed SIMD (not on Node 20), and a processor and a Node.js that fuse them. */
function fusesBytes(build: string): boolean {
  return loads(build) && new Bench(build).kernels.fuses_bytes() === 1;
}

const relaxedBuilds = ['kernels.relaxed.wasm', 'kernels.relaxed.debug.wasm'];

const usualBuilds: readonly string[] = [
  ...builds,
  ...relaxedBuilds.filter(loads),
  ...relaxedBuilds.filter(fusesBytes).map((build) => build + IN_BYTES),
];

/**
 * The integer kernels' builds that this runtime can load, with narrow integers in words and, where it can, in bytes, and with
 * the loops of either kind.
 */
export const integerBuilds: readonly string[] = [...usualBuilds, ...usualBuilds.map((build) => build + FOR_BASELINE)];

export const NARROW_MAX = 255;
export const WIDE_MAX = 4095;
export const WIDE_INPUT = 1;
export const WIDE_OUTPUT = 2;
export const WIDE_RESIDUAL = 4;
/** For the tests a bit beside those of the format; `formatArguments` makes the kernels' arguments of both. */
export const SWISH = 8;
export const FLOAT_OUTPUT = 16;
export const NARROW_IN_BYTES = 32;
export const IN_WORDS = 64;
export const BYTE_WEIGHTS = 128;
/** For the tests alone: with IN_WORDS, channels whose outputs take the whole range of narrow integers. */
export const WHOLE = 256;
const HEADER = 144;
const WHOLE_RANGE = 32;
export const ROUNDING = 1.5 * 2 ** 23;

const { fround } = Math;

/** Integers 0 … largest. */
export function randomLevels(count: number, seed: number, largest: number): Int32Array {
  return Int32Array.from(randomFloats(count, seed), (value) =>
    Math.min(largest, Math.floor(((value + 1) / 2) * (largest + 1))),
  );
}

/** Integers −127 … 127. */
export function randomWeights(count: number, seed: number): Int32Array {
  return Int32Array.from(randomFloats(count, seed), (value) => Math.round(value * 127));
}

/** What turns the sums of a channel into its output. */
export interface Channels {
  readonly bias: Int32Array;
  readonly multiplier: Float32Array;
  readonly zero: Int32Array;
  readonly second: Float32Array;
  /** The largest output. */
  readonly highest: Int32Array;
  /** With IN_WORDS: the shift of each channel, the same for 8 of them, and its multiplier. */
  readonly words?: {
    readonly shift: readonly number[];
    readonly multiplier: readonly number[];
    /** Added to the shift in the kernels' headers. */
    readonly flag: number;
  };
}

/**
 * The same to be scaled in words, by every shift in turn, and every fourth panel in floats all the same. format: with WHOLE
 * no channel has a zero point or a largest output of its own.
 */
export function inWords(channels: Channels, format: number): Channels {
  const shiftOf = (n: number) => [2, 0, 4, -1][Math.floor(n / 8) % 4]!;
  const multiplier = Array.from(channels.multiplier, (each, n) =>
    Math.min(2 ** 15 - 512, Math.ceil(each * 2 ** (15 + Math.max(0, shiftOf(n))))),
  );
  const shift = multiplier.map((_, n) => shiftOf(n));
  if (!(format & WHOLE)) return { ...channels, words: { shift, multiplier, flag: 0 } };
  const { zero, highest } = channels;
  const words = { shift, multiplier, flag: WHOLE_RANGE };
  return { ...channels, zero: zero.map(() => 0), highest: highest.map(() => NARROW_MAX), words };
}

/** Multipliers such that sums of `terms` products spread over 0 … `largest` and a little beyond. */
export function randomChannels(
  count: number,
  seed: number,
  terms: number,
  largest: number,
  second: number,
  limit: number,
): Channels {
  const random = randomFloats(5 * count, seed);
  return {
    bias: Int32Array.from({ length: count }, (_, i) => Math.round(random[i]! * 2000)),
    multiplier: Float32Array.from(
      { length: count },
      (_, i) => ((1.5 + random[count + i]!) * largest) / (2000 * Math.sqrt(terms) + 2000),
    ),
    zero: Int32Array.from({ length: count }, (_, i) => Math.max(0, Math.round((random[2 * count + i]! * largest) / 2))),
    second: Float32Array.from({ length: count }, (_, i) => second * (1.2 + random[3 * count + i]!)),
    highest: Int32Array.from({ length: count }, (_, i) =>
      Math.round(limit * (1 - 0.3 * Math.abs(random[4 * count + i]!))),
    ),
  };
}

/** x / (1 + e^−x) as the kernels approximate it, every operation rounded to single precision. */
export function approximateSwish(x: number): number {
  const half = fround(x * 0.5);
  const t = Math.max(Math.min(half, fround(4.97)), -fround(4.97));
  const s = fround(t * t);
  let p = fround(s + 378);
  p = fround(fround(p * s) + 17325);
  p = fround(fround(p * s) + 135135);
  let q = fround(fround(s * 28) + 3150);
  q = fround(fround(q * s) + 62370);
  q = fround(fround(q * s) + 135135);
  const tanh = fround(fround(p * t) / q);
  return fround(half + fround(half * tanh));
}

/** Nearest integer, ties to even, clipped. */
export function roundTo(value: number, zero: number, largest: number): number {
  const rounded = fround(value + fround(ROUNDING + zero)) - ROUNDING;
  return Math.min(Math.max(rounded, 0), largest);
}

/** The way of one sum to the output. */
export function requantise(
  sum: number,
  channel: number,
  { multiplier, zero, second, highest, words }: Channels,
  residual: number | undefined,
  format: number,
): number {
  if (words && words.shift[channel]! >= 0) {
    const word = Math.max(-(2 ** 15), Math.min(2 ** 15 - 1, Math.floor(sum / 2 ** words.shift[channel]!)));
    const product = Math.floor((word * words.multiplier[channel]!) / 2 ** 15 + 0.5);
    return Math.min(Math.max(product + zero[channel]!, 0), highest[channel]!);
  }
  let value = fround(fround(sum) * multiplier[channel]!);
  if (residual !== undefined) value = fround(value + fround(residual * second[channel]!));
  if (format & SWISH) value = fround(approximateSwish(value) * second[channel]!);
  if (format & FLOAT_OUTPUT) return value;
  return roundTo(value, zero[channel]!, highest[channel]!);
}

/** Arrays of integers in the widths that a build stores them in. */
export class IntegerBench extends Bench {
  readonly inBytes: boolean;

  /** @param build one of `integerBuilds` */
  constructor(build: string, pages = 32) {
    super(build.replace(FOR_BASELINE, '').replace(IN_BYTES, ''), pages);
    this.inBytes = build.includes(IN_BYTES);
    this.kernels.usesBaselineTiles.value = build.endsWith(FOR_BASELINE);
  }

  bytesOf(wide: boolean): 1 | 2 {
    return this.inBytes && !wide ? 1 : 2;
  }

  /** The kernels' argument: `format` and where narrow integers lie. */
  format(format: number): number {
    return format | (this.inBytes ? NARROW_IN_BYTES : 0);
  }

  formatArguments(format: number): readonly [format: number, activation: number] {
    return [this.format(format & ~(SWISH | WHOLE)), format & SWISH ? 1 : 0];
  }

  placeLevels(values: Int32Array, wide: boolean, atEnd = false): number {
    const stored = this.bytesOf(wide) === 1 ? Uint8Array.from(values) : Int16Array.from(values);
    return this.placeBytes(new Uint8Array(stored.buffer), atEnd);
  }

  reserveLevels(count: number, wide: boolean): number {
    return this.reserve(count * this.bytesOf(wide));
  }

  levels(address: number, count: number, wide: boolean): number[] {
    const { buffer } = this.memory;
    return Array.from(
      this.bytesOf(wide) === 1 ? new Uint8Array(buffer, address, count) : new Int16Array(buffer, address, count),
    );
  }

  placeBytes(bytes: Uint8Array, atEnd = false): number {
    const address = atEnd ? this.memory.buffer.byteLength - bytes.length : this.reserve(bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, address);
    return address;
  }

  /** weights [inChannels][outChannels] in panels of 8 output channels, as DESIGN.md describes them. */
  placePanels(weights: Int32Array, channels: Channels, each: 1 | 2, outputBytes: number): number {
    const outChannels = channels.bias.length;
    const inChannels = weights.length / outChannels;
    const lane = 4 / each;
    const panelBytes = HEADER + 8 * inChannels * each;
    const bytes = new Uint8Array((outChannels / 8) * panelBytes);
    const view = new DataView(bytes.buffer);
    for (let n = 0; n < outChannels; n++) {
      const panel = Math.floor(n / 8) * panelBytes;
      this.#header(view, panel, n, channels, outputBytes);
      for (let k = 0; k < inChannels; k++) {
        const value = weights[k * outChannels + n]!;
        const element = (Math.floor(k / lane) * 8 + (n % 8)) * lane + (k % lane);
        if (each === 1) view.setInt8(panel + HEADER + element, value);
        else view.setInt16(panel + HEADER + 2 * element, value, true);
      }
    }
    return this.placeBytes(bytes);
  }

  /** weights [kernelSize][kernelSize][channels] in blocks of 8 channels, columns first. */
  placeBlocks(weights: Int32Array, channels: Channels, kernelSize: number, wide: boolean, outputBytes: number): number {
    const count = channels.bias.length;
    const each = this.bytesOf(wide);
    const lane = 4 / each;
    const groups = Math.ceil(kernelSize / lane);
    const blockBytes = HEADER + kernelSize * groups * 32;
    const bytes = new Uint8Array((count / 8) * blockBytes);
    const view = new DataView(bytes.buffer);
    for (let c = 0; c < count; c++) {
      const block = Math.floor(c / 8) * blockBytes;
      this.#header(view, block, c, channels, outputBytes);
      for (let ky = 0; ky < kernelSize; ky++) {
        for (let kx = 0; kx < kernelSize; kx++) {
          const value = weights[(ky * kernelSize + kx) * count + c]!;
          const element = ((kx * groups + Math.floor(ky / lane)) * 8 + (c % 8)) * lane + (ky % lane);
          if (each === 1) view.setInt8(block + HEADER + element, value);
          else view.setInt16(block + HEADER + 2 * element, value, true);
        }
      }
    }
    return this.placeBytes(bytes);
  }

  #header(view: DataView, at: number, n: number, channels: Channels, outputBytes: number): void {
    const lane = 4 * (n % 8);
    const { words } = channels;
    view.setInt32(at + lane, channels.bias[n]!, true);
    if (words && words.shift[n]! >= 0) {
      view.setInt16(at + 32 + lane / 2, words.multiplier[n]!, true);
      view.setInt16(at + 64 + lane / 2, channels.zero[n]!, true);
    } else {
      view.setFloat32(at + 32 + lane, channels.multiplier[n]!, true);
      view.setFloat32(at + 64 + lane, outputBytes === 4 ? 0 : ROUNDING + channels.zero[n]!, true);
    }
    if (!words) view.setFloat32(at + 96 + lane, channels.second[n]!, true);
    else if (lane === 0) view.setInt32(at + 96, words.shift[n]! < 0 ? -1 : words.shift[n]! + words.flag, true);
    if (outputBytes === 1) view.setUint8(at + 128 + (n % 8), channels.highest[n]!);
    if (outputBytes === 2) view.setInt16(at + 128 + 2 * (n % 8), channels.highest[n]!, true);
  }
}

/** weights [inChannels][outChannels]; sums with the bias. */
export function integerProducts(
  input: Int32Array,
  weights: Int32Array,
  { bias }: Channels,
  pixels: number,
): Float64Array {
  const outChannels = bias.length;
  const inChannels = weights.length / outChannels;
  const sums = new Float64Array(pixels * outChannels);
  for (let p = 0; p < pixels; p++) {
    for (let n = 0; n < outChannels; n++) {
      let sum = bias[n]!;
      for (let k = 0; k < inChannels; k++) sum += input[p * inChannels + k]! * weights[k * outChannels + n]!;
      sums[p * outChannels + n] = sum;
    }
  }
  return sums;
}

/** weights [kernelSize][kernelSize][channels]; outside of the map lies `padding`, one integer for each channel. */
export function integerDepthwise(
  input: Int32Array,
  weights: Int32Array,
  { bias }: Channels,
  padding: Int32Array,
  w: Window,
): Float64Array {
  const sums = new Float64Array(w.outHeight * w.outWidth * w.channels);
  for (let y = 0; y < w.outHeight; y++) {
    for (let x = 0; x < w.outWidth; x++) {
      for (let c = 0; c < w.channels; c++) {
        let sum = bias[c]!;
        for (let ky = 0; ky < w.kernelSize; ky++) {
          for (let kx = 0; kx < w.kernelSize; kx++) {
            const inY = y * w.stride - w.padTop + ky;
            const inX = x * w.stride - w.padLeft + kx;
            const inside = inY >= 0 && inY < w.inHeight && inX >= 0 && inX < w.inWidth;
            const value = inside ? input[(inY * w.inWidth + inX) * w.channels + c]! : padding[c]!;
            sum += value * weights[(ky * w.kernelSize + kx) * w.channels + c]!;
          }
        }
        sums[(y * w.outWidth + x) * w.channels + c] = sum;
      }
    }
  }
  return sums;
}
