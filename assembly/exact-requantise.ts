import { VECTOR } from './tiles';

/**
 * Bytes before the weights of a panel of 8 output channels, and where in them each row of 8 numbers begins. From the start
 * biases (i32); of the sum in units of the output, multiplier · 2^(shift − 31), the factors, what is added before rounding,
 * and what is added besides to negative sums (f64); the same multiplier as mantissa of 31 bits and 2^left (i32) and 2^−right
 * (f64), one of left and right being 0. Last which way of rescaling is exact: CLIPPED, SIGNED or CAREFUL (i32).
 */
export const EXACT_HEADER: usize = 368;
export const EXACT_FACTORS: usize = 32;
export const EXACT_HALVES: usize = 96;
export const EXACT_TURNS: usize = 160;
export const EXACT_MANTISSAS: usize = 224;
export const EXACT_LEFTS: usize = 256;
export const EXACT_RIGHTS: usize = 288;
export const EXACT_KIND: usize = 352;

/** Products of sums and factors fit in a double, and negative results are clipped to one value. */
export const EXACT_CLIPPED: i32 = 0;
/** Products fit in a double. */
export const EXACT_SIGNED: i32 = 1;
/** Any multiplier. */
export const EXACT_CAREFUL: i32 = 2;

/** 1.5 · 2⁵²: added to a double, it leaves the nearest integer in the low bits. */
const ROUNDING: f64 = 6755399441055744.0;

/** What `storeExact` adds last: the output's zero point comes with the rounding. */
// @ts-ignore: decorator
@inline
export function offsetOf(zero: i32): v128 {
  return f64x2.splat(ROUNDING + <f64>zero);
}

/**
 * Four sums to units of the output: round(round(sum · 2^left · multiplier / 2³¹) / 2^right), where the first rounds
 * halves up and the second away from 0. `constants` is the address of the panel (or that + 16 for its upper half),
 * `rights` of the four factors 2^−right. The double holds all 32 bits and what is shifted out, so it rounds exactly.
 */
// @ts-ignore: decorator
@inline
export function requantise(sums: v128, constants: usize, rights: usize): v128 {
  const half = i64x2.splat(1 << 30);
  const multipliers = v128.load(constants, EXACT_MANTISSAS);
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

/** Eight results of 32 bits, clipped to low … high, as bytes. */
// @ts-ignore: decorator
@inline
export function storeBytes(output: usize, r0: v128, r1: v128, low: v128, high: v128): void {
  const words = i16x8.narrow_i32x4_s(r0, r1);
  const bytes = i8x16.narrow_i16x8_u(words, words);
  v128.store64_lane(output, i8x16.min_u(i8x16.max_u(bytes, low), high), 0);
}

/** `storeExact` for any multiplier. */
export function storeCarefully(output: usize, panel: usize, a0: v128, a1: v128, zero: i32, low: v128, high: v128): void {
  // Clipped before the zero point is added, so that nothing wraps.
  const least = i32x4.splat(-512);
  const most = i32x4.splat(512);
  const zeros = i32x4.splat(zero);
  const r0 = i32x4.min_s(i32x4.max_s(requantise(a0, panel, panel + EXACT_RIGHTS), least), most);
  const r1 = i32x4.min_s(
    i32x4.max_s(requantise(a1, panel + VECTOR, panel + EXACT_RIGHTS + 2 * VECTOR), least), most,
  );
  storeBytes(output, i32x4.add(r0, zeros), i32x4.add(r1, zeros), low, high);
}

// @ts-ignore: decorator
@inline
function upper(values: v128): v128 {
  return i32x4.shuffle(values, values, 2, 3, 2, 3);
}

/**
 * Eight sums, rescaled as `requantise` does, plus the zero point, clipped to low … high (bytes), as bytes.
 *
 * In one product instead of two roundings: with y = sum · multiplier / 2^(31 + right) the result is
 * ⌊y + ½ ± 2^−(right + 1)⌋, plus where the sum is not negative, and without the last term where right is 0. The nearest
 * integer is the floor of a number that is ½ larger where no number lies half-way: half of the last bit of y sees to that.
 */
// @ts-ignore: decorator
@inline
export function storeExact(output: usize, panel: usize, a0: v128, a1: v128, offset: v128, low: v128, high: v128): void {
  const kind = load<i32>(panel, EXACT_KIND);
  if (kind == EXACT_CAREFUL) {
    // of the offset's bits the low ones are the zero point
    storeCarefully(output, panel, a0, a1, i32x4.extract_lane(offset, 0), low, high);
    return;
  }
  const v0 = f64x2.mul(f64x2.convert_low_i32x4_s(a0), v128.load(panel, EXACT_FACTORS));
  const v1 = f64x2.mul(f64x2.convert_low_i32x4_s(upper(a0)), v128.load(panel, EXACT_FACTORS + 16));
  const v2 = f64x2.mul(f64x2.convert_low_i32x4_s(a1), v128.load(panel, EXACT_FACTORS + 32));
  const v3 = f64x2.mul(f64x2.convert_low_i32x4_s(upper(a1)), v128.load(panel, EXACT_FACTORS + 48));
  let h0 = v128.load(panel, EXACT_HALVES);
  let h1 = v128.load(panel, EXACT_HALVES + 16);
  let h2 = v128.load(panel, EXACT_HALVES + 32);
  let h3 = v128.load(panel, EXACT_HALVES + 48);
  if (kind == EXACT_SIGNED) {
    const none = f64x2.splat(0);
    h0 = f64x2.add(h0, v128.and(f64x2.lt(v0, none), v128.load(panel, EXACT_TURNS)));
    h1 = f64x2.add(h1, v128.and(f64x2.lt(v1, none), v128.load(panel, EXACT_TURNS + 16)));
    h2 = f64x2.add(h2, v128.and(f64x2.lt(v2, none), v128.load(panel, EXACT_TURNS + 32)));
    h3 = f64x2.add(h3, v128.and(f64x2.lt(v3, none), v128.load(panel, EXACT_TURNS + 48)));
  }
  const r0 = f64x2.add(f64x2.add(v0, h0), offset);
  const r1 = f64x2.add(f64x2.add(v1, h1), offset);
  const r2 = f64x2.add(f64x2.add(v2, h2), offset);
  const r3 = f64x2.add(f64x2.add(v3, h3), offset);
  storeBytes(output, i32x4.shuffle(r0, r1, 0, 2, 4, 6), i32x4.shuffle(r2, r3, 0, 2, 4, 6), low, high);
}
