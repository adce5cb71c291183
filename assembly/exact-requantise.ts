import { VECTOR } from './tiles';

/**
 * Bytes before the weights of a panel of 8 output channels: 8 biases, 8 multipliers (mantissas of 31 bits), 8 factors
 * 2^left, all i32, and 8 factors 2^−right as f64. One of left and right is 0.
 */
export const EXACT_HEADER: usize = 160;
export const EXACT_MULTIPLIERS: usize = 32;
export const EXACT_LEFTS: usize = 64;
export const EXACT_RIGHTS: usize = 96;

/**
 * Four sums to units of the output: round(round(sum · 2^left · multiplier / 2³¹) / 2^right), where the first rounds
 * halves up and the second away from 0. `constants` is the address of the panel (or that + 16 for its upper half),
 * `rights` of the four factors 2^−right. The double holds all 32 bits and what is shifted out, so it rounds exactly.
 */
// @ts-ignore: decorator
@inline
export function requantise(sums: v128, constants: usize, rights: usize): v128 {
  const half = i64x2.splat(1 << 30);
  const multipliers = v128.load(constants, EXACT_MULTIPLIERS);
  const scaled = i32x4.mul(sums, v128.load(constants, EXACT_LEFTS));
  const low = i64x2.shr_s(i64x2.add(i64x2.extmul_low_i32x4_s(scaled, multipliers), half), 31);
  const high = i64x2.shr_s(i64x2.add(i64x2.extmul_high_i32x4_s(scaled, multipliers), half), 31);
  return i64x2.shuffle(divide(low, v128.load(rights)), divide(high, v128.load(rights, 16)), 0, 2);
}

/** Two products (i64 that fit in i32) times 2^−right, halves away from 0; the results are the lower two lanes. */
// @ts-ignore: decorator
@inline
function divide(products: v128, factors: v128): v128 {
  const whole = i32x4.shuffle(products, products, 0, 2, 0, 2);
  const values = f64x2.mul(f64x2.convert_low_i32x4_s(whole), factors);
  const sign = v128.and(values, i64x2.splat(0x8000000000000000));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(values, v128.or(sign, f64x2.splat(0.5))));
}

/** Eight results, clipped, as i16. */
// @ts-ignore: decorator
@inline
export function storeExact(output: usize, panel: usize, a0: v128, a1: v128, low: v128, high: v128): void {
  const r0 = requantise(a0, panel, panel + EXACT_RIGHTS);
  const r1 = requantise(a1, panel + VECTOR, panel + EXACT_RIGHTS + 2 * VECTOR);
  const c0 = i32x4.min_s(i32x4.max_s(r0, low), high);
  const c1 = i32x4.min_s(i32x4.max_s(r1, low), high);
  v128.store(output, i16x8.narrow_i32x4_s(c0, c1));
}
