import { SWISH } from './activations';
import { multiplyPanelInBaseline } from './baseline-panel-i8';
import { usesBaselineTiles } from './baseline-tiles';
import { lesser } from './integers';
import { bytesOf, HEADER_BYTES, isInBytes, WIDE_INPUT, WIDE_OUTPUT } from './integer-tiles';
import { multiplyPanel } from './panel-i8';
import { Clipped, Swished } from './requantise';
import { CHANNEL_TILE, FLOAT } from './tiles';
import { isAligned } from './vector';

const COLOURS: i32 = 3;
const KERNEL: i32 = 3;
const STRIDE: i32 = 2;
/** Rows of windows that are laid out at once: what a panel leaves over after whole tiles of pixels becomes rare. */
const ROWS: i32 = 4;

/** Inputs of a window for which a panel of `conv_rgb_i8` has weights: 27, then zeros up to whole pairs of 32-bit lanes. */
export function conv_rgb_depth_i8(format: i32): i32 {
  return bytesOf(format, WIDE_INPUT) == 1 ? 32 : 28;
}

/** Bytes of a padded row, and of what is read behind its last window. */
function paddedRow(outWidth: i32, each: i32): usize {
  return <usize>(((outWidth - 1) * STRIDE + KERNEL) * COLOURS * each + 7 + 15) & ~15;
}

/** Bytes of scratch memory that `conv_rgb_i8` needs: padded rows, then windows and what is written behind the last. */
export function conv_rgb_scratch_i8(outWidth: i32, format: i32): usize {
  const each = <i32>bytesOf(format, WIDE_INPUT);
  return <usize>KERNEL * paddedRow(outWidth, each) + <usize>(ROWS * outWidth * conv_rgb_depth_i8(format) * each) + 16;
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

/** The windows of a row one after the other; what lies between them meets weights that are zero. */
function layWindows<I>(to: usize, row0: usize, row1: usize, row2: usize, outWidth: i32, windowBytes: usize): void {
  const step: usize = STRIDE * COLOURS * sizeof<I>();
  for (; outWidth > 0; --outWidth) {
    if (sizeof<I>() == 1) {
      // Nine bytes of each count; the next vector replaces the others.
      v128.store(to, v128.load(row0));
      v128.store(to, v128.load(row1), 9);
      v128.store(to, v128.load(row2), 18);
    } else {
      v128.store(to, v128.load(row0)); v128.store(to, v128.load(row0, 2), 2);
      v128.store(to, v128.load(row1), 18); v128.store(to, v128.load(row1, 2), 20);
      v128.store(to, v128.load(row2), 36); v128.store(to, v128.load(row2, 2), 38);
    }
    to += windowBytes;
    row0 += step; row1 += step; row2 += step;
  }
}

function convolve<I, A>(
  output: usize, input: usize, weights: usize, zeros: usize, scratch: usize, inHeight: i32, inWidth: i32, outWidth: i32,
  outChannels: i32, rowStart: i32, rowEnd: i32, padTop: i32, padLeft: i32, format: i32,
): void {
  const outBytes = bytesOf(format, WIDE_OUTPUT);
  const outStride = <usize>outChannels * outBytes;
  const rowBytes = paddedRow(outWidth, sizeof<I>());
  const windowBytes = <usize>conv_rgb_depth_i8(format) * sizeof<I>();
  const groups = <i32>windowBytes / 4;
  const panelBytes = <usize>HEADER_BYTES + windowBytes * CHANNEL_TILE;
  let row0 = scratch;
  let row1 = row0 + rowBytes;
  let row2 = row1 + rowBytes;
  const windows = row2 + rowBytes;
  padRow<I>(row0, input, zeros, rowStart * STRIDE - padTop, inHeight, inWidth, padLeft, rowBytes);
  for (let y = rowStart; y < rowEnd; y += ROWS) {
    const rows = lesser(ROWS, rowEnd - y);
    for (let row = 0; row < rows; ++row) {
      const top = (y + row) * STRIDE - padTop;
      padRow<I>(row1, input, zeros, top + 1, inHeight, inWidth, padLeft, rowBytes);
      padRow<I>(row2, input, zeros, top + 2, inHeight, inWidth, padLeft, rowBytes);
      layWindows<I>(windows + <usize>(row * outWidth) * windowBytes, row0, row1, row2, outWidth, windowBytes);
      // the last row of a window is the first of the next
      const first = row0;
      row0 = row2;
      row2 = first;
    }
    let panel = weights;
    let to = output + <usize>(y * outWidth) * outStride;
    for (let channel = 0; channel < outChannels; channel += CHANNEL_TILE) {
      const pixels = rows * outWidth;
      if (usesBaselineTiles) multiplyPanelInBaseline<I, A>(to, windows, panel, 0, pixels, groups, outStride, 0, format);
      else multiplyPanel<I, A>(to, windows, panel, 0, pixels, groups, outStride, 0, format);
      panel += panelBytes;
      to += <usize>CHANNEL_TILE * outBytes;
    }
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
 * Like `conv_i8`, for windows of 3×3 with stride 2 on a picture of three channels, which is where networks begin: windows are
 * laid out by vectors, from rows with zero points around them.
 *
 * - input `[inHeight][inWidth][3]`. Nothing past its end is read.
 * - weights: as of `pointwise_i8`, its inputs (ky, kx, colour), `conv_rgb_depth_i8` of them, with zeros at the end.
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
