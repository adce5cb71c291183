import { storeBytes } from './exact-requantise';
import { CHANNEL_TILE } from './tiles';
import { isAligned } from './vector';

/** Bytes of a table of 256 i32. */
const TABLE: usize = 1024;
/** Makes every product positive, so that its bits can be shifted out without a sign; a multiple of what they are shifted by. */
const OFFSET: i64 = 1 << 62;

/** What a table of i32 has for each of four bytes. */
// @ts-ignore: decorator
@inline
function lookUp(table: usize, bytes: usize): v128 {
  let values = v128.load32_zero(table + 4 * <usize>load<u8>(bytes));
  values = v128.load32_lane(table + 4 * <usize>load<u8>(bytes, 1), values, 1);
  values = v128.load32_lane(table + 4 * <usize>load<u8>(bytes, 2), values, 2);
  return v128.load32_lane(table + 4 * <usize>load<u8>(bytes, 3), values, 3);
}

/**
 * Four sums to units of the output, two roundings as one: ⌊(sum · multiplier + half ∓ turn) / 2^places⌋, see `storeExact`.
 * `turns` is 0 where the sum is not negative.
 */
// @ts-ignore: decorator
@inline
function rescale(sums: v128, multiplier: v128, halves: v128, turn: v128, places: i32, zero: v128): v128 {
  const turns = v128.and(i32x4.shr_s(sums, 31), turn);
  const none = i32x4.splat(0);
  let low = i64x2.add(i64x2.extmul_low_i32x4_s(sums, multiplier), halves);
  let high = i64x2.add(i64x2.extmul_high_i32x4_s(sums, multiplier), halves);
  low = i64x2.shr_u(i64x2.sub(low, i32x4.shuffle(turns, none, 0, 4, 1, 5)), places);
  high = i64x2.shr_u(i64x2.sub(high, i32x4.shuffle(turns, none, 2, 6, 3, 7)), places);
  return i32x4.add(i32x4.shuffle(low, high, 0, 2, 4, 6), zero);
}

/**
 * Sums of two maps of bytes with a scale and zero point each, as quantised files mean them: terms from tables, their sum times
 * mantissa / 2^(31 + right), rounded twice as `requantise` says; plus a zero point, clipped to min … max.
 *
 * - terms: two tables of 256 i32, for a and for b, less than 2²⁸ in size; 16-byte aligned.
 * - mantissa: 31 bits. right: 0 … 31.
 * - count is a multiple of 8, output may be an input.
 */
export function exact_add_u8(
  output: usize, a: usize, b: usize, terms: usize, count: i32, mantissa: i32, right: i32, outZero: i32, min: i32, max: i32,
): void {
  assert(isAligned(terms) && count % CHANNEL_TILE == 0 && right >= 0 && right <= 31);
  const low = i8x16.splat(<i8>min);
  const high = i8x16.splat(<i8>max);
  const second = terms + TABLE;
  const places = 31 + right;
  const multiplier = i32x4.splat(mantissa);
  const first: i64 = right > 0 ? 1 << 30 : 0;
  const halves = i64x2.splat(OFFSET + (<i64>1 << (places - 1)) + first);
  // Twice what is added to the sums that are not negative, as 32 bits without sign.
  const turn = i32x4.splat(right > 0 ? <i32>0x80000000 : 0);
  // What is left of the offset is taken away with the zero point's addition.
  const zero = i32x4.splat(outZero - <i32>(OFFSET >> places));
  for (let i: usize = 0; i < <usize>count; i += <usize>CHANNEL_TILE) {
    const sum0 = i32x4.add(lookUp(terms, a + i), lookUp(second, b + i));
    const sum1 = i32x4.add(lookUp(terms, a + i + 4), lookUp(second, b + i + 4));
    const r0 = rescale(sum0, multiplier, halves, turn, places, zero);
    const r1 = rescale(sum1, multiplier, halves, turn, places, zero);
    storeBytes(output + i, r0, r1, low, high);
  }
}
