import { greater, lesser } from './integers';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned, multiplyAdd } from './vector';

/** One output pixel from the taps of columns firstX … lastX − 1 in `rows` rows; any kernel size. */
function depthwisePixel(
  output: usize,
  input: usize,
  bias: usize,
  taps: usize,
  pixelBytes: usize,
  rowBytes: usize,
  tapRowBytes: usize,
  rows: i32,
  columns: i32,
  min: f32,
  max: f32,
): void {
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
    let sum = v128.load(bias + c);
    let row = input + c;
    let tapRow = taps + c;
    for (let ky = 0; ky < rows; ++ky) {
      let p = row;
      let w = tapRow;
      for (let kx = 0; kx < columns; ++kx) {
        sum = multiplyAdd(sum, v128.load(p), v128.load(w));
        p += pixelBytes;
        w += pixelBytes;
      }
      row += rowBytes;
      tapRow += tapRowBytes;
    }
    v128.store(output + c, clampVector(sum, low, high));
  }
}

/**
 * Depthwise convolution, one filter per channel: clamp(conv(input) + bias). Computes rows rowStart … rowEnd − 1 of the
 * output.
 *
 * - input `[inHeight][inWidth][channels]`, channels a multiple of 8; 16-byte aligned. Outside of it are zeros; padTop and
 *   padLeft may be any number ≥ 0. Nothing past its end is read.
 * - weights: `channels` biases, then kernelSize² rows of `channels` weights; 16-byte aligned.
 * - output: address of row 0 of `[…][outWidth][channels]`; 16-byte aligned. It may not overlap the input.
 *   A NaN passes the clamp.
 */
export function depthwise_f32(
  output: usize,
  input: usize,
  weights: usize,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outWidth: i32,
  rowStart: i32,
  rowEnd: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(weights));
  assert(channels >= 1 && channels % CHANNEL_TILE == 0);
  assert(inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(kernelSize >= 1 && stride >= 1 && padTop >= 0 && padLeft >= 0);
  const pixelBytes = <usize>channels * FLOAT;
  const rowBytes = <usize>inWidth * pixelBytes;
  const tapRowBytes = <usize>kernelSize * pixelBytes;
  let to = output + <usize>(rowStart * outWidth) * pixelBytes;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * stride - padTop;
    const firstY = greater(0, -top);
    const rows = lesser(kernelSize, inHeight - top) - firstY;
    for (let x = 0; x < outWidth; ++x) {
      const left = x * stride - padLeft;
      const firstX = greater(0, -left);
      const columns = lesser(kernelSize, inWidth - left) - firstX;
      depthwisePixel(
        to,
        input + <usize>(top + firstY) * rowBytes + <usize>(left + firstX) * pixelBytes,
        weights,
        weights + pixelBytes + <usize>firstY * tapRowBytes + <usize>firstX * pixelBytes,
        pixelBytes,
        rowBytes,
        tapRowBytes,
        rows,
        columns,
        min,
        max,
      );
      to += pixelBytes;
    }
  }
}
