import {
  FLOAT_OUTPUT,
  HEADER_LARGEST,
  HEADER_MULTIPLIERS,
  HEADER_OFFSETS,
  HEADER_SECONDS,
  isInBytes,
  ROUNDING,
  WIDE_OUTPUT,
  WIDE_RESIDUAL,
} from './integer-tiles';

// Multiplications and additions here are never fused, so that every runtime rounds alike.

/** Of the swish, each four times: see `exponential`. */
// prettier-ignore
const constants: usize = memory.data<f32>([
  0.5, 0.5, 0.5, 0.5,
  4.97, 4.97, 4.97, 4.97,
  -4.97, -4.97, -4.97, -4.97,
  378.0, 378.0, 378.0, 378.0,
  17325.0, 17325.0, 17325.0, 17325.0,
  135135.0, 135135.0, 135135.0, 135135.0,
  28.0, 28.0, 28.0, 28.0,
  3150.0, 3150.0, 3150.0, 3150.0,
  62370.0, 62370.0, 62370.0, 62370.0,
], 16);

/** What ROUNDING is as an integer; loaded, because V8 would build the constant anew at every use. */
const roundingBits: usize = memory.data<i32>([0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000], 16);

/** Eight activations of type T (u8 or i16) as the nearest integers of two vectors of floats to which ROUNDING was added. */
// @ts-ignore: decorator
@inline
export function storeRounded<T>(output: usize, low: v128, high: v128, limit: v128): void {
  const bits = v128.load(roundingBits);
  low = i32x4.sub(low, bits);
  high = i32x4.sub(high, bits);
  if (sizeof<T>() == 1) {
    const words = i16x8.narrow_i32x4_s(low, high);
    const bytes = i8x16.narrow_i16x8_u(words, words);
    v128.store64_lane(output, i8x16.min_u(bytes, limit), 0);
  } else {
    v128.store(output, i16x8.min_u(i16x8.narrow_i32x4_u(low, high), limit));
  }
}

/** Type parameters that stand for activations, and IN_WORDS: where one might come, V8 would keep registers for it. */
export type Clipped = i32;
export type Swished = f32;
export type Scaled = i16;
/** As Scaled, of a panel with WHOLE_RANGE, for output in bytes: with shift 2, and 4. */
export type ScaledToBytes = u16;
export type ScaledBy4ToBytes = u64;

// @ts-ignore: decorator
@inline
export function isInWords<A>(): bool {
  return sizeof<A>() != 4;
}

/** Words times multipliers of 15 bits, to the nearest whole numbers, halves up. */
// @ts-ignore: decorator
@inline
function scale(words: v128, header: usize): v128 {
  const multipliers = v128.load(header, HEADER_MULTIPLIERS);
  // The same from both, as no multiplier is −1.
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_q15mulr_s(words, multipliers);
  return i16x8.q15mulr_sat_s(words, multipliers);
}

// @ts-ignore: decorator
@inline
function addOffsets(words: v128, header: usize): v128 {
  return i16x8.add(words, v128.load(header, HEADER_OFFSETS));
}

/** Eight bytes for either pixel. */
// @ts-ignore: decorator
@inline
function storeBytes(output: usize, second: usize, bytes: v128): void {
  v128.store64_lane(output, bytes, 0);
  v128.store64_lane(second, bytes, 1);
}

/** Words as narrow activations, which may lie in words. */
// @ts-ignore: decorator
@inline
function storeNarrow(output: usize, second: usize, words: v128, secondWords: v128, header: usize, format: i32): void {
  if (isInBytes(format, WIDE_OUTPUT)) {
    const bytes = i8x16.min_u(i8x16.narrow_i16x8_u(words, secondWords), v128.load64_splat(header, HEADER_LARGEST));
    storeBytes(output, second, bytes);
    return;
  }
  const zero = i16x8.splat(0);
  const limit = v128.load(header, HEADER_LARGEST);
  v128.store(output, i16x8.min_s(i16x8.max_s(words, zero), limit));
  v128.store(second, i16x8.min_s(i16x8.max_s(secondWords, zero), limit));
}

/** `storePair` with IN_WORDS, where the panel's shift is not −1: instructions for 8 sums instead of 4. */
// @ts-ignore: decorator
@inline
function storeScaledPair(
  output: usize, second: usize, low: v128, high: v128, secondLow: v128, secondHigh: v128, header: usize, format: i32,
  shift: i32,
): void {
  // Only shifts by a constant are one instruction each.
  if (shift & 2) {
    low = i32x4.shr_s(low, 2); high = i32x4.shr_s(high, 2);
    secondLow = i32x4.shr_s(secondLow, 2); secondHigh = i32x4.shr_s(secondHigh, 2);
  } else if (shift & 4) {
    low = i32x4.shr_s(low, 4); high = i32x4.shr_s(high, 4);
    secondLow = i32x4.shr_s(secondLow, 4); secondHigh = i32x4.shr_s(secondHigh, 4);
  }
  const words = addOffsets(scale(i16x8.narrow_i32x4_s(low, high), header), header);
  const secondWords = addOffsets(scale(i16x8.narrow_i32x4_s(secondLow, secondHigh), header), header);
  storeNarrow(output, second, words, secondWords, header, format);
}

/**
 * Sums of two pixels → integers, without residual or swish: what `storeSums` gives, in fewer instructions.
 * second: address of the second pixel's output.
 */
// @ts-ignore: decorator
@inline
export function storePair<A>(
  output: usize, second: usize, low: v128, high: v128, secondLow: v128, secondHigh: v128, header: usize, format: i32,
): void {
  if (isInWords<A>() && !isSigned<A>()) {
    const shift = sizeof<A>() == 2 ? 2 : 4;
    low = i32x4.shr_s(low, shift); high = i32x4.shr_s(high, shift);
    secondLow = i32x4.shr_s(secondLow, shift); secondHigh = i32x4.shr_s(secondHigh, shift);
    const words = scale(i16x8.narrow_i32x4_s(low, high), header);
    storeBytes(output, second, i8x16.narrow_i16x8_u(words, scale(i16x8.narrow_i32x4_s(secondLow, secondHigh), header)));
    return;
  }
  if (isInWords<A>()) {
    const shift = load<i32>(header, HEADER_SECONDS);
    if (shift >= 0) {
      storeScaledPair(output, second, low, high, secondLow, secondHigh, header, format, shift);
      return;
    }
  }
  const bits = v128.load(roundingBits);
  const multipliers = v128.load(header, HEADER_MULTIPLIERS);
  low = f32x4.mul(f32x4.convert_i32x4_s(low), multipliers);
  secondLow = f32x4.mul(f32x4.convert_i32x4_s(secondLow), multipliers);
  const highMultipliers = v128.load(header, HEADER_MULTIPLIERS + 16);
  high = f32x4.mul(f32x4.convert_i32x4_s(high), highMultipliers);
  secondHigh = f32x4.mul(f32x4.convert_i32x4_s(secondHigh), highMultipliers);
  const offsets = v128.load(header, HEADER_OFFSETS);
  low = i32x4.sub(f32x4.add(low, offsets), bits);
  secondLow = i32x4.sub(f32x4.add(secondLow, offsets), bits);
  const highOffsets = v128.load(header, HEADER_OFFSETS + 16);
  high = i32x4.sub(f32x4.add(high, highOffsets), bits);
  secondHigh = i32x4.sub(f32x4.add(secondHigh, highOffsets), bits);
  if (!isInBytes(format, WIDE_OUTPUT)) {
    const limit = v128.load(header, HEADER_LARGEST);
    v128.store(output, i16x8.min_u(i16x8.narrow_i32x4_u(low, high), limit));
    v128.store(second, i16x8.min_u(i16x8.narrow_i32x4_u(secondLow, secondHigh), limit));
    return;
  }
  const words = i16x8.narrow_i32x4_s(low, high);
  const secondWords = i16x8.narrow_i32x4_s(secondLow, secondHigh);
  const bytes = i8x16.min_u(i8x16.narrow_i16x8_u(words, secondWords), v128.load64_splat(header, HEADER_LARGEST));
  storeBytes(output, second, bytes);
}

/** The largest value of type T in all lanes. */
// @ts-ignore: decorator
@inline
export function limitOf<T>(largest: i32): v128 {
  return sizeof<T>() == 1 ? i8x16.splat(<i8>largest) : i16x8.splat(<i16>largest);
}

/** Eight activations of type T as 16-bit integers. */
// @ts-ignore: decorator
@inline
export function loadWords<T>(input: usize): v128 {
  return sizeof<T>() == 1 ? v128.load8x8_u(input) : v128.load(input);
}

// @ts-ignore: decorator
@inline
export function lowFloats(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words));
}

// @ts-ignore: decorator
@inline
export function highFloats(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words));
}

/**
 * x / (1 + e^−x) within 5e-4 for |x| ≤ 10, beyond within 1e-4 · |x|: x/2 · (1 + tanh(x/2)), tanh by the seventh convergent of
 * Lambert's continued fraction, held at its value for |x| = 9.94 (where it passes 1 − 1e-4).
 */
// @ts-ignore: decorator
@inline
function swish(x: v128): v128 {
  const half = f32x4.mul(x, v128.load(constants));
  const t = f32x4.pmax(f32x4.pmin(half, v128.load(constants, 16)), v128.load(constants, 32));
  const s = f32x4.mul(t, t);
  let p = f32x4.add(s, v128.load(constants, 48));
  p = f32x4.add(f32x4.mul(p, s), v128.load(constants, 64));
  p = f32x4.add(f32x4.mul(p, s), v128.load(constants, 80));
  let q = f32x4.add(f32x4.mul(s, v128.load(constants, 96)), v128.load(constants, 112));
  q = f32x4.add(f32x4.mul(q, s), v128.load(constants, 128));
  q = f32x4.add(f32x4.mul(q, s), v128.load(constants, 80));
  const tanh = f32x4.div(f32x4.mul(p, t), q);
  return f32x4.add(half, f32x4.mul(half, tanh));
}

/**
 * Eight sums of a linear layer → its output, through the activation that A stands for. header: see HEADER_BYTES; offsets are
 * ROUNDING + zero point, second multipliers are the residual's, or what comes after the activation. limit: the largest values.
 */
// @ts-ignore: decorator
@inline
export function storeSums<A>(
  output: usize,
  low: v128,
  high: v128,
  header: usize,
  residual: usize,
  limit: v128,
  format: i32,
): void {
  if (isInWords<A>()) {
    const shift = load<i32>(header, HEADER_SECONDS);
    if (shift >= 0) {
      const shifted = i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift));
      const words = addOffsets(scale(shifted, header), header);
      if (isInBytes(format, WIDE_OUTPUT)) {
        v128.store64_lane(output, i8x16.min_u(i8x16.narrow_i16x8_u(words, words), limit), 0);
      } else v128.store(output, i16x8.min_s(i16x8.max_s(words, i16x8.splat(0)), limit));
      return;
    }
  }
  low = f32x4.mul(f32x4.convert_i32x4_s(low), v128.load(header, HEADER_MULTIPLIERS));
  high = f32x4.mul(f32x4.convert_i32x4_s(high), v128.load(header, HEADER_MULTIPLIERS + 16));
  if (residual) {
    const words = isInBytes(format, WIDE_RESIDUAL) ? v128.load8x8_u(residual) : v128.load(residual);
    low = f32x4.add(low, f32x4.mul(lowFloats(words), v128.load(header, HEADER_SECONDS)));
    high = f32x4.add(high, f32x4.mul(highFloats(words), v128.load(header, HEADER_SECONDS + 16)));
  }
  if (isFloat<A>()) {
    low = f32x4.mul(swish(low), v128.load(header, HEADER_SECONDS));
    high = f32x4.mul(swish(high), v128.load(header, HEADER_SECONDS + 16));
  }
  if (format & FLOAT_OUTPUT) {
    v128.store(output, low);
    v128.store(output, high, 16);
    return;
  }
  low = f32x4.add(low, v128.load(header, HEADER_OFFSETS));
  high = f32x4.add(high, v128.load(header, HEADER_OFFSETS + 16));
  // One function for both widths, as V8 compiles each that is used: a start for one picture runs none for long.
  if (isInBytes(format, WIDE_OUTPUT)) storeRounded<u8>(output, low, high, limit);
  else storeRounded<i16>(output, low, high, limit);
}
