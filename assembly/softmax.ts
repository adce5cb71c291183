import { exponential } from './exponential';
import { FLOAT, VECTOR } from './tiles';
import { Fast, isAligned } from './vector';

export function softmax<F>(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && isAligned(input) && count >= 1);
  const bytes = <usize>count * FLOAT;
  const bytes4 = <usize>(count & ~3) * FLOAT;
  let maximum = load<f32>(input);
  for (let i: usize = FLOAT; i < bytes; i += FLOAT) maximum = max<f32>(maximum, load<f32>(input + i));

  const shift = f32x4.splat(maximum);
  let sums = f64x2.splat(0);
  let i: usize = 0;
  for (; i < bytes4; i += VECTOR) {
    const e = exponential<F>(f32x4.sub(v128.load(input + i), shift));
    v128.store(output + i, e);
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(e));
    sums = f64x2.add(
      sums,
      f64x2.promote_low_f32x4(i8x16.shuffle(e, e, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
    );
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; i < bytes; i += FLOAT) {
    const e = f32x4.extract_lane(exponential<F>(f32x4.splat(load<f32>(input + i) - maximum)), 0);
    store<f32>(output + i, e);
    sum += <f64>e;
  }

  const share = <f32>(1.0 / sum);
  const shares = f32x4.splat(share);
  for (i = 0; i < bytes4; i += VECTOR) v128.store(output + i, f32x4.mul(v128.load(output + i), shares));
  for (; i < bytes; i += FLOAT) store<f32>(output + i, load<f32>(output + i) * share);
}

/**
 * e^(x − maximum) over their sum (kept in f64). Any count ≥ 1; nothing past it is read or written. Addresses are 16-byte
 * aligned, output may be the input.
 */
export function softmax_f32(output: usize, input: usize, count: i32): void {
  softmax<Fast>(output, input, count);
}
