import { HEADER_BYTES, HEADER_LARGEST } from './integer-tiles';
import { mixHigh, mixLow } from './interleave';
import { multiplyAddLanes } from './multiply-lanes';
import { storePair, storeSums } from './requantise';

/**
 * Like `rowOfBytes` of `depthwise-3x3-bytes-i8`, from words, two of which go into a lane: rows 0 and 1 of each column, and two
 * columns of row 2. With stride 1 two windows are computed at once, which share the weights that are loaded and, with zeros in
 * their places, the pairs of row 2. With stride 2 the pairs of row 2 are columns 1 and 2, the latter of which is column 0 of the
 * next window.
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
