import { FLOAT_OUTPUT, HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { multiplyAddLanes } from './multiply-lanes';
import { isInWords, storePair, storeSums } from './requantise';
import { VECTOR } from './tiles';

/**
 * Pixels that are computed at once: as many as have their sums in the 15 vector registers that V8 gives, beside two of weights
 * and one of input (and the product of words).
 */
export const BYTE_TILE: i32 = 6;
export const WORD_TILE: i32 = 5;
/** What is left of either goes by four, then one by one. */
const PIXEL_TILE: i32 = 4;

/**
 * `pixels` rows against one panel of 8 output channels, several rows at once. I: type of the input; A: see `storeSums`.
 * `groups`: 32-bit lanes of an input row, a multiple of 2.
 */
export function multiplyPanel<I, A>(
  output: usize,
  input: usize,
  panel: usize,
  residual: usize,
  pixels: i32,
  groups: i32,
  outStride: usize,
  residualStride: usize,
  format: i32,
): void {
  const limit = v128.load(panel, HEADER_LARGEST);
  const inStride = <usize>groups * 4;
  const inPairs = isInWords<A>() || !isFloat<A>() && residual == 0 && !(format & FLOAT_OUTPUT);
  let left = pixels;
  let w0: v128, w1: v128, x: v128;
  const tile = sizeof<I>() == 1 ? BYTE_TILE : WORD_TILE;
  for (; left >= tile; left -= tile) {
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
    let w = panel + HEADER_BYTES;
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    let p4 = p3 + inStride;
    let p5 = p4 + inStride;
    const end = p1;
    while (p0 != end) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p0); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      // Never true, these; they end the basic block, within which V8 up to Node 22 moves all loads to the top.
      if (w == 1) break;
      x = v128.load32_splat(p1); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      if (w == 2) break;
      x = v128.load32_splat(p2); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      if (w == 3) break;
      x = v128.load32_splat(p3); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (w == 4) break;
      x = v128.load32_splat(p4); e0 = multiplyAddLanes<I>(e0, x, w0); e1 = multiplyAddLanes<I>(e1, x, w1);
      if (w == 5) break;
      if (sizeof<I>() == 1) {
        x = v128.load32_splat(p5); f0 = multiplyAddLanes<I>(f0, x, w0); f1 = multiplyAddLanes<I>(f1, x, w1);
        if (w == 10) break;
      }
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x = v128.load32_splat(p0, 4); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      if (w == 6) break;
      x = v128.load32_splat(p1, 4); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      if (w == 7) break;
      x = v128.load32_splat(p2, 4); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      if (w == 8) break;
      x = v128.load32_splat(p3, 4); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (w == 9) break;
      x = v128.load32_splat(p4, 4); e0 = multiplyAddLanes<I>(e0, x, w0); e1 = multiplyAddLanes<I>(e1, x, w1);
      if (sizeof<I>() == 1) {
        x = v128.load32_splat(p5, 4); f0 = multiplyAddLanes<I>(f0, x, w0); f1 = multiplyAddLanes<I>(f1, x, w1);
      }
      w += 4 * VECTOR;
      p0 += 8;
      p1 += 8;
      p2 += 8;
      p3 += 8;
      p4 += 8;
      if (sizeof<I>() == 1) p5 += 8;
    }
    input += inStride * tile;
    if (inPairs) {
      const third = output + 2 * outStride;
      const fifth = third + 2 * outStride;
      storePair<A>(output, output + outStride, a0, a1, b0, b1, panel, format);
      storePair<A>(third, third + outStride, c0, c1, d0, d1, panel, format);
      if (sizeof<I>() == 1) storePair<A>(fifth, fifth + outStride, e0, e1, f0, f1, panel, format);
      else storeSums<A>(fifth, e0, e1, panel, 0, limit, format);
      output += outStride * tile;
      continue;
    }
    storeSums<A>(output, a0, a1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, b0, b1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, c0, c1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, d0, d1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, e0, e1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    if (sizeof<I>() == 1) {
      storeSums<A>(output, f0, f1, panel, residual, limit, format);
      output += outStride;
      residual += residualStride;
    }
  }
  for (; left >= PIXEL_TILE; left -= PIXEL_TILE) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    let w = panel + HEADER_BYTES;
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    const end = p1;
    while (p0 != end) {
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p0); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      x = v128.load32_splat(p1); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      x = v128.load32_splat(p2); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      x = v128.load32_splat(p3); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      if (w == 1) break;
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x = v128.load32_splat(p0, 4); a0 = multiplyAddLanes<I>(a0, x, w0); a1 = multiplyAddLanes<I>(a1, x, w1);
      x = v128.load32_splat(p1, 4); b0 = multiplyAddLanes<I>(b0, x, w0); b1 = multiplyAddLanes<I>(b1, x, w1);
      x = v128.load32_splat(p2, 4); c0 = multiplyAddLanes<I>(c0, x, w0); c1 = multiplyAddLanes<I>(c1, x, w1);
      x = v128.load32_splat(p3, 4); d0 = multiplyAddLanes<I>(d0, x, w0); d1 = multiplyAddLanes<I>(d1, x, w1);
      w += 4 * VECTOR;
      p0 += 8;
      p1 += 8;
      p2 += 8;
      p3 += 8;
    }
    storeSums<A>(output, a0, a1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, b0, b1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, c0, c1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, d0, d1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    input += inStride * PIXEL_TILE;
  }
  for (; left > 0; --left) {
    // Eight chains of sums: one alone waits for each product.
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = i32x4.splat(0);
    let b1 = b0;
    let c0 = b0;
    let c1 = b0;
    let d0 = b0;
    let d1 = b0;
    let w = panel + HEADER_BYTES;
    let p = input;
    if (groups & 2) {
      x = v128.load32_splat(p);
      a0 = multiplyAddLanes<I>(a0, x, v128.load(w)); a1 = multiplyAddLanes<I>(a1, x, v128.load(w, 16));
      x = v128.load32_splat(p, 4);
      b0 = multiplyAddLanes<I>(b0, x, v128.load(w, 32)); b1 = multiplyAddLanes<I>(b1, x, v128.load(w, 48));
      w += 4 * VECTOR;
      p += 8;
    }
    const end = input + inStride;
    for (; p != end; p += 16) {
      x = v128.load32_splat(p);
      a0 = multiplyAddLanes<I>(a0, x, v128.load(w)); a1 = multiplyAddLanes<I>(a1, x, v128.load(w, 16));
      x = v128.load32_splat(p, 4);
      b0 = multiplyAddLanes<I>(b0, x, v128.load(w, 32)); b1 = multiplyAddLanes<I>(b1, x, v128.load(w, 48));
      x = v128.load32_splat(p, 8);
      c0 = multiplyAddLanes<I>(c0, x, v128.load(w, 64)); c1 = multiplyAddLanes<I>(c1, x, v128.load(w, 80));
      x = v128.load32_splat(p, 12);
      d0 = multiplyAddLanes<I>(d0, x, v128.load(w, 96)); d1 = multiplyAddLanes<I>(d1, x, v128.load(w, 112));
      w += 8 * VECTOR;
    }
    a0 = i32x4.add(i32x4.add(a0, b0), i32x4.add(c0, d0));
    a1 = i32x4.add(i32x4.add(a1, b1), i32x4.add(c1, d1));
    storeSums<A>(output, a0, a1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    input += inStride;
  }
}
