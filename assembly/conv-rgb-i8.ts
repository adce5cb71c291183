import { SWISH } from './activations';
import { lesser } from './integers';
import { bytesOf, HEADER_BYTES, HEADER_LARGEST, isInBytes, WIDE_INPUT, WIDE_OUTPUT } from './integer-tiles';
import { multiplyAddLanes } from './multiply-lanes';
import { Clipped, storePair, storeSums, Swished } from './requantise';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

const COLOURS: i32 = 3;
const KERNEL: i32 = 3;
const STRIDE: i32 = 2;
/** Windows that are computed at once, of bytes and of words: as in `pointwise_i8`. */
const BYTE_TILE: i32 = 6;
const WORD_TILE: i32 = 5;

/** 32-bit lanes of a window's row, the last not filled. */
// @ts-ignore: decorator
@inline
function lanesOfRow(each: i32): i32 {
  return (KERNEL * COLOURS * each + 3) / 4;
}

/** Bytes of a padded row: for whole tiles of windows. */
function paddedRow(outWidth: i32, each: i32): usize {
  const tile = each == 1 ? BYTE_TILE : WORD_TILE;
  const windows = (outWidth + tile - 1) / tile * tile;
  return <usize>(((windows - 1) * STRIDE + KERNEL) * COLOURS * each + 4 + 15) & ~15;
}

/** Inputs of a window for which a panel of `conv_rgb_i8` has weights: those of each row are followed by zeros. */
export function conv_rgb_depth_i8(format: i32): i32 {
  const each = <i32>bytesOf(format, WIDE_INPUT);
  return KERNEL * lanesOfRow(each) * 4 / each;
}

/** Bytes of scratch memory that `conv_rgb_i8` needs. */
export function conv_rgb_scratch_i8(outWidth: i32, format: i32): usize {
  return <usize>KERNEL * paddedRow(outWidth, <i32>bytesOf(format, WIDE_INPUT));
}

/** Row `y` of the input between zero points, which it consists of where it lies outside. */
function padRow<I>(
  to: usize, input: usize, zeros: usize, y: i32, inHeight: i32, inWidth: i32, padLeft: i32, rowBytes: usize,
): void {
  const pixelBytes = <usize>COLOURS * sizeof<I>();
  const end = to + rowBytes;
  const first = to + <usize>padLeft * pixelBytes;
  const inside = y >= 0 && y < inHeight;
  const past = inside ? lesser(<i32>(end - first), inWidth * <i32>pixelBytes) : 0;
  let channel: usize = 0;
  for (let at = to; at < end; at += sizeof<I>()) {
    if (at == first) {
      at += past;
      if (at >= end) break;
    }
    store<I>(at, <I>load<f32>(zeros + channel * FLOAT));
    channel = channel == <usize>COLOURS - 1 ? 0 : channel + 1;
  }
  if (past) memory.copy(first, input + <usize>(y * inWidth) * pixelBytes, past);
}

/** A row of windows against one panel. */
function multiplyRow<I, A>(
  output: usize, row0: usize, row1: usize, row2: usize, panel: usize, outWidth: i32, outStride: usize, format: i32,
): void {
  const limit = v128.load(panel, HEADER_LARGEST);
  const step: usize = STRIDE * COLOURS * sizeof<I>();
  const tile = sizeof<I>() == 1 ? BYTE_TILE : WORD_TILE;
  const rowBytes = <usize>lanesOfRow(sizeof<I>()) * 4;
  let w0: v128, w1: v128, x: v128;
  for (let left = outWidth; left > 0; left -= tile) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0; let b1 = a1; let c0 = a0; let c1 = a1; let d0 = a0; let d1 = a1; let e0 = a0; let e1 = a1;
    let f0 = a0; let f1 = a1;
    let w = panel + HEADER_BYTES;
    let p = row0;
    let end = row0 + rowBytes;
    let next = row1;
    for (;;) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      // Never true, these: see `multiplyPanel`.
      if (w == 1) break;
      x = v128.load32_splat(p, step); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      if (w == 2) break;
      x = v128.load32_splat(p, 2 * step); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      if (w == 3) break;
      x = v128.load32_splat(p, 3 * step); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (w == 4) break;
      x = v128.load32_splat(p, 4 * step); e0 = multiplyAddLanes<I>(e0, x, w0); e1 = multiplyAddLanes<I>(e1, x, w1);
      if (sizeof<I>() == 1) {
        if (w == 5) break;
        x = v128.load32_splat(p, 5 * step); f0 = multiplyAddLanes<I>(f0, x, w0); f1 = multiplyAddLanes<I>(f1, x, w1);
      }
      w += 2 * VECTOR;
      p += 4;
      if (p == end) {
        if (next == 0) break;
        p = next;
        end = p + rowBytes;
        next = next == row1 ? row2 : 0;
      }
    }
    if (sizeof<I>() == 1 && !isFloat<A>() && left >= tile) {
      const third = output + 2 * outStride;
      const fifth = third + 2 * outStride;
      storePair<A>(output, output + outStride, a0, a1, b0, b1, panel, format);
      storePair<A>(third, third + outStride, c0, c1, d0, d1, panel, format);
      storePair<A>(fifth, fifth + outStride, e0, e1, f0, f1, panel, format);
      output = fifth + 2 * outStride;
      row0 += step * tile; row1 += step * tile; row2 += step * tile;
      continue;
    }
    storeSums<A>(output, a0, a1, panel, 0, limit, format);
    output += outStride;
    if (left > 1) storeSums<A>(output, b0, b1, panel, 0, limit, format);
    output += outStride;
    if (left > 2) storeSums<A>(output, c0, c1, panel, 0, limit, format);
    output += outStride;
    if (left > 3) storeSums<A>(output, d0, d1, panel, 0, limit, format);
    output += outStride;
    if (left > 4) storeSums<A>(output, e0, e1, panel, 0, limit, format);
    output += outStride;
    if (sizeof<I>() == 1) {
      if (left > 5) storeSums<A>(output, f0, f1, panel, 0, limit, format);
      output += outStride;
    }
    row0 += step * tile; row1 += step * tile; row2 += step * tile;
  }
}

function convolve<I, A>(
  output: usize, input: usize, weights: usize, zeros: usize, scratch: usize, inHeight: i32, inWidth: i32, outWidth: i32,
  outChannels: i32, rowStart: i32, rowEnd: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  const outBytes = bytesOf(format, WIDE_OUTPUT);
  const outStride = <usize>outChannels * outBytes;
  const rowBytes = paddedRow(outWidth, sizeof<I>());
  const panelBytes = <usize>HEADER_BYTES + <usize>(KERNEL * lanesOfRow(sizeof<I>())) * 2 * VECTOR;
  let row0 = scratch;
  let row1 = row0 + rowBytes;
  let row2 = row1 + rowBytes;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = y * STRIDE - padTop;
    if (y == rowStart) padRow<I>(row0, input, zeros, top, inHeight, inWidth, padLeft, rowBytes);
    padRow<I>(row1, input, zeros, top + 1, inHeight, inWidth, padLeft, rowBytes);
    padRow<I>(row2, input, zeros, top + 2, inHeight, inWidth, padLeft, rowBytes);
    let panel = weights;
    let to = output + <usize>(y * outWidth) * outStride;
    for (let channel = 0; channel < outChannels; channel += CHANNEL_TILE) {
      multiplyRow<I, A>(to, row0, row1, row2, panel, outWidth, outStride, format);
      panel += panelBytes;
      to += <usize>CHANNEL_TILE * outBytes;
    }
    // the last row of a window is the first of the next
    const first = row0;
    row0 = row2;
    row2 = first;
  }
}

function convolveAs<A>(
  output: usize, input: usize, weights: usize, zeros: usize, scratch: usize, inHeight: i32, inWidth: i32, outWidth: i32,
  outChannels: i32, rowStart: i32, rowEnd: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD && isInBytes(format, WIDE_INPUT)) {
    convolve<u8, A>(
      output, input, weights, zeros, scratch, inHeight, inWidth, outWidth, outChannels, rowStart, rowEnd, padTop, padLeft,
      format,
    );
  } else {
    convolve<i16, A>(
      output, input, weights, zeros, scratch, inHeight, inWidth, outWidth, outChannels, rowStart, rowEnd, padTop, padLeft,
      format,
    );
  }
}

/**
 * Like `conv_i8`, for windows of 3×3 with stride 2 on a picture of three channels, which is where networks begin: the windows
 * are read in place, from rows with zero points around them.
 *
 * - input `[inHeight][inWidth][3]`. Nothing past its end is read.
 * - weights: panels of 8 output channels, each a header and lanes as of `pointwise_i8`. The 9 inputs of a row of the window
 *   are followed by zeros: 10 words or 12 bytes; see `conv_rgb_depth_i8`.
 * - zeros, output, format, activation: as of `conv_i8`.
 * - scratch: `conv_rgb_scratch_i8` bytes, 16-byte aligned.
 */
export function conv_rgb_i8(
  output: usize,
  input: usize,
  weights: usize,
  zeros: usize,
  scratch: usize,
  inHeight: i32,
  inWidth: i32,
  outWidth: i32,
  outChannels: i32,
  rowStart: i32,
  rowEnd: i32,
  padTop: i32,
  padLeft: i32,
  format: i32,
  activation: i32,
): void {
  assert(isAligned(weights) && isAligned(scratch) && inHeight >= 1 && inWidth >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(outChannels >= 1 && outChannels % CHANNEL_TILE == 0 && padTop >= 0 && padLeft >= 0 && padLeft < KERNEL);
  if (activation == SWISH) {
    convolveAs<Swished>(
      output, input, weights, zeros, scratch, inHeight, inWidth, outWidth, outChannels, rowStart, rowEnd, padTop, padLeft,
      format,
    );
  } else {
    convolveAs<Clipped>(
      output, input, weights, zeros, scratch, inHeight, inWidth, outWidth, outChannels, rowStart, rowEnd, padTop, padLeft,
      format,
    );
  }
}
