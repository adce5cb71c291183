import { HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { mixBytes, mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';
import { storePair, storeSums } from './requantise';

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
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    let pairs = isFloat<A>() ? 0 : (pixels - right) >> 1;
    if (pairs > 0) {
      pixels -= 2 * pairs;
      const down = row1 - row0;
      const down2 = row2 - row0;
      do {
        pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
        single = v128.load8x8_u(row0 + down2);
        let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
        let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
        let low2 = multiplyAddLanes<u8>(v128.load(block), x10, w00);
        let high2 = multiplyAddLanes<u8>(v128.load(block, 16), x11, w01);
        row0 += pixelBytes;
        x00 = mixLow(pair, single);
        x01 = mixHigh(pair, single);
        low = multiplyAddLanes<u8>(low, x10, w10);
        high = multiplyAddLanes<u8>(high, x11, w11);
        low2 = multiplyAddLanes<u8>(low2, x00, w10);
        high2 = multiplyAddLanes<u8>(high2, x01, w11);
        pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
        single = v128.load8x8_u(row0 + down2);
        x10 = mixLow(pair, single);
        x11 = mixHigh(pair, single);
        low = multiplyAddLanes<u8>(low, x00, w20);
        high = multiplyAddLanes<u8>(high, x01, w21);
        low2 = multiplyAddLanes<u8>(low2, x10, w20);
        high2 = multiplyAddLanes<u8>(high2, x11, w21);
        row0 += pixelBytes;
        const second = output + outPixelBytes;
        storePair<A>(output, second, low, high, low2, high2, block, format);
        output = second + outPixelBytes;
      } while (--pairs);
      row1 = row0 + down;
      row2 = row0 + down2;
    }
    if (!isFloat<A>() && pixels == 2) {
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row1));
      single = v128.load8x8_u(row2);
      let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
      let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
      let low2 = multiplyAddLanes<u8>(v128.load(block), x10, w00);
      let high2 = multiplyAddLanes<u8>(v128.load(block, 16), x11, w01);
      x00 = mixLow(pair, single);
      x01 = mixHigh(pair, single);
      low = multiplyAddLanes<u8>(low, x10, w10);
      high = multiplyAddLanes<u8>(high, x11, w11);
      low2 = multiplyAddLanes<u8>(low2, x00, w10);
      high2 = multiplyAddLanes<u8>(high2, x01, w11);
      single = v128.load8x8_u(padding);
      pair = mixBytes(v128.load64_zero(padding), v128.load64_zero(padding));
      low = multiplyAddLanes<u8>(low, x00, w20);
      high = multiplyAddLanes<u8>(high, x01, w21);
      low2 = multiplyAddLanes<u8>(low2, mixLow(pair, single), w20);
      high2 = multiplyAddLanes<u8>(high2, mixHigh(pair, single), w21);
      storePair<A>(output, output + outPixelBytes, low, high, low2, high2, block, format);
      return;
    }
    for (; pixels > 0; --pixels) {
      if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
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
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
      output += outPixelBytes;
      x00 = x10; x01 = x11; x10 = x20; x11 = x21;
    }
    return;
  }
  let pairs = isFloat<A>() ? 0 : (pixels - right) >> 1;
  if (pairs > 0) {
    pixels -= 2 * pairs;
    const down = row1 - row0;
    const down2 = row2 - row0;
    do {
      let low = multiplyAddLanes<u8>(v128.load(block), x00, w00);
      let high = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
      single = v128.load8x8_u(row0 + down2);
      row0 += pixelBytes;
      low = multiplyAddLanes<u8>(low, mixLow(pair, single), w10);
      high = multiplyAddLanes<u8>(high, mixHigh(pair, single), w11);
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
      single = v128.load8x8_u(row0 + down2);
      row0 += pixelBytes;
      x00 = mixLow(pair, single);
      x01 = mixHigh(pair, single);
      low = multiplyAddLanes<u8>(low, x00, w20);
      high = multiplyAddLanes<u8>(high, x01, w21);
      // Never true: the second window's loads stay behind, for which there are no registers yet.
      if (block == 1) break;
      let low2 = multiplyAddLanes<u8>(v128.load(block), x00, w00);
      let high2 = multiplyAddLanes<u8>(v128.load(block, 16), x01, w01);
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
      single = v128.load8x8_u(row0 + down2);
      row0 += pixelBytes;
      low2 = multiplyAddLanes<u8>(low2, mixLow(pair, single), w10);
      high2 = multiplyAddLanes<u8>(high2, mixHigh(pair, single), w11);
      pair = mixBytes(v128.load64_zero(row0), v128.load64_zero(row0 + down));
      single = v128.load8x8_u(row0 + down2);
      row0 += pixelBytes;
      x00 = mixLow(pair, single);
      x01 = mixHigh(pair, single);
      low2 = multiplyAddLanes<u8>(low2, x00, w20);
      high2 = multiplyAddLanes<u8>(high2, x01, w21);
      const second = output + outPixelBytes;
      storePair<A>(output, second, low, high, low2, high2, block, format);
      output = second + outPixelBytes;
    } while (--pairs);
    row1 = row0 + down;
    row2 = row0 + down2;
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
 * Like `rowOfBytes`, from words, two of which go into a lane: rows 0 and 1 of each column, and two columns of row 2. With
 * stride 1 two windows are computed at once, which share the weights that are loaded and, with zeros in their places, the
 * pairs of row 2. With stride 2 the pairs of row 2 are columns 1 and 2, the latter of which is column 0 of the next window.
 */
// @ts-ignore: decorator
@inline
function rowOfWords<A>(
  output: usize, row0: usize, row1: usize, row2: usize, padding: usize, block: usize, pixels: i32, stride: i32, left: i32,
  right: i32, pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  const limit = v128.load(block, HEADER_LARGEST);
  // Row 2 lies alone in its lanes, beside zeros.
  const first0 = i32x4.shl(v128.load(block, HEADER_BYTES + 32), 16);
  const first1 = i32x4.shl(v128.load(block, HEADER_BYTES + 48), 16);
  const last0 = v128.or(v128.load(block, HEADER_BYTES + 96), i32x4.shl(v128.load(block, HEADER_BYTES + 160), 16));
  const last1 = v128.or(v128.load(block, HEADER_BYTES + 112), i32x4.shl(v128.load(block, HEADER_BYTES + 176), 16));
  let low: v128, high: v128, low2: v128, high2: v128, w: v128;
  low2 = i32x4.splat(0); high2 = low2; low = low2; high = low2;
  let p = v128.load(left ? padding : row0);
  let q = v128.load(left ? padding : row1);
  let s = v128.load(left ? padding : row2);
  let x00 = mixLow(p, q);
  let x01 = mixHigh(p, q);
  const skipped = left ? <usize>0 : pixelBytes;
  row0 += skipped; row1 += skipped; row2 += skipped;
  if (stride == 1) {
    const both0 = v128.or(v128.load(block, HEADER_BYTES + 32), i32x4.shl(v128.load(block, HEADER_BYTES + 96), 16));
    const both1 = v128.or(v128.load(block, HEADER_BYTES + 48), i32x4.shl(v128.load(block, HEADER_BYTES + 112), 16));
    p = v128.load(row0);
    q = v128.load(row1);
    let t = v128.load(row2);
    let x10 = mixLow(p, q);
    let x11 = mixHigh(p, q);
    let s0 = mixLow(s, t);
    let s1 = mixHigh(s, t);
    for (; pixels >= 2; pixels -= 2) {
      row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
      low = v128.load(block);
      high = v128.load(block, 16);
      w = v128.load(block, HEADER_BYTES);
      low2 = multiplyAddLanes<i16>(low, x10, w);
      low = multiplyAddLanes<i16>(low, x00, w);
      w = v128.load(block, HEADER_BYTES + 16);
      high2 = multiplyAddLanes<i16>(high, x11, w);
      high = multiplyAddLanes<i16>(high, x01, w);
      // Never true, these: with the sums stored behind the loop they keep V8 up to Node 22 from loading all before it multiplies.
      p = v128.load(row0);
      q = v128.load(row1);
      x00 = mixLow(p, q);
      x01 = mixHigh(p, q);
      w = v128.load(block, HEADER_BYTES + 64);
      low = multiplyAddLanes<i16>(low, x10, w);
      low2 = multiplyAddLanes<i16>(low2, x00, w);
      w = v128.load(block, HEADER_BYTES + 80);
      high = multiplyAddLanes<i16>(high, x11, w);
      high2 = multiplyAddLanes<i16>(high2, x01, w);
      if (block == 2) break;
      const third = row2;
      if (pixels - 1 == right) { row0 = padding; row1 = padding; row2 = padding; }
      else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
      p = v128.load(row0);
      q = v128.load(row1);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      w = v128.load(block, HEADER_BYTES + 128);
      low = multiplyAddLanes<i16>(low, x00, w);
      low2 = multiplyAddLanes<i16>(low2, x10, w);
      w = v128.load(block, HEADER_BYTES + 144);
      high = multiplyAddLanes<i16>(high, x01, w);
      high2 = multiplyAddLanes<i16>(high2, x11, w);
      low = multiplyAddLanes<i16>(low, s0, both0);
      low2 = multiplyAddLanes<i16>(low2, s0, first0);
      high = multiplyAddLanes<i16>(high, s1, both1);
      high2 = multiplyAddLanes<i16>(high2, s1, first1);
      if (block == 4) break;
      p = v128.load(third);
      q = v128.load(row2);
      s0 = mixLow(p, q);
      s1 = mixHigh(p, q);
      low = multiplyAddLanes<i16>(low, s0, v128.load(block, HEADER_BYTES + 160));
      low2 = multiplyAddLanes<i16>(low2, s0, last0);
      high = multiplyAddLanes<i16>(high, s1, v128.load(block, HEADER_BYTES + 176));
      high2 = multiplyAddLanes<i16>(high2, s1, last1);
      if (!isFloat<A>()) {
        storePair<A>(output, output + outPixelBytes, low, high, low2, high2, block, format);
        output += 2 * outPixelBytes;
      } else {
        storeSums<A>(output, low, high, block, 0, limit, format);
        output += outPixelBytes;
        if (block == 6) break;
        storeSums<A>(output, low2, high2, block, 0, limit, format);
        output += outPixelBytes;
      }
    }
    if (block < 8) {
      v128.store(output, low); v128.store(output, high); v128.store(output, low2); v128.store(output, high2);
      return;
    }
    for (; pixels > 0; --pixels) {
      s = v128.load(row2);
      if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
      else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
      low = multiplyAddLanes<i16>(v128.load(block), x00, v128.load(block, HEADER_BYTES));
      high = multiplyAddLanes<i16>(v128.load(block, 16), x01, v128.load(block, HEADER_BYTES + 16));
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, HEADER_BYTES + 64));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, HEADER_BYTES + 80));
      low = multiplyAddLanes<i16>(low, s0, both0);
      high = multiplyAddLanes<i16>(high, s1, both1);
      x00 = x10; x01 = x11;
      p = v128.load(row0);
      q = v128.load(row1);
      t = v128.load(row2);
      x10 = mixLow(p, q);
      x11 = mixHigh(p, q);
      low = multiplyAddLanes<i16>(low, x10, v128.load(block, HEADER_BYTES + 128));
      high = multiplyAddLanes<i16>(high, x11, v128.load(block, HEADER_BYTES + 144));
      low = multiplyAddLanes<i16>(low, mixLow(t, t), v128.load(block, HEADER_BYTES + 160));
      high = multiplyAddLanes<i16>(high, mixHigh(t, t), v128.load(block, HEADER_BYTES + 176));
      s0 = mixLow(s, t);
      s1 = mixHigh(s, t);
      storeSums<A>(output, low, high, block, 0, limit, format);
      output += outPixelBytes;
    }
    return;
  }
  let s0 = mixLow(s, s);
  let s1 = mixHigh(s, s);
  for (; pixels > 0; --pixels) {
    low = v128.load(block);
    high = v128.load(block, 16);
    low = multiplyAddLanes<i16>(low, x00, v128.load(block, HEADER_BYTES));
    high = multiplyAddLanes<i16>(high, x01, v128.load(block, HEADER_BYTES + 16));
    low = multiplyAddLanes<i16>(low, s0, first0);
    high = multiplyAddLanes<i16>(high, s1, first1);
    if (block == 1) break;
    p = v128.load(row0);
    q = v128.load(row1);
    low = multiplyAddLanes<i16>(low, mixLow(p, q), v128.load(block, HEADER_BYTES + 64));
    high = multiplyAddLanes<i16>(high, mixHigh(p, q), v128.load(block, HEADER_BYTES + 80));
    if (block == 2) break;
    s = v128.load(row2);
    if (pixels == right) { row0 = padding; row1 = padding; row2 = padding; }
    else { row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes; }
    q = v128.load(row2);
    s0 = mixLow(s, q);
    s1 = mixHigh(s, q);
    low = multiplyAddLanes<i16>(low, s0, last0);
    high = multiplyAddLanes<i16>(high, s1, last1);
    if (block == 3) break;
    p = v128.load(row0);
    q = v128.load(row1);
    x00 = mixLow(p, q);
    x01 = mixHigh(p, q);
    low = multiplyAddLanes<i16>(low, x00, v128.load(block, HEADER_BYTES + 128));
    high = multiplyAddLanes<i16>(high, x01, v128.load(block, HEADER_BYTES + 144));
    if (block == 4) break;
    row0 += pixelBytes; row1 += pixelBytes; row2 += pixelBytes;
    storeSums<A>(output, low, high, block, 0, limit, format);
    output += outPixelBytes;
  }
  if (block < 8) { v128.store(output, low); v128.store(output, high); }
}

/** Where row `y` of the map lies, or what stands for it. */
// @ts-ignore: decorator
@inline
export function rowAt(input: usize, padding: usize, y: i32, inHeight: i32, rowBytes: usize): usize {
  return y >= 0 && y < inHeight ? input + <usize>y * rowBytes : padding;
}

/**
 * `rowOfWords` for rows of output pixels, of the first of which the window's upper edge is row `top` of the input: arguments of
 * a call take as long as a window, and the weights' other forms as another.
 */
export function rowsOfWords<A>(
  output: usize, input: usize, padding: usize, block: usize, top: i32, rows: i32, inHeight: i32, pixels: i32, stride: i32,
  left: i32, right: i32, rowBytes: usize, pixelBytes: usize, outPixelBytes: usize, format: i32,
): void {
  for (; rows > 0; --rows) {
    const row0 = rowAt(input, padding, top, inHeight, rowBytes);
    const row1 = rowAt(input, padding, top + 1, inHeight, rowBytes);
    const row2 = rowAt(input, padding, top + 2, inHeight, rowBytes);
    rowOfWords<A>(
      output, row0, row1, row2, padding, block, pixels, stride, left, right, pixelBytes, outPixelBytes, format,
    );
    top += stride;
    output += <usize>pixels * outPixelBytes;
  }
}
