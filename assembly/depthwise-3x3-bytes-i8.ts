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
