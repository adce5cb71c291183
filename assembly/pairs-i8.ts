import { HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { loadOnes } from './multiply-lanes';
import { storeSums } from './requantise';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/*
 * A product of bytes is a sum of two in 16 bits. Where two such sums fit into 16 bits together, they are added before they
 * are widened: three multiplying instructions for two vectors of weights instead of four. Whether they fit follows from the
 * weights, as activations are at most 127: those of one sign that meet in a 16-bit lane must not pass 258, 127 · 258 < 2¹⁵.
 * The pairs of vectors that do not fit are listed behind a panel's weights: their places (u16), then the number of pairs.
 */

/** The most that the weights of one sign in a 16-bit lane may add up to. */
const MOST: i32 = 258;
/** Inputs, and bytes of a pixel, that one pair of weights' vectors is multiplied with. */
const PAIR: usize = 8;
const PAIR_BYTES: usize = PAIR * <usize>CHANNEL_TILE;

/** Bytes of a panel's list. */
// @ts-ignore: decorator
@inline
export function listBytes(inChannels: i32): usize {
  return (<usize>(inChannels / <i32>PAIR + 1) * 2 + VECTOR - 1) & ~(VECTOR - 1);
}

// @ts-ignore: decorator
@inline
function dot(x: v128, weights: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(weights, x);
}

// @ts-ignore: decorator
@inline
function widen(sum: v128, words: v128, unit: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(words, unit));
}

/** Like `multiplyPanel` of `pointwise_i8`, for a narrow input of bytes and a panel with its list. */
export function multiplyPairs<A>(
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
  const unit = loadOnes();
  const inStride = <usize>groups * 4;
  const list = panel + HEADER_BYTES + <usize>groups * 2 * VECTOR;
  let left = pixels;
  let w0: v128, w1: v128, x: v128, s0: v128, s1: v128, t0: v128, t1: v128;
  for (; left >= 2; left -= 2) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = a0;
    let b1 = a1;
    let w = panel + HEADER_BYTES;
    let p = input;
    let q = p + inStride;
    const end = q;
    for (let at = list; ; at += 2) {
      const next = input + <usize>load<u16>(at) * PAIR;
      while (p != next) {
        w0 = v128.load(w); w1 = v128.load(w, 16);
        x = v128.load32_splat(p); s0 = dot(x, w0); s1 = dot(x, w1);
        x = v128.load32_splat(q); t0 = dot(x, w0); t1 = dot(x, w1);
        w0 = v128.load(w, 32); w1 = v128.load(w, 48);
        x = v128.load32_splat(p, 4); s0 = i16x8.add(s0, dot(x, w0)); s1 = i16x8.add(s1, dot(x, w1));
        x = v128.load32_splat(q, 4); t0 = i16x8.add(t0, dot(x, w0)); t1 = i16x8.add(t1, dot(x, w1));
        a0 = widen(a0, s0, unit); a1 = widen(a1, s1, unit);
        b0 = widen(b0, t0, unit); b1 = widen(b1, t1, unit);
        w += PAIR_BYTES;
        p += PAIR;
        q += PAIR;
      }
      if (p == end) break;
      for (let half = 2; half > 0; --half) {
        w0 = v128.load(w); w1 = v128.load(w, 16);
        x = v128.load32_splat(p); a0 = widen(a0, dot(x, w0), unit); a1 = widen(a1, dot(x, w1), unit);
        x = v128.load32_splat(q); b0 = widen(b0, dot(x, w0), unit); b1 = widen(b1, dot(x, w1), unit);
        w += PAIR_BYTES / 2;
        p += PAIR / 2;
        q += PAIR / 2;
      }
    }
    storeSums<A>(output, a0, a1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    storeSums<A>(output, b0, b1, panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
    input += inStride * 2;
  }
  if (left == 0) return;
  let a0 = v128.load(panel);
  let a1 = v128.load(panel, 16);
  let w = panel + HEADER_BYTES;
  let p = input;
  const end = p + inStride;
  for (let at = list; ; at += 2) {
    const next = input + <usize>load<u16>(at) * PAIR;
    for (; p != next; p += PAIR) {
      x = v128.load32_splat(p); s0 = dot(x, v128.load(w)); s1 = dot(x, v128.load(w, 16));
      x = v128.load32_splat(p, 4); s0 = i16x8.add(s0, dot(x, v128.load(w, 32))); s1 = i16x8.add(s1, dot(x, v128.load(w, 48)));
      a0 = widen(a0, s0, unit); a1 = widen(a1, s1, unit);
      w += PAIR_BYTES;
    }
    if (p == end) break;
    for (let half = 2; half > 0; --half) {
      x = v128.load32_splat(p); a0 = widen(a0, dot(x, v128.load(w)), unit); a1 = widen(a1, dot(x, v128.load(w, 16)), unit);
      w += PAIR_BYTES / 2;
      p += PAIR / 2;
    }
  }
  storeSums<A>(output, a0, a1, panel, residual, limit, format);
}

/** Whether all lanes of the two vectors' sums of two weights fit. */
// @ts-ignore: decorator
@inline
function fits(a: v128, b: v128, most: v128): bool {
  const zero = i32x4.splat(0);
  const above = i16x8.add(
    i16x8.extadd_pairwise_i8x16_s(i8x16.max_s(a, zero)), i16x8.extadd_pairwise_i8x16_s(i8x16.max_s(b, zero)),
  );
  const below = i16x8.add(
    i16x8.extadd_pairwise_i8x16_s(i8x16.min_s(a, zero)), i16x8.extadd_pairwise_i8x16_s(i8x16.min_s(b, zero)),
  );
  return !v128.any_true(i16x8.gt_s(i16x8.max_s(above, i16x8.sub(zero, below)), most));
}

/** Bytes of the list behind the weights of each panel that `pointwise_i8` reads bytes with; 0 where it reads none. */
export function list_bytes(inChannels: i32): usize {
  return ASC_FEATURE_RELAXED_SIMD ? <i32>listBytes(inChannels) : 0;
}

/**
 * Writes the list behind the weights of each panel of bytes: which pairs of weights' vectors must not be added in 16 bits.
 * `panels` of them, each a header, weights of `inChannels` (a multiple of 8, less than 2¹⁹) inputs, and room for the list.
 */
export function list_pairs(weights: usize, panels: i32, inChannels: i32): void {
  assert(isAligned(weights) && panels >= 0 && inChannels >= 1 && inChannels % <i32>PAIR == 0 && inChannels < 1 << 19);
  const most = i16x8.splat(<i16>MOST);
  const pairs = inChannels / <i32>PAIR;
  const bytes = <usize>pairs * PAIR_BYTES;
  for (let panel = weights; panels > 0; --panels) {
    let w = panel + HEADER_BYTES;
    let to = w + bytes;
    for (let pair = 0; pair < pairs; ++pair) {
      if (!fits(v128.load(w), v128.load(w, 32), most) || !fits(v128.load(w, 16), v128.load(w, 48), most)) {
        store<u16>(to, <u16>pair);
        to += 2;
      }
      w += PAIR_BYTES;
    }
    store<u16>(to, <u16>pairs);
    panel += <usize>HEADER_BYTES + bytes + listBytes(inChannels);
  }
}
