import { logistic } from './logistic';
import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * 1 / (1 + e^−x); for x below −88 a number between 0 and 1e-38. count is a multiple of 4, addresses are 16-byte aligned,
 * output may be the input. Any x is safe.
 */
export function sigmoid_f32(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && isAligned(input) && count >= 0 && count % 4 == 0);
  const bytes = <usize>count * FLOAT;
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    v128.store(output + i, logistic(v128.load(input + i)));
  }
}
