import { EXACT_HEADER, storeExact } from './exact-requantise';
import { greater, lesser } from './integers';
import { VECTOR } from './tiles';
import { isAligned } from './vector';

/** Bytes of input that are multiplied by all panels before the next ones are taken. */
const BLOCK_BYTES: i32 = 24576;

/** a · b, summed in pairs, added to four sums. */
// @ts-ignore: decorator
@inline
function accumulate(sums: v128, a: v128, b: v128): v128 {
  return i32x4.add(sums, i32x4.dot_i16x8_s(a, b));
}

/** `pixels` rows times one panel. Tile: 4 pixels × 8 outputs. */
function multiplyExactPanel(
  output: usize,
  input: usize,
  panel: usize,
  pixels: i32,
  depth: i32,
  inStride: usize,
  outStride: usize,
  min: i32,
  max: i32,
): void {
  const low = i32x4.splat(min);
  const high = i32x4.splat(max);
  const bytes = <usize>depth * 2;
  let left = pixels;
  for (; left >= 4; left -= 4) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    let w = panel + EXACT_HEADER;
    let p0 = input;
    let p1 = p0 + inStride;
    let p2 = p1 + inStride;
    let p3 = p2 + inStride;
    const end = input + bytes;
    while (p0 != end) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      let x = v128.load32_splat(p0);
      a0 = accumulate(a0, x, w0);
      a1 = accumulate(a1, x, w1);
      x = v128.load32_splat(p1);
      b0 = accumulate(b0, x, w0);
      b1 = accumulate(b1, x, w1);
      x = v128.load32_splat(p2);
      c0 = accumulate(c0, x, w0);
      c1 = accumulate(c1, x, w1);
      x = v128.load32_splat(p3);
      d0 = accumulate(d0, x, w0);
      d1 = accumulate(d1, x, w1);
      w += 2 * VECTOR;
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
    }
    storeExact(output, panel, a0, a1, low, high);
    storeExact(output + outStride, panel, b0, b1, low, high);
    storeExact(output + 2 * outStride, panel, c0, c1, low, high);
    storeExact(output + 3 * outStride, panel, d0, d1, low, high);
    output += 4 * outStride;
    input += 4 * inStride;
  }
  for (; left > 0; --left) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let w = panel + EXACT_HEADER;
    const end = input + bytes;
    for (let p = input; p != end; p += 4) {
      const x = v128.load32_splat(p);
      a0 = accumulate(a0, x, v128.load(w));
      a1 = accumulate(a1, x, v128.load(w, 16));
      w += 2 * VECTOR;
    }
    storeExact(output, panel, a0, a1, low, high);
    output += outStride;
    input += inStride;
  }
}

/**
 * Rows of i16 times a matrix of i16, the exact sums rescaled as `requantise` says, clipped to min … max, stored as i16.
 *
 * - input: `pixels` rows of `depth` values (a multiple of 2), inStride bytes apart; only sums beyond 32 bits wrap.
 * - weights: for each of `panels` groups of 8 outputs a header (see `EXACT_HEADER`), then for each pair of inputs 8
 *   outputs' two weights side by side; 16-byte aligned.
 * - output: rows of 8 × panels values, outStride bytes apart; 16-byte aligned, apart from the input.
 */
export function exact_linear_i16(
  output: usize,
  input: usize,
  weights: usize,
  pixels: i32,
  depth: i32,
  panels: i32,
  inStride: i32,
  outStride: i32,
  min: i32,
  max: i32,
): void {
  assert(isAligned(output) && isAligned(weights) && depth % 2 == 0 && pixels >= 0 && depth >= 2);
  const panelBytes = EXACT_HEADER + <usize>depth * 16;
  const block = greater(4, (BLOCK_BYTES / greater(1, inStride)) & ~3);
  for (let first = 0; first < pixels; first += block) {
    const count = lesser(block, pixels - first);
    const from = input + <usize>first * <usize>inStride;
    const to = output + <usize>first * <usize>outStride;
    for (let panel = 0; panel < panels; ++panel) {
      multiplyExactPanel(
        to + <usize>panel * VECTOR, from, weights + <usize>panel * panelBytes, count, depth, inStride, outStride, min, max,
      );
    }
  }
}
