import { VECTOR } from './tiles';
import { multiplyAdd } from './vector';

/*
 * How fast this machine multiplies and adds: the loop of a matrix product and nothing else. For comparison only.
 *
 * All take (output, left, right, depth, repeats): left `[depth][rows]` and right `[depth][columns]` vectors of four f32,
 * 16-byte aligned, small enough for the first-level cache; depth a multiple of 4. Into output, `[rows][columns]`
 * vectors, goes the sum over depth of left · right lane by lane, added up `repeats` times. The name says the number of
 * accumulators: which count, and which order of loads, an engine compiles best differs, so the best of all counts.
 * The comparisons that never hold end basic blocks, as in multiplyPanel.
 */

/** rows 3, columns 2 */
export function ceiling_f32_6(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  let a0 = f32x4.splat(0);
  let a1 = a0; let a2 = a0; let a3 = a0; let a4 = a0;
  let a5 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * 3 * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 16); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      x = v128.load(p, 32); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      p += 3 * VECTOR;
      q += 2 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, a2, 32); v128.store(output, a3, 48);
  v128.store(output, a4, 64); v128.store(output, a5, 80);
}

/** rows 4, columns 2 */
export function ceiling_f32_8(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  let a0 = f32x4.splat(0);
  let a1 = a0; let a2 = a0; let a3 = a0; let a4 = a0;
  let a5 = a0; let a6 = a0; let a7 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * 4 * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 16); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 1) break;
      x = v128.load(p, 32); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 48); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 2) break;
      w0 = v128.load(q, 32); w1 = v128.load(q, 48);
      x = v128.load(p, 64); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 80); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 3) break;
      x = v128.load(p, 96); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 112); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 4) break;
      w0 = v128.load(q, 64); w1 = v128.load(q, 80);
      x = v128.load(p, 128); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 144); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 5) break;
      x = v128.load(p, 160); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 176); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 6) break;
      w0 = v128.load(q, 96); w1 = v128.load(q, 112);
      x = v128.load(p, 192); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 208); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 7) break;
      x = v128.load(p, 224); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 240); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      p += 16 * VECTOR;
      q += 8 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, a2, 32); v128.store(output, a3, 48);
  v128.store(output, a4, 64); v128.store(output, a5, 80);
  v128.store(output, a6, 96); v128.store(output, a7, 112);
}

/** rows 5, columns 2 */
export function ceiling_f32_10(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  let a0 = f32x4.splat(0);
  let a1 = a0; let a2 = a0; let a3 = a0; let a4 = a0;
  let a5 = a0; let a6 = a0; let a7 = a0; let a8 = a0;
  let a9 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * 5 * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 16); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 1) break;
      x = v128.load(p, 32); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 48); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 2) break;
      x = v128.load(p, 64); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 3) break;
      w0 = v128.load(q, 32); w1 = v128.load(q, 48);
      x = v128.load(p, 80); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 96); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 4) break;
      x = v128.load(p, 112); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 128); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 5) break;
      x = v128.load(p, 144); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 6) break;
      w0 = v128.load(q, 64); w1 = v128.load(q, 80);
      x = v128.load(p, 160); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 176); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 7) break;
      x = v128.load(p, 192); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 208); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 8) break;
      x = v128.load(p, 224); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 9) break;
      w0 = v128.load(q, 96); w1 = v128.load(q, 112);
      x = v128.load(p, 240); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      x = v128.load(p, 256); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 10) break;
      x = v128.load(p, 272); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      x = v128.load(p, 288); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 11) break;
      x = v128.load(p, 304); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      p += 20 * VECTOR;
      q += 8 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, a2, 32); v128.store(output, a3, 48);
  v128.store(output, a4, 64); v128.store(output, a5, 80);
  v128.store(output, a6, 96); v128.store(output, a7, 112);
  v128.store(output, a8, 128); v128.store(output, a9, 144);
}

/** rows 6, columns 2: for processors and engines with a fused multiply-add; without one it spills */
export function ceiling_f32_12(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  let a0 = f32x4.splat(0);
  let a1 = a0; let a2 = a0; let a3 = a0; let a4 = a0;
  let a5 = a0; let a6 = a0; let a7 = a0; let a8 = a0;
  let a9 = a0; let a10 = a0; let a11 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * 6 * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (q == 1) break;
      x = v128.load(p, 16); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 2) break;
      x = v128.load(p, 32); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      if (q == 3) break;
      x = v128.load(p, 48); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 4) break;
      x = v128.load(p, 64); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 5) break;
      x = v128.load(p, 80); a10 = multiplyAdd(a10, x, w0); a11 = multiplyAdd(a11, x, w1);
      if (q == 6) break;
      w0 = v128.load(q, 32); w1 = v128.load(q, 48);
      x = v128.load(p, 96); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (q == 7) break;
      x = v128.load(p, 112); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 8) break;
      x = v128.load(p, 128); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      if (q == 9) break;
      x = v128.load(p, 144); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 10) break;
      x = v128.load(p, 160); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 11) break;
      x = v128.load(p, 176); a10 = multiplyAdd(a10, x, w0); a11 = multiplyAdd(a11, x, w1);
      if (q == 12) break;
      w0 = v128.load(q, 64); w1 = v128.load(q, 80);
      x = v128.load(p, 192); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (q == 13) break;
      x = v128.load(p, 208); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 14) break;
      x = v128.load(p, 224); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      if (q == 15) break;
      x = v128.load(p, 240); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 16) break;
      x = v128.load(p, 256); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 17) break;
      x = v128.load(p, 272); a10 = multiplyAdd(a10, x, w0); a11 = multiplyAdd(a11, x, w1);
      if (q == 18) break;
      w0 = v128.load(q, 96); w1 = v128.load(q, 112);
      x = v128.load(p, 288); a0 = multiplyAdd(a0, x, w0); a1 = multiplyAdd(a1, x, w1);
      if (q == 19) break;
      x = v128.load(p, 304); a2 = multiplyAdd(a2, x, w0); a3 = multiplyAdd(a3, x, w1);
      if (q == 20) break;
      x = v128.load(p, 320); a4 = multiplyAdd(a4, x, w0); a5 = multiplyAdd(a5, x, w1);
      if (q == 21) break;
      x = v128.load(p, 336); a6 = multiplyAdd(a6, x, w0); a7 = multiplyAdd(a7, x, w1);
      if (q == 22) break;
      x = v128.load(p, 352); a8 = multiplyAdd(a8, x, w0); a9 = multiplyAdd(a9, x, w1);
      if (q == 23) break;
      x = v128.load(p, 368); a10 = multiplyAdd(a10, x, w0); a11 = multiplyAdd(a11, x, w1);
      p += 24 * VECTOR;
      q += 8 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, a2, 32); v128.store(output, a3, 48);
  v128.store(output, a4, 64); v128.store(output, a5, 80);
  v128.store(output, a6, 96); v128.store(output, a7, 112);
  v128.store(output, a8, 128); v128.store(output, a9, 144);
  v128.store(output, a10, 160); v128.store(output, a11, 176);
}
