import { gatherRow } from './gather';

/**
 * The windows of output row `y` as rows of `depth` values, for `exact_linear_i16`: (ky, kx, channel), zeros outside of
 * the map and behind the last channel up to `depth`.
 *
 * - input `[inHeight][inWidth][pixelStride]` of i16, of which the first `channels` count.
 * - output `[outWidth][depth]` of i16, depth ≥ kernelHeight · kernelWidth · channels.
 */
export function exact_gather_i16(
  output: usize,
  input: usize,
  y: i32,
  inHeight: i32,
  inWidth: i32,
  pixelStride: i32,
  channels: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  depth: i32,
): void {
  assert(depth >= kernelHeight * kernelWidth * channels);
  gatherRow(
    output, input, 0, y, inHeight, inWidth, <usize>pixelStride * 2, <usize>channels * 2, outWidth, kernelHeight, kernelWidth,
    stride, padTop, padLeft, <usize>depth * 2,
  );
}
