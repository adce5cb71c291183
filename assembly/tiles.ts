/** Channels of every map are padded to a multiple of this, and linear weights are packed in panels of this width. */
export const CHANNEL_TILE: i32 = 8;

/** Pixels that the linear f32 kernels compute at once (see multiplyPanel): a pixel count (or a thread's share) that is a multiple has no tail. */
export const PIXEL_TILE: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/** The linear f32 kernels take the inputs of an output by this many; there are zeros where they do not fill them. */
export const INPUT_MULTIPLE: i32 = 4;

/** Bytes of a float and of a vector of four. */
export const FLOAT: usize = 4;
export const VECTOR: usize = 16;
