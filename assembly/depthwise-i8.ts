import { SWISH } from './activations';
import { usesBaselineTiles } from './baseline-tiles';
import { rowOfBytes } from './depthwise-3x3-bytes-i8';
import { rowAt, rowsOfWords } from './depthwise-3x3-words-i8';
import { greater, lesser } from './integers';
import { bytesOf, HEADER_BYTES, HEADER_LARGEST, HEADER_SECONDS, IN_WORDS, isInBytes, WHOLE_RANGE, WIDE_INPUT, WIDE_OUTPUT } from './integer-tiles';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';
import { Clipped, isInWords, Scaled, ScaledToBytes, storeSums, Swished } from './requantise';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Of the first-level cache: sets, lines in each, and bits of the addresses in a line. Some have four more lines. */
const SETS: i32 = 64;
const WAYS: i32 = 8;
const LINE_BITS: i32 = 6;

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
function pixelOfWindow<I, A>(
  output: usize, corner: usize, padding: usize, block: usize, kernelSize: i32,
  firstX: i32, lastX: i32, firstY: i32, lastY: i32, pixelBytes: usize, rowBytes: usize, format: i32,
): void {
  let low = v128.load(block);
  let high = v128.load(block, 16);
  let w = block + HEADER_BYTES;
  for (let kx = 0; kx < kernelSize; ++kx) {
    const inside = kx >= firstX && kx < lastX;
    const column = corner + <usize>kx * pixelBytes;
    for (let ky = 0; ky < kernelSize; ky += rowsOfLane<I>()) {
      const p0 = inside && ky >= firstY && ky < lastY ? column + <usize>ky * rowBytes : padding;
      const p1 = inside && ky + 1 >= firstY && ky + 1 < lastY ? column + <usize>(ky + 1) * rowBytes : padding;
      if (sizeof<I>() == 1) {
        const p2 = inside && ky + 2 >= firstY && ky + 2 < lastY ? column + <usize>(ky + 2) * rowBytes : padding;
        const p3 = inside && ky + 3 >= firstY && ky + 3 < lastY ? column + <usize>(ky + 3) * rowBytes : padding;
        const upper = mixBytes(v128.load64_zero(p0), v128.load64_zero(p1));
        const lower = mixBytes(v128.load64_zero(p2), v128.load64_zero(p3));
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w));
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16));
      } else {
        const upper = v128.load(p0);
        const lower = v128.load(p1);
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w));
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16));
      }
      w += 2 * VECTOR;
    }
  }
  storeSums<A>(output, low, high, block, 0, v128.load(block, HEADER_LARGEST), format);
}

/** One output pixel, 8 channels, 5×5 inside of the map's columns: rows by address. */
function row5x5<I, A>(
  output: usize, row0: usize, row1: usize, row2: usize, row3: usize, row4: usize, block: usize, pixels: i32, stride: i32,
  pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, HEADER_LARGEST);
  const step = <usize>(stride - 5) * pixelBytes;
  for (; pixels > 0; --pixels) {
    let low = v128.load(block);
    let high = v128.load(block, 16);
    let w = block + HEADER_BYTES;
    for (let kx = 5; kx > 0; --kx) {
      if (sizeof<I>() == 1) {
        const upper = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
        const lower = mixBytes(v128.load64_zero(row2), v128.load64_zero(row3));
        const last = v128.load8x8_u(row4);
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w));
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16));
        low = multiplyAddLanes<I>(low, i32x4.extend_low_i16x8_u(last), v128.load(w, 32));
        high = multiplyAddLanes<I>(high, i32x4.extend_high_i16x8_u(last), v128.load(w, 48));
        w += 64;
      } else {
        const r0 = v128.load(row0);
        const r1 = v128.load(row1);
        const r2 = v128.load(row2);
        const r3 = v128.load(row3);
        const r4 = v128.load(row4);
        low = multiplyAddLanes<I>(low, mixLow(r0, r1), v128.load(w));
        high = multiplyAddLanes<I>(high, mixHigh(r0, r1), v128.load(w, 16));
        low = multiplyAddLanes<I>(low, mixLow(r2, r3), v128.load(w, 32));
        high = multiplyAddLanes<I>(high, mixHigh(r2, r3), v128.load(w, 48));
        low = multiplyAddLanes<I>(low, i32x4.extend_low_i16x8_u(r4), v128.load(w, 64));
        high = multiplyAddLanes<I>(high, i32x4.extend_high_i16x8_u(r4), v128.load(w, 80));
        w += 96;
      }
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; row3 += pixelBytes; row4 += pixelBytes;
    }
    storeSums<A>(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
    row0 += step; row1 += step; row2 += step; row3 += step; row4 += step;
  }
}

/**
 * Rows of output pixels for which 8 channels find their cache lines in the first-level cache again when the next 8 come, of
 * maps with `pixels` of input and output in a row. Pixels whose size is a multiple of a large power of two share few of its sets.
 */
function rowsInCache(pixels: i32, pixelBytes: usize): i32 {
  const sets = SETS >> greater(0, <i32>ctz(pixelBytes) - LINE_BITS);
  return greater(1, sets * WAYS / pixels - 1);
}

function convolve<I, A>(
  output: usize, input: usize, weights: usize, padding: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, kernelSize: i32, stride: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  const pixelBytes = <usize>channels * sizeof<I>();
  const outBytes: usize = bytesOf(format, WIDE_OUTPUT);
  const outPixelBytes = <usize>channels * outBytes;
  const rowBytes = <usize>inWidth * pixelBytes;
  const groups = (kernelSize + rowsOfLane<I>() - 1) / rowsOfLane<I>();
  const blockBytes = <usize>HEADER_BYTES + <usize>(kernelSize * groups) * 2 * VECTOR;
  const room = inWidth - kernelSize + padLeft;
  const firstInner = lesser((padLeft + stride - 1) / stride, outWidth);
  const lastInner = room < 0 ? firstInner : greater(firstInner, lesser(room / stride + 1, outWidth));
  const fast5 = kernelSize == 5 && stride <= 2;
  const outside = greater(0, (outWidth - 1) * stride - padLeft + kernelSize - inWidth);
  const fast3 = kernelSize == 3 && stride <= 2 && padLeft <= 1 && outside <= 1;
  if (fast3) {
    // Bytes have a call for each row: their weights have no other forms.
    const most = sizeof<I>() == 1 ? 1 : rowsInCache(stride * inWidth + outWidth, pixelBytes);
    for (let y = rowStart; y < rowEnd; y += most) {
      const rows = lesser(most, rowEnd - y);
      const top = y * stride - padTop;
      let block = weights;
      for (let channel: usize = 0; channel < <usize>channels; channel += <usize>CHANNEL_TILE) {
        const to = output + <usize>(y * outWidth) * outPixelBytes + channel * outBytes;
        const from = input + channel * sizeof<I>();
        const at = padding + channel * sizeof<I>();
        if (sizeof<I>() == 2) {
          rowsOfWords<A>(
            to, from, at, block, top, rows, inHeight, outWidth, stride, padLeft, outside, rowBytes, pixelBytes,
            outPixelBytes, format,
          );
        } else {
          const row0 = rowAt(from, at, top, inHeight, rowBytes);
          const row1 = rowAt(from, at, top + 1, inHeight, rowBytes);
          const row2 = rowAt(from, at, top + 2, inHeight, rowBytes);
          if (isInWords<A>() && !usesBaselineTiles && load<i32>(block, HEADER_SECONDS) == WHOLE_RANGE + 2) {
            rowOfBytes<ScaledToBytes>(
              to, row0, row1, row2, at, block, outWidth, stride, padLeft, outside, pixelBytes, outPixelBytes, format,
            );
          } else {
            rowOfBytes<A>(
              to, row0, row1, row2, at, block, outWidth, stride, padLeft, outside, pixelBytes, outPixelBytes, format,
            );
          }
        }
        block += blockBytes;
      }
    }
    return;
  }
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * stride - padTop;
    const firstY = greater(0, -top);
    const lastY = lesser(kernelSize, inHeight - top);
    const outRow = output + <usize>(y * outWidth) * outPixelBytes;
    let block = weights;
    for (let channel: usize = 0; channel < <usize>channels; channel += <usize>CHANNEL_TILE) {
      const offset = channel * sizeof<I>();
      const to = outRow + channel * outBytes;
      const from = input + offset;
      const paddingAt = padding + offset;
      const row0 = rowAt(from, paddingAt, top, inHeight, rowBytes);
      const row1 = rowAt(from, paddingAt, top + 1, inHeight, rowBytes);
      const row2 = rowAt(from, paddingAt, top + 2, inHeight, rowBytes);
      for (let x = 0; x < outWidth; ++x) {
        const left = x * stride - padLeft;
        if (fast5 && x == firstInner && lastInner > firstInner) {
          const at = <usize>left * pixelBytes;
          const row3 = rowAt(from, paddingAt, top + 3, inHeight, rowBytes);
          const row4 = rowAt(from, paddingAt, top + 4, inHeight, rowBytes);
          const count = lastInner - firstInner;
          row5x5<I, A>(
            to + <usize>x * outPixelBytes, row0 + at, row1 + at, row2 + at, row3 + at, row4 + at, block, count, stride,
            pixelBytes, outPixelBytes, format,
          );
          x = lastInner - 1;
          continue;
        }
        pixelOfWindow<I, A>(
          to + <usize>x * outPixelBytes, from + <usize>top * rowBytes + <usize>left * pixelBytes, paddingAt, block,
          kernelSize, -left, inWidth - left, firstY, lastY, pixelBytes, rowBytes, format,
        );
      }
      block += blockBytes;
    }
  }
}

function convolveAs<A>(
  output: usize, input: usize, weights: usize, padding: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, kernelSize: i32, stride: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD && isInBytes(format, WIDE_INPUT)) {
    convolve<u8, A>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  } else {
    convolve<i16, A>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  }
}

/**
 * Depthwise convolution on integers, one filter per channel; see `pointwise_i8` for the sums' way to the output. Computes
 * rows rowStart … rowEnd − 1 of the output. Kernel size 3 with stride 1 or 2 and at most one column outside on either side is
 * fast, and so are the inner pixels of kernel size 5 with these strides.
 *
 * - input `[inHeight][inWidth][channels]`, narrow or wide, channels a multiple of 8. Nothing past its end is read.
 * - padding `[inWidth][channels]`: a row of what lies outside of the map, the input's zero points.
 * - weights: for every 8 channels a header (see `integer-tiles`), then for each column of the window its rows by fours
 *   (input in bytes) or by twos, padded with zeros: `[8 channels][4 rows]` of 8 bits or `[8][2]` of 16.
 * - output: address of row 0 of `[…][outWidth][channels]`. It may not overlap the input.
 * - format: WIDE_INPUT, WIDE_OUTPUT, NARROW_IN_BYTES, IN_WORDS.
 * - activation: as of `pointwise_i8`.
 */
export function depthwise_i8(
  output: usize,
  input: usize,
  weights: usize,
  padding: usize,
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
  format: i32,
  activation: i32,
): void {
  assert(isAligned(weights) && channels >= 1 && channels % CHANNEL_TILE == 0);
  assert(inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(kernelSize >= 1 && stride >= 1 && padTop >= 0 && padLeft >= 0);
  if (activation == SWISH) {
    convolveAs<Swished>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  } else if (format & IN_WORDS) {
    convolveAs<Scaled>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  } else {
    convolveAs<Clipped>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  }
}
