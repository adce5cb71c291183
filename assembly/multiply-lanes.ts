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
