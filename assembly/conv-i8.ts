import { gatherRow } from './gather';
import { bytesOf, WIDE_INPUT, WIDE_OUTPUT } from './integer-tiles';
import { pointwise_i8 } from './pointwise-i8';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

/** Bytes of scratch memory that `conv_i8` needs: a pixel of zero points, then the windows of a row. */
export function conv_scratch_i8(inChannels: i32, depth: i32, outWidth: i32, format: i32): usize {
  return (((<usize>inChannels * 2 + 15) & ~15) + <usize>outWidth * <usize>depth * bytesOf(format, WIDE_INPUT) + 15) & ~15;
}

/**
 * Convolution on integers: the windows of a row are laid out one after the other, and `pointwise_i8` does the rest. Computes
 * rows rowStart … rowEnd − 1 of the output.
 *
 * - input `[inHeight][inWidth][pixelStride]`, narrow or wide, of which the first inChannels count. Nothing past its end is
 *   read.
 * - weights: as of `pointwise_i8`, its inputs (ky, kx, inChannel), `depth` of them: a multiple of 8, with zeros at the end.
 * - zeros: the input's zero point for each channel (f32), which is what lies outside of the map.
 * - scratch: `conv_scratch_i8` bytes, 16-byte aligned.
 * - output: address of row 0 of `[…][outWidth][outChannels]`. It may not overlap the input.
 * - format: WIDE_INPUT, WIDE_OUTPUT, NARROW_IN_BYTES.
 * - activation: as of `pointwise_i8`.
 */
export function conv_i8(
  output: usize,
  input: usize,
  weights: usize,
  zeros: usize,
  scratch: usize,
  inHeight: i32,
  inWidth: i32,
  pixelStride: i32,
  inChannels: i32,
  depth: i32,
  outWidth: i32,
  outChannels: i32,
  rowStart: i32,
  rowEnd: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  format: i32,
  activation: i32,
): void {
  assert(isAligned(scratch) && depth % CHANNEL_TILE == 0 && depth >= kernelSize * kernelSize * inChannels);
  const each = bytesOf(format, WIDE_INPUT);
  assert(pixelStride >= inChannels);
  for (let c: usize = 0; c < <usize>inChannels; ++c) {
    const zero = <i32>load<f32>(zeros + c * FLOAT);
    if (each == 1) store<u8>(scratch + c, <u8>zero);
    else store<u16>(scratch + 2 * c, <u16>zero);
  }
  const windows = scratch + ((<usize>inChannels * 2 + 15) & ~15);
  const pixelBytes = <usize>pixelStride * each;
  const channelBytes = <usize>inChannels * each;
  const outRow = <usize>(outWidth * outChannels) * bytesOf(format, WIDE_OUTPUT);
  for (let y = rowStart; y < rowEnd; ++y) {
    gatherRow(
      windows, input, scratch, y, inHeight, inWidth, pixelBytes, channelBytes, outWidth, kernelSize, kernelSize, stride,
      padTop, padLeft, <usize>depth * each,
    );
    pointwise_i8(output + <usize>y * outRow, windows, weights, 0, outWidth, depth, outChannels, format, activation);
  }
}
