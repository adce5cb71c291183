import { FLOAT, PIXEL_TILE, VECTOR } from './tiles';
import { clampVector, multiplyAdd } from './vector';

/** Bytes of one panel: 8 biases, then 8 weights for each input. */
// @ts-ignore: decorator
@inline
export function panelBytes(depth: i32): usize {
  return ((<usize>depth + 1) * 8) * FLOAT;
}

/** One input row against one panel: four sums per output for independent chains. */
// @ts-ignore: decorator
@inline
function multiplyRow(
  output: usize,
  input: usize,
  panel: usize,
  residual: usize,
  depth: i32,
  min: v128,
  max: v128,
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
  const end = input + <usize>depth * FLOAT;
  const end4 = input + <usize>(depth & ~3) * FLOAT;
  while (p != end4) {
    let x = v128.load32_splat(p);
    a0 = multiplyAdd(a0, x, v128.load(w));
    a1 = multiplyAdd(a1, x, v128.load(w, 16));
    x = v128.load32_splat(p, 4);
    b0 = multiplyAdd(b0, x, v128.load(w, 32));
    b1 = multiplyAdd(b1, x, v128.load(w, 48));
    x = v128.load32_splat(p, 8);
    c0 = multiplyAdd(c0, x, v128.load(w, 64));
    c1 = multiplyAdd(c1, x, v128.load(w, 80));
    x = v128.load32_splat(p, 12);
    d0 = multiplyAdd(d0, x, v128.load(w, 96));
    d1 = multiplyAdd(d1, x, v128.load(w, 112));
    p += 4 * FLOAT;
    w += 8 * VECTOR;
  }
  while (p != end) {
    const x = v128.load32_splat(p);
    a0 = multiplyAdd(a0, x, v128.load(w));
    a1 = multiplyAdd(a1, x, v128.load(w, 16));
    p += FLOAT;
    w += 2 * VECTOR;
  }
  a0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0));
  a1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1));
  if (residual) {
    a0 = f32x4.add(a0, v128.load(residual));
    a1 = f32x4.add(a1, v128.load(residual, 16));
  }
  v128.store(output, clampVector(a0, min, max));
  v128.store(output, clampVector(a1, min, max), 16);
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
  const inBytes4 = <usize>(depth & ~3) * FLOAT;
  let left = pixels;
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
    // pointers are the loop counters: WASM addresses are one register + constant
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    const end = input + inBytes;
    const end4 = input + inBytes4;
    while (p0 != end4) {
      let w0 = v128.load(w);
      let w1 = v128.load(w, 16);
      let x = v128.load32_splat(p0);
      a0 = multiplyAdd(a0, x, w0);
      a1 = multiplyAdd(a1, x, w1);
      x = v128.load32_splat(p1);
      b0 = multiplyAdd(b0, x, w0);
      b1 = multiplyAdd(b1, x, w1);
      x = v128.load32_splat(p2);
      c0 = multiplyAdd(c0, x, w0);
      c1 = multiplyAdd(c1, x, w1);
      x = v128.load32_splat(p3);
      d0 = multiplyAdd(d0, x, w0);
      d1 = multiplyAdd(d1, x, w1);

      w0 = v128.load(w, 32);
      w1 = v128.load(w, 48);
      x = v128.load32_splat(p0, 4);
      a0 = multiplyAdd(a0, x, w0);
      a1 = multiplyAdd(a1, x, w1);
      x = v128.load32_splat(p1, 4);
      b0 = multiplyAdd(b0, x, w0);
      b1 = multiplyAdd(b1, x, w1);
      x = v128.load32_splat(p2, 4);
      c0 = multiplyAdd(c0, x, w0);
      c1 = multiplyAdd(c1, x, w1);
      x = v128.load32_splat(p3, 4);
      d0 = multiplyAdd(d0, x, w0);
      d1 = multiplyAdd(d1, x, w1);

      w0 = v128.load(w, 64);
      w1 = v128.load(w, 80);
      x = v128.load32_splat(p0, 8);
      a0 = multiplyAdd(a0, x, w0);
      a1 = multiplyAdd(a1, x, w1);
      x = v128.load32_splat(p1, 8);
      b0 = multiplyAdd(b0, x, w0);
      b1 = multiplyAdd(b1, x, w1);
      x = v128.load32_splat(p2, 8);
      c0 = multiplyAdd(c0, x, w0);
      c1 = multiplyAdd(c1, x, w1);
      x = v128.load32_splat(p3, 8);
      d0 = multiplyAdd(d0, x, w0);
      d1 = multiplyAdd(d1, x, w1);

      w0 = v128.load(w, 96);
      w1 = v128.load(w, 112);
      x = v128.load32_splat(p0, 12);
      a0 = multiplyAdd(a0, x, w0);
      a1 = multiplyAdd(a1, x, w1);
      x = v128.load32_splat(p1, 12);
      b0 = multiplyAdd(b0, x, w0);
      b1 = multiplyAdd(b1, x, w1);
      x = v128.load32_splat(p2, 12);
      c0 = multiplyAdd(c0, x, w0);
      c1 = multiplyAdd(c1, x, w1);
      x = v128.load32_splat(p3, 12);
      d0 = multiplyAdd(d0, x, w0);
      d1 = multiplyAdd(d1, x, w1);

      w += 8 * VECTOR;
      p0 += 4 * FLOAT;
      p1 += 4 * FLOAT;
      p2 += 4 * FLOAT;
      p3 += 4 * FLOAT;
    }
    while (p0 != end) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      let x = v128.load32_splat(p0);
      a0 = multiplyAdd(a0, x, w0);
      a1 = multiplyAdd(a1, x, w1);
      x = v128.load32_splat(p1);
      b0 = multiplyAdd(b0, x, w0);
      b1 = multiplyAdd(b1, x, w1);
      x = v128.load32_splat(p2);
      c0 = multiplyAdd(c0, x, w0);
      c1 = multiplyAdd(c1, x, w1);
      x = v128.load32_splat(p3);
      d0 = multiplyAdd(d0, x, w0);
      d1 = multiplyAdd(d1, x, w1);
      w += 2 * VECTOR;
      p0 += FLOAT;
      p1 += FLOAT;
      p2 += FLOAT;
      p3 += FLOAT;
    }
    if (residual) {
      let r = residual;
      a0 = f32x4.add(a0, v128.load(r));
      a1 = f32x4.add(a1, v128.load(r, 16));
      r += outStride;
      b0 = f32x4.add(b0, v128.load(r));
      b1 = f32x4.add(b1, v128.load(r, 16));
      r += outStride;
      c0 = f32x4.add(c0, v128.load(r));
      c1 = f32x4.add(c1, v128.load(r, 16));
      r += outStride;
      d0 = f32x4.add(d0, v128.load(r));
      d1 = f32x4.add(d1, v128.load(r, 16));
      residual = r + outStride;
    }
    v128.store(output, clampVector(a0, low, high));
    v128.store(output, clampVector(a1, low, high), 16);
    output += outStride;
    v128.store(output, clampVector(b0, low, high));
    v128.store(output, clampVector(b1, low, high), 16);
    output += outStride;
    v128.store(output, clampVector(c0, low, high));
    v128.store(output, clampVector(c1, low, high), 16);
    output += outStride;
    v128.store(output, clampVector(d0, low, high));
    v128.store(output, clampVector(d1, low, high), 16);
    output += outStride;
    input += inStride * PIXEL_TILE;
  }
  for (; left > 0; --left) {
    multiplyRow(output, input, panel, residual, depth, low, high);
    output += outStride;
    input += inStride;
    if (residual) residual += outStride;
  }
}
