import { FLOAT, PIXEL_TILE, VECTOR } from './tiles';
import { clampVector, FUSED, multiplyAdd } from './vector';

/** Bytes of one panel: 8 biases, then 8 weights for each input. */
// @ts-ignore: decorator
@inline
export function panelBytes(depth: i32): usize {
  return (<usize>depth + 1) * 8 * FLOAT;
}

/** One input row against one panel, four inputs at once in sums of their own: eight independent chains. */
function multiplyRow(
  output: usize,
  input: usize,
  biases: usize,
  weights: usize,
  residual: usize,
  depth: i32,
  min: f32,
  max: f32,
): void {
  let a0 = v128.load(biases);
  let a1 = v128.load(biases, 16);
  let b0 = f32x4.splat(0);
  let b1 = b0;
  let c0 = b0;
  let c1 = b0;
  let d0 = b0;
  let d1 = b0;
  let w = weights;
  let p = input;
  let x: v128;
  const end = input + <usize>depth * FLOAT;
  const end4 = input + <usize>(depth & ~3) * FLOAT;
  // the comparisons: see multiplyPanel
  while (p != end4) {
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
  while (p != end) {
    x = v128.load32_splat(p);
    a0 = multiplyAdd(a0, x, v128.load(w)); a1 = multiplyAdd(a1, x, v128.load(w, 16));
    p += FLOAT;
    w += 2 * VECTOR;
  }
  a0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0));
  a1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1));
  storePair(output, residual, a0, a1, f32x4.splat(min), f32x4.splat(max));
}

// @ts-ignore: decorator
@inline
function storePair(output: usize, residual: usize, a0: v128, a1: v128, low: v128, high: v128): void {
  if (residual) {
    a0 = f32x4.add(a0, v128.load(residual));
    a1 = f32x4.add(a1, v128.load(residual, 16));
  }
  v128.store(output, clampVector(a0, low, high));
  v128.store(output, clampVector(a1, low, high), 16);
}

/** `multiplyRows` on a panel as it is packed, the residual's rows as far apart as those of the results. */
export function multiplyPanel(
  output: usize,
  input: usize,
  panel: usize,
  residual: usize,
  pixels: i32,
  depth: i32,
  inStride: usize,
  outStride: usize,
  min: f32,
  max: f32,
): void {
  const weights = panel + 2 * VECTOR;
  multiplyRows(output, input, panel, weights, residual, pixels, depth, inStride, outStride, outStride, min, max);
}

/**
 * `pixels` rows of `depth` floats, `inStride` bytes apart, times `depth` rows of 8 weights; results `outStride` bytes apart
 * (the residual's rows `residualStride`, if it is not 0). Nothing past an end is read.
 *
 * Tile: PIXEL_TILE pixels × 8 outputs. V8 has 15 vector registers to give: 12 accumulators, 2 weights and an input fill
 * them where multiply-add is one instruction; without, one is needed for the product, and 10 accumulators measure best.
 *
 * A function of its own, called once for each panel, because V8 replaces baseline code by optimised code only at a call.
 */
export function multiplyRows(
  output: usize,
  input: usize,
  biases: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  depth: i32,
  inStride: usize,
  outStride: usize,
  residualStride: usize,
  min: f32,
  max: f32,
): void {
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const inBytes = <usize>depth * FLOAT;
  const inBytes4 = <usize>(depth & ~3) * FLOAT;
  if (!residual) residualStride = 0;
  let left = pixels;
  let w0: v128, w1: v128, x: v128;
  for (; left >= PIXEL_TILE; left -= PIXEL_TILE) {
    let a0 = v128.load(biases);
    let a1 = v128.load(biases, 16);
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
    let w = weights;
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    let p4 = p3 + inStride;
    let p5 = p4 + inStride;
    const end = input + inBytes;
    const end4 = input + inBytes4;
    // Within a basic block V8 up to Node 22 moves all loads to the top, which spills; the comparisons (never true, one
    // fused instruction each) end the block. They have to differ: V8 drops a repeated one.
    while (p0 != end4) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p0); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (FUSED && w == 1) break;
      x = v128.load32_splat(p1); b0 = multiplyAdd(b0, x, w0); b1 = multiplyAdd(b1, x, w1);
      if (w == 2) break;
      x = v128.load32_splat(p2); c0 = multiplyAdd(c0, x, w0); c1 = multiplyAdd(c1, x, w1);
      if (FUSED && w == 3) break;
      x = v128.load32_splat(p3); d0 = multiplyAdd(d0, x, w0); d1 = multiplyAdd(d1, x, w1);
      if (w == 4) break;
      x = v128.load32_splat(p4); e0 = multiplyAdd(e0, x, w0); e1 = multiplyAdd(e1, x, w1);
      if (FUSED) {
        if (w == 5) break;
        x = v128.load32_splat(p5); f0 = multiplyAdd(f0, x, w0); f1 = multiplyAdd(f1, x, w1);
      }
      if (w == 6) break;
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x = v128.load32_splat(p0, 4); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (FUSED && w == 7) break;
      x = v128.load32_splat(p1, 4); b0 = multiplyAdd(b0, x, w0); b1 = multiplyAdd(b1, x, w1);
      if (w == 8) break;
      x = v128.load32_splat(p2, 4); c0 = multiplyAdd(c0, x, w0); c1 = multiplyAdd(c1, x, w1);
      if (FUSED && w == 9) break;
      x = v128.load32_splat(p3, 4); d0 = multiplyAdd(d0, x, w0); d1 = multiplyAdd(d1, x, w1);
      if (w == 10) break;
      x = v128.load32_splat(p4, 4); e0 = multiplyAdd(e0, x, w0); e1 = multiplyAdd(e1, x, w1);
      if (FUSED) {
        if (w == 11) break;
        x = v128.load32_splat(p5, 4); f0 = multiplyAdd(f0, x, w0); f1 = multiplyAdd(f1, x, w1);
      }
      if (w == 12) break;
      w0 = v128.load(w, 64); w1 = v128.load(w, 80);
      x = v128.load32_splat(p0, 8); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (FUSED && w == 13) break;
      x = v128.load32_splat(p1, 8); b0 = multiplyAdd(b0, x, w0); b1 = multiplyAdd(b1, x, w1);
      if (w == 14) break;
      x = v128.load32_splat(p2, 8); c0 = multiplyAdd(c0, x, w0); c1 = multiplyAdd(c1, x, w1);
      if (FUSED && w == 15) break;
      x = v128.load32_splat(p3, 8); d0 = multiplyAdd(d0, x, w0); d1 = multiplyAdd(d1, x, w1);
      if (w == 16) break;
      x = v128.load32_splat(p4, 8); e0 = multiplyAdd(e0, x, w0); e1 = multiplyAdd(e1, x, w1);
      if (FUSED) {
        if (w == 17) break;
        x = v128.load32_splat(p5, 8); f0 = multiplyAdd(f0, x, w0); f1 = multiplyAdd(f1, x, w1);
      }
      if (w == 18) break;
      w0 = v128.load(w, 96); w1 = v128.load(w, 112);
      x = v128.load32_splat(p0, 12); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (FUSED && w == 19) break;
      x = v128.load32_splat(p1, 12); b0 = multiplyAdd(b0, x, w0); b1 = multiplyAdd(b1, x, w1);
      if (w == 20) break;
      x = v128.load32_splat(p2, 12); c0 = multiplyAdd(c0, x, w0); c1 = multiplyAdd(c1, x, w1);
      if (FUSED && w == 21) break;
      x = v128.load32_splat(p3, 12); d0 = multiplyAdd(d0, x, w0); d1 = multiplyAdd(d1, x, w1);
      if (w == 22) break;
      x = v128.load32_splat(p4, 12); e0 = multiplyAdd(e0, x, w0); e1 = multiplyAdd(e1, x, w1);
      if (FUSED) {
        if (w == 23) break;
        x = v128.load32_splat(p5, 12); f0 = multiplyAdd(f0, x, w0); f1 = multiplyAdd(f1, x, w1);
      }
      w += 8 * VECTOR;
      p0 += 4 * FLOAT;
      p1 += 4 * FLOAT;
      p2 += 4 * FLOAT;
      p3 += 4 * FLOAT;
      p4 += 4 * FLOAT;
      if (FUSED) p5 += 4 * FLOAT;
    }
    while (p0 != end) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p0); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (FUSED && w == 24) break;
      x = v128.load32_splat(p1); b0 = multiplyAdd(b0, x, w0); b1 = multiplyAdd(b1, x, w1);
      if (w == 25) break;
      x = v128.load32_splat(p2); c0 = multiplyAdd(c0, x, w0); c1 = multiplyAdd(c1, x, w1);
      if (FUSED && w == 26) break;
      x = v128.load32_splat(p3); d0 = multiplyAdd(d0, x, w0); d1 = multiplyAdd(d1, x, w1);
      if (w == 27) break;
      x = v128.load32_splat(p4); e0 = multiplyAdd(e0, x, w0); e1 = multiplyAdd(e1, x, w1);
      if (FUSED) {
        if (w == 28) break;
        x = v128.load32_splat(p5); f0 = multiplyAdd(f0, x, w0); f1 = multiplyAdd(f1, x, w1);
      }
      w += 2 * VECTOR;
      p0 += FLOAT;
      p1 += FLOAT;
      p2 += FLOAT;
      p3 += FLOAT;
      p4 += FLOAT;
      if (FUSED) p5 += FLOAT;
    }
    storePair(output, residual, a0, a1, low, high);
    output += outStride;
    residual += residualStride;
    storePair(output, residual, b0, b1, low, high);
    output += outStride;
    residual += residualStride;
    storePair(output, residual, c0, c1, low, high);
    output += outStride;
    residual += residualStride;
    storePair(output, residual, d0, d1, low, high);
    output += outStride;
    residual += residualStride;
    storePair(output, residual, e0, e1, low, high);
    output += outStride;
    residual += residualStride;
    if (FUSED) {
      storePair(output, residual, f0, f1, low, high);
      output += outStride;
      residual += residualStride;
    }
    input += inStride * PIXEL_TILE;
  }
  for (; left > 0; --left) {
    multiplyRow(output, input, biases, weights, residual, depth, min, max);
    output += outStride;
    residual += residualStride;
    input += inStride;
  }
}
