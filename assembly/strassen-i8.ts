import { SWISH } from './activations';
import { usesBaselineTiles } from './baseline-tiles';
import { lesser } from './integers';
import { bytesOf, FLOAT_OUTPUT, HEADER_BYTES, HEADER_LARGEST, IN_WORDS, WIDE_OUTPUT, WIDE_RESIDUAL } from './integer-tiles';
import { multiplyAddLanes } from './multiply-lanes';
import { multiplyPanel } from './panel-i8';
import { pointwise_i8 } from './pointwise-i8';
import { Clipped, Scaled, storeSums, Swished } from './requantise';
import { sumWeights } from './strassen-sums';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/*
 * A product of matrices that are cut into quarters takes seven products of quarters instead of eight (Strassen 1969, in
 * Winograd's form with 15 sums). On words it is exact: sums of up to four inputs or weights fit in 16 bits, and what wraps
 * around in 32 bits on the way comes back. Rows are cut into pixels 0 … 4 and 5 … 9 of ten, inputs into halves, columns into
 * two panels, so that the weights lie as `pointwise_i8` has them; their sums are made anew for each block of pixels.
 *
 *   S1 = A21 + A22    S2 = S1 − A11    S3 = A11 − A21    S4 = A12 − S2
 *   T1 = B12 − B11    T2 = B22 − T1    T3 = B22 − B12    T4 = B21 − T2
 *   U = A11 B11       V = U + S2 T2    W = V + S3 T3     R = S1 T1
 *   C11 = U + A12 B21    C12 = V + R + S4 B22    C21 = W + A22 T4    C22 = W + R
 */

const LEAST_CHANNELS: i32 = 40;

/** Pixels whose sums stay in registers. */
const HALF: i32 = 5;
const TILE: i32 = 2 * HALF;
/** The most pixels for which the weights' sums are used. */
const MOST_PIXELS: i32 = 20 * TILE;
/** Bytes of the sums of 5 pixels and 8 channels. */
const SUMS: usize = 2 * HALF * VECTOR;
/** Of these arrays there are so many. */
const SUM_ARRAYS: usize = 5;

/** Bytes of scratch memory that `pointwise_strassen_i8` needs. */
export function strassen_scratch_i8(pixels: i32, inChannels: i32): usize {
  const tiles = lesser(pixels, MOST_PIXELS) / TILE;
  return SUM_ARRAYS * SUMS + <usize>inChannels * (4 * <usize>CHANNEL_TILE + <usize>tiles * 4 * <usize>HALF);
}

/** sums = start + 5 pixels, inStride apart, times `groups` (a multiple of 2) lanes of weights. */
function addProducts(sums: usize, start: usize, input: usize, inStride: usize, weights: usize, groups: usize): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let b0 = v128.load(start, 32);
  let b1 = v128.load(start, 48);
  let c0 = v128.load(start, 64);
  let c1 = v128.load(start, 80);
  let d0 = v128.load(start, 96);
  let d1 = v128.load(start, 112);
  let e0 = v128.load(start, 128);
  let e1 = v128.load(start, 144);
  let w0: v128, w1: v128, x: v128;
  let w = weights;
  let p0 = input;
  let p1 = p0 + inStride;
  let p2 = p1 + inStride;
  let p3 = p2 + inStride;
  let p4 = p3 + inStride;
  const end = p0 + groups * 4;
  while (p0 != end) {
    w0 = v128.load(w); w1 = v128.load(w, 16);
    x = v128.load32_splat(p0); a0 = multiplyAddLanes<i16>(a0, x, w0); a1 = multiplyAddLanes<i16>(a1, x, w1);
    // Never true, these: see `multiplyPanel`.
    if (w == 1) break;
    x = v128.load32_splat(p1); b0 = multiplyAddLanes<i16>(b0, x, w0); b1 = multiplyAddLanes<i16>(b1, x, w1);
    if (w == 2) break;
    x = v128.load32_splat(p2); c0 = multiplyAddLanes<i16>(c0, x, w0); c1 = multiplyAddLanes<i16>(c1, x, w1);
    if (w == 3) break;
    x = v128.load32_splat(p3); d0 = multiplyAddLanes<i16>(d0, x, w0); d1 = multiplyAddLanes<i16>(d1, x, w1);
    if (w == 4) break;
    x = v128.load32_splat(p4); e0 = multiplyAddLanes<i16>(e0, x, w0); e1 = multiplyAddLanes<i16>(e1, x, w1);
    if (w == 5) break;
    w0 = v128.load(w, 32); w1 = v128.load(w, 48);
    x = v128.load32_splat(p0, 4); a0 = multiplyAddLanes<i16>(a0, x, w0); a1 = multiplyAddLanes<i16>(a1, x, w1);
    if (w == 6) break;
    x = v128.load32_splat(p1, 4); b0 = multiplyAddLanes<i16>(b0, x, w0); b1 = multiplyAddLanes<i16>(b1, x, w1);
    if (w == 7) break;
    x = v128.load32_splat(p2, 4); c0 = multiplyAddLanes<i16>(c0, x, w0); c1 = multiplyAddLanes<i16>(c1, x, w1);
    if (w == 8) break;
    x = v128.load32_splat(p3, 4); d0 = multiplyAddLanes<i16>(d0, x, w0); d1 = multiplyAddLanes<i16>(d1, x, w1);
    if (w == 9) break;
    x = v128.load32_splat(p4, 4); e0 = multiplyAddLanes<i16>(e0, x, w0); e1 = multiplyAddLanes<i16>(e1, x, w1);
    w += 4 * VECTOR;
    p0 += 8; p1 += 8; p2 += 8; p3 += 8; p4 += 8;
  }
  v128.store(sums, a0); v128.store(sums, a1, 16);
  v128.store(sums, b0, 32); v128.store(sums, b1, 48);
  v128.store(sums, c0, 64); v128.store(sums, c1, 80);
  v128.store(sums, d0, 96); v128.store(sums, d1, 112);
  v128.store(sums, e0, 128); v128.store(sums, e1, 144);
}

/** to = a + b + the panel's biases, for 5 pixels. */
// @ts-ignore: decorator
@inline
function addSums(to: usize, a: usize, b: usize, panel: usize): void {
  const bias0 = v128.load(panel);
  const bias1 = v128.load(panel, 16);
  for (let at: usize = 0; at < SUMS; at += 2 * VECTOR) {
    v128.store(to + at, i32x4.add(i32x4.add(v128.load(a + at), v128.load(b + at)), bias0));
    v128.store(to + at, i32x4.add(i32x4.add(v128.load(a + at, 16), v128.load(b + at, 16)), bias1), 16);
  }
}

/** The way of 5 pixels' sums to the output. */
function storeTile<A>(
  output: usize, sums: usize, panel: usize, residual: usize, outStride: usize, residualStride: usize, format: i32,
): void {
  const limit = v128.load(panel, HEADER_LARGEST);
  for (let at: usize = 0; at < SUMS; at += 2 * VECTOR) {
    storeSums<A>(output, v128.load(sums + at), v128.load(sums + at, 16), panel, residual, limit, format);
    output += outStride;
    residual += residualStride;
  }
}

/** S1 … S4 of ten pixels, one after the other: `half` bytes for each of 5 pixels. */
function sumInputs(to: usize, input: usize, half: usize): void {
  const each = <usize>HALF * half;
  for (let pixel = HALF; pixel > 0; --pixel) {
    const below = input + each * 2;
    // halves are whole multiples of 8 bytes: the last vector may begin within the one before
    for (let next: usize = 0; next < half; next += VECTOR) {
      const at = next + VECTOR > half ? half - VECTOR : next;
      const a11 = v128.load(input + at);
      const a21 = v128.load(below + at);
      const s2 = i16x8.sub(i16x8.add(a21, v128.load(below + half + at)), a11);
      v128.store(to + at, i16x8.add(s2, a11));
      v128.store(to + each + at, s2);
      v128.store(to + 2 * each + at, i16x8.sub(a11, a21));
      v128.store(to + 3 * each + at, i16x8.sub(v128.load(input + half + at), s2));
    }
    input += 2 * half;
    to += half;
  }
}

function multiply<A>(
  output: usize, input: usize, weights: usize, residual: usize, scratch: usize, pixels: i32, inChannels: i32,
  outChannels: i32, format: i32,
): void {
  const half = <usize>inChannels;
  const inStride = 2 * half;
  const groups = half / 4;
  const outBytes: usize = format & FLOAT_OUTPUT ? 4 : bytesOf(format, WIDE_OUTPUT);
  const outStride = <usize>outChannels * outBytes;
  const residualBytes: usize = !residual ? 0 : bytesOf(format, WIDE_RESIDUAL);
  const residualStride = <usize>outChannels * residualBytes;
  const quarter = groups * 2 * VECTOR;
  const panelBytes = <usize>HEADER_BYTES + 2 * quarter;
  const zero = scratch;
  const u = zero + SUMS;
  const v = u + SUMS;
  const w = v + SUMS;
  const c = w + SUMS;
  const t = c + SUMS;
  const s = t + 4 * quarter;
  const each = <usize>HALF * half;
  memory.fill(zero, 0, SUMS);
  for (; pixels >= TILE; ) {
    const count = lesser(pixels, MOST_PIXELS) / TILE * TILE;
    for (let pixel = 0; pixel < count; pixel += TILE) {
      sumInputs(s + <usize>pixel * 2 * half, input + <usize>pixel * inStride, half);
    }
    let panel = weights;
    let to = output;
    let link = residual;
    let left = outChannels;
    for (; left >= 2 * CHANNEL_TILE; left -= 2 * CHANNEL_TILE) {
      const next = panel + panelBytes;
      const b11 = panel + HEADER_BYTES;
      const b22 = next + HEADER_BYTES + quarter;
      sumWeights<i16>(t, b11, next + HEADER_BYTES, quarter);
      const across = <usize>CHANNEL_TILE * outBytes;
      const linkAcross = <usize>CHANNEL_TILE * residualBytes;
      for (let pixel = 0; pixel < count; pixel += TILE) {
        const top = input + <usize>pixel * inStride;
        const sums = s + <usize>pixel * 2 * half;
        const upper = to + <usize>pixel * outStride;
        const lower = upper + <usize>HALF * outStride;
        const upperLink = link + <usize>pixel * residualStride;
        const lowerLink = upperLink + <usize>HALF * residualStride;
        addProducts(u, zero, top, inStride, b11, groups);
        addSums(c, u, zero, panel);
        addProducts(c, c, top + half, inStride, b11 + quarter, groups);
        storeTile<A>(upper, c, panel, upperLink, outStride, residualStride, format);
        addProducts(v, u, sums + each, half, t + quarter, groups);
        addProducts(w, v, sums + 2 * each, half, t + 2 * quarter, groups);
        addProducts(u, zero, sums, half, t, groups);
        addSums(c, w, u, next);
        storeTile<A>(lower + across, c, next, residual ? lowerLink + linkAcross : 0, outStride, residualStride, format);
        addSums(c, v, u, next);
        addProducts(c, c, sums + 3 * each, half, b22, groups);
        storeTile<A>(upper + across, c, next, residual ? upperLink + linkAcross : 0, outStride, residualStride, format);
        addSums(c, w, zero, panel);
        addProducts(c, c, top + 2 * each + half, inStride, t + 3 * quarter, groups);
        storeTile<A>(lower, c, panel, lowerLink, outStride, residualStride, format);
      }
      panel += 2 * panelBytes;
      to += 2 * across;
      link += 2 * linkAcross;
    }
    if (left) multiplyPanel<i16, A>(to, input, panel, link, count, <i32>(2 * groups), outStride, residualStride, format);
    input += <usize>count * inStride;
    output += <usize>count * outStride;
    residual += <usize>count * residualStride;
    pixels -= count;
  }
  let panel = weights;
  for (let channel: usize = 0; pixels && channel < <usize>outChannels; channel += <usize>CHANNEL_TILE) {
    const link = residual ? residual + channel * residualBytes : 0;
    multiplyPanel<i16, A>(
      output + channel * outBytes, input, panel, link, pixels, <i32>(2 * groups), outStride, residualStride, format,
    );
    panel += panelBytes;
  }
}

/**
 * The same as `pointwise_i8` of words, in fewer multiplications. inChannels at least 40, so that four times the largest
 * weight fits in 16 bits.
 *
 * - input, weights, output, residual, format, activation: as of `pointwise_i8`, input in words.
 * - scratch: `strassen_scratch_i8` bytes, 16-byte aligned.
 */
export function pointwise_strassen_i8(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  scratch: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  format: i32,
  activation: i32,
): void {
  assert(isAligned(weights) && isAligned(scratch) && pixels >= 0 && inChannels >= LEAST_CHANNELS && inChannels % CHANNEL_TILE == 0);
  assert(outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  // Such products are faster in baseline code, and exact as well.
  if (usesBaselineTiles) pointwise_i8(output, input, weights, residual, pixels, inChannels, outChannels, format, activation);
  else if (activation == SWISH) {
    multiply<Swished>(output, input, weights, residual, scratch, pixels, inChannels, outChannels, format);
  } else if (format & IN_WORDS) {
    multiply<Scaled>(output, input, weights, residual, scratch, pixels, inChannels, outChannels, format);
  } else multiply<Clipped>(output, input, weights, residual, scratch, pixels, inChannels, outChannels, format);
}
