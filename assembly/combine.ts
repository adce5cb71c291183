import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

// @ts-ignore: decorator
@inline
function check(output: usize, a: usize, b: usize, count: i32): void {
  assert(isAligned(output) && isAligned(a) && isAligned(b) && count >= 0 && count % 4 == 0);
}

/** a · b, element by element. count is a multiple of 4, addresses are 16-byte aligned, output may be a or b. */
export function multiply_f32(output: usize, a: usize, b: usize, count: i32): void {
  check(output, a, b, count);
  for (let i: usize = 0; i < <usize>count * FLOAT; i += VECTOR) {
    v128.store(output + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
  }
}

/** a − b, as `multiply_f32`. */
export function subtract_f32(output: usize, a: usize, b: usize, count: i32): void {
  check(output, a, b, count);
  for (let i: usize = 0; i < <usize>count * FLOAT; i += VECTOR) {
    v128.store(output + i, f32x4.sub(v128.load(a + i), v128.load(b + i)));
  }
}

/** The larger of a and b, as `multiply_f32`. NaN where either is. */
export function maximum_f32(output: usize, a: usize, b: usize, count: i32): void {
  check(output, a, b, count);
  for (let i: usize = 0; i < <usize>count * FLOAT; i += VECTOR) {
    v128.store(output + i, f32x4.max(v128.load(a + i), v128.load(b + i)));
  }
}

/** The smaller of a and b, as `multiply_f32`. NaN where either is. */
export function minimum_f32(output: usize, a: usize, b: usize, count: i32): void {
  check(output, a, b, count);
  for (let i: usize = 0; i < <usize>count * FLOAT; i += VECTOR) {
    v128.store(output + i, f32x4.min(v128.load(a + i), v128.load(b + i)));
  }
}
