import { multiplyAddLanes } from './multiply-lanes';
import { VECTOR } from './tiles';

/*
 * How fast this machine multiplies and adds integers, as `ceiling.ts` for floats: the same arguments and the same order of
 * vectors, sums of 32 bits. The name says how integers lie and the number of accumulators.
 */

/** rows 4, columns 2. I: as of `multiplyAddLanes`. */
function sumLanes<I>(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  let a0 = i32x4.splat(0);
  let a1 = a0; let b0 = a0; let b1 = a0; let c0 = a0; let c1 = a0; let d0 = a0; let d1 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * 4 * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      x = v128.load(p, 16); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      x = v128.load(p, 32); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      x = v128.load(p, 48); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (q == 1) break;
      w0 = v128.load(q, 32); w1 = v128.load(q, 48);
      x = v128.load(p, 64); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      x = v128.load(p, 80); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      x = v128.load(p, 96); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      x = v128.load(p, 112); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      p += 8 * VECTOR;
      q += 4 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, b0, 32); v128.store(output, b1, 48);
  v128.store(output, c0, 64); v128.store(output, c1, 80);
  v128.store(output, d0, 96); v128.store(output, d1, 112);
}

/** rows 6 for bytes, 5 for words, columns 2; the ends of basic blocks as in `multiplyPanel`. */
function sumManyLanes<I>(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  const rows: usize = sizeof<I>() == 1 ? 6 : 5;
  let a0 = i32x4.splat(0);
  let a1 = a0; let b0 = a0; let b1 = a0; let c0 = a0; let c1 = a0; let d0 = a0; let d1 = a0; let e0 = a0; let e1 = a0;
  let f0 = a0; let f1 = a0;
  let w0: v128, w1: v128, x: v128;
  for (; repeats > 0; --repeats) {
    let p = left;
    let q = right;
    const end = left + <usize>depth * rows * VECTOR;
    while (p != end) {
      w0 = v128.load(q); w1 = v128.load(q, 16);
      x = v128.load(p); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      if (q == 1) break;
      x = v128.load(p, 16); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      if (q == 2) break;
      x = v128.load(p, 32); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      if (q == 3) break;
      x = v128.load(p, 48); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (q == 4) break;
      x = v128.load(p, 64); e0 = multiplyAddLanes<I>(e0, x, w0); e1 = multiplyAddLanes<I>(e1, x, w1);
      if (sizeof<I>() == 1) {
        if (q == 5) break;
        x = v128.load(p, 80); f0 = multiplyAddLanes<I>(f0, x, w0); f1 = multiplyAddLanes<I>(f1, x, w1);
      }
      p += rows * VECTOR;
      q += 2 * VECTOR;
    }
  }
  v128.store(output, a0); v128.store(output, a1, 16);
  v128.store(output, b0, 32); v128.store(output, b1, 48);
  v128.store(output, c0, 64); v128.store(output, c1, 80);
  v128.store(output, d0, 96); v128.store(output, d1, 112);
  v128.store(output, e0, 128); v128.store(output, e1, 144);
  if (sizeof<I>() == 1) {
    v128.store(output, f0, 160); v128.store(output, f1, 176);
  }
}

/** Words, rows 4, columns 2: 8 products in a vector. */
export function ceiling_i16_8(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  sumLanes<i16>(output, left, right, depth, repeats);
}

/** Words, rows 5, columns 2. */
export function ceiling_i16_10(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  sumManyLanes<i16>(output, left, right, depth, repeats);
}

/** Bytes with one instruction, rows 4, columns 2: 16 products in a vector. Does nothing without relaxed SIMD. */
export function ceiling_dot_8(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  assert((depth & 3) == 0);
  if (ASC_FEATURE_RELAXED_SIMD) sumLanes<u8>(output, left, right, depth, repeats);
}

/** Bytes with one instruction, rows 6, columns 2. Does nothing without relaxed SIMD. */
export function ceiling_dot_12(output: usize, left: usize, right: usize, depth: i32, repeats: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) sumManyLanes<u8>(output, left, right, depth, repeats);
}
