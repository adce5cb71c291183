import { lesser } from './integers';
import { isInBytes, NARROW_MAX, ROUNDING, WIDE_INPUT, WIDE_MAX, WIDE_OUTPUT } from './integer-tiles';
import { highFloats, loadWords, lowFloats } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

/** What the loop of `quantise` holds in registers: V8 would build constants anew at every use. */
// prettier-ignore
const constants: usize = memory.data<f32>([ROUNDING, ROUNDING, ROUNDING, ROUNDING], 16);

/** The integers of four levels that lie between 0 and `most` (`sum`: ROUNDING); the largest of what is no number. */
// @ts-ignore: decorator
@inline
function nearest(levels: v128, most: v128, sum: v128): v128 {
  const inside = f32x4.pmax(f32x4.pmin(most, levels), f32x4.splat(0));
  return i32x4.sub(f32x4.add(inside, sum), sum);
}

/** Pixels that stay in the first-level cache while their channels come 8 by 8, whose parameters stay in registers. */
const BLOCK: i32 = 128;

function quantise<O>(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, largest: i32): void {
  const most = f32x4.splat(<f32>largest);
  const sum = v128.load(constants);
  const pixelBytes = <usize>channels * FLOAT;
  const outPixelBytes = <usize>channels * sizeof<O>();
  for (; pixels > 0; pixels -= BLOCK) {
    const count = lesser(BLOCK, pixels);
    for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
      const multipliers = parameters + c * FLOAT;
      const multiplier0 = v128.load(multipliers);
      const multiplier1 = v128.load(multipliers, 16);
      const zero0 = v128.load(multipliers + pixelBytes);
      const zero1 = v128.load(multipliers + pixelBytes, 16);
      let from = input + c * FLOAT;
      let to = output + c * sizeof<O>();
      for (let left = count; left > 0; --left) {
        // The picture's zero points are no whole numbers: they are added before rounding.
        const low = f32x4.add(f32x4.mul(v128.load(from), multiplier0), zero0);
        const high = f32x4.add(f32x4.mul(v128.load(from, 16), multiplier1), zero1);
        const words = i16x8.narrow_i32x4_s(nearest(low, most, sum), nearest(high, most, sum));
        if (sizeof<O>() == 1) v128.store64_lane(to, i8x16.narrow_i16x8_u(words, words), 0);
        else v128.store(to, words);
        from += pixelBytes;
        to += outPixelBytes;
      }
    }
    input += <usize>count * pixelBytes;
    output += <usize>count * outPixelBytes;
  }
}

/**
 * Floats to integers: round(value · multiplier + zero point), clipped to what the output can hold. The output may not overlap
 * the input.
 *
 * - input `[pixels][channels]` f32, channels a multiple of 8; 16-byte aligned.
 * - output `[pixels][channels]`, narrow (in bytes: NARROW_IN_BYTES) or (WIDE_OUTPUT) wide.
 * - parameters: `channels` multipliers, then as many zero points (f32); 16-byte aligned.
 */
export function quantise_i8(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, format: i32): void {
  assert(isAligned(input) && isAligned(parameters) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  if (isInBytes(format, WIDE_OUTPUT)) {
    quantise<u8>(output, input, parameters, pixels, channels, NARROW_MAX);
  } else quantise<i16>(output, input, parameters, pixels, channels, format & WIDE_OUTPUT ? WIDE_MAX : NARROW_MAX);
}

/** Bytes of 8 RGB pixels. */
const PIXEL_RUN: usize = 24;

/** Runs of 24 bytes as narrow integers: as they are, or in words. The output is 16-byte aligned. */
export function pixels_i8(output: usize, input: usize, runs: i32, format: i32): void {
  assert(isAligned(output) && runs >= 0);
  if (isInBytes(format, WIDE_OUTPUT)) {
    memory.copy(output, input, <usize>runs * PIXEL_RUN);
    return;
  }
  for (; runs > 0; --runs) {
    v128.store(output, v128.load8x8_u(input));
    v128.store(output, v128.load8x8_u(input, 8), 16);
    v128.store(output, v128.load8x8_u(input, 16), 32);
    input += PIXEL_RUN;
    output += 2 * PIXEL_RUN;
  }
}

function dequantise<I>(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32): void {
  const zeros = parameters + <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
      const at = c * FLOAT;
      const words = loadWords<I>(input);
      const low = f32x4.sub(lowFloats(words), v128.load(zeros + at));
      const high = f32x4.sub(highFloats(words), v128.load(zeros + at, 16));
      v128.store(output + at, f32x4.mul(low, v128.load(parameters + at)));
      v128.store(output + at, f32x4.mul(high, v128.load(parameters + at, 16)), 16);
      input += <usize>CHANNEL_TILE * sizeof<I>();
    }
    output += <usize>channels * FLOAT;
  }
}

/**
 * Integers to floats: (value − zero point) · scale.
 *
 * - input `[pixels][channels]`, narrow (in bytes: NARROW_IN_BYTES) or (WIDE_INPUT) wide, channels a multiple of 8.
 * - output `[pixels][channels]` f32; 16-byte aligned.
 * - parameters: `channels` scales, then as many zero points (f32); 16-byte aligned.
 */
export function dequantise_i8(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, format: i32): void {
  assert(isAligned(output) && isAligned(parameters) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  if (isInBytes(format, WIDE_INPUT)) dequantise<u8>(output, input, parameters, pixels, channels);
  else dequantise<i16>(output, input, parameters, pixels, channels);
}
