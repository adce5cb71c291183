/** Sums of each lane's products: four of unsigned bytes (I = u8) where `fuses_bytes`, or two of words (I = i16). */
// @ts-ignore: decorator
@inline
export function multiplyAddLanes<I>(sum: v128, activations: v128, weights: v128): v128 {
  if (sizeof<I>() == 1) return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, activations, sum);
  return i32x4.add(sum, i32x4.dot_i16x8_s(activations, weights));
}

/** What `multiplyAddLanes<u8>` must give. */
// @ts-ignore: decorator
@inline
function addInWords(sum: v128, activations: v128, weights: v128): v128 {
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(activations), i16x8.extend_low_i8x16_s(weights));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(activations), i16x8.extend_high_i8x16_s(weights));
  const even = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
  const odd = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
  return i32x4.add(sum, i32x4.add(even, odd));
}

/**
 * Whether relaxed SIMD's dot product of bytes, of which only the lower seven bits of activations are the same everywhere,
 * multiplies unsigned bytes by signed ones here and adds exactly (AVX-VNNI, from Node 24 on). Other runtimes add in 16 bits,
 * which 2 · 255 · 127 does not fit into, or take both operands as signed (Arm). 0 without relaxed SIMD.
 */
export function fuses_bytes(): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  const ramp = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  let different = i32x4.splat(0);
  for (let value = 0; value < 256; ++value) {
    const same = i8x16.splat(<i8>value);
    const rising = i8x16.add(same, ramp);
    for (let weight = -128; weight < 128; weight += 51) {
      const weights = i8x16.splat(<i8>weight);
      const mixed = i8x16.add(weights, i8x16.add(rising, same));
      const sum = i32x4.splat(value - 100);
      different = v128.or(
        different, v128.xor(multiplyAddLanes<u8>(sum, same, weights), addInWords(sum, same, weights)),
      );
      different = v128.or(
        different, v128.xor(multiplyAddLanes<u8>(sum, rising, mixed), addInWords(sum, rising, mixed)),
      );
    }
  }
  return v128.any_true(different) ? 0 : 1;
}
