/** Loaded, because V8 would build the constant anew at every use. */
const ones: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 1, 1], 16);

/** What `multiplyAddLanes` wants as its last argument. */
// @ts-ignore: decorator
@inline
export function loadOnes(): v128 {
  return v128.load(ones);
}

/**
 * Sums of each lane's products: four of bytes, or two of words (I = i16). For bytes there are two ways to the same integers:
 * one instruction where the processor has it (I = u8), and otherwise (I = i8) 16-bit sums of two, which fit because
 * 2 · 127 · 127 < 2¹⁵, and from there on as for words: three instructions where V8 would make five of the one.
 */
// @ts-ignore: decorator
@inline
export function multiplyAddLanes<I>(sum: v128, activations: v128, weights: v128, unit: v128): v128 {
  if (sizeof<I>() == 1) {
    if (!isSigned<I>()) return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, activations, sum);
    return i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(weights, activations), unit));
  }
  return i32x4.add(sum, i32x4.dot_i16x8_s(activations, weights));
}

/**
 * The dot product of bytes of four times the same two, where `activation` may have more than the seven bits that all runtimes
 * agree on: the answer tells how this one computes it. From 16-bit sums, as on x64 without AVX-VNNI, it is at most 2 · 32767.
 * Without relaxed SIMD 0.
 */
export function dot_of_bytes(weight: i32, activation: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(
    i8x16.splat(<i8>weight), i8x16.splat(<i8>activation), i32x4.splat(0),
  );
  return i32x4.extract_lane(sums, 0);
}
