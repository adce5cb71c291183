import { FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned } from './vector';

/**
 * Values clipped to [min, max] (a ReLU that could not be fused). count is a multiple of 4, addresses are 16-byte aligned,
 * output may be the input. A NaN passes.
 */
export function clamp_f32(output: usize, input: usize, count: i32, min: f32, max: f32): void {
  assert(isAligned(output) && isAligned(input) && count >= 0 && count % 4 == 0);
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const bytes = <usize>count * FLOAT;
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    v128.store(output + i, clampVector(v128.load(input + i), low, high));
  }
}
