import { EXACT_HEADER, storeExact } from './exact-requantise';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';

/**
 * A row of output pixels of a 3×3 window, 8 channels: see `exact_depthwise_u8`, and `depthwise-3x3-bytes-i8`, whose rows, padding and
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

/**
 * From words, two of which go into a lane: rows 0 and 1 of each column, and two columns of row 2. With
 * stride 1 two windows are computed at once, which share the weights that are loaded and, with zeros in their places, the
 * pairs of row 2. With stride 2 the pairs of row 2 are columns 1 and 2, the latter of which is column 0 of the next window.
 */
function rowOfWords(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, offset: v128, min: v128, max: v128,
): void {
  // Row 2 lies alone in its lanes, beside zeros.
  const first0 = i32x4.shl(v128.load(block, EXACT_HEADER + 32), 16);
  const first1 = i32x4.shl(v128.load(block, EXACT_HEADER + 48), 16);
  const last0 = v128.or(v128.load(block, EXACT_HEADER + 96), i32x4.shl(v128.load(block, EXACT_HEADER + 160), 16));
  const last1 = v128.or(v128.load(block, EXACT_HEADER + 112), i32x4.shl(v128.load(block, EXACT_HEADER + 176), 16));
  let low: v128, high: v128, low2: v128, high2: v128, w: v128;
  low2 = i32x4.splat(0); high2 = low2; low = low2; high = low2;
  let p = v128.load8x8_u(left ? padding : row0);
  let q = v128.load8x8_u(left ? padding : row1);
  let s = v128.load8x8_u(left ? padding : row2);
  let x00 = mixLow(p, q);
  let x01 = mixHigh(p, q);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  if (stride == 1) {
    const both0 = v128.or(v128.load(block, EXACT_HEADER + 32), i32x4.shl(v128.load(block, EXACT_HEADER + 96), 16));
    const both1 = v128.or(v128.load(block, EXACT_HEADER + 48), i32x4.shl(v128.load(block, EXACT_HEADER + 112), 16));
    p = v128.load8x8_u(row0);
    q = v128.load8x8_u(row1);
    let t = v128.load8x8_u(row2);
    let x10 = mixLow(p, q);
    let x11 = mixHigh(p, q);
    let s0 = mixLow(s, t);
    let s1 = mixHigh(s, t);
    for (; pixels >= 2 + right; pixels -= 2) {
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
      low = v128.load(block);
      high = v128.load(block, 16);
      w = v128.load(block, EXACT_HEADER);
      low2 = multiplyAddLanes<i16>(low, x10, w);
      low = multiplyAddLanes<i16>(low, x00, w);
      w = v128.load(block, EXACT_HEADER + 16);
      high2 = multiplyAddLanes<i16>(high, x11, w);
      high = multiplyAddLanes<i16>(high, x01, w);
      // Never true, these: with the sums stored behind the loop they keep V8 up to Node 22 from loading all before it multiplies.
      p = v128.load8x8_u(row0);
      q = v128.load8x8_u(row1);
      x00 = mixLow(p, q);
      x01 = mixHigh(p, q);
      w = v128.load(block, EXACT_HEADER + 64);
      low = multiplyAddLanes<i16>(low, x10, w);
      low2 = multiplyAddLanes<i16>(low2, x00, w);
      w = v128.load(block, EXACT_HEADER + 80);
      high = multiplyAddLanes<i16>(high, x11, w);
      high2 = multiplyAddLanes<i16>(high2, x01, w);
      if (block == 2) break;
      p = v128.load8x8_u(row0 + pixelBytes);
      q = v128.load8x8_u(row1 + pixelBytes);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      w = v128.load(block, EXACT_HEADER + 128);
      low = multiplyAddLanes<i16>(low, x00, w);
      low2 = multiplyAddLanes<i16>(low2, x10, w);
      w = v128.load(block, EXACT_HEADER + 144);
      high = multiplyAddLanes<i16>(high, x01, w);
      high2 = multiplyAddLanes<i16>(high2, x11, w);
      low = multiplyAddLanes<i16>(low, s0, both0);
      low2 = multiplyAddLanes<i16>(low2, s0, first0);
      high = multiplyAddLanes<i16>(high, s1, both1);
      high2 = multiplyAddLanes<i16>(high2, s1, first1);
      if (block == 4) break;
      p = v128.load8x8_u(row2);
      q = v128.load8x8_u(row2 + pixelBytes);
      s0 = mixLow(p, q);
      s1 = mixHigh(p, q);
      low = multiplyAddLanes<i16>(low, s0, v128.load(block, EXACT_HEADER + 160));
      low2 = multiplyAddLanes<i16>(low2, s0, last0);
      high = multiplyAddLanes<i16>(high, s1, v128.load(block, EXACT_HEADER + 176));
      high2 = multiplyAddLanes<i16>(high2, s1, last1);
      storeExact(output, block, low, high, offset, min, max);
      output += pixelBytes;
      if (block == 6) break;
      storeExact(output, block, low2, high2, offset, min, max);
      output += pixelBytes;
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    }
    if (block < 8) {
      v128.store(output, low); v128.store(output, high); v128.store(output, low2); v128.store(output, high2);
      return;
    }
    for (; pixels > 0; --pixels) {
      s = v128.load8x8_u(row2);
      if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
      else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
      low = multiplyAddLanes<i16>(v128.load(block), x00, v128.load(block, EXACT_HEADER));
      high = multiplyAddLanes<i16>(v128.load(block, 16), x01, v128.load(block, EXACT_HEADER + 16));
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, EXACT_HEADER + 64));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, EXACT_HEADER + 80));
      low = multiplyAddLanes<i16>(low, s0, both0);
      high = multiplyAddLanes<i16>(high, s1, both1);
      x00 = x10; x01 = x11;
      p = v128.load8x8_u(row0);
      q = v128.load8x8_u(row1);
      t = v128.load8x8_u(row2);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, EXACT_HEADER + 128));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, EXACT_HEADER + 144));
      low = multiplyAddLanes<i16>(low, mixLow(t, t), v128.load(block, EXACT_HEADER + 160));
      high = multiplyAddLanes<i16>(high, mixHigh(t, t), v128.load(block, EXACT_HEADER + 176));
      s0 = mixLow(s, t);
      s1 = mixHigh(s, t);
      storeExact(output, block, low, high, offset, min, max);
      output += pixelBytes;
    }
    return;
  }
  let s0 = mixLow(s, s);
  let s1 = mixHigh(s, s);
  for (; pixels > 0; --pixels) {
    low = v128.load(block);
    high = v128.load(block, 16);
    low = multiplyAddLanes<i16>(low, x00, v128.load(block, EXACT_HEADER));
    high = multiplyAddLanes<i16>(high, x01, v128.load(block, EXACT_HEADER + 16));
    low = multiplyAddLanes<i16>(low, s0, first0);
    high = multiplyAddLanes<i16>(high, s1, first1);
    if (block == 1) break;
    p = v128.load8x8_u(row0);
    q = v128.load8x8_u(row1);
    low = multiplyAddLanes<i16>(low, mixLow(p, q), v128.load(block, EXACT_HEADER + 64));
    high = multiplyAddLanes<i16>(high, mixHigh(p, q), v128.load(block, EXACT_HEADER + 80));
    if (block == 2) break;
    s = v128.load8x8_u(row2);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    q = v128.load8x8_u(row2);
    s0 = mixLow(s, q);
    s1 = mixHigh(s, q);
    low = multiplyAddLanes<i16>(low, s0, last0);
    high = multiplyAddLanes<i16>(high, s1, last1);
    if (block == 3) break;
    p = v128.load8x8_u(row0);
    q = v128.load8x8_u(row1);
    x00 = mixLow(p, q);
    x01 = mixHigh(p, q);
    low = multiplyAddLanes<i16>(low, x00, v128.load(block, EXACT_HEADER + 128));
    high = multiplyAddLanes<i16>(high, x01, v128.load(block, EXACT_HEADER + 144));
    if (block == 4) break;
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    storeExact(output, block, low, high, offset, min, max);
    output += pixelBytes;
  }
  if (block < 8) { v128.store(output, low); v128.store(output, high); }
}
