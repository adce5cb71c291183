import { greater, lesser } from './integers';
import { FUSED_DOT, HEADER_BYTES, WIDE_INPUT } from './integer-tiles';
import { loadOnes, multiplyAddLanes } from './multiply-lanes';
import { hasByteOutput, storeSums } from './requantise';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Rows of a window that share one 32-bit lane: four of 8 bits, or two of 16. */
// @ts-ignore: decorator
@inline
function rowsOfLane<I>(): i32 {
  return 4 / <i32>sizeof<I>();
}

/** Bytes 0 … 7 of a and b in turn. */
// @ts-ignore: decorator
@inline
function mixBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The lower four words of a and b in turn. */
// @ts-ignore: decorator
@inline
function mixLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

/** The upper four words of a and b in turn. */
// @ts-ignore: decorator
@inline
function mixHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

/** Rows of output pixels, 3×3, all columns inside: bytes. Each column of 3 is gathered into lanes once. */
function rowOfBytes<I>(
  output: usize, row0: usize, row1: usize, row2: usize, block: usize, pixels: i32, stride: i32,
  pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, 128);
  const unit = loadOnes();
  const w00 = v128.load(block, HEADER_BYTES);
  const w01 = v128.load(block, HEADER_BYTES + 16);
  const w10 = v128.load(block, HEADER_BYTES + 32);
  const w11 = v128.load(block, HEADER_BYTES + 48);
  const w20 = v128.load(block, HEADER_BYTES + 64);
  const w21 = v128.load(block, HEADER_BYTES + 80);
  let pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
  let single = v128.load8x8_u(row2);
  let x00 = mixLow(pair, single);
  let x01 = mixHigh(pair, single);
  row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
  if (stride == 1) {
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    let x10 = mixLow(pair, single);
    let x11 = mixHigh(pair, single);
    for (; pixels > 0; --pixels) {
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
      single = v128.load8x8_u(row2);
      const x20 = mixLow(pair, single);
      const x21 = mixHigh(pair, single);
      let low = multiplyAddLanes<I>(v128.load(block), x00, w00, unit);
      let high = multiplyAddLanes<I>(v128.load(block, 16), x01, w01, unit);
      low = multiplyAddLanes<I>(low, x10, w10, unit);
      high = multiplyAddLanes<I>(high, x11, w11, unit);
      low = multiplyAddLanes<I>(low, x20, w20, unit);
      high = multiplyAddLanes<I>(high, x21, w21, unit);
      storeSums(output, low, high, block, 0, limit, format);
      output += outPixelBytes;
      x00 = x10; x01 = x11; x10 = x20; x11 = x21;
    }
    return;
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddLanes<I>(v128.load(block), x00, w00, unit);
    let high = multiplyAddLanes<I>(v128.load(block, 16), x01, w01, unit);
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    low = multiplyAddLanes<I>(low, mixLow(pair, single), w10, unit);
    high = multiplyAddLanes<I>(high, mixHigh(pair, single), w11, unit);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    x00 = mixLow(pair, single);
    x01 = mixHigh(pair, single);
    low = multiplyAddLanes<I>(low, x00, w20, unit);
    high = multiplyAddLanes<I>(high, x01, w21, unit);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    storeSums(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
  }
}

/** Like `rowOfBytes`, from words. */
function rowOfWords(
  output: usize, row0: usize, row1: usize, row2: usize, block: usize, pixels: i32, stride: i32,
  pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, 128);
  const unit = loadOnes();
  const weights = block + HEADER_BYTES;
  const step = <usize>stride * pixelBytes;
  for (; pixels > 0; --pixels) {
    let low = v128.load(block);
    let high = v128.load(block, 16);
    let p0 = row0, p1 = row1, p2 = row2, w = weights;
    for (let kx = 3; kx > 0; --kx) {
      const r0 = v128.load(p0);
      const r1 = v128.load(p1);
      const r2 = v128.load(p2);
      low = i32x4.add(low, i32x4.dot_i16x8_s(mixLow(r0, r1), v128.load(w)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(mixHigh(r0, r1), v128.load(w, 16)));
      low = i32x4.add(low, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(r2), v128.load(w, 32)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(r2), v128.load(w, 48)));
      p0 += pixelBytes; p1 += pixelBytes; p2 += pixelBytes; w += 64;
    }
    storeSums(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
    row0 += step; row1 += step; row2 += step;
  }
}

/**
 * One output pixel, 8 channels, any window. `padding` stands for what lies outside of the map; columns `firstX` … `lastX` − 1
 * and rows `firstY` … `lastY` − 1 of the window lie inside.
 */
function pixelOfWindow<I>(
  output: usize, corner: usize, padding: usize, block: usize, kernelSize: i32,
  firstX: i32, lastX: i32, firstY: i32, lastY: i32, pixelBytes: usize, rowBytes: usize, format: i32,
): void {
  const unit = loadOnes();
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
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w), unit);
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16), unit);
      } else {
        const upper = v128.load(p0);
        const lower = v128.load(p1);
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w), unit);
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16), unit);
      }
      w += 2 * VECTOR;
    }
  }
  storeSums(output, low, high, block, 0, v128.load(block, 128), format);
}

/** One output pixel, 8 channels, 5×5 inside of the map's columns: rows by address. */
function row5x5<I>(
  output: usize, row0: usize, row1: usize, row2: usize, row3: usize, row4: usize, block: usize, pixels: i32, stride: i32,
  pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, 128);
  const unit = loadOnes();
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
        low = multiplyAddLanes<I>(low, mixLow(upper, lower), v128.load(w), unit);
        high = multiplyAddLanes<I>(high, mixHigh(upper, lower), v128.load(w, 16), unit);
        low = multiplyAddLanes<I>(low, i32x4.extend_low_i16x8_u(last), v128.load(w, 32), unit);
        high = multiplyAddLanes<I>(high, i32x4.extend_high_i16x8_u(last), v128.load(w, 48), unit);
        w += 64;
      } else {
        const r0 = v128.load(row0);
        const r1 = v128.load(row1);
        const r2 = v128.load(row2);
        const r3 = v128.load(row3);
        const r4 = v128.load(row4);
        low = multiplyAddLanes<I>(low, mixLow(r0, r1), v128.load(w), unit);
        high = multiplyAddLanes<I>(high, mixHigh(r0, r1), v128.load(w, 16), unit);
        low = multiplyAddLanes<I>(low, mixLow(r2, r3), v128.load(w, 32), unit);
        high = multiplyAddLanes<I>(high, mixHigh(r2, r3), v128.load(w, 48), unit);
        low = multiplyAddLanes<I>(low, i32x4.extend_low_i16x8_u(r4), v128.load(w, 64), unit);
        high = multiplyAddLanes<I>(high, i32x4.extend_high_i16x8_u(r4), v128.load(w, 80), unit);
        w += 96;
      }
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; row3 += pixelBytes; row4 += pixelBytes;
    }
    storeSums(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
    row0 += step; row1 += step; row2 += step; row3 += step; row4 += step;
  }
}

function convolve<I>(
  output: usize, input: usize, weights: usize, padding: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32,
  rowStart: i32, rowEnd: i32, kernelSize: i32, stride: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  const pixelBytes = <usize>channels * sizeof<I>();
  const outBytes: usize = hasByteOutput(format) ? 1 : 2;
  const outPixelBytes = <usize>channels * outBytes;
  const rowBytes = <usize>inWidth * pixelBytes;
  const groups = (kernelSize + rowsOfLane<I>() - 1) / rowsOfLane<I>();
  const blockBytes = <usize>HEADER_BYTES + <usize>(kernelSize * groups) * 2 * VECTOR;
  const room = inWidth - kernelSize + padLeft;
  const firstInner = lesser((padLeft + stride - 1) / stride, outWidth);
  const lastInner = room < 0 ? firstInner : greater(firstInner, lesser(room / stride + 1, outWidth));
  const fast = (kernelSize == 3 || kernelSize == 5) && stride <= 2;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * stride - padTop;
    const firstY = greater(0, -top);
    const lastY = lesser(kernelSize, inHeight - top);
    const outRow = output + <usize>(y * outWidth) * outPixelBytes;
    let block = weights;
    for (let channel: usize = 0; channel < <usize>channels; channel += <usize>CHANNEL_TILE) {
      const offset = channel * sizeof<I>();
      const to = outRow + channel * outBytes;
      for (let x = 0; x < outWidth; ++x) {
        const left = x * stride - padLeft;
        if (fast && x == firstInner && lastInner > firstInner) {
          const at = offset + <usize>left * pixelBytes;
          const paddingAt = padding + offset;
          const row0 = top >= 0 && top < inHeight ? input + <usize>top * rowBytes + at : paddingAt;
          const row1 = top + 1 >= 0 && top + 1 < inHeight ? input + <usize>(top + 1) * rowBytes + at : paddingAt;
          const row2 = top + 2 >= 0 && top + 2 < inHeight ? input + <usize>(top + 2) * rowBytes + at : paddingAt;
          const start = to + <usize>x * outPixelBytes;
          const count = lastInner - firstInner;
          if (kernelSize == 3) {
            if (sizeof<I>() == 1) {
              rowOfBytes<I>(start, row0, row1, row2, block, count, stride, pixelBytes, outPixelBytes, format);
            } else {
              rowOfWords(start, row0, row1, row2, block, count, stride, pixelBytes, outPixelBytes, format);
            }
          } else {
            const row3 = top + 3 >= 0 && top + 3 < inHeight ? input + <usize>(top + 3) * rowBytes + at : paddingAt;
            const row4 = top + 4 >= 0 && top + 4 < inHeight ? input + <usize>(top + 4) * rowBytes + at : paddingAt;
            row5x5<I>(
              start, row0, row1, row2, row3, row4, block, count, stride, pixelBytes, outPixelBytes, format,
            );
          }
          x = lastInner - 1;
          continue;
        }
        const corner = input + offset + <usize>top * rowBytes + <usize>left * pixelBytes;
        pixelOfWindow<I>(
          to + <usize>x * outPixelBytes, corner, padding + offset, block, kernelSize,
          -left, inWidth - left, firstY, lastY, pixelBytes, rowBytes, format,
        );
      }
      block += blockBytes;
    }
  }
}

/**
 * Depthwise convolution on integers, one filter per channel; see `pointwise_i8` for the sums' way to the output. Computes
 * rows rowStart … rowEnd − 1 of the output. Kernel sizes 3 and 5 with stride 1 or 2 are fast.
 *
 * - input `[inHeight][inWidth][channels]`, narrow or wide, channels a multiple of 8. Nothing past its end is read.
 * - padding `[inWidth][channels]`: a row of what lies outside of the map, the input's zero points.
 * - weights: for every 8 channels a header (see `integer-tiles`), then for each column of the window its rows by fours
 *   (narrow input in relaxed SIMD) or by twos, padded with zeros: `[8 channels][4 rows]` of 8 bits or `[8][2]` of 16.
 * - output: address of row 0 of `[…][outWidth][channels]`. It may not overlap the input.
 * - format: WIDE_INPUT, WIDE_OUTPUT, SWISH, FUSED_DOT.
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
): void {
  assert(isAligned(weights) && channels >= 1 && channels % CHANNEL_TILE == 0);
  assert(inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(kernelSize >= 1 && stride >= 1 && padTop >= 0 && padLeft >= 0);
  if (!ASC_FEATURE_RELAXED_SIMD || format & WIDE_INPUT) {
    convolve<i16>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  } else if (format & FUSED_DOT) {
    convolve<u8>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  } else {
    convolve<i8>(
      output, input, weights, padding, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelSize, stride,
      padTop, padLeft, format,
    );
  }
}
