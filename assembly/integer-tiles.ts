/**
 * Activations of the integer kernels are narrow (8 bits, 0 … 255) or wide (12 bits, 0 … 4095). Wide ones lie in 16 bits;
 * narrow ones in 8 where `fuses_bytes`, else in 16 too: the same integers either way.
 */
export const NARROW_MAX: i32 = 255;
export const WIDE_MAX: i32 = 4095;

/** Bits of a kernel's `format`. */
export const WIDE_INPUT: i32 = 1;
export const WIDE_OUTPUT: i32 = 2;
export const WIDE_RESIDUAL: i32 = 4;
export const FLOAT_OUTPUT: i32 = 16;
/** Sums become narrow integers in words: see HEADER_BYTES. Only without residual, swish and wide or float output. */
export const IN_WORDS: i32 = 64;
/**
 * Narrow weights of a layer whose input lies in words lie in bytes, as those of one in bytes. Only without residual, swish and
 * IN_WORDS.
 */
export const BYTE_WEIGHTS: i32 = 128;
/** Narrow activations lie in bytes. Only in the binary for relaxed SIMD, where `fuses_bytes`. */
export const NARROW_IN_BYTES: i32 = 32;

/** Whether the map of which `wide` is the bit lies in bytes. */
// @ts-ignore: decorator
@inline
export function isInBytes(format: i32, wide: i32): bool {
  return ASC_FEATURE_RELAXED_SIMD && (format & (NARROW_IN_BYTES | wide)) == NARROW_IN_BYTES;
}

// @ts-ignore: decorator
@inline
export function bytesOf(format: i32, wide: i32): usize {
  return isInBytes(format, wide) ? 1 : 2;
}

/**
 * Bytes before the weights of 8 output channels: biases (i32), multipliers, offsets and second multipliers (f32), then the
 * largest values of the outputs in their own width (one in bytes uses the first 8 of the 16 bytes).
 *
 * With IN_WORDS a shift (i32) stands in the place of the second multipliers: 0, 2 or 4, where multipliers (of 15 bits) and
 * offsets are i16, plus WHOLE_RANGE; or −1, where they are floats all the same.
 */
export const HEADER_BYTES: i32 = 144;
export const HEADER_MULTIPLIERS: i32 = 32;
export const HEADER_OFFSETS: i32 = 64;
export const HEADER_SECONDS: i32 = 96;
export const HEADER_LARGEST: i32 = 128;
/** Added to the shift where all offsets are 0 and all largest values NARROW_MAX. Shifts by vectors' lanes ignore it. */
export const WHOLE_RANGE: i32 = 32;

/** 1.5 · 2²³: added to a number of at most 22 bits, it leaves the nearest integer (ties to even) in the low bits. */
export const ROUNDING: f32 = 12582912.0;
