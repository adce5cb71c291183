/** First byte that the caller may use: below it lies what the compiler placed. */
export const HEAP_BASE: usize = __heap_base;

export { activate_f32, activate_rounded_f32 } from './activate';
export {
  ELU,
  EXPONENTIAL,
  GELU,
  GELU_TANH,
  HARD_SIGMOID,
  HARD_SWISH,
  LEAKY_RELU,
  MISH,
  NO_ACTIVATION,
  SELU,
  SIGMOID,
  SOFTPLUS,
  SOFTSIGN,
  SWISH,
  TANH,
} from './activations';
export { add_f32 } from './add';
export { average_pool_f32 } from './average-pool';
export { usesBaselineTiles } from './baseline-tiles';
export { ceiling_f32_6, ceiling_f32_8, ceiling_f32_10, ceiling_f32_12 } from './ceiling';
export { ceiling_dot_8, ceiling_dot_12, ceiling_i16_8, ceiling_i16_10 } from './ceiling-i8';
export { copy_channels_f32, move_f32, repeat_channels_f32, transpose_f32 } from './channels';
export { clamp_f32 } from './clamp';
export { maximum_f32, minimum_f32, multiply_f32, subtract_f32 } from './combine';
export { conv_f32, conv_scratch_f32 } from './conv';
export { conv_direct_f32 } from './conv-direct';
export { depthwise_f32 } from './depthwise';
export { exact_add_u8 } from './exact-add';
export { exact_conv_scratch, exact_conv_u8 } from './exact-conv';
export { exact_dequantise_u8, exact_look_up_u8, exact_quantise_u8 } from './exact-convert';
export { exact_depthwise_u8 } from './exact-depthwise';
export { exact_pointwise_u8, exact_scratch } from './exact-linear';
export { exact_average_pool_u8, exact_max_pool_u8, exact_mean_u8 } from './exact-pool';
export {
  EXACT_CAREFUL,
  EXACT_CLIPPED,
  EXACT_FACTORS,
  EXACT_HALVES,
  EXACT_HEADER,
  EXACT_KIND,
  EXACT_LEFTS,
  EXACT_MANTISSAS,
  EXACT_RIGHTS,
  EXACT_SIGNED,
  EXACT_TURNS,
} from './exact-requantise';
export { exact_softmax_u8 } from './exact-softmax';
export { global_average_pool_f32 } from './global-average-pool';
export { max_pool_f32 } from './max-pool';
export { pack_rows_f16, pack_rows_f32 } from './pack';
export { pointwise_f32 } from './pointwise';
export { pointwise_half_f32 } from './pointwise-half';
export {
  look_up_f32,
  RESAMPLE_SLACK,
  resample_columns_u8,
  resample_rows_u8,
  split_weights,
  TAP_GROUP,
  TAP_GROUP_BYTES,
} from './resample';
export { prelu_f32 } from './prelu';
export { RESIZE_ENTRY, resize_f32 } from './resize';
export { scale_f32, scale_pixels_f32 } from './scale';
export { softmax_f32 } from './softmax';
export {
  pointwise_strassen_f32,
  pointwise_strassen_half_f32,
  strassen_half_scratch_f32,
  strassen_scratch_f32,
} from './strassen';
export { CHANNEL_TILE, INPUT_MULTIPLE, PIXEL_TILE } from './tiles';
export { widen_f16 } from './widen';
export { add_i8 } from './add-i8';
export { conv_i8, conv_scratch_i8 } from './conv-i8';
export { conv_rgb_depth_i8, conv_rgb_i8, conv_rgb_scratch_i8 } from './conv-rgb-i8';
export { depthwise_i8 } from './depthwise-i8';
export { global_average_pool_i8 } from './global-average-pool-i8';
export {
  BYTE_WEIGHTS,
  FLOAT_OUTPUT,
  HEADER_BYTES,
  HEADER_LARGEST,
  HEADER_MULTIPLIERS,
  HEADER_OFFSETS,
  HEADER_SECONDS,
  IN_WORDS,
  NARROW_IN_BYTES,
  NARROW_MAX,
  ROUNDING,
  WHOLE_RANGE,
  WIDE_INPUT,
  WIDE_MAX,
  WIDE_OUTPUT,
  WIDE_RESIDUAL,
} from './integer-tiles';
export {
  BLOCK_COLUMN_ROWS,
  largest_weights,
  PACKED_INPUT_DOUBLES,
  PANEL_COLUMN_ROWS,
  quantise_blocks,
  quantise_panels,
} from './pack-i8';
export { fuses_bytes } from './multiply-lanes';
export { pointwise_i8 } from './pointwise-i8';
export { pointwise_strassen_i8, strassen_scratch_i8 } from './strassen-i8';
export { dequantise_i8, pixels_i8, quantise_i8 } from './quantise';
export { pointwise_rounded_f32, softmax_rounded_f32 } from './rounded';
export { scale_i8 } from './scale-i8';
