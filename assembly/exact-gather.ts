import { VECTOR } from './tiles';

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
  const pixelBytes = <usize>pixelStride * 2;
  const channelBytes = <usize>channels * 2;
  for (let x = 0; x < outWidth; ++x) {
    let to = output + <usize>(x * depth) * 2;
    const end = to + <usize>depth * 2;
    for (let ky = 0; ky < kernelHeight; ++ky) {
      const inY = y * stride - padTop + ky;
      for (let kx = 0; kx < kernelWidth; ++kx) {
        const inX = x * stride - padLeft + kx;
        if (inY >= 0 && inY < inHeight && inX >= 0 && inX < inWidth) {
          copyValues(to, input + <usize>(inY * inWidth + inX) * pixelBytes, channelBytes);
        } else {
          memory.fill(to, 0, channelBytes);
        }
        to += channelBytes;
      }
    }
    if (to < end) memory.fill(to, 0, end - to);
  }
}

// @ts-ignore: decorator
@inline
function copyValues(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + VECTOR <= bytes; i += VECTOR) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 2) store<u16>(to + i, load<u16>(from + i));
}
