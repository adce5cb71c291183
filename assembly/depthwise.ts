import {
  COLUMNS_3X3_S1, COLUMNS_3X3_S2, depthwisePixel3x3, depthwiseRow3x3s1, depthwiseRow3x3s2,
} from './depthwise-3x3';
import { COLUMNS_5X5_S1, COLUMNS_5X5_S2, depthwiseRow5x5s1, depthwiseRow5x5s2 } from './depthwise-5x5';
import { greater, lesser } from './integers';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned, multiplyAdd } from './vector';

/** Output pixels of a group of the fast rows; 0 where there are none for this kernel size and stride. */
// @ts-ignore: decorator
@inline
function columnsOfGroup(kernelSize: i32, stride: i32): i32 {
  if (kernelSize == 3) return stride == 1 ? COLUMNS_3X3_S1 : stride == 2 ? COLUMNS_3X3_S2 : 0;
  if (kernelSize == 5) return stride == 1 ? COLUMNS_5X5_S1 : stride == 2 ? COLUMNS_5X5_S2 : 0;
  return 0;
}

// @ts-ignore: decorator
@inline
function depthwiseRow(
  kernelSize: i32,
  stride: i32,
  output: usize,
  input: usize,
  bias: usize,
  taps: usize,
  blocks: i32,
  pixelBytes: usize,
  rowBytes: usize,
  rows: i32,
  min: f32,
  max: f32,
): void {
  if (kernelSize == 3) {
    if (stride == 1) depthwiseRow3x3s1(output, input, bias, taps, blocks, pixelBytes, rowBytes, rows, min, max);
    else depthwiseRow3x3s2(output, input, bias, taps, blocks, pixelBytes, rowBytes, rows, min, max);
  } else if (stride == 1) depthwiseRow5x5s1(output, input, bias, taps, blocks, pixelBytes, rowBytes, rows, min, max);
  else depthwiseRow5x5s2(output, input, bias, taps, blocks, pixelBytes, rowBytes, rows, min, max);
}

/** One output pixel of any kernel size from `rows` × `columns` taps; none at all gives the bias. */
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
    for (let ky = rows; ky > 0; --ky) {
      let p = row;
      let w = tapRow;
      let kx = columns;
      // two columns at once, then the odd one
      for (; kx >= 2; kx -= 2) {
        sum = multiplyAdd(sum, v128.load(p), v128.load(w));
        p += pixelBytes;
        w += pixelBytes;
        sum = multiplyAdd(sum, v128.load(p), v128.load(w));
        p += pixelBytes;
        w += pixelBytes;
      }
      if (kx > 0) sum = multiplyAdd(sum, v128.load(p), v128.load(w));
      row += rowBytes;
      tapRow += tapRowBytes;
    }
    v128.store(output + c, clampVector(sum, low, high));
  }
}

/**
 * Depthwise convolution, one filter per channel: clamp(conv(input) + bias). Computes rows rowStart … rowEnd − 1 of the
 * output. Kernel sizes 3 and 5 with stride 1 or 2 are fast, all others are computed pixel by pixel.
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
  const taps = weights + pixelBytes;
  // output columns whose window lies wholly inside of the map: firstInner … lastInner − 1
  const room = inWidth - kernelSize + padLeft;
  const firstInner = lesser((padLeft + stride - 1) / stride, outWidth);
  const lastInner = room < 0 ? firstInner : greater(firstInner, lesser(room / stride + 1, outWidth));
  const group = columnsOfGroup(kernelSize, stride);
  const blocks = group > 0 ? (lastInner - firstInner) / group : 0;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * stride - padTop;
    const firstY = greater(0, -top);
    const rows = lesser(kernelSize, inHeight - top) - firstY;
    const rowTaps = taps + <usize>firstY * tapRowBytes;
    const inRow = input + <usize>(top + firstY) * rowBytes;
    const outRow = output + <usize>(y * outWidth) * pixelBytes;
    for (let x = 0; x < outWidth; ++x) {
      if (x == firstInner && blocks > 0 && rows > 0) {
        depthwiseRow(
          kernelSize, stride, outRow + <usize>x * pixelBytes, inRow + <usize>(x * stride - padLeft) * pixelBytes,
          weights, rowTaps, blocks, pixelBytes, rowBytes, rows, min, max,
        );
        x += blocks * group;
        if (x + 1 < lastInner) {
          // the last group overlaps the one before it: the same values are written twice
          x = lastInner - group;
          depthwiseRow(
            kernelSize, stride, outRow + <usize>x * pixelBytes, inRow + <usize>(x * stride - padLeft) * pixelBytes,
            weights, rowTaps, 1, pixelBytes, rowBytes, rows, min, max,
          );
          x = lastInner;
        }
        if (x == outWidth) break;
      }
      const left = x * stride - padLeft;
      const firstX = greater(0, -left);
      const columns = lesser(kernelSize, inWidth - left) - firstX;
      const to = outRow + <usize>x * pixelBytes;
      const from = inRow + <usize>(left + firstX) * pixelBytes;
      const pixelTaps = rowTaps + <usize>firstX * pixelBytes;
      if (kernelSize == 3 && columns >= 2 && rows > 0) {
        depthwisePixel3x3(to, from, weights, pixelTaps, pixelBytes, rowBytes, rows, columns, min, max);
      } else {
        depthwisePixel(
          to, from, weights, pixelTaps, pixelBytes, rowBytes, tapRowBytes, rows, columns, min, max,
        );
      }
    }
  }
}
