import { EXACT_HEADER, storeExact } from './exact-requantise';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';

/**
 * A row of output pixels of a 3×3 window, 8 channels: see `exact_depthwise_u8`, and `depthwise-3x3-i8`, whose rows, padding and
 * columns outside these are. I: u8, or i16 for words.
 */
// @ts-ignore: decorator
@inline
export function rowOf3x3<I>(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, offset: v128, min: v128, max: v128,
): void {
  if (sizeof<I>() == 1) {
    rowOfBytes(output, row0, row1, row2, padding, block, pixels, stride, left, right, pixelBytes, offset, min, max);
  } else rowOfWords(output, row0, row1, row2, padding, block, pixels, stride, left, right, pixelBytes, offset, min, max);
}

function rowOfBytes(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, offset: v128, min: v128, max: v128,
): void {
  const w00 = v128.load(block, EXACT_HEADER);
  const w01 = v128.load(block, EXACT_HEADER + 16);
  const w10 = v128.load(block, EXACT_HEADER + 32);
  const w11 = v128.load(block, EXACT_HEADER + 48);
  const w20 = v128.load(block, EXACT_HEADER + 64);
  const w21 = v128.load(block, EXACT_HEADER + 80);
  let pair = mixBytes(v128.load64_zero(left ? padding : row0), v128.load64_zero(left ? padding : row1));
  let single = v128.load8x8_u(left ? padding : row2);
  let x00 = mixLow(pair, single);
  let x01 = mixHigh(pair, single);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  let x10 = x00;
  let x11 = x01;
  if (stride == 1) {
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    x10 = mixLow(pair, single);
    x11 = mixHigh(pair, single);
  }
  for (; pixels > 0; --pixels) {
    if (stride == 2) {
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
      single = v128.load8x8_u(row2);
      x10 = mixLow(pair, single);
      x11 = mixHigh(pair, single);
    }
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    const x20 = mixLow(pair, single);
    const x21 = mixHigh(pair, single);
    let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
    let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
    low = multiplyAddLanes<u8>(low, x10, w10);
    high = multiplyAddLanes<u8>(high, x11, w11);
    low = multiplyAddLanes<u8>(low, x20, w20);
    high = multiplyAddLanes<u8>(high, x21, w21);
    storeExact(output, block, low, high, offset, min, max);
    output += pixelBytes;
    if (stride == 1) { x00 = x10; x01 = x11; x10 = x20; x11 = x21; }
    else { x00 = x20; x01 = x21; row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
  }
}

// @ts-ignore: decorator
@inline
function multiplyAddWords(sum: v128, activations: v128, weights: v128): v128 {
  return multiplyAddLanes<i16>(sum, activations, weights);
}

/**
 * Two words go into a lane: rows 0 and 1 of each column, brought there once, and of row 2 columns 0 and 1; column 2 of row 2
 * has a lane to itself.
 */
function rowOfWords(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, offset: v128, min: v128, max: v128,
): void {
  // Row 2 lies alone in its lanes, beside zeros.
  const w0 = v128.or(v128.load(block, EXACT_HEADER + 32), i32x4.shl(v128.load(block, EXACT_HEADER + 96), 16));
  const w1 = v128.or(v128.load(block, EXACT_HEADER + 48), i32x4.shl(v128.load(block, EXACT_HEADER + 112), 16));
  let p = v128.load8x8_u(left ? padding : row0);
  let q = v128.load8x8_u(left ? padding : row1);
  let s0 = v128.load8x8_u(left ? padding : row2);
  let s1 = s0;
  let x00 = mixLow(p, q);
  let x01 = mixHigh(p, q);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  let x10 = x00;
  let x11 = x01;
  if (stride == 1) {
    p = v128.load8x8_u(row0);
    q = v128.load8x8_u(row1);
    s1 = v128.load8x8_u(row2);
    x10 = mixLow(p, q);
    x11 = mixHigh(p, q);
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddWords(v128.load(block), x00, v128.load(block, EXACT_HEADER));
    let high = multiplyAddWords(v128.load(block, 16), x01, v128.load(block, EXACT_HEADER + 16));
    if (stride == 2) {
      p = v128.load8x8_u(row0);
      q = v128.load8x8_u(row1);
      s1 = v128.load8x8_u(row2);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
    }
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    low = multiplyAddWords(low, x10, v128.load(block, EXACT_HEADER + 64));
    high = multiplyAddWords(high, x11, v128.load(block, EXACT_HEADER + 80));
    low = multiplyAddWords(low, mixLow(s0, s1), w0);
    high = multiplyAddWords(high, mixHigh(s0, s1), w1);
    p = v128.load8x8_u(row0);
    q = v128.load8x8_u(row1);
    const s2 = v128.load8x8_u(row2);
    const x20 = mixLow(p, q);
    const x21 = mixHigh(p, q);
    low = multiplyAddWords(low, x20, v128.load(block, EXACT_HEADER + 128));
    high = multiplyAddWords(high, x21, v128.load(block, EXACT_HEADER + 144));
    low = multiplyAddWords(low, mixLow(s2, s2), v128.load(block, EXACT_HEADER + 160));
    high = multiplyAddWords(high, mixHigh(s2, s2), v128.load(block, EXACT_HEADER + 176));
    storeExact(output, block, low, high, offset, min, max);
    output += pixelBytes;
    if (stride == 1) { x00 = x10; x01 = x11; x10 = x20; x11 = x21; s0 = s1; s1 = s2; }
    else { x00 = x20; x01 = x21; s0 = s2; row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
  }
}
