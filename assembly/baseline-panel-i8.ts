import { FLOAT_OUTPUT, HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { isInWords, storePair, storeSums } from './requantise';

/*
 * The products of `multiplyPanel` for V8's baseline code (Liftoff); integers are exact, so that the order of sums does
 * not matter. That compiler
 *
 * - has 8 vector registers to give: 2 pixels × 8 channels, two vectors of weights, an input and a product fill them;
 * - keeps no variable in a register when a loop begins again: 8 lanes of inputs in one go, and pointers are moved at the
 *   beginning, from where on they are in registers.
 *
 * The comparisons that never hold keep the optimiser of WebAssembly (Binaryen) from moving products into later sums, which
 * would begin with the loads of them all. It moves what loads nothing past them: each sum has a load of its own. Hence
 * the second load of q, of another alignment so that it is not taken for the first.
 */

/** Bytes of weights and of inputs that a turn of the loop takes. */
const STEP: usize = 256;
const INPUT_STEP: usize = 32;

/** As `multiplyAddLanes`. Of bytes, a sum in one instruction would wait for the one before it. */
// @ts-ignore: decorator
@inline
function addProducts<I>(sum: v128, activations: v128, weights: v128): v128 {
  if (sizeof<I>() == 1) return i32x4.add(sum, i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, activations, i32x4.splat(0)));
  return i32x4.add(sum, i32x4.dot_i16x8_s(activations, weights));
}

/** As `multiplyPanel`. */
export function multiplyPanelInBaseline<I, A>(
  output: usize, input: usize, panel: usize, residual: usize, pixels: i32, groups: i32, outStride: usize,
  residualStride: usize, format: i32,
): void {
  const inStride = <usize>groups * 4;
  const inPairs = isInWords<A>() || !isFloat<A>() && residual == 0 && !(format & FLOAT_OUTPUT);
  let w0: v128, w1: v128, x: v128;
  for (let left = pixels; left > 0; left -= 2) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let w = panel + HEADER_BYTES - STEP;
    let p = input - INPUT_STEP;
    // of a last pixel alone the same is computed twice
    let q = left > 1 ? p + inStride : p;
    const end = p + inStride;
    if (groups & 2) {
      w += 64; p += 8; q += 8;
      w0 = v128.load(w, 192); w1 = v128.load(w, 208);
      x = v128.load32_splat(p, 24); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 24), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 24, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 224); w1 = v128.load(w, 240);
      x = v128.load32_splat(p, 28); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 28), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 28, 1), w1);
    }
    if (groups & 4) {
      w += 128; p += 16; q += 16;
      w0 = v128.load(w, 128); w1 = v128.load(w, 144);
      x = v128.load32_splat(p, 16); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 16), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 16, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 160); w1 = v128.load(w, 176);
      x = v128.load32_splat(p, 20); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 20), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 20, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 192); w1 = v128.load(w, 208);
      x = v128.load32_splat(p, 24); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 24), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 24, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 224); w1 = v128.load(w, 240);
      x = v128.load32_splat(p, 28); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 28), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 28, 1), w1);
    }
    while (p != end) {
      w += 256; p += 32; q += 32;
      w0 = v128.load(w); w1 = v128.load(w, 16);
      x = v128.load32_splat(p); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 0, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 32); w1 = v128.load(w, 48);
      x = v128.load32_splat(p, 4); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 4), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 4, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 64); w1 = v128.load(w, 80);
      x = v128.load32_splat(p, 8); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 8), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 8, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 96); w1 = v128.load(w, 112);
      x = v128.load32_splat(p, 12); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 12), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 12, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 128); w1 = v128.load(w, 144);
      x = v128.load32_splat(p, 16); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 16), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 16, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 160); w1 = v128.load(w, 176);
      x = v128.load32_splat(p, 20); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 20), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 20, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 192); w1 = v128.load(w, 208);
      x = v128.load32_splat(p, 24); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 24), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 24, 1), w1);
      if (!w) unreachable();
      w0 = v128.load(w, 224); w1 = v128.load(w, 240);
      x = v128.load32_splat(p, 28); a0 = addProducts<I>(a0, x, w0); a1 = addProducts<I>(a1, x, w1);
      b0 = addProducts<I>(b0, v128.load32_splat(q, 28), w0); b1 = addProducts<I>(b1, v128.load32_splat(q, 28, 1), w1);
    }
    const second = left > 1 ? output + outStride : output;
    if (inPairs) storePair<A>(output, second, a0, a1, b0, b1, panel, format);
    else {
      const limit = v128.load(panel, HEADER_LARGEST);
      storeSums<A>(output, a0, a1, panel, residual, limit, format);
      residual += residualStride;
      if (left > 1) storeSums<A>(second, b0, b1, panel, residual, limit, format);
      residual += residualStride;
    }
    output = second + outStride;
    input += 2 * inStride;
  }
}
