import {
  COLUMNS_3X3_S1, COLUMNS_3X3_S2, depthwisePixel3x3, depthwiseRow3x3s1, depthwiseRow3x3s2,
} from './depthwise-3x3';
import { COLUMNS_5X5_S1, COLUMNS_5X5_S2, depthwiseRow5x5s1, depthwiseRow5x5s2 } from './depthwise-5x5';
import { greater, lesser } from './integers';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned, multiplyAdd } from './vector';

/** Output pixels of a group of the fast rows; 0 where there are none for this window and stride from column to column. */
// @ts-ignore: decorator
@inline
function columnsOfGroup(kernelHeight: i32, kernelSize: i32, stride: i32): i32 {
  if (kernelHeight != kernelSize) return 0;
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

/** The first tap of a window that begins at `start`, `dilation` apart, at 0 or behind it. */
// @ts-ignore: decorator
@inline
function firstInside(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/** The first tap of a window that begins at `start`, `dilation` apart, at `end` or behind it. */
// @ts-ignore: decorator
@inline
function lastInside(start: i32, end: i32, dilation: i32): i32 {
  return start >= end ? 0 : (end - start + dilation - 1) / dilation;
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
  columnBytes: usize,
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
        p += columnBytes;
        w += pixelBytes;
        sum = multiplyAdd(sum, v128.load(p), v128.load(w));
        p += columnBytes;
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
 * output. Windows of 3×3 and 5×5 with stride 1 or 2 and dilation 1 are fast, all others are computed pixel by pixel.
 *
 * - input `[inHeight][inWidth][channels]`, channels a multiple of 8; 16-byte aligned. Outside of it are zeros; padTop and
 *   padLeft may be any number ≥ 0. Nothing past its end is read.
 * - weights: `channels` biases, then kernelHeight · kernelWidth rows of `channels` weights; 16-byte aligned.
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
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(weights));
  assert(channels >= 1 && channels % CHANNEL_TILE == 0);
  assert(inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(kernelHeight >= 1 && kernelWidth >= 1 && strideHeight >= 1 && strideWidth >= 1);
  assert(dilationHeight >= 1 && dilationWidth >= 1 && padTop >= 0 && padLeft >= 0);
  const pixelBytes = <usize>channels * FLOAT;
  const rowBytes = <usize>inWidth * pixelBytes;
  const tapRowBytes = <usize>kernelWidth * pixelBytes;
  const taps = weights + pixelBytes;
  // output columns whose window lies wholly inside of the map: firstInner … lastInner − 1
  const room = inWidth - kernelWidth + padLeft;
  const firstInner = lesser((padLeft + strideWidth - 1) / strideWidth, outWidth);
  const lastInner = room < 0 ? firstInner : greater(firstInner, lesser(room / strideWidth + 1, outWidth));
  const isDense = dilationHeight == 1 && dilationWidth == 1;
  const group = isDense ? columnsOfGroup(kernelHeight, kernelWidth, strideWidth) : 0;
  const blocks = group > 0 ? (lastInner - firstInner) / group : 0;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * strideHeight - padTop;
    const firstY = firstInside(top, dilationHeight);
    const rows = lesser(kernelHeight, lastInside(top, inHeight, dilationHeight)) - firstY;
    const rowTaps = taps + <usize>firstY * tapRowBytes;
    const inRow = input + <usize>(top + firstY * dilationHeight) * rowBytes;
    const outRow = output + <usize>(y * outWidth) * pixelBytes;
    for (let x = 0; x < outWidth; ++x) {
      if (x == firstInner && blocks > 0 && rows > 0) {
        depthwiseRow(
          kernelWidth, strideWidth, outRow + <usize>x * pixelBytes, inRow + <usize>(x * strideWidth - padLeft) * pixelBytes,
          weights, rowTaps, blocks, pixelBytes, rowBytes, rows, min, max,
        );
        x += blocks * group;
        if (x + 1 < lastInner) {
          // the last group overlaps the one before it: the same values are written twice
          x = lastInner - group;
          depthwiseRow(
            kernelWidth, strideWidth, outRow + <usize>x * pixelBytes, inRow + <usize>(x * strideWidth - padLeft) * pixelBytes,
            weights, rowTaps, 1, pixelBytes, rowBytes, rows, min, max,
          );
          x = lastInner;
        }
        if (x == outWidth) break;
      }
      const left = x * strideWidth - padLeft;
      const firstX = firstInside(left, dilationWidth);
      const columns = lesser(kernelWidth, lastInside(left, inWidth, dilationWidth)) - firstX;
      const to = outRow + <usize>x * pixelBytes;
      const from = inRow + <usize>(left + firstX * dilationWidth) * pixelBytes;
      const pixelTaps = rowTaps + <usize>firstX * pixelBytes;
      if (isDense && kernelHeight == 3 && kernelWidth == 3 && columns >= 2 && rows > 0) {
        depthwisePixel3x3(to, from, weights, pixelTaps, pixelBytes, rowBytes, rows, columns, min, max);
      } else {
        depthwisePixel(
          to, from, weights, pixelTaps, pixelBytes, rowBytes * <usize>dilationHeight, tapRowBytes, rows, columns,
          pixelBytes * <usize>dilationWidth, min, max,
        );
      }
    }
  }
}
