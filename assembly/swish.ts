import { swish } from './logistic';
import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * x / (1 + e^−x); for x below −88 a number between −6e-37 and 0. count is a multiple of 4, addresses are 16-byte aligned,
 * output may be the input. Any finite x is safe.
 */
export function swish_f32(output: usize, input: usize, count: i32): void {
  assert(isAligned(output) && isAligned(input) && count >= 0 && count % 4 == 0);
  const bytes = <usize>count * FLOAT;
  // two at once: one chain of instructions is long, and the processor sees little more than one ahead
  let i: usize = 0;
  for (; i + 2 * VECTOR <= bytes; i += 2 * VECTOR) {
    const x = v128.load(input + i);
    const y = v128.load(input + i, 16);
    const a = swish(x);
    const b = swish(y);
    v128.store(output + i, a);
    v128.store(output + i, b, 16);
  }
  if (i < bytes) {
    v128.store(output + i, swish(v128.load(input + i)));
  }
}
