import { FLOAT, PIXEL_TILE, VECTOR } from './tiles';
import { clampVector, FUSED, multiplyAdd } from './vector';

// @ts-ignore: decorator
@inline
function storePair(output: usize, a0: v128, a1: v128, low: v128, high: v128): void {
  v128.store(output, clampVector(a0, low, high));
  v128.store(output, clampVector(a1, low, high), 16);
}

/**
 * Windows of a map times one panel of 8 outputs, as `multiplyPanel` does for rows that lie one after the other, and in the
 * same order of products. A window is `rows` rows, rowStep bytes apart, of `runs` runs of values, runStep bytes apart, each
 * runBytes long (a multiple of 16). The `outWidth` windows of an output row are pixelStep bytes apart, the first ones of
 * successive output rows lineStep; `pixels` are computed in all, from the first of a row on.
 *
 * The body of the innermost loop is `multiplyPanel`'s once more: there are no macros, and one loop for both would cost the
 * short rows of pointwise layers what surrounds it here.
 */
export function multiplyWindows(
  output: usize,
  input: usize,
  panel: usize,
  pixels: i32,
  outWidth: i32,
  pixelStep: usize,
  lineStep: usize,
  rows: i32,
  rowStep: usize,
  runs: i32,
  runStep: usize,
  runBytes: usize,
  outStride: usize,
  min: f32,
  max: f32,
): void {
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const nextRun = runStep - runBytes;
  const nextRow = rowStep - <usize>runs * runStep;
  const jump = lineStep - <usize>outWidth * pixelStep;
  let x = outWidth;
  let next = input;
  let left = pixels;
  let w0: v128, w1: v128, v: v128;
  for (; left >= PIXEL_TILE; left -= PIXEL_TILE) {
    let p0 = next;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
    let p1 = next;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
    let p2 = next;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
    let p3 = next;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
    let p4 = next;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
    let p5 = next;
    if (FUSED) {
      next += pixelStep;
      if (--x == 0) { x = outWidth; next += jump; }
    }
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    let e0 = a0;
    let e1 = a1;
    let f0 = a0;
    let f1 = a1;
    let w = panel + 2 * VECTOR;
    for (let row = rows; row > 0; --row) {
      for (let run = runs; run > 0; --run) {
        const end = p0 + runBytes;
        // The comparisons that never hold: see `multiplyPanel`.
        while (p0 != end) {
          w0 = v128.load(w); w1 = v128.load(w, 16);
          v = v128.load32_splat(p0); a0 = multiplyAdd(a0, v, w0); a1 = multiplyAdd(a1, v, w1);
          if (FUSED && w == 1) break;
          v = v128.load32_splat(p1); b0 = multiplyAdd(b0, v, w0); b1 = multiplyAdd(b1, v, w1);
          if (w == 2) break;
          v = v128.load32_splat(p2); c0 = multiplyAdd(c0, v, w0); c1 = multiplyAdd(c1, v, w1);
          if (FUSED && w == 3) break;
          v = v128.load32_splat(p3); d0 = multiplyAdd(d0, v, w0); d1 = multiplyAdd(d1, v, w1);
          if (w == 4) break;
          v = v128.load32_splat(p4); e0 = multiplyAdd(e0, v, w0); e1 = multiplyAdd(e1, v, w1);
          if (FUSED) {
            if (w == 5) break;
            v = v128.load32_splat(p5); f0 = multiplyAdd(f0, v, w0); f1 = multiplyAdd(f1, v, w1);
          }
          if (w == 6) break;
          w0 = v128.load(w, 32); w1 = v128.load(w, 48);
          v = v128.load32_splat(p0, 4); a0 = multiplyAdd(a0, v, w0); a1 = multiplyAdd(a1, v, w1);
          if (FUSED && w == 7) break;
          v = v128.load32_splat(p1, 4); b0 = multiplyAdd(b0, v, w0); b1 = multiplyAdd(b1, v, w1);
          if (w == 8) break;
          v = v128.load32_splat(p2, 4); c0 = multiplyAdd(c0, v, w0); c1 = multiplyAdd(c1, v, w1);
          if (FUSED && w == 9) break;
          v = v128.load32_splat(p3, 4); d0 = multiplyAdd(d0, v, w0); d1 = multiplyAdd(d1, v, w1);
          if (w == 10) break;
          v = v128.load32_splat(p4, 4); e0 = multiplyAdd(e0, v, w0); e1 = multiplyAdd(e1, v, w1);
          if (FUSED) {
            if (w == 11) break;
            v = v128.load32_splat(p5, 4); f0 = multiplyAdd(f0, v, w0); f1 = multiplyAdd(f1, v, w1);
          }
          if (w == 12) break;
          w0 = v128.load(w, 64); w1 = v128.load(w, 80);
          v = v128.load32_splat(p0, 8); a0 = multiplyAdd(a0, v, w0); a1 = multiplyAdd(a1, v, w1);
          if (FUSED && w == 13) break;
          v = v128.load32_splat(p1, 8); b0 = multiplyAdd(b0, v, w0); b1 = multiplyAdd(b1, v, w1);
          if (w == 14) break;
          v = v128.load32_splat(p2, 8); c0 = multiplyAdd(c0, v, w0); c1 = multiplyAdd(c1, v, w1);
          if (FUSED && w == 15) break;
          v = v128.load32_splat(p3, 8); d0 = multiplyAdd(d0, v, w0); d1 = multiplyAdd(d1, v, w1);
          if (w == 16) break;
          v = v128.load32_splat(p4, 8); e0 = multiplyAdd(e0, v, w0); e1 = multiplyAdd(e1, v, w1);
          if (FUSED) {
            if (w == 17) break;
            v = v128.load32_splat(p5, 8); f0 = multiplyAdd(f0, v, w0); f1 = multiplyAdd(f1, v, w1);
          }
          if (w == 18) break;
          w0 = v128.load(w, 96); w1 = v128.load(w, 112);
          v = v128.load32_splat(p0, 12); a0 = multiplyAdd(a0, v, w0); a1 = multiplyAdd(a1, v, w1);
          if (FUSED && w == 19) break;
          v = v128.load32_splat(p1, 12); b0 = multiplyAdd(b0, v, w0); b1 = multiplyAdd(b1, v, w1);
          if (w == 20) break;
          v = v128.load32_splat(p2, 12); c0 = multiplyAdd(c0, v, w0); c1 = multiplyAdd(c1, v, w1);
          if (FUSED && w == 21) break;
          v = v128.load32_splat(p3, 12); d0 = multiplyAdd(d0, v, w0); d1 = multiplyAdd(d1, v, w1);
          if (w == 22) break;
          v = v128.load32_splat(p4, 12); e0 = multiplyAdd(e0, v, w0); e1 = multiplyAdd(e1, v, w1);
          if (FUSED) {
            if (w == 23) break;
            v = v128.load32_splat(p5, 12); f0 = multiplyAdd(f0, v, w0); f1 = multiplyAdd(f1, v, w1);
          }
          w += 8 * VECTOR;
          p0 += 4 * FLOAT;
          p1 += 4 * FLOAT;
          p2 += 4 * FLOAT;
          p3 += 4 * FLOAT;
          p4 += 4 * FLOAT;
          if (FUSED) p5 += 4 * FLOAT;
        }
        p0 += nextRun; p1 += nextRun; p2 += nextRun; p3 += nextRun; p4 += nextRun;
        if (FUSED) p5 += nextRun;
      }
      p0 += nextRow; p1 += nextRow; p2 += nextRow; p3 += nextRow; p4 += nextRow;
      if (FUSED) p5 += nextRow;
    }
    storePair(output, a0, a1, low, high);
    output += outStride;
    storePair(output, b0, b1, low, high);
    output += outStride;
    storePair(output, c0, c1, low, high);
    output += outStride;
    storePair(output, d0, d1, low, high);
    output += outStride;
    storePair(output, e0, e1, low, high);
    output += outStride;
    if (FUSED) {
      storePair(output, f0, f1, low, high);
      output += outStride;
    }
  }
  for (; left > 0; --left) {
    multiplyWindow(output, next, panel, rows, nextRow, runs, nextRun, runBytes, min, max);
    output += outStride;
    next += pixelStep;
    if (--x == 0) { x = outWidth; next += jump; }
  }
}

/** One window, four inputs at once in sums of their own, as `multiplyRow` of `panel`. */
function multiplyWindow(
  output: usize,
  input: usize,
  panel: usize,
  rows: i32,
  nextRow: usize,
  runs: i32,
  nextRun: usize,
  runBytes: usize,
  min: f32,
  max: f32,
): void {
  let a0 = v128.load(panel);
  let a1 = v128.load(panel, 16);
  let b0 = f32x4.splat(0);
  let b1 = b0;
  let c0 = b0;
  let c1 = b0;
  let d0 = b0;
  let d1 = b0;
  let w = panel + 2 * VECTOR;
  let p = input;
  let x: v128;
  for (let row = rows; row > 0; --row) {
    for (let run = runs; run > 0; --run) {
      const end = p + runBytes;
      while (p != end) {
        x = v128.load32_splat(p);
        a0 = multiplyAdd(a0, x, v128.load(w)); a1 = multiplyAdd(a1, x, v128.load(w, 16));
        if (w == 1) break;
        x = v128.load32_splat(p, 4);
        b0 = multiplyAdd(b0, x, v128.load(w, 32)); b1 = multiplyAdd(b1, x, v128.load(w, 48));
        if (w == 2) break;
        x = v128.load32_splat(p, 8);
        c0 = multiplyAdd(c0, x, v128.load(w, 64)); c1 = multiplyAdd(c1, x, v128.load(w, 80));
        if (w == 3) break;
        x = v128.load32_splat(p, 12);
        d0 = multiplyAdd(d0, x, v128.load(w, 96)); d1 = multiplyAdd(d1, x, v128.load(w, 112));
        p += 4 * FLOAT;
        w += 8 * VECTOR;
      }
      p += nextRun;
    }
    p += nextRow;
  }
  a0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0));
  a1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1));
  storePair(output, a0, a1, f32x4.splat(min), f32x4.splat(max));
}
