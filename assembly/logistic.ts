import { VECTOR } from './tiles';
import { Fast, multiplyAdd } from './vector';

/** Constants, each four times, in memory for the reason given in `exponential`. */
// prettier-ignore
const constants: usize = memory.data<f32>([
  -88.0, -88.0, -88.0, -88.0,
  87.0, 87.0, 87.0, 87.0,
  -1.44269504088896341, -1.44269504088896341, -1.44269504088896341, -1.44269504088896341,
  12582912.0, 12582912.0, 12582912.0, 12582912.0,
  0.693359375, 0.693359375, 0.693359375, 0.693359375,
  -2.12194440e-4, -2.12194440e-4, -2.12194440e-4, -2.12194440e-4,
  -0.00831250143177837, -0.00831250143177837, -0.00831250143177837, -0.00831250143177837,
  0.04189033218278611, 0.04189033218278611, 0.04189033218278611, 0.04189033218278611,
  -0.1666711538958339, -0.1666711538958339, -0.1666711538958339, -0.1666711538958339,
  0.49999230304901326, 0.49999230304901326, 0.49999230304901326, 0.49999230304901326,
  1.0, 1.0, 1.0, 1.0,
], 16);

// @ts-ignore: decorator
@inline const LOWEST: usize = 0;
// @ts-ignore: decorator
@inline const HIGHEST: usize = 1 * VECTOR;
// @ts-ignore: decorator
@inline const MINUS_LOG2_E: usize = 2 * VECTOR;
/** 1.5 · 2²³: added to a small number, it leaves the nearest integer in the low bits. */
// @ts-ignore: decorator
@inline const ROUNDING: usize = 3 * VECTOR;
/** ln 2 in two parts; the first has few enough bits that an integer times it is exact. */
// @ts-ignore: decorator
@inline const LN2_HIGH: usize = 4 * VECTOR;
// @ts-ignore: decorator
@inline const LN2_LOW: usize = 5 * VECTOR;
/** e^−r ≈ 1 − r + r² · (TERM_2 + TERM_3 · r + TERM_4 · r² + TERM_5 · r³): least largest relative error for |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline const TERM_5: usize = 6 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_4: usize = 7 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_3: usize = 8 * VECTOR;
// @ts-ignore: decorator
@inline const TERM_2: usize = 9 * VECTOR;
// @ts-ignore: decorator
@inline const ONE: usize = 10 * VECTOR;

/** x, but at least −88: from there down the logistic function is below the smallest normal number. */
// @ts-ignore: decorator
@inline
export function boundBelow(x: v128): v128 {
  return f32x4.pmax(x, v128.load(constants, LOWEST));
}

/**
 * 1 + e^−x for x ≥ −88 (or NaN); relative error below 2e-7.
 *
 * −x = n · ln 2 − r with |r| ≤ ln 2 / 2. The bounds keep every power normal, so that n is simply added to the exponent.
 */
// @ts-ignore: decorator
@inline
export function onePlusPower<F = Fast>(x: v128): v128 {
  const bounded = f32x4.pmin(x, v128.load(constants, HIGHEST));
  const rounding = v128.load(constants, ROUNDING);
  const shifted = multiplyAdd<F>(rounding, bounded, v128.load(constants, MINUS_LOG2_E));
  const n = f32x4.sub(shifted, rounding);
  let r = multiplyAdd<F>(bounded, n, v128.load(constants, LN2_HIGH));
  r = multiplyAdd<F>(r, n, v128.load(constants, LN2_LOW));
  const r2 = f32x4.mul(r, r);
  const high = multiplyAdd<F>(v128.load(constants, TERM_4), v128.load(constants, TERM_5), r);
  const low = multiplyAdd<F>(v128.load(constants, TERM_2), v128.load(constants, TERM_3), r);
  const one = v128.load(constants, ONE);
  const power = f32x4.add(one, f32x4.sub(f32x4.mul(multiplyAdd<F>(low, high, r2), r2), r));
  // of `shifted` nothing but n is left
  return f32x4.add(one, i32x4.add(power, i32x4.shl(shifted, 23)));
}

/** 1 / (1 + e^−x) */
// @ts-ignore: decorator
@inline
export function logistic<F = Fast>(x: v128): v128 {
  return f32x4.div(v128.load(constants, ONE), onePlusPower<F>(boundBelow(x)));
}

/** x / (1 + e^−x) */
// @ts-ignore: decorator
@inline
export function swish<F = Fast>(x: v128): v128 {
  const bounded = boundBelow(x);
  return f32x4.div(bounded, onePlusPower<F>(bounded));
}
