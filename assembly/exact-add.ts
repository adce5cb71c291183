import { EXACT_HEADER, EXACT_RIGHTS, requantise, storeCarefully } from './exact-requantise';
import { CHANNEL_TILE } from './tiles';
import { isAligned } from './vector';

/**
 * Sums of two maps of bytes with a scale and zero point each, as quantised files mean them: every term rescaled, then their
 * sum, as `requantise` says; plus a zero point, clipped to min … max. `constants` are three headers (see EXACT_HEADER) of
 * equal lanes: for a, for b, for the sum; their mantissas, lefts and rights are read. count is a multiple of 8, constants are
 * 16-byte aligned, output may be an input.
 */
export function exact_add_u8(
  output: usize, a: usize, b: usize, constants: usize, count: i32, aZero: i32, bZero: i32, outZero: i32, min: i32, max: i32,
): void {
  assert(isAligned(constants) && count % CHANNEL_TILE == 0);
  const low = i8x16.splat(<i8>min);
  const high = i8x16.splat(<i8>max);
  const aZeros = i16x8.splat(<i16>aZero);
  const bZeros = i16x8.splat(<i16>bZero);
  const second = constants + EXACT_HEADER;
  const third = second + EXACT_HEADER;
  for (let i: usize = 0; i < <usize>count; i += <usize>CHANNEL_TILE) {
    const left = i16x8.sub(v128.load8x8_u(a + i), aZeros);
    const right = i16x8.sub(v128.load8x8_u(b + i), bZeros);
    const sum0 = i32x4.add(
      rescale(i32x4.extend_low_i16x8_s(left), constants), rescale(i32x4.extend_low_i16x8_s(right), second),
    );
    const sum1 = i32x4.add(
      rescale(i32x4.extend_high_i16x8_s(left), constants), rescale(i32x4.extend_high_i16x8_s(right), second),
    );
    storeCarefully(output + i, third, sum0, sum1, outZero, low, high);
  }
}

// @ts-ignore: decorator
@inline
function rescale(values: v128, constants: usize): v128 {
  return requantise(values, constants, constants + EXACT_RIGHTS);
}
