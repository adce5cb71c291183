import { isInBytes, NARROW_MAX, ROUNDING, WIDE_INPUT, WIDE_MAX, WIDE_OUTPUT } from './integer-tiles';
import { highFloats, limitOf, loadWords, lowFloats, storeRounded } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

function scale<I, O>(
  output: usize, input: usize, parameters: usize, gate: usize, pixels: i32, channels: i32, largest: i32,
): void {
  const limit = limitOf<O>(largest);
  const row = <usize>channels * FLOAT;
  const rounding = f32x4.splat(ROUNDING);
  for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
    const at = c * FLOAT;
    const p = parameters + at;
    const m0 = f32x4.mul(v128.load(p), v128.load(gate + at));
    const m1 = f32x4.mul(v128.load(p, 16), v128.load(gate + at, 16));
    // the zero point in goes into the offset: (x − z) · m + o = x · m + (o − z · m)
    const o0 = f32x4.sub(v128.load(p + 2 * row), f32x4.mul(v128.load(p + row), m0));
    const o1 = f32x4.sub(v128.load(p + 2 * row, 16), f32x4.mul(v128.load(p + row, 16), m1));
    let from = input + c * sizeof<I>();
    let to = output + c * sizeof<O>();
    for (let left = pixels; left > 0; --left) {
      const words = loadWords<I>(from);
      const low = f32x4.add(f32x4.add(f32x4.mul(lowFloats(words), m0), o0), rounding);
      const high = f32x4.add(f32x4.add(f32x4.mul(highFloats(words), m1), o1), rounding);
      storeRounded<O>(to, low, high, limit);
      from += <usize>channels * sizeof<I>();
      to += <usize>channels * sizeof<O>();
    }
  }
}

/**
 * Each channel of an integer map times a factor (squeeze-and-excitation): (value − zero point) · multiplier · gate + zero point
 * out, rounded and clipped to what the output can hold. input and output `[pixels][channels]`, channels a multiple of 8; gate
 * `[channels]` f32; parameters: `channels` multipliers, zero points in, zero points out (f32). All f32 are 16-byte aligned.
 * format: WIDE_INPUT, WIDE_OUTPUT, NARROW_IN_BYTES. The output may be the input where both have the same width.
 */
export function scale_i8(
  output: usize, input: usize, parameters: usize, gate: usize, pixels: i32, channels: i32, format: i32,
): void {
  assert(isAligned(parameters) && isAligned(gate) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  const largest = format & WIDE_OUTPUT ? WIDE_MAX : NARROW_MAX;
  if (isInBytes(format, WIDE_INPUT)) {
    if (isInBytes(format, WIDE_OUTPUT)) scale<u8, u8>(output, input, parameters, gate, pixels, channels, largest);
    else scale<u8, i16>(output, input, parameters, gate, pixels, channels, largest);
  } else if (isInBytes(format, WIDE_OUTPUT)) scale<i16, u8>(output, input, parameters, gate, pixels, channels, largest);
  else scale<i16, i16>(output, input, parameters, gate, pixels, channels, largest);
}
