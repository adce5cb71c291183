import { bytesOf, isInBytes, NARROW_MAX, ROUNDING, WIDE_INPUT, WIDE_MAX, WIDE_OUTPUT, WIDE_RESIDUAL } from './integer-tiles';
import { highFloats, limitOf, lowFloats, storeRounded } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

// @ts-ignore: decorator
@inline
function loadMaybe(input: usize, bytes: usize): v128 {
  return bytes == 1 ? v128.load8x8_u(input) : v128.load(input);
}

function add<O>(
  output: usize, a: usize, b: usize, parameters: usize, pixels: i32, channels: i32, aBytes: usize, bBytes: usize, largest: i32,
): void {
  const limit = limitOf<O>(largest);
  const rounding = f32x4.splat(ROUNDING);
  const row = <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    let p = parameters;
    for (let c = channels; c > 0; c -= CHANNEL_TILE) {
      const x = loadMaybe(a, aBytes);
      const y = loadMaybe(b, bBytes);
      let low = f32x4.add(f32x4.mul(lowFloats(x), v128.load(p)), f32x4.mul(lowFloats(y), v128.load(p + row)));
      let high = f32x4.add(f32x4.mul(highFloats(x), v128.load(p, 16)), f32x4.mul(highFloats(y), v128.load(p + row, 16)));
      low = f32x4.add(low, v128.load(p + 2 * row));
      high = f32x4.add(high, v128.load(p + 2 * row, 16));
      storeRounded<O>(output, f32x4.add(low, rounding), f32x4.add(high, rounding), limit);
      p += <usize>CHANNEL_TILE * FLOAT;
      a += <usize>CHANNEL_TILE * aBytes;
      b += <usize>CHANNEL_TILE * bBytes;
      output += <usize>CHANNEL_TILE * sizeof<O>();
    }
  }
}

/**
 * a · multiplier + b · multiplier + offset for each channel, rounded and clipped to what the output can hold. All are
 * `[pixels][channels]`, channels a multiple of 8; parameters: `channels` multipliers of a, of b, and offsets (f32, 16-byte
 * aligned). format: WIDE_INPUT (a), WIDE_RESIDUAL (b), WIDE_OUTPUT, NARROW_IN_BYTES. The output may be an input of the same width.
 */
export function add_i8(
  output: usize, a: usize, b: usize, parameters: usize, pixels: i32, channels: i32, format: i32,
): void {
  assert(isAligned(parameters) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  const aBytes = bytesOf(format, WIDE_INPUT);
  const bBytes = bytesOf(format, WIDE_RESIDUAL);
  if (isInBytes(format, WIDE_OUTPUT)) {
    add<u8>(output, a, b, parameters, pixels, channels, aBytes, bBytes, NARROW_MAX);
  } else {
    const largest = format & WIDE_OUTPUT ? WIDE_MAX : NARROW_MAX;
    add<i16>(output, a, b, parameters, pixels, channels, aBytes, bBytes, largest);
  }
}
