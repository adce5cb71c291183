import { VECTOR } from './tiles';
import { clampVector, multiplyAdd } from './vector';

/**
 * Rows of depthwise convolution, 3×3, where all 3 columns of the window lie inside of the map: `blocks` groups of
 * neighbouring output pixels, four channels at a time, each input loaded once for all the pixels of its group. Of the
 * window's rows the first `rows` (1 … 3) are summed: `input` and `taps` point to the first that lies inside. The
 * conditions on `rows` also keep V8 from moving all loads to the top, which would spill.
 */

/** Output pixels of a group, by stride. */
export const COLUMNS_3X3_S1: i32 = 4;
export const COLUMNS_3X3_S2: i32 = 2;

/** Stride 1: 4 outputs from 6 columns. */
export function depthwiseRow3x3s1(
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
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const tapRowBytes = <usize>3 * pixelBytes;
  let x: v128, w0: v128, w1: v128, w2: v128;
  for (; blocks > 0; --blocks) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      let s0 = v128.load(bias + c);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let row = input + c;
      let tapRow = taps + c;
      let p: usize, w: usize;
      p = row; w = tapRow;
      w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
      x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1); s2 = multiplyAdd(s2, x, w0);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2); s2 = multiplyAdd(s2, x, w1); s3 = multiplyAdd(s3, x, w0);
      p += pixelBytes; x = v128.load(p); s2 = multiplyAdd(s2, x, w2); s3 = multiplyAdd(s3, x, w1);
      p += pixelBytes; x = v128.load(p); s3 = multiplyAdd(s3, x, w2);
      if (rows > 1) {
        row += rowBytes; tapRow += tapRowBytes;
        p = row; w = tapRow;
        w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
        x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1); s2 = multiplyAdd(s2, x, w0);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2); s2 = multiplyAdd(s2, x, w1); s3 = multiplyAdd(s3, x, w0);
        p += pixelBytes; x = v128.load(p); s2 = multiplyAdd(s2, x, w2); s3 = multiplyAdd(s3, x, w1);
        p += pixelBytes; x = v128.load(p); s3 = multiplyAdd(s3, x, w2);
        if (rows > 2) {
          row += rowBytes; tapRow += tapRowBytes;
          p = row; w = tapRow;
          w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
          x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1); s2 = multiplyAdd(s2, x, w0);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2); s2 = multiplyAdd(s2, x, w1); s3 = multiplyAdd(s3, x, w0);
          p += pixelBytes; x = v128.load(p); s2 = multiplyAdd(s2, x, w2); s3 = multiplyAdd(s3, x, w1);
          p += pixelBytes; x = v128.load(p); s3 = multiplyAdd(s3, x, w2);
        }
      }
      let to = output + c;
      v128.store(to, clampVector(s0, low, high));
      to += pixelBytes;
      v128.store(to, clampVector(s1, low, high));
      to += pixelBytes;
      v128.store(to, clampVector(s2, low, high));
      to += pixelBytes;
      v128.store(to, clampVector(s3, low, high));
    }
    output += <usize>4 * pixelBytes;
    input += <usize>4 * pixelBytes;
  }
}

/** Stride 2: 2 outputs from 5 columns. */
export function depthwiseRow3x3s2(
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
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const tapRowBytes = <usize>3 * pixelBytes;
  let x: v128, w0: v128, w1: v128, w2: v128;
  for (; blocks > 0; --blocks) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      let s0 = v128.load(bias + c);
      let s1 = s0;
      let row = input + c;
      let tapRow = taps + c;
      let p: usize, w: usize;
      p = row; w = tapRow;
      w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
      x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w1);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2);
      if (rows > 1) {
        row += rowBytes; tapRow += tapRowBytes;
        p = row; w = tapRow;
        w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
        x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w1);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2);
        if (rows > 2) {
          row += rowBytes; tapRow += tapRowBytes;
          p = row; w = tapRow;
          w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w);
          x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w1);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w2);
        }
      }
      let to = output + c;
      v128.store(to, clampVector(s0, low, high));
      to += pixelBytes;
      v128.store(to, clampVector(s1, low, high));
    }
    output += <usize>2 * pixelBytes;
    input += <usize>4 * pixelBytes;
  }
}

/** One output pixel of which 2 or 3 columns of the window lie inside of the map. */
export function depthwisePixel3x3(
  output: usize,
  input: usize,
  bias: usize,
  taps: usize,
  pixelBytes: usize,
  rowBytes: usize,
  rows: i32,
  columns: i32,
  min: f32,
  max: f32,
): void {
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const tapRowBytes = <usize>3 * pixelBytes;
  for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
    let s = v128.load(bias + c);
    let p = input + c;
    let w = taps + c;
    s = pixelRow(s, p, w, pixelBytes, columns);
    if (rows > 1) {
      p += rowBytes;
      w += tapRowBytes;
      s = pixelRow(s, p, w, pixelBytes, columns);
      if (rows > 2) s = pixelRow(s, p + rowBytes, w + tapRowBytes, pixelBytes, columns);
    }
    v128.store(output + c, clampVector(s, low, high));
  }
}

// @ts-ignore: decorator
@inline
function pixelRow(s: v128, p: usize, w: usize, pixelBytes: usize, columns: i32): v128 {
  s = multiplyAdd(s, v128.load(p), v128.load(w));
  p += pixelBytes;
  w += pixelBytes;
  s = multiplyAdd(s, v128.load(p), v128.load(w));
  if (columns > 2) s = multiplyAdd(s, v128.load(p + pixelBytes), v128.load(w + pixelBytes));
  return s;
}
