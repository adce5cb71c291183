import { greater, lesser } from './integers';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned } from './vector';

/**
 * Mean over windows, what lies outside of the map as zeros: the sum divided by the window's size where countsPadding is not
 * 0, else by the number of its places inside of the map (0 where there are none). Then the clamp. Computes rows rowStart … rowEnd − 1 of the output.
 *
 * input `[inHeight][inWidth][channels]`, output (address of row 0) `[…][outWidth][channels]`, channels a multiple of 8,
 * both 16-byte aligned and apart. Nothing past an end is read.
 */
export function average_pool_f32(
  output: usize,
  input: usize,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outWidth: i32,
  rowStart: i32,
  rowEnd: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  countsPadding: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(input));
  assert(channels >= 1 && channels % CHANNEL_TILE == 0);
  assert(inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(kernelHeight >= 1 && kernelWidth >= 1 && strideHeight >= 1 && strideWidth >= 1 && padTop >= 0 && padLeft >= 0);
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const pixelBytes = <usize>channels * FLOAT;
  const rowBytes = <usize>inWidth * pixelBytes;
  let to = output + <usize>(rowStart * outWidth) * pixelBytes;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * strideHeight - padTop;
    const firstY = greater(0, top);
    const lastY = lesser(top + kernelHeight, inHeight);
    for (let x = 0; x < outWidth; ++x) {
      const left = x * strideWidth - padLeft;
      const firstX = greater(0, left);
      const columns = lesser(left + kernelWidth, inWidth) - firstX;
      const inside = greater(0, lastY - firstY) * greater(0, columns);
      const size = f32x4.splat(<f32>(countsPadding ? kernelHeight * kernelWidth : greater(inside, 1)));
      const corner = input + <usize>firstY * rowBytes + <usize>firstX * pixelBytes;
      for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
        let sum = f32x4.splat(0);
        let row = corner + c;
        for (let inY = firstY; inY < lastY; ++inY) {
          // Each row by itself: in one sum of thousands, each small term would be rounded to the large sum.
          let rowSum = f32x4.splat(0);
          let p = row;
          for (let column = 0; column < columns; ++column) {
            rowSum = f32x4.add(rowSum, v128.load(p));
            p += pixelBytes;
          }
          sum = f32x4.add(sum, rowSum);
          row += rowBytes;
        }
        v128.store(to + c, clampVector(f32x4.div(sum, size), low, high));
      }
      to += pixelBytes;
    }
  }
}
