import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Constants, each four times, in memory for the reason given in `exponential`. */
// prettier-ignore
const constants: usize = memory.data<u32>([
  0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000,
  0x77800000, 0x77800000, 0x77800000, 0x77800000,
  0x0f800000, 0x0f800000, 0x0f800000, 0x0f800000,
  0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000,
], 16);

/** Sign, exponent and fraction of half precision, 13 bits further up. */
// @ts-ignore: decorator
@inline const PARTS: usize = 0;
/** 2^112. */
// @ts-ignore: decorator
@inline const SCALE: usize = 1 * VECTOR;
// @ts-ignore: decorator
@inline const HALF_EXPONENT: usize = 2 * VECTOR;
// @ts-ignore: decorator
@inline const FLOAT_EXPONENT: usize = 3 * VECTOR;

/** Four half-precision numbers, sign-extended to 32-bit lanes, as floats. */
// @ts-ignore: decorator
@inline
export function widen(half: v128): v128 {
  const bits = v128.and(i32x4.shl(half, 13), v128.load(constants, PARTS));
  // Read as a float it is 2^112 too small; the product is exact, for subnormals too.
  const finite = f32x4.mul(bits, v128.load(constants, SCALE));
  // Infinities and NaNs have the highest exponent in both forms.
  const exponent = v128.load(constants, HALF_EXPONENT);
  const special = i32x4.eq(v128.and(bits, exponent), exponent);
  return v128.or(finite, v128.and(special, v128.load(constants, FLOAT_EXPONENT)));
}

/**
 * IEEE half precision (2 bytes each) to f32, exactly: subnormals, infinities and the bits of NaNs too. Any count ≥ 0;
 * nothing past it is read or written. output is 16-byte aligned, input 2-byte aligned, and they may not overlap.
 */
export function widen_f16(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && (input & 1) == 0 && count >= 0);
  for (; count >= 4; count -= 4) {
    v128.store(output, widen(v128.load16x4_s(input)));
    output += VECTOR;
    input += 8;
  }
  for (; count > 0; --count) {
    store<u32>(output, i32x4.extract_lane(widen(i32x4.splat(<i32>load<i16>(input))), 0));
    output += FLOAT;
    input += 2;
  }
}
