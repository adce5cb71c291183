/** Whether `multiplyAdd` is one instruction: in the binary for relaxed SIMD. */
// @ts-ignore: decorator
@inline
export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** What `multiplyAdd` may do: round once where that is fast, or round the product too, so that every runtime gives the same. */
export type Fast = i32;
export type Rounded = f32;

/**
 * a · b + sum: in relaxed SIMD one instruction, rounded once where the processor can; in baseline SIMD, and where `Rounded` is
 * asked for, two operations, both rounded.
 */
// @ts-ignore: decorator
@inline
export function multiplyAdd<F = Fast>(sum: v128, a: v128, b: v128): v128 {
  return FUSED && isInteger<F>() ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * Values clipped to [min, max]. `pmax` and `pmin` are one instruction each where `max` and `min` are several on x64;
 * a NaN in `values` passes through unchanged.
 */
// @ts-ignore: decorator
@inline
export function clampVector(values: v128, min: v128, max: v128): v128 {
  return f32x4.pmin(f32x4.pmax(values, min), max);
}

// @ts-ignore: decorator
@inline
export function isAligned(address: usize): bool {
  return (address & 15) == 0;
}
