import { EXACT_HEADER, EXACT_RIGHTS, requantise, storeExact } from './exact-requantise';
import { VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * Sums of two maps of i16 with a scale each: every term rescaled, then their sum, as `requantise` says; clipped to
 * min … max. `constants` are three headers (see `EXACT_HEADER`) of equal lanes: for a, for b, for the sum; their biases
 * are not read. count is a multiple of 8, addresses are 16-byte aligned, output may be an input.
 */
export function exact_add_i16(
  output: usize,
  a: usize,
  b: usize,
  constants: usize,
  count: i32,
  min: i32,
  max: i32,
): void {
  assert(isAligned(output) && isAligned(a) && isAligned(b) && isAligned(constants) && count % 8 == 0);
  const low = i32x4.splat(min);
  const high = i32x4.splat(max);
  const second = constants + EXACT_HEADER;
  const third = second + EXACT_HEADER;
  const bytes = <usize>count * 2;
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    const left = v128.load(a + i);
    const right = v128.load(b + i);
    const sum0 = i32x4.add(
      rescale(i32x4.extend_low_i16x8_s(left), constants), rescale(i32x4.extend_low_i16x8_s(right), second),
    );
    const sum1 = i32x4.add(
      rescale(i32x4.extend_high_i16x8_s(left), constants), rescale(i32x4.extend_high_i16x8_s(right), second),
    );
    storeExact(output + i, third, sum0, sum1, low, high);
  }
}

// @ts-ignore: decorator
@inline
function rescale(values: v128, constants: usize): v128 {
  return requantise(values, constants, constants + EXACT_RIGHTS);
}
