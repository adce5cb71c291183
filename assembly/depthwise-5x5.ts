import { VECTOR } from './tiles';
import { clampVector, multiplyAdd } from './vector';

/**
 * Rows of depthwise convolution, 5×5, where all 5 columns of the window lie inside of the map: `blocks` groups of
 * neighbouring output pixels, four channels at a time, each input loaded once for all the pixels of its group. Of the
 * window's rows the first `rows` (1 … 5) are summed: `input` and `taps` point to the first that lies inside. The
 * conditions on `rows` also keep V8 from moving all loads to the top, which would spill.
 */

/** Output pixels of a group, by stride. */
export const COLUMNS_5X5_S1: i32 = 2;
export const COLUMNS_5X5_S2: i32 = 2;

/** Stride 1: 2 outputs from 6 columns. */
export function depthwiseRow5x5s1(
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
  const tapRowBytes = <usize>5 * pixelBytes;
  let x: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128;
  for (; blocks > 0; --blocks) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      let s0 = v128.load(bias + c);
      let s1 = s0;
      let row = input + c;
      let tapRow = taps + c;
      let p: usize, w: usize;
      p = row; w = tapRow;
      w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
      x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w2);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w3);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
      if (rows > 1) {
        row += rowBytes; tapRow += tapRowBytes;
        p = row; w = tapRow;
        w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
        x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w2);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w3);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
        if (rows > 2) {
          row += rowBytes; tapRow += tapRowBytes;
          p = row; w = tapRow;
          w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
          x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w2);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w3);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
          if (rows > 3) {
            row += rowBytes; tapRow += tapRowBytes;
            p = row; w = tapRow;
            w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
            x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w2);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w3);
            p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
            if (rows > 4) {
              row += rowBytes; tapRow += tapRowBytes;
              p = row; w = tapRow;
              w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
              x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1); s1 = multiplyAdd(s1, x, w0);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w1);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w2);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w3);
              p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
            }
          }
        }
      }
      let to = output + c;
      v128.store(to, clampVector(s0, low, high));
      to += pixelBytes;
      v128.store(to, clampVector(s1, low, high));
    }
    output += <usize>2 * pixelBytes;
    input += <usize>2 * pixelBytes;
  }
}

/** Stride 2: 2 outputs from 7 columns. */
export function depthwiseRow5x5s2(
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
  const tapRowBytes = <usize>5 * pixelBytes;
  let x: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128;
  for (; blocks > 0; --blocks) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      let s0 = v128.load(bias + c);
      let s1 = s0;
      let row = input + c;
      let tapRow = taps + c;
      let p: usize, w: usize;
      p = row; w = tapRow;
      w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
      x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w1);
      p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w2);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w3);
      p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
      if (rows > 1) {
        row += rowBytes; tapRow += tapRowBytes;
        p = row; w = tapRow;
        w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
        x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w1);
        p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w2);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w3);
        p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
        if (rows > 2) {
          row += rowBytes; tapRow += tapRowBytes;
          p = row; w = tapRow;
          w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
          x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w1);
          p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w2);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w3);
          p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
          if (rows > 3) {
            row += rowBytes; tapRow += tapRowBytes;
            p = row; w = tapRow;
            w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
            x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w1);
            p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w2);
            p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w3);
            p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
            if (rows > 4) {
              row += rowBytes; tapRow += tapRowBytes;
              p = row; w = tapRow;
              w0 = v128.load(w); w += pixelBytes; w1 = v128.load(w); w += pixelBytes; w2 = v128.load(w); w += pixelBytes; w3 = v128.load(w); w += pixelBytes; w4 = v128.load(w);
              x = v128.load(p); s0 = multiplyAdd(s0, x, w0);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w1);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w2); s1 = multiplyAdd(s1, x, w0);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w3); s1 = multiplyAdd(s1, x, w1);
              p += pixelBytes; x = v128.load(p); s0 = multiplyAdd(s0, x, w4); s1 = multiplyAdd(s1, x, w2);
              p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w3);
              p += pixelBytes; x = v128.load(p); s1 = multiplyAdd(s1, x, w4);
            }
          }
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
