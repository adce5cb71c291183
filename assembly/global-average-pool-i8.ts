import { isInBytes, WIDE_INPUT } from './integer-tiles';
import { loadWords } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

function average<I>(output: usize, input: usize, parameters: usize, pixels: i32, channels: i32): void {
  const zeros = parameters + <usize>channels * FLOAT;
  const count = f32x4.splat(<f32>pixels);
  for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
    const at = c * FLOAT;
    let low = i32x4.splat(0);
    let high = low;
    let p = input + c * sizeof<I>();
    for (let left = pixels; left > 0; --left) {
      const words = loadWords<I>(p);
      low = i32x4.add(low, i32x4.extend_low_i16x8_s(words));
      high = i32x4.add(high, i32x4.extend_high_i16x8_s(words));
      p += <usize>channels * sizeof<I>();
    }
    const meanLow = f32x4.div(f32x4.convert_i32x4_s(low), count);
    const meanHigh = f32x4.div(f32x4.convert_i32x4_s(high), count);
    v128.store(output + at, f32x4.mul(f32x4.sub(meanLow, v128.load(zeros + at)), v128.load(parameters + at)));
    v128.store(output + at, f32x4.mul(f32x4.sub(meanHigh, v128.load(zeros + at, 16)), v128.load(parameters + at, 16)), 16);
  }
}

/**
 * Mean of each channel of an integer map, as f32: (sum / pixels − zero point) · scale. input `[pixels][channels]`, narrow (in
 * bytes: NARROW_IN_BYTES) or (WIDE_INPUT) wide, 1 ≤ pixels < 2¹⁹, channels a multiple of 8; parameters: `channels` scales, then zero points (f32);
 * output and parameters are 16-byte aligned.
 */
export function global_average_pool_i8(
  output: usize, input: usize, parameters: usize, pixels: i32, channels: i32, format: i32,
): void {
  assert(isAligned(output) && isAligned(parameters) && pixels >= 1 && pixels < 1 << 19 && channels % CHANNEL_TILE == 0);
  if (isInBytes(format, WIDE_INPUT)) average<u8>(output, input, parameters, pixels, channels);
  else average<i16>(output, input, parameters, pixels, channels);
}
