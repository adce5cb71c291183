import { bytesOf, FLOAT_OUTPUT, HEADER_BYTES, HEADER_LARGEST, WIDE_OUTPUT } from './integer-tiles';
import { multiplyAddLanes } from './multiply-lanes';
import { Clipped, storeSums } from './requantise';
import { CHANNEL_TILE, VECTOR } from './tiles';

/**
 * Pixels of words against panels whose weights lie in bytes, as `[4 channels][4 inputs]`. A classifier uses each weight once and
 * waits for them: in bytes they are half as many, and loads widen them.
 */
export function multiplyByteWeights(
  output: usize, input: usize, weights: usize, pixels: i32, inChannels: i32, outChannels: i32, format: i32,
): void {
  const outBytes: usize = format & FLOAT_OUTPUT ? 4 : bytesOf(format, WIDE_OUTPUT);
  const inBytes = <usize>inChannels * 2;
  for (; pixels > 0; --pixels) {
    const end = input + inBytes;
    let w = weights;
    for (let channel = 0; channel < outChannels; channel += CHANNEL_TILE) {
      const panel = w;
      // Of each channel two lanes, for two of four inputs each.
      let a = i32x4.splat(0);
      let b = a;
      let c = a;
      let d = a;
      w += HEADER_BYTES;
      for (let p = input; p != end; p += VECTOR) {
        let x = v128.load64_splat(p);
        a = multiplyAddLanes<i16>(a, x, v128.load8x8_s(w));
        b = multiplyAddLanes<i16>(b, x, v128.load8x8_s(w, 8));
        c = multiplyAddLanes<i16>(c, x, v128.load8x8_s(w, 16));
        d = multiplyAddLanes<i16>(d, x, v128.load8x8_s(w, 24));
        x = v128.load64_splat(p, 8);
        a = multiplyAddLanes<i16>(a, x, v128.load8x8_s(w, 32));
        b = multiplyAddLanes<i16>(b, x, v128.load8x8_s(w, 40));
        c = multiplyAddLanes<i16>(c, x, v128.load8x8_s(w, 48));
        d = multiplyAddLanes<i16>(d, x, v128.load8x8_s(w, 56));
        w += 4 * VECTOR;
      }
      const low = i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
      const high = i32x4.add(v128.shuffle<i32>(c, d, 0, 2, 4, 6), v128.shuffle<i32>(c, d, 1, 3, 5, 7));
      const limit = v128.load(panel, HEADER_LARGEST);
      storeSums<Clipped>(
        output, i32x4.add(low, v128.load(panel)), i32x4.add(high, v128.load(panel, 16)), panel, 0, limit, format,
      );
      output += <usize>CHANNEL_TILE * outBytes;
    }
    input = end;
  }
}
