import { isInBytes, NARROW_MAX, WIDE_INPUT, WIDE_MAX, WIDE_OUTPUT } from './integer-tiles';
import { highFloats, limitOf, loadWords, lowFloats, storeRounded } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

/** Keeps a sum with ROUNDING in the range in which the integer can be read from its bits. */
// @ts-ignore: decorator
@inline
function bounded(values: v128): v128 {
  return f32x4.pmax(f32x4.pmin(values, f32x4.splat(1e6)), f32x4.splat(-1e6));
}

function quantise<O>(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, largest: i32): void {
  const limit = limitOf<O>(largest);
  const offsets = parameters + <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
      const at = c * FLOAT;
      const low = f32x4.mul(v128.load(input + at), v128.load(parameters + at));
      const high = f32x4.mul(v128.load(input + at, 16), v128.load(parameters + at, 16));
      storeRounded<O>(
        output, f32x4.add(bounded(low), v128.load(offsets + at)), f32x4.add(bounded(high), v128.load(offsets + at, 16)), limit,
      );
      output += <usize>CHANNEL_TILE * sizeof<O>();
    }
    input += <usize>channels * FLOAT;
  }
}

/**
 * Floats to integers: round(value · multiplier + zero point), clipped to what the output can hold. input
 * `[pixels][channels]` f32, output `[pixels][channels]`, narrow (in bytes: NARROW_IN_BYTES) or (WIDE_OUTPUT) wide; parameters: `channels` multipliers,
 * then as many offsets (ROUNDING + zero point). channels is a multiple of 8; input and parameters are 16-byte aligned.
 */
export function quantise_i8(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, format: i32): void {
  assert(isAligned(input) && isAligned(parameters) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  if (isInBytes(format, WIDE_OUTPUT)) {
    quantise<u8>(output, input, parameters, pixels, channels, NARROW_MAX);
  } else quantise<i16>(output, input, parameters, pixels, channels, format & WIDE_OUTPUT ? WIDE_MAX : NARROW_MAX);
}

/** Bytes of 8 RGB pixels, and as many words. */
const PIXEL_RUN: usize = 24;

/**
 * RGB bytes to wide integers, where these are steps of bytes: output i = input i · step + offset i mod 24, for runs of 24.
 * `offsets` are 24 words; they and the output are 16-byte aligned.
 */
export function pixels_i8(output: usize, input: usize, offsets: usize, runs: i32, step: i32): void {
  assert(isAligned(output) && isAligned(offsets) && runs >= 0);
  const steps = i16x8.splat(<i16>step);
  const first = v128.load(offsets);
  const second = v128.load(offsets, 16);
  const third = v128.load(offsets, 32);
  for (; runs > 0; --runs) {
    v128.store(output, i16x8.add(i16x8.mul(v128.load8x8_u(input), steps), first));
    v128.store(output, i16x8.add(i16x8.mul(v128.load8x8_u(input, 8), steps), second), 16);
    v128.store(output, i16x8.add(i16x8.mul(v128.load8x8_u(input, 16), steps), third), 32);
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
 * Integers, narrow (in bytes: NARROW_IN_BYTES) or (WIDE_INPUT) wide, to floats: (value − zero point) · scale. parameters: `channels` scales, then as many
 * zero points (f32). channels is a multiple of 8; output and parameters are 16-byte aligned.
 */
export function dequantise_i8(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, format: i32): void {
  assert(isAligned(output) && isAligned(parameters) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  if (isInBytes(format, WIDE_INPUT)) dequantise<u8>(output, input, parameters, pixels, channels);
  else dequantise<i16>(output, input, parameters, pixels, channels);
}
