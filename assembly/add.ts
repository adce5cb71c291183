import { FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned } from './vector';

/**
 * clamp(a + b), element by element. count is a multiple of 4, addresses are 16-byte aligned, output may be a or b.
 * A NaN passes the clamp.
 */
export function add_f32(output: usize, a: usize, b: usize, count: i32, min: f32, max: f32): void {
  assert(isAligned(output) && isAligned(a) && isAligned(b) && count >= 0 && count % 4 == 0);
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const bytes = <usize>count * FLOAT;
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    v128.store(output + i, clampVector(f32x4.add(v128.load(a + i), v128.load(b + i)), low, high));
  }
}
