import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Four half-precision bit patterns, one in each 32-bit lane, as floats. */
// @ts-ignore: decorator
@inline
export function widen(half: v128): v128 {
  const sign = i32x4.shl(v128.and(half, i32x4.splat(0x8000)), 16);
  const rest = i32x4.shl(v128.and(half, i32x4.splat(0x7fff)), 13);
  // exponent and fraction read as a float are 2^112 too small; the product is exact, for subnormals too
  const finite = f32x4.mul(rest, i32x4.splat(0x77800000));
  const special = i32x4.ge_s(rest, i32x4.splat(0x0f800000));
  const value = v128.bitselect(v128.or(rest, i32x4.splat(0x7f800000)), finite, special);
  return v128.or(value, sign);
}

/**
 * IEEE half precision (2 bytes each) to f32, exactly: subnormals, infinities and the bits of NaNs too. Any count ≥ 0;
 * nothing past it is read or written. output is 16-byte aligned, input 2-byte aligned, and they may not overlap.
 */
export function widen_f16(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && (input & 1) == 0 && count >= 0);
  for (; count >= 4; count -= 4) {
    v128.store(output, widen(v128.load16x4_u(input)));
    output += VECTOR;
    input += 8;
  }
  for (; count > 0; --count) {
    store<u32>(output, i32x4.extract_lane(widen(i32x4.splat(<i32>load<u16>(input))), 0));
    output += FLOAT;
    input += 2;
  }
}
