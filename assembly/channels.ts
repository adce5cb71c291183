import { FLOAT, VECTOR } from './tiles';

/** `count` floats, count ≥ 0, 4-byte aligned. */
// @ts-ignore: decorator
@inline
export function copyFloats(output: usize, input: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(output, v128.load(input));
    output += VECTOR;
    input += VECTOR;
  }
  for (; count > 0; --count) {
    store<f32>(output, load<f32>(input));
    output += FLOAT;
    input += FLOAT;
  }
}

// @ts-ignore: decorator
@inline
export function fillFloats(output: usize, value: f32, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(output, f32x4.splat(value));
    output += VECTOR;
  }
  for (; count > 0; --count) {
    store<f32>(output, value);
    output += FLOAT;
  }
}

/**
 * Of each pixel `channels` values from inOffset bytes behind input to outOffset bytes behind output, then `zeros` zeros.
 * Pixels are inStride and outStride floats apart, all addresses multiples of 4. Where the zeros reach into the next pixel,
 * that is written after them.
 */
export function copy_channels_f32(
  output: usize, input: usize, pixels: i32, channels: i32, zeros: i32, inStride: i32, outStride: i32, outOffset: i32,
  inOffset: i32,
): void {
  assert(((output | input | outOffset | inOffset) & 3) == 0 && channels >= 1 && zeros >= 0);
  output += <usize>outOffset;
  input += <usize>inOffset;
  for (; pixels > 0; --pixels) {
    copyFloats(output, input, channels);
    fillFloats(output + <usize>channels * FLOAT, 0, zeros);
    output += <usize>outStride * FLOAT;
    input += <usize>inStride * FLOAT;
  }
}

/**
 * Of each pixel each of `channels` values `multiplier` times in a row, then zeros up to outStride. Pixels are inStride and
 * outStride floats apart; all addresses multiples of 4.
 */
export function repeat_channels_f32(
  output: usize, input: usize, pixels: i32, channels: i32, multiplier: i32, inStride: i32, outStride: i32,
): void {
  assert(((output | input) & 3) == 0 && channels >= 1 && multiplier >= 1 && outStride >= channels * multiplier);
  for (; pixels > 0; --pixels) {
    let to = output;
    for (let channel: usize = 0; channel < <usize>channels; ++channel) {
      const value = load<f32>(input + channel * FLOAT);
      for (let times = multiplier; times > 0; --times) {
        store<f32>(to, value);
        to += FLOAT;
      }
    }
    fillFloats(to, 0, outStride - channels * multiplier);
    output += <usize>outStride * FLOAT;
    input += <usize>inStride * FLOAT;
  }
}

/**
 * All values channel by channel: input `[pixels][inStride]`, of which the first `channels` count, to output
 * `[channels][pixels]`, then `zeros` zeros. All addresses multiples of 4.
 */
export function transpose_f32(
  output: usize, input: usize, pixels: i32, channels: i32, zeros: i32, inStride: i32,
): void {
  assert(((output | input) & 3) == 0 && zeros >= 0);
  for (let channel: usize = 0; channel < <usize>channels; ++channel) {
    let from = input + channel * FLOAT;
    for (let pixel = pixels; pixel > 0; --pixel) {
      store<f32>(output, load<f32>(from));
      output += FLOAT;
      from += <usize>inStride * FLOAT;
    }
  }
  fillFloats(output, 0, zeros);
}

/**
 * A map at another place on a map of another size: output pixel (y, x) is input pixel (y − top, x − left), or `value` where
 * there is none. Pixels have inStride and outStride floats, of which the first `channels` count; the others are 0. Computes
 * rows rowStart … rowEnd − 1; output is the address of row 0. All addresses are multiples of 4.
 */
export function move_f32(
  output: usize, input: usize, inHeight: i32, inWidth: i32, channels: i32, inStride: i32, outStride: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, top: i32, left: i32, value: f32,
): void {
  assert(((output | input) & 3) == 0 && channels <= inStride && channels <= outStride);
  const inBytes = <usize>inStride * FLOAT;
  const outBytes = <usize>outStride * FLOAT;
  for (let y = rowStart; y < rowEnd; ++y) {
    let to = output + <usize>(y * outWidth) * outBytes;
    const inY = y - top;
    const isRow = inY >= 0 && inY < inHeight;
    for (let x = 0; x < outWidth; ++x) {
      const inX = x - left;
      if (isRow && inX >= 0 && inX < inWidth) copyFloats(to, input + <usize>(inY * inWidth + inX) * inBytes, channels);
      else fillFloats(to, value, channels);
      fillFloats(to + <usize>channels * FLOAT, 0, outStride - channels);
      to += outBytes;
    }
  }
}
