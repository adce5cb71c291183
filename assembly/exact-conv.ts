import { exact_pointwise_u8, exact_scratch } from './exact-linear';
import { gatherRow } from './gather';
import { CHANNEL_TILE } from './tiles';
import { isAligned } from './vector';

// @ts-ignore: decorator
@inline
function roundUp(bytes: usize): usize {
  return (bytes + 15) & ~15;
}

/** Bytes of scratch memory that `exact_conv_u8` needs: a pixel of zero points, the windows of a row, and what they need. */
export function exact_conv_scratch(inChannels: i32, depth: i32, outWidth: i32, format: i32): usize {
  return roundUp(<usize>inChannels) + roundUp(<usize>(outWidth * depth)) + exact_scratch(outWidth, depth, format);
}

/**
 * Convolution in the arithmetic of quantised files: the windows of a row are laid out one after the other, and
 * `exact_pointwise_u8` does the rest. Computes rows rowStart … rowEnd − 1 of the output.
 *
 * - input `[inHeight][inWidth][pixelStride]`, of which the first inChannels count; outside of it is `inZero`.
 * - weights: as of `exact_pointwise_u8`, its inputs (ky, kx, inChannel), `depth` of them, a multiple of 8.
 * - scratch: `exact_conv_scratch` bytes, 16-byte aligned.
 * - output: address of row 0 of `[…][outWidth][outChannels]`, apart from the input.
 */
export function exact_conv_u8(
  output: usize, input: usize, weights: usize, scratch: usize, inHeight: i32, inWidth: i32, pixelStride: i32,
  inChannels: i32, depth: i32, outWidth: i32, outChannels: i32, rowStart: i32, rowEnd: i32, kernelHeight: i32,
  kernelWidth: i32, stride: i32, padTop: i32, padLeft: i32, format: i32, inZero: i32, weightZero: i32, outZero: i32,
  min: i32, max: i32,
): void {
  assert(isAligned(scratch) && depth % CHANNEL_TILE == 0 && depth >= kernelHeight * kernelWidth * inChannels);
  const windows = scratch + roundUp(<usize>inChannels);
  const rest = windows + roundUp(<usize>(outWidth * depth));
  memory.fill(scratch, <u8>inZero, <usize>inChannels);
  for (let y = rowStart; y < rowEnd; ++y) {
    gatherRow(
      windows, input, scratch, y, inHeight, inWidth, <usize>pixelStride, <usize>inChannels, outWidth, kernelHeight,
      kernelWidth, stride, padTop, padLeft, <usize>depth,
    );
    exact_pointwise_u8(
      output + <usize>(y * outWidth * outChannels), windows, weights, rest, outWidth, depth, outChannels, format,
      weightZero, outZero, min, max,
    );
  }
}
