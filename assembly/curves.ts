import { exponential } from './exponential';
import { logistic } from './logistic';
import { Rounded } from './vector';

/*
 * Activation functions for four lanes. Products and sums are rounded apart, so that every runtime gives the same; a NaN
 * stays NaN.
 */

// @ts-ignore: decorator
@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

// @ts-ignore: decorator
@inline
function step(sum: v128, x: v128, next: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(next));
}

/** `positive` where x ≥ 0, else `negative` (and where x is NaN). */
// @ts-ignore: decorator
@inline
function bySign(x: v128, positive: v128, negative: v128): v128 {
  return v128.bitselect(positive, negative, f32x4.ge(x, splat(0)));
}

/** Near zero x + x³ · P(x²) (Cephes' tanhf), elsewhere 1 − 2 / (e^2|x| + 1) with the sign of x. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = step(splat(-5.70498872745e-3), z, 2.06390887954e-2);
  p = step(p, z, -5.37397155531e-2);
  p = step(p, z, 1.33314422036e-1);
  p = step(p, z, -3.33332819422e-1);
  const near = f32x4.add(x, f32x4.mul(f32x4.mul(p, z), x));
  const power = exponential<Rounded>(f32x4.add(size, size));
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(power, splat(1))));
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(size, splat(0.625)));
}

/** e^x − 1 for x ≤ 0: 2t / (1 − t) with t = tanh(x / 2), where nothing is lost near zero. */
// @ts-ignore: decorator
@inline
function powerLessOne(x: v128): v128 {
  const t = tanh(f32x4.mul(x, splat(0.5)));
  return f32x4.div(f32x4.add(t, t), f32x4.sub(splat(1), t));
}

// @ts-ignore: decorator
@inline
export function hardSigmoid(x: v128, slope: v128, offset: v128): v128 {
  return f32x4.pmin(f32x4.pmax(f32x4.add(f32x4.mul(x, slope), offset), splat(0)), splat(1));
}

// @ts-ignore: decorator
@inline
export function hardSwish(x: v128): v128 {
  const bounded = f32x4.pmin(f32x4.pmax(f32x4.add(x, splat(3)), splat(0)), splat(6));
  return f32x4.mul(x, f32x4.mul(bounded, splat(<f32>(1.0 / 6.0))));
}

// @ts-ignore: decorator
@inline
export function leakyRelu(x: v128, slope: v128): v128 {
  return bySign(x, x, f32x4.mul(x, slope));
}

// @ts-ignore: decorator
@inline
export function elu(x: v128, alpha: v128): v128 {
  return bySign(x, x, f32x4.mul(powerLessOne(x), alpha));
}

// @ts-ignore: decorator
@inline
export function selu(x: v128): v128 {
  const scale: f32 = 1.0507009873554805;
  return bySign(x, f32x4.mul(x, splat(scale)), f32x4.mul(powerLessOne(x), splat(<f32>(1.0507009873554805 * 1.6732632423543772))));
}

/**
 * 1 − erf(z) for z ≥ 0, with a relative error of some 1e-7: t · e^(−z² + P(t)), t = 1 / (1 + z / 2), P a Chebyshev
 * approximation (Press et al., Numerical Recipes, section 6.2). z² is the square of z's upper bits, which is exact, and a
 * small rest, as an error of the exponent is one of the result.
 */
// @ts-ignore: decorator
@inline
function complement(z: v128): v128 {
  const t = f32x4.div(splat(1), f32x4.add(splat(1), f32x4.mul(z, splat(0.5))));
  let p = step(splat(0.17087277), t, -0.82215223);
  p = step(p, t, 1.48851587);
  p = step(p, t, -1.13520398);
  p = step(p, t, 0.27886807);
  p = step(p, t, -0.18628806);
  p = step(p, t, 0.09678418);
  p = step(p, t, 0.37409196);
  p = step(p, t, 1.00002368);
  p = step(p, t, -1.26551223);
  const upper = v128.and(z, i32x4.splat(0xfffff000));
  const rest = f32x4.mul(f32x4.sub(z, upper), f32x4.add(z, upper));
  const first = exponential<Rounded>(f32x4.neg(f32x4.mul(upper, upper)));
  return f32x4.mul(f32x4.mul(t, first), exponential<Rounded>(f32x4.sub(p, rest)));
}

/** x · Φ(x) */
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  // Beyond 14 the normal distribution's tail is no f32 any more.
  const size = f32x4.pmin(f32x4.abs(x), splat(15));
  const tail = f32x4.mul(complement(f32x4.mul(size, splat(0.7071067811865476))), splat(0.5));
  return f32x4.mul(x, bySign(x, f32x4.sub(splat(1), tail), tail));
}

/** x / 2 · (1 + tanh u) = x · logistic(2u) with u = √(2/π) · (x + 0.044715 x³) */
// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(f32x4.mul(x, x), x), splat(0.044715));
  return f32x4.mul(x, logistic<Rounded>(f32x4.mul(f32x4.add(x, cube), splat(1.5957691216057308))));
}

/** max(x, 0) + log(1 + p), p = e^−|x| ≤ 1; log(1 + p) = 2 artanh(s) with s = p / (2 + p) ≤ 1/3, by its series. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const power = exponential<Rounded>(f32x4.neg(f32x4.abs(x)));
  const s = f32x4.div(power, f32x4.add(power, splat(2)));
  const z = f32x4.mul(s, s);
  let p = step(splat(<f32>(1.0 / 15.0)), z, <f32>(1.0 / 13.0));
  p = step(p, z, <f32>(1.0 / 11.0));
  p = step(p, z, <f32>(1.0 / 9.0));
  p = step(p, z, <f32>(1.0 / 7.0));
  p = step(p, z, <f32>(1.0 / 5.0));
  p = step(p, z, <f32>(1.0 / 3.0));
  p = step(p, z, 1);
  return f32x4.add(f32x4.max(x, splat(0)), f32x4.mul(f32x4.add(s, s), p));
}

// @ts-ignore: decorator
@inline
export function softsign(x: v128): v128 {
  return f32x4.div(x, f32x4.add(splat(1), f32x4.abs(x)));
}

/** tanh(log(1 + p)) = w / (w + 2) with w = p · (p + 2), p = e^x; from x = 30 on it is 1. */
// @ts-ignore: decorator
@inline
export function mish(x: v128): v128 {
  const power = exponential<Rounded>(f32x4.pmin(x, splat(30)));
  const w = f32x4.mul(power, f32x4.add(power, splat(2)));
  return f32x4.mul(x, f32x4.div(w, f32x4.add(w, splat(2))));
}
