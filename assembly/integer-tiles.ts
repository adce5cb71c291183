/**
 * Activations of the integer kernels are narrow (7 bits, 0 … 127) or wide (12 bits, 0 … 4095). Wide ones lie in 16 bits;
 * narrow ones in 8 where relaxed SIMD multiplies them, else in 16 too: the same integers either way.
 */
export const NARROW_BYTES: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;
export const WIDE_BYTES: i32 = 2;
export const NARROW_MAX: i32 = 127;
export const WIDE_MAX: i32 = 4095;

/** Bits of a linear kernel's `format`. */
export const WIDE_INPUT: i32 = 1;
export const WIDE_OUTPUT: i32 = 2;
export const WIDE_RESIDUAL: i32 = 4;
export const FLOAT_OUTPUT: i32 = 16;
/** The dot product of bytes is one instruction here (AVX-VNNI, Arm's SDOT); otherwise it is put together from two. */
export const FUSED_DOT: i32 = 32;

/**
 * Bytes before the weights of 8 output channels: biases (i32), multipliers, offsets and second multipliers (f32), then the
 * largest values of the outputs in their own width (a narrow output in relaxed SIMD uses the first 8 of the 16 bytes).
 */
export const HEADER_BYTES: i32 = 144;
export const HEADER_MULTIPLIERS: i32 = 32;
export const HEADER_OFFSETS: i32 = 64;
export const HEADER_SECONDS: i32 = 96;
export const HEADER_LARGEST: i32 = 128;

/** 1.5 · 2²³: added to a number of at most 22 bits, it leaves the nearest integer (ties to even) in the low bits. */
export const ROUNDING: f32 = 12582912.0;
