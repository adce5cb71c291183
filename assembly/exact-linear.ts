import { offsetOf, storeExact, EXACT_HEADER } from './exact-requantise';
import { greater, lesser } from './integers';
import { NARROW_IN_BYTES } from './integer-tiles';
import { multiplyAddLanes } from './multiply-lanes';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Pixels that are computed at once, from bytes and from words: see `pointwise-i8`. */
const BYTE_TILE: i32 = 6;
const WORD_TILE: i32 = 5;
/** A block of pixels is a multiple of both, and takes about so many bytes. */
const BLOCK_TILE: i32 = 30;
const BLOCK_BYTES: i32 = 128 * 1024;

/** Pixels that are prepared and multiplied before the next ones are taken. */
function blockOf(inChannels: i32): i32 {
  return greater(BLOCK_BYTES / (2 * inChannels) / BLOCK_TILE, 1) * BLOCK_TILE;
}

/** Bytes of scratch memory that `exact_pointwise_u8` needs: its pixels as words, or a sum of each. */
export function exact_scratch(pixels: i32, inChannels: i32, format: i32): usize {
  const count = <usize>lesser(pixels, blockOf(inChannels));
  return (count * (format & NARROW_IN_BYTES ? 4 : <usize>inChannels * 2) + 15) & ~15;
}

/** Adds what the pixel brings beside its products to its sums, and stores them. */
// @ts-ignore: decorator
@inline
function finish(
  output: usize, panel: usize, extra: usize, a0: v128, a1: v128, offset: v128, low: v128, high: v128,
): void {
  if (extra) {
    const sum = v128.load32_splat(extra);
    a0 = i32x4.add(a0, sum);
    a1 = i32x4.add(a1, sum);
  }
  storeExact(output, panel, a0, a1, offset, low, high);
}

/** `pixels` rows times one panel. I: u8, or i16 for rows of words. extras: one i32 for each pixel, or 0. */
function multiplyExact<I>(
  output: usize,
  input: usize,
  panel: usize,
  extras: usize,
  pixels: i32,
  groups: i32,
  outStride: usize,
  offset: v128,
  low: v128,
  high: v128,
): void {
  const inStride = <usize>groups * 4;
  const next: usize = extras ? 4 : 0;
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
    let w = panel + EXACT_HEADER;
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
      // Never true, these: see `pointwise-i8`.
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
    finish(output, panel, extras, a0, a1, offset, low, high);
    output += outStride; extras += next;
    finish(output, panel, extras, b0, b1, offset, low, high);
    output += outStride; extras += next;
    finish(output, panel, extras, c0, c1, offset, low, high);
    output += outStride; extras += next;
    finish(output, panel, extras, d0, d1, offset, low, high);
    output += outStride; extras += next;
    finish(output, panel, extras, e0, e1, offset, low, high);
    output += outStride; extras += next;
    if (sizeof<I>() == 1) {
      finish(output, panel, extras, f0, f1, offset, low, high);
      output += outStride; extras += next;
    }
    input += inStride * tile;
  }
  for (; left > 0; --left) {
    let a0 = v128.load(panel);
    let a1 = v128.load(panel, 16);
    let b0 = i32x4.splat(0);
    let b1 = b0;
    let w = panel + EXACT_HEADER;
    const end = input + inStride;
    for (let p = input; p != end; p += 8) {
      x = v128.load32_splat(p);
      a0 = multiplyAddLanes<I>(a0, x, v128.load(w)); a1 = multiplyAddLanes<I>(a1, x, v128.load(w, 16));
      x = v128.load32_splat(p, 4);
      b0 = multiplyAddLanes<I>(b0, x, v128.load(w, 32)); b1 = multiplyAddLanes<I>(b1, x, v128.load(w, 48));
      w += 4 * VECTOR;
    }
    finish(output, panel, extras, i32x4.add(a0, b0), i32x4.add(a1, b1), offset, low, high);
    output += outStride; extras += next;
    input = end;
  }
}

/** Bytes as words. count: a multiple of 8. */
function widenBytes(output: usize, input: usize, count: usize): void {
  for (const end = input + count; input != end; input += 8) {
    v128.store(output, v128.load8x8_u(input));
    output += VECTOR;
  }
}

/** The sum of each pixel's bytes, times −zero. channels: a multiple of 8. */
function sumPixels(output: usize, input: usize, pixels: i32, channels: usize, zero: i32): void {
  for (; pixels > 0; --pixels) {
    let sums = i32x4.splat(0);
    for (const end = input + channels; input != end; input += 8) {
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(v128.load8x8_u(input)));
    }
    sums = i32x4.add(sums, i32x4.shuffle(sums, sums, 2, 3, 0, 1));
    sums = i32x4.add(sums, i32x4.shuffle(sums, sums, 1, 0, 3, 2));
    store<i32>(output, -zero * i32x4.extract_lane(sums, 0));
    output += 4;
  }
}

function multiplyBlocks<I>(
  output: usize, input: usize, weights: usize, scratch: usize, pixels: i32, inChannels: i32, outChannels: i32,
  weightZero: i32, outZero: i32, min: i32, max: i32,
): void {
  const groups = inChannels * <i32>sizeof<I>() / 4;
  const outStride = <usize>outChannels;
  const panelBytes = EXACT_HEADER + <usize>groups * 2 * VECTOR;
  const offset = offsetOf(outZero);
  const low = i8x16.splat(<i8>min);
  const high = i8x16.splat(<i8>max);
  const block = blockOf(inChannels);
  for (let first = 0; first < pixels; first += block) {
    const count = lesser(block, pixels - first);
    let rows = input + <usize>first * <usize>inChannels;
    let extras: usize = 0;
    if (sizeof<I>() == 2) {
      widenBytes(scratch, rows, <usize>count * <usize>inChannels);
      rows = scratch;
    } else if (weightZero) {
      sumPixels(scratch, rows, count, <usize>inChannels, weightZero);
      extras = scratch;
    }
    let panel = weights;
    const to = output + <usize>first * outStride;
    for (let channel: usize = 0; channel < outStride; channel += <usize>CHANNEL_TILE) {
      multiplyExact<I>(to + channel, rows, panel, extras, count, groups, outStride, offset, low, high);
      panel += panelBytes;
    }
  }
}

/**
 * 1×1 convolution or dense layer in the arithmetic of quantised files: bytes by bytes, the exact sums rescaled as
 * `storeExact` says, plus a zero point, clipped to min … max.
 *
 * - input `[pixels][inChannels]`, inChannels a multiple of 8. Nothing past its end is read.
 * - weights: for every 8 outputs a header (see EXACT_HEADER), then the weights of 8 outputs: with NARROW_IN_BYTES
 *   `[4 outputs][4 inputs]` of 8 bits twice for every four inputs, otherwise `[4][2]` of 16 twice for every two. What the zero
 *   point of the input adds is in the biases.
 * - scratch: `exact_scratch` bytes, 16-byte aligned; none where bytes are multiplied and weightZero is 0.
 * - weightZero: is subtracted from all weights of 8 bits.
 * - output `[pixels][outChannels]`, outChannels a multiple of 8; apart from the input.
 * - format: NARROW_IN_BYTES where the dot product of unsigned bytes by signed ones is exact and fast.
 */
export function exact_pointwise_u8(
  output: usize, input: usize, weights: usize, scratch: usize, pixels: i32, inChannels: i32, outChannels: i32, format: i32,
  weightZero: i32, outZero: i32, min: i32, max: i32,
): void {
  assert(isAligned(weights) && isAligned(scratch) && pixels >= 0 && inChannels >= 8 && inChannels % CHANNEL_TILE == 0);
  assert(outChannels >= 8 && outChannels % CHANNEL_TILE == 0);
  if (ASC_FEATURE_RELAXED_SIMD && format & NARROW_IN_BYTES) {
    multiplyBlocks<u8>(
      output, input, weights, scratch, pixels, inChannels, outChannels, weightZero, outZero, min, max,
    );
  } else {
    multiplyBlocks<i16>(output, input, weights, scratch, pixels, inChannels, outChannels, 0, outZero, min, max);
  }
}
