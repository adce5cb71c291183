import { HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { loadOnes, multiplyAddLanes } from './multiply-lanes';
import { storeSums } from './requantise';

/**
 * A row of output pixels of a 3×3 window, 8 channels: see `depthwise_i8`. I: type of the input, u8 or i8 (see
 * `multiplyAddLanes`); A: see `storeSums`.
 *
 * - row0 … row2: the input rows under the window, at column 0; for a row outside of the map the row of padding.
 * - padding: a pixel that stands for those outside. left, right: 1 where the first column of the first window, the last one
 *   of the last, lies outside of the map, else 0; no other does.
 *
 * Each column of three is brought into lanes once, though up to three windows have it.
 */
export function rowOfBytes<I, A>(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, HEADER_LARGEST);
  const unit = loadOnes();
  const w00 = v128.load(block, HEADER_BYTES);
  const w01 = v128.load(block, HEADER_BYTES + 16);
  const w10 = v128.load(block, HEADER_BYTES + 32);
  const w11 = v128.load(block, HEADER_BYTES + 48);
  const w20 = v128.load(block, HEADER_BYTES + 64);
  const w21 = v128.load(block, HEADER_BYTES + 80);
  let pair = mixBytes(v128.load64_zero(left ? padding : row0), v128.load64_zero(left ? padding : row1));
  let single = v128.load8x8_u(left ? padding : row2);
  let x00 = mixLow(pair, single);
  let x01 = mixHigh(pair, single);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  if (stride == 1) {
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    let x10 = mixLow(pair, single);
    let x11 = mixHigh(pair, single);
    for (; pixels > 0; --pixels) {
      if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
      else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
      single = v128.load8x8_u(row2);
      const x20 = mixLow(pair, single);
      const x21 = mixHigh(pair, single);
      let low = multiplyAddLanes<I>(v128.load(block), x00, w00, unit);
      let high = multiplyAddLanes<I>(v128.load(block, 16), x01, w01, unit);
      low = multiplyAddLanes<I>(low, x10, w10, unit);
      high = multiplyAddLanes<I>(high, x11, w11, unit);
      low = multiplyAddLanes<I>(low, x20, w20, unit);
      high = multiplyAddLanes<I>(high, x21, w21, unit);
      storeSums<A>(output, low, high, block, 0, limit, format);
      output += outPixelBytes;
      x00 = x10; x01 = x11; x10 = x20; x11 = x21;
    }
    return;
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddLanes<I>(v128.load(block), x00, w00, unit);
    let high = multiplyAddLanes<I>(v128.load(block, 16), x01, w01, unit);
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    low = multiplyAddLanes<I>(low, mixLow(pair, single), w10, unit);
    high = multiplyAddLanes<I>(high, mixHigh(pair, single), w11, unit);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    x00 = mixLow(pair, single);
    x01 = mixHigh(pair, single);
    low = multiplyAddLanes<I>(low, x00, w20, unit);
    high = multiplyAddLanes<I>(high, x01, w21, unit);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    storeSums<A>(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
  }
}

// @ts-ignore: decorator
@inline
function multiplyAddWords(sum: v128, activations: v128, weights: v128): v128 {
  return multiplyAddLanes<i16>(sum, activations, weights, sum);
}

/**
 * Like `rowOfBytes`, from words. Two go into a lane: rows 0 and 1 of each column, brought there once, and of row 2 columns 0
 * and 1; column 2 of row 2 has a lane to itself.
 */
export function rowOfWords<A>(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  // Row 2 lies alone in its lanes, beside zeros.
  const w0 = v128.or(v128.load(block, HEADER_BYTES + 32), i32x4.shl(v128.load(block, HEADER_BYTES + 96), 16));
  const w1 = v128.or(v128.load(block, HEADER_BYTES + 48), i32x4.shl(v128.load(block, HEADER_BYTES + 112), 16));
  let p = v128.load(left ? padding : row0);
  let q = v128.load(left ? padding : row1);
  let s0 = v128.load(left ? padding : row2);
  let x00 = mixLow(p, q);
  let x01 = mixHigh(p, q);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  if (stride == 1) {
    p = v128.load(row0);
    q = v128.load(row1);
    let s1 = v128.load(row2);
    let x10 = mixLow(p, q);
    let x11 = mixHigh(p, q);
    for (; pixels > 0; --pixels) {
      if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
      else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
      let low = multiplyAddWords(v128.load(block), x00, v128.load(block, HEADER_BYTES));
      let high = multiplyAddWords(v128.load(block, 16), x01, v128.load(block, HEADER_BYTES + 16));
      low = multiplyAddWords(low, x10, v128.load(block, HEADER_BYTES + 64));
      high = multiplyAddWords(high, x11, v128.load(block, HEADER_BYTES + 80));
      low = multiplyAddWords(low, mixLow(s0, s1), w0);
      high = multiplyAddWords(high, mixHigh(s0, s1), w1);
      x00 = x10; x01 = x11; s0 = s1;
      p = v128.load(row0);
      q = v128.load(row1);
      s1 = v128.load(row2);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      low = multiplyAddWords(low, x10, v128.load(block, HEADER_BYTES + 128));
      high = multiplyAddWords(high, x11, v128.load(block, HEADER_BYTES + 144));
      low = multiplyAddWords(low, mixLow(s1, s1), v128.load(block, HEADER_BYTES + 160));
      high = multiplyAddWords(high, mixHigh(s1, s1), v128.load(block, HEADER_BYTES + 176));
      storeSums<A>(output, low, high, block, 0, v128.load(block, HEADER_LARGEST), format);
      output += outPixelBytes;
    }
    return;
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddWords(v128.load(block), x00, v128.load(block, HEADER_BYTES));
    let high = multiplyAddWords(v128.load(block, 16), x01, v128.load(block, HEADER_BYTES + 16));
    p = v128.load(row0);
    q = v128.load(row1);
    const s1 = v128.load(row2);
    low = multiplyAddWords(low, mixLow(p, q), v128.load(block, HEADER_BYTES + 64));
    high = multiplyAddWords(high, mixHigh(p, q), v128.load(block, HEADER_BYTES + 80));
    low = multiplyAddWords(low, mixLow(s0, s1), w0);
    high = multiplyAddWords(high, mixHigh(s0, s1), w1);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    p = v128.load(row0);
    q = v128.load(row1);
    s0 = v128.load(row2);
    x00 = mixLow(p, q);
    x01 = mixHigh(p, q);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    low = multiplyAddWords(low, x00, v128.load(block, HEADER_BYTES + 128));
    high = multiplyAddWords(high, x01, v128.load(block, HEADER_BYTES + 144));
    low = multiplyAddWords(low, mixLow(s0, s0), v128.load(block, HEADER_BYTES + 160));
    high = multiplyAddWords(high, mixHigh(s0, s0), v128.load(block, HEADER_BYTES + 176));
    storeSums<A>(output, low, high, block, 0, v128.load(block, HEADER_LARGEST), format);
    output += outPixelBytes;
  }
}
