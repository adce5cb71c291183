import { HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';
import { storeSums } from './requantise';

/**
 * A row of output pixels of a 3×3 window, 8 channels: see `depthwise_i8`. A: see `storeSums`.
 *
 * - row0 … row2: the input rows under the window, at column 0; for a row outside of the map the row of padding.
 * - padding: a pixel that stands for those outside. left, right: 1 where the first column of the first window, the last one
 *   of the last, lies outside of the map, else 0; no other does.
 *
 * Each column of three is brought into lanes once, though up to three windows have it.
 */
export function rowOfBytes<A>(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, HEADER_LARGEST);
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
      let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
      let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
      low = multiplyAddLanes<u8>(low, x10, w10);
      high = multiplyAddLanes<u8>(high, x11, w11);
      low = multiplyAddLanes<u8>(low, x20, w20);
      high = multiplyAddLanes<u8>(high, x21, w21);
      storeSums<A>(output, low, high, block, 0, limit, format);
      output += outPixelBytes;
      x00 = x10; x01 = x11; x10 = x20; x11 = x21;
    }
    return;
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
    let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    low = multiplyAddLanes<u8>(low, mixLow(pair, single), w10);
    high = multiplyAddLanes<u8>(high, mixHigh(pair, single), w11);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
    single = v128.load8x8_u(row2);
    x00 = mixLow(pair, single);
    x01 = mixHigh(pair, single);
    low = multiplyAddLanes<u8>(low, x00, w20);
    high = multiplyAddLanes<u8>(high, x01, w21);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    storeSums<A>(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
  }
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
      let low = multiplyAddLanes<i16>(v128.load(block), x00, v128.load(block, HEADER_BYTES));
      let high = multiplyAddLanes<i16>(v128.load(block, 16), x01, v128.load(block, HEADER_BYTES + 16));
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, HEADER_BYTES + 64));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, HEADER_BYTES + 80));
      low = multiplyAddLanes<i16>(low, mixLow(s0, s1), w0);
      high = multiplyAddLanes<i16>(high, mixHigh(s0, s1), w1);
      x00 = x10; x01 = x11; s0 = s1;
      p = v128.load(row0);
      q = v128.load(row1);
      s1 = v128.load(row2);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, HEADER_BYTES + 128));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, HEADER_BYTES + 144));
      low = multiplyAddLanes<i16>(low, mixLow(s1, s1), v128.load(block, HEADER_BYTES + 160));
      high = multiplyAddLanes<i16>(high, mixHigh(s1, s1), v128.load(block, HEADER_BYTES + 176));
      storeSums<A>(output, low, high, block, 0, v128.load(block, HEADER_LARGEST), format);
      output += outPixelBytes;
    }
    return;
  }
  for (; pixels > 0; --pixels) {
    let low = multiplyAddLanes<i16>(v128.load(block), x00, v128.load(block, HEADER_BYTES));
    let high = multiplyAddLanes<i16>(v128.load(block, 16), x01, v128.load(block, HEADER_BYTES + 16));
    p = v128.load(row0);
    q = v128.load(row1);
    const s1 = v128.load(row2);
    low = multiplyAddLanes<i16>(low, mixLow(p, q), v128.load(block, HEADER_BYTES + 64));
    high = multiplyAddLanes<i16>(high, mixHigh(p, q), v128.load(block, HEADER_BYTES + 80));
    low = multiplyAddLanes<i16>(low, mixLow(s0, s1), w0);
    high = multiplyAddLanes<i16>(high, mixHigh(s0, s1), w1);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    p = v128.load(row0);
    q = v128.load(row1);
    s0 = v128.load(row2);
    x00 = mixLow(p, q);
    x01 = mixHigh(p, q);
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    low = multiplyAddLanes<i16>(low, x00, v128.load(block, HEADER_BYTES + 128));
    high = multiplyAddLanes<i16>(high, x01, v128.load(block, HEADER_BYTES + 144));
    low = multiplyAddLanes<i16>(low, mixLow(s0, s0), v128.load(block, HEADER_BYTES + 160));
    high = multiplyAddLanes<i16>(high, mixHigh(s0, s0), v128.load(block, HEADER_BYTES + 176));
    storeSums<A>(output, low, high, block, 0, v128.load(block, HEADER_LARGEST), format);
    output += outPixelBytes;
  }
}
