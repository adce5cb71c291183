import { rowOf3x3 } from './exact-depthwise-3x3';
import { EXACT_HEADER, offsetOf, storeExact } from './exact-requantise';
import { greater } from './integers';
import { NARROW_IN_BYTES } from './integer-tiles';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Rows of a window that share one 32-bit lane: four of 8 bits, or two of 16. */
// @ts-ignore: decorator
@inline
function rowsOfLane<I>(): i32 {
  return 4 / <i32>sizeof<I>();
}

/**
 * One output pixel, 8 channels, any window. `padding` stands for what lies outside of the map; columns `firstX` … `lastX` − 1
 * and rows `firstY` … `lastY` − 1 of the window lie inside.
 */
function pixelOfWindow<I>(
  output: usize, corner: usize, padding: usize, block: usize, kernelSize: i32, firstX: i32, lastX: i32, firstY: i32,
  lastY: i32, pixelBytes: usize, rowBytes: usize, offset: v128, min: v128, max: v128,
): void {
  let low = v128.load(block);
  let high = v128.load(block, 16);
  let w = block + EXACT_HEADER;
  for (let kx = 0; kx < kernelSize; ++kx) {
    const inside = kx >= firstX && kx < lastX;
    const column = corner + <usize>kx * pixelBytes;
    for (let ky = 0; ky < kernelSize; ky += rowsOfLane<I>()) {
      const p0 = inside && ky >= firstY && ky < lastY ? column + <usize>ky * rowBytes : padding;
      const p1 = inside && ky + 1 >= firstY && ky + 1 < lastY ? column + <usize>(ky + 1) * rowBytes : padding;
      let upper: v128, lower: v128;
      if (sizeof<I>() == 1) {
        const p2 = inside && ky + 2 >= firstY && ky + 2 < lastY ? column + <usize>(ky + 2) * rowBytes : padding;
        const p3 = inside && ky + 3 >= firstY && ky + 3 < lastY ? column + <usize>(ky + 3) * rowBytes : padding;
        upper = mixBytes(v128.load64_zero(p0), v128.load64_zero(p1));
        lower = mixBytes(v128.load64_zero(p2), v128.load64_zero(p3));
      } else {
        upper = v128.load8x8_u(p0);
        lower = v128.load8x8_u(p1);
      }
      low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w));
      high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16));
      w += 2 * VECTOR;
    }
  }
  storeExact(output, block, low, high, offset, min, max);
}

function convolve<I>(
  output: usize, input: usize, weights: usize, padding: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, kernelSize: i32, stride: i32, padTop: i32, padLeft: i32, outZero: i32, min: i32, max: i32,
): void {
  const pixelBytes = <usize>channels;
  const rowBytes = <usize>inWidth * pixelBytes;
  const groups = (kernelSize + rowsOfLane<I>() - 1) / rowsOfLane<I>();
  const blockBytes = EXACT_HEADER + <usize>(kernelSize * groups) * 2 * VECTOR;
  const outside = greater(0, (outWidth - 1) * stride - padLeft + kernelSize - inWidth);
  const fast = kernelSize == 3 && stride <= 2 && padLeft <= 1 && outside <= 1;
  const offset = offsetOf(outZero);
  const low = i8x16.splat(<i8>min);
  const high = i8x16.splat(<i8>max);
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * stride - padTop;
    const outRow = output + <usize>(y * outWidth) * pixelBytes;
    let block = weights;
    for (let channel: usize = 0; channel < pixelBytes; channel += <usize>CHANNEL_TILE) {
      const to = outRow + channel;
      const from = input + channel;
      const paddingAt = padding + channel;
      if (fast) {
        const row0 = top >= 0 && top < inHeight ? from + <usize>top * rowBytes : paddingAt;
        const row1 = top + 1 >= 0 && top + 1 < inHeight ? from + <usize>(top + 1) * rowBytes : paddingAt;
        const row2 = top + 2 >= 0 && top + 2 < inHeight ? from + <usize>(top + 2) * rowBytes : paddingAt;
        rowOf3x3<I>(
          to, row0, row1, row2, paddingAt, block, outWidth, stride, padLeft, outside, pixelBytes, offset, low, high,
        );
      } else {
        for (let x = 0; x < outWidth; ++x) {
          const left = x * stride - padLeft;
          pixelOfWindow<I>(
            to + <usize>x * pixelBytes, from + <usize>top * rowBytes + <usize>left * pixelBytes, paddingAt, block,
            kernelSize, -left, inWidth - left, -top, inHeight - top, pixelBytes, rowBytes, offset, low, high,
          );
        }
      }
      block += blockBytes;
    }
  }
}

/**
 * Depthwise convolution in the arithmetic of quantised files, one filter per channel; see `exact_pointwise_u8`. Computes rows
 * rowStart … rowEnd − 1 of the output. Kernel size 3 with stride 1 or 2 and at most one column outside on either side is fast.
 *
 * - input `[inHeight][inWidth][channels]`, channels a multiple of 8. Nothing past its end is read.
 * - padding `[inWidth][channels]`: a row of what lies outside of the map, the input's zero point.
 * - weights: for every 8 channels a header (see EXACT_HEADER), then for each column of the window its rows by fours (with
 *   NARROW_IN_BYTES) or by twos, padded with zeros: `[8 channels][4 rows]` of 8 bits or `[8][2]` of 16.
 * - output: address of row 0 of `[…][outWidth][channels]`, apart from the input.
 */
export function exact_depthwise_u8(
  output: usize, input: usize, weights: usize, padding: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, kernelSize: i32, stride: i32, padTop: i32, padLeft: i32, format: i32, outZero: i32, min: i32,
  max: i32,
): void {
  assert(isAligned(weights) && channels >= 8 && channels % CHANNEL_TILE == 0);
  assert(kernelSize >= 1 && stride >= 1 && inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  if (ASC_FEATURE_RELAXED_SIMD && format & NARROW_IN_BYTES) {
    convolve<u8>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, outZero, min, max,
    );
  } else {
    convolve<i16>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, outZero, min, max,
    );
  }
}
