import { VECTOR } from './tiles';
import { Fast, multiplyAdd } from './vector';

/**
 * Constants, each four times: an address is one operand of an instruction, where V8 builds a v128 constant anew with three
 * instructions at every use. They lie below HEAP_BASE, written when the module is instantiated.
 */
// prettier-ignore
const constants: usize = memory.data<f32>([
  -105.0, -105.0, -105.0, -105.0,
  90.0, 90.0, 90.0, 90.0,
  1.44269504088896341, 1.44269504088896341, 1.44269504088896341, 1.44269504088896341,
  12582912.0, 12582912.0, 12582912.0, 12582912.0,
  0.693359375, 0.693359375, 0.693359375, 0.693359375,
  2.12194440e-4, 2.12194440e-4, 2.12194440e-4, 2.12194440e-4,
  0.00019841269841269841, 0.00019841269841269841, 0.00019841269841269841, 0.00019841269841269841,
  0.00138888888888888889, 0.00138888888888888889, 0.00138888888888888889, 0.00138888888888888889,
  0.00833333333333333333, 0.00833333333333333333, 0.00833333333333333333, 0.00833333333333333333,
  0.04166666666666666667, 0.04166666666666666667, 0.04166666666666666667, 0.04166666666666666667,
  0.16666666666666666667, 0.16666666666666666667, 0.16666666666666666667, 0.16666666666666666667,
  0.5, 0.5, 0.5, 0.5,
  1.0, 1.0, 1.0, 1.0,
], 16);

// @ts-ignore: decorator
@inline const LOWEST: usize = 0;
// @ts-ignore: decorator
@inline const HIGHEST: usize = 1 * VECTOR;
// @ts-ignore: decorator
@inline const LOG2_E: usize = 2 * VECTOR;
/** 1.5 · 2²³: added to a small number, it leaves the nearest integer in the low bits. */
// @ts-ignore: decorator
@inline const ROUNDING: usize = 3 * VECTOR;
/** ln 2 = LN2_HIGH − LN2_LOW; the first has few enough bits that an integer times it is exact. */
// @ts-ignore: decorator
@inline const LN2_HIGH: usize = 4 * VECTOR;
// @ts-ignore: decorator
@inline const LN2_LOW: usize = 5 * VECTOR;
/** 1 / n! for n from 7 down to 2. */
// @ts-ignore: decorator
@inline const TERM_7: usize = 6 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_6: usize = 7 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_5: usize = 8 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_4: usize = 9 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_3: usize = 10 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_2: usize = 11 * VECTOR;
// @ts-ignore: decorator
@inline const ONE: usize = 12 * VECTOR;

/**
 * e^x for four lanes; relative error below 2e-7 where the result is a normal number. Above 88.73 infinity, below −103.98
 * zero, between −87.3 and there subnormal; NaN stays NaN.
 *
 * x = n · ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor terms up to r⁷ (the next is below 6e-9). 2^n is applied as two
 * factors, so that both ends of the range come out by ordinary overflow and underflow.
 */
// @ts-ignore: decorator
@inline
export function exponential<F = Fast>(x: v128): v128 {
  const bounded = f32x4.pmin(f32x4.pmax(x, v128.load(constants, LOWEST)), v128.load(constants, HIGHEST));
  const rounding = v128.load(constants, ROUNDING);
  const shifted = multiplyAdd<F>(rounding, bounded, v128.load(constants, LOG2_E));
  const n = f32x4.sub(shifted, rounding);
  let r = f32x4.sub(bounded, f32x4.mul(n, v128.load(constants, LN2_HIGH)));
  r = multiplyAdd<F>(r, n, v128.load(constants, LN2_LOW));
  // pairs of terms apart from each other: a shorter chain than Horner's
  const r2 = f32x4.mul(r, r);
  const high = multiplyAdd<F>(v128.load(constants, TERM_6), v128.load(constants, TERM_7), r);
  const middle = multiplyAdd<F>(v128.load(constants, TERM_4), v128.load(constants, TERM_5), r);
  const low = multiplyAdd<F>(v128.load(constants, TERM_2), v128.load(constants, TERM_3), r);
  const tail = multiplyAdd<F>(low, multiplyAdd<F>(middle, high, r2), r2);
  const one = v128.load(constants, ONE);
  let p = f32x4.add(multiplyAdd<F>(r, tail, r2), one);
  // the bits of 1.0 are the exponent's bias in place
  const exponent = i32x4.sub(shifted, rounding);
  const half = i32x4.shr_s(exponent, 1);
  p = f32x4.mul(p, i32x4.add(i32x4.shl(half, 23), one));
  return f32x4.mul(p, i32x4.add(i32x4.shl(i32x4.sub(exponent, half), 23), one));
}
