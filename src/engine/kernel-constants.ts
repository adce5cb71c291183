import type { instantiate } from '../../build/kernels.js';
import type { Curve } from './activations.js';

/** All that the kernel module exports. */
export type KernelExports = Awaited<ReturnType<typeof instantiate>>;

/** Facts about the kernels that planning and packing follow, read from the module so that they are stated once. */
export interface KernelConstants {
  /** First byte of memory that the caller may use. */
  readonly heapBase: number;
  /** Channels of a map are rounded up to a multiple of this; so many are the output channels of a panel. */
  readonly channelTile: number;
  /** Pixels that the linear kernels compute at once; a run of them that is cut elsewhere gives other last digits. */
  readonly pixelTile: number;
  /** The linear kernels take the inputs of an output by this many. */
  readonly inputMultiple: number;
  /** Bytes of what `resize_f32` is told of a row or column. */
  readonly resizeEntryBytes: number;
  /** Bytes after a picture that the resampling kernels read, or overwrite. */
  readonly resampleSlack: number;
  /** Weights of a column that the resampling kernel takes at once, and their bytes. */
  readonly tapGroup: number;
  readonly tapGroupBytes: number;
  /** Whether the dot product of relaxed SIMD takes unsigned bytes by signed ones and adds the products exactly here. */
  readonly fusesBytes: boolean;
  /** Bytes of a narrow integer: 1 where so, else 2. */
  readonly narrowBytes: 1 | 2;
  /** The largest integers of maps. */
  readonly narrowMax: number;
  readonly wideMax: number;
  /** Added to a number, it leaves the nearest integer in the low bits. */
  readonly rounding: number;
  /** Bytes before the weights of 8 channels of an integer layer, and where in them each row of 8 numbers begins. */
  readonly headerBytes: number;
  readonly header: Readonly<Record<'multipliers' | 'offsets' | 'seconds' | 'largest', number>>;
  /** Added to the shift of sums in words where offsets are 0 and outputs take the whole range of narrow integers. */
  readonly wholeRange: number;
  /** Doubles of an input that `quantise_panels` is told, and rows of a double for each column of it and of `quantise_blocks`. */
  readonly packedInputDoubles: number;
  readonly panelColumnRows: number;
  readonly blockColumnRows: number;
  /** Bits of the integer kernels' format argument. */
  readonly wideInput: number;
  readonly wideOutput: number;
  readonly wideResidual: number;
  readonly floatOutput: number;
  readonly inWords: number;
  readonly byteWeights: number;
  /** The bit where narrow integers are bytes, else 0. */
  readonly narrowInBytes: number;
  /** Which activation the kernels compute; integer ones the swish alone. */
  readonly activations: Readonly<Record<Curve, number>>;
  readonly noActivation: number;
}

export function readConstants(exports: KernelExports): KernelConstants {
  const fusesBytes = exports.fuses_bytes() === 1;
  return {
    heapBase: exports.HEAP_BASE.value,
    channelTile: exports.CHANNEL_TILE.value,
    pixelTile: exports.PIXEL_TILE.value,
    inputMultiple: exports.INPUT_MULTIPLE.value,
    resizeEntryBytes: exports.RESIZE_ENTRY.value,
    resampleSlack: exports.RESAMPLE_SLACK.value,
    tapGroup: exports.TAP_GROUP.value,
    tapGroupBytes: exports.TAP_GROUP_BYTES.value,
    fusesBytes,
    narrowBytes: fusesBytes ? 1 : 2,
    narrowMax: exports.NARROW_MAX.value,
    wideMax: exports.WIDE_MAX.value,
    rounding: exports.ROUNDING.value,
    headerBytes: exports.HEADER_BYTES.value,
    header: {
      multipliers: exports.HEADER_MULTIPLIERS.value,
      offsets: exports.HEADER_OFFSETS.value,
      seconds: exports.HEADER_SECONDS.value,
      largest: exports.HEADER_LARGEST.value,
    },
    wholeRange: exports.WHOLE_RANGE.value,
    packedInputDoubles: exports.PACKED_INPUT_DOUBLES.value,
    panelColumnRows: exports.PANEL_COLUMN_ROWS.value,
    blockColumnRows: exports.BLOCK_COLUMN_ROWS.value,
    wideInput: exports.WIDE_INPUT.value,
    wideOutput: exports.WIDE_OUTPUT.value,
    wideResidual: exports.WIDE_RESIDUAL.value,
    floatOutput: exports.FLOAT_OUTPUT.value,
    inWords: exports.IN_WORDS.value,
    byteWeights: exports.BYTE_WEIGHTS.value,
    narrowInBytes: fusesBytes ? exports.NARROW_IN_BYTES.value : 0,
    activations: readActivations(exports),
    noActivation: exports.NO_ACTIVATION.value,
  };
}

function readActivations(exports: KernelExports): Record<Curve, number> {
  return {
    swish: exports.SWISH.value,
    sigmoid: exports.SIGMOID.value,
    tanh: exports.TANH.value,
    hardSwish: exports.HARD_SWISH.value,
    hardSigmoid: exports.HARD_SIGMOID.value,
    leakyRelu: exports.LEAKY_RELU.value,
    elu: exports.ELU.value,
    selu: exports.SELU.value,
    gelu: exports.GELU.value,
    geluTanh: exports.GELU_TANH.value,
    softplus: exports.SOFTPLUS.value,
    softsign: exports.SOFTSIGN.value,
    mish: exports.MISH.value,
    exponential: exports.EXPONENTIAL.value,
  };
}
