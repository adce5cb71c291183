import { logistic } from './exponential';
import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * x / (1 + e^−x). count is a multiple of 4, addresses are 16-byte aligned, output may be the input. Any finite x is safe:
 * the ends are 0 and x.
 */
export function swish_f32(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && isAligned(input) && count >= 0 && count % 4 == 0);
  const bytes = <usize>count * FLOAT;
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    const x = v128.load(input + i);
    v128.store(output + i, f32x4.mul(x, logistic(x)));
  }
}
