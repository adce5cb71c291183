import { FLOAT, PIXEL_TILE, VECTOR } from './tiles';
import { clampVector, multiplyAdd } from './vector';

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
  panel: usize,
  residual: usize,
  depth: i32,
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

/**
 * `pixels` rows of `depth` floats, `inStride` bytes apart, times one panel of 8 outputs; results `outStride` bytes apart
 * (the residual's rows too, if it is not 0). Tile: 4 pixels × 8 outputs, 8 accumulators. Nothing past an end is read.
 *
 * A function of its own, called once for each panel, because V8 replaces baseline code by optimised code only at a call.
 */
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
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  const inBytes = <usize>depth * FLOAT;
  const inBytes8 = <usize>(depth & ~7) * FLOAT;
  const residualStride = residual ? outStride : 0;
  let left = pixels;
  let w0: v128, w1: v128, x0: v128, x1: v128, x2: v128, x3: v128;
  for (; left >= PIXEL_TILE; left -= PIXEL_TILE) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    let w = panel + 2 * VECTOR;
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    const end = input + inBytes;
    const end8 = input + inBytes8;
    // Within a basic block V8 up to Node 22 moves all loads to the top, which spills; the comparisons (never true, one
    // fused instruction each) end the block after each input. They have to differ: V8 drops a repeated one.
    while (p0 != end8) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x0 = v128.load32_splat(p0); x1 = v128.load32_splat(p1);
      x2 = v128.load32_splat(p2); x3 = v128.load32_splat(p3);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 1) break;
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x0 = v128.load32_splat(p0, 4); x1 = v128.load32_splat(p1, 4);
      x2 = v128.load32_splat(p2, 4); x3 = v128.load32_splat(p3, 4);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 2) break;
      w0 = v128.load(w, 64); w1 = v128.load(w, 80);
      x0 = v128.load32_splat(p0, 8); x1 = v128.load32_splat(p1, 8);
      x2 = v128.load32_splat(p2, 8); x3 = v128.load32_splat(p3, 8);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 3) break;
      w0 = v128.load(w, 96); w1 = v128.load(w, 112);
      x0 = v128.load32_splat(p0, 12); x1 = v128.load32_splat(p1, 12);
      x2 = v128.load32_splat(p2, 12); x3 = v128.load32_splat(p3, 12);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 4) break;
      w0 = v128.load(w, 128); w1 = v128.load(w, 144);
      x0 = v128.load32_splat(p0, 16); x1 = v128.load32_splat(p1, 16);
      x2 = v128.load32_splat(p2, 16); x3 = v128.load32_splat(p3, 16);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 5) break;
      w0 = v128.load(w, 160); w1 = v128.load(w, 176);
      x0 = v128.load32_splat(p0, 20); x1 = v128.load32_splat(p1, 20);
      x2 = v128.load32_splat(p2, 20); x3 = v128.load32_splat(p3, 20);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 6) break;
      w0 = v128.load(w, 192); w1 = v128.load(w, 208);
      x0 = v128.load32_splat(p0, 24); x1 = v128.load32_splat(p1, 24);
      x2 = v128.load32_splat(p2, 24); x3 = v128.load32_splat(p3, 24);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      if (w == 7) break;
      w0 = v128.load(w, 224); w1 = v128.load(w, 240);
      x0 = v128.load32_splat(p0, 28); x1 = v128.load32_splat(p1, 28);
      x2 = v128.load32_splat(p2, 28); x3 = v128.load32_splat(p3, 28);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      w += 16 * VECTOR;
      p0 += 8 * FLOAT;
      p1 += 8 * FLOAT;
      p2 += 8 * FLOAT;
      p3 += 8 * FLOAT;
    }
    while (p0 != end) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x0 = v128.load32_splat(p0); x1 = v128.load32_splat(p1);
      x2 = v128.load32_splat(p2); x3 = v128.load32_splat(p3);
      a0 = multiplyAdd(a0, x0, w0); b0 = multiplyAdd(b0, x1, w0);
      c0 = multiplyAdd(c0, x2, w0); d0 = multiplyAdd(d0, x3, w0);
      a1 = multiplyAdd(a1, x0, w1); b1 = multiplyAdd(b1, x1, w1);
      c1 = multiplyAdd(c1, x2, w1); d1 = multiplyAdd(d1, x3, w1);
      w += 2 * VECTOR;
      p0 += FLOAT;
      p1 += FLOAT;
      p2 += FLOAT;
      p3 += FLOAT;
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
    input += inStride * PIXEL_TILE;
  }
  for (; left > 0; --left) {
    multiplyRow(output, input, panel, residual, depth, min, max);
    output += outStride;
    residual += residualStride;
    input += inStride;
  }
}
