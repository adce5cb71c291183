import { ROUNDING } from './integer-tiles';
import { CHANNEL_TILE, FLOAT } from './tiles';

/**
 * Four values over the scale, the nearest integers (halves away from 0) plus the zero point, as bytes in the lowest lane. Not a
 * number is stored as 0. zero: the bits of ROUNDING less the zero point.
 */
// @ts-ignore: decorator
@inline
function quantiseFour(values: v128, scale: v128, zero: v128): v128 {
  const ratio = f32x4.div(values, scale);
  const size = f32x4.pmin(f32x4.abs(ratio), f32x4.splat(512));
  const whole = f32x4.trunc(size);
  const half = v128.and(f32x4.ge(f32x4.sub(size, whole), f32x4.splat(0.5)), f32x4.splat(1));
  const signed = v128.or(f32x4.add(whole, half), v128.and(ratio, f32x4.splat(-0.0)));
  const number = v128.and(signed, f32x4.eq(ratio, ratio));
  const integers = i32x4.sub(f32x4.add(number, f32x4.splat(ROUNDING)), zero);
  const words = i16x8.narrow_i32x4_s(integers, integers);
  return i8x16.narrow_i16x8_u(words, words);
}

/**
 * Values as quantised files store them: byte = value / scale + zero. input `[pixels][channels]`, output `[pixels][stored]`,
 * with the zero point behind the channels. Nothing past either is read or written.
 */
export function exact_quantise_u8(
  output: usize, input: usize, pixels: i32, channels: i32, stored: i32, scale: f32, zero: i32,
): void {
  assert(stored >= channels);
  const scales = f32x4.splat(scale);
  const zeros = i32x4.splat(reinterpret<i32>(ROUNDING) - zero);
  // Pixels that lie one after the other are one.
  const rows = stored == channels ? 1 : pixels;
  const values = stored == channels ? pixels * channels : channels;
  for (let row = 0; row < rows; ++row) {
    let value = 0;
    for (; value + 4 <= values; value += 4) {
      const bytes = quantiseFour(v128.load(input + <usize>value * FLOAT), scales, zeros);
      v128.store32_lane(output + <usize>value, bytes, 0);
    }
    for (; value < values; ++value) {
      const bytes = quantiseFour(v128.load32_splat(input + <usize>value * FLOAT), scales, zeros);
      v128.store8_lane(output + <usize>value, bytes, 0);
    }
    input += <usize>values * FLOAT;
    if (stored > channels) {
      memory.fill(output + <usize>channels, <u8>zero, <usize>(stored - channels));
      output += <usize>stored;
    }
  }
}

/**
 * The values that bytes stand for: (byte − zero) · scale. input `[pixels][stored]`, stored a multiple of 8, of which the first
 * `channels` count; output `[pixels][channels]`, and up to 7 values behind it are written over.
 */
export function exact_dequantise_u8(
  output: usize, input: usize, pixels: i32, channels: i32, stored: i32, scale: f32, zero: i32,
): void {
  assert(stored % CHANNEL_TILE == 0 && stored >= channels);
  const scales = f32x4.splat(scale);
  const zeros = i16x8.splat(<i16>zero);
  for (; pixels > 0; --pixels) {
    for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
      const words = i16x8.sub(v128.load8x8_u(input + c), zeros);
      const to = output + c * FLOAT;
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scales));
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), scales), 16);
    }
    input += <usize>stored;
    output += <usize>channels * FLOAT;
  }
}

/** What a table of 256 bytes has for each of `count` bytes. */
export function exact_look_up_u8(output: usize, input: usize, table: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; ++i) store<u8>(output + i, load<u8>(table + load<u8>(input + i)));
}
