import { EXACT_HEADER, storeExact } from './exact-requantise';
import { greater, lesser } from './integers';
import { VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * Depthwise convolution of i16 by i16, the exact sums rescaled as `requantise` says, clipped to min … max, stored as i16.
 *
 * - input `[inHeight][inWidth][channels]`, channels a multiple of 8; outside of it are zeros; 16-byte aligned.
 * - weights: for each group of 8 channels a header (see `EXACT_HEADER`), then kernelSize² rows of 8 weights.
 * - output `[outHeight][outWidth][channels]`, 16-byte aligned, apart from the input.
 */
export function exact_depthwise_i16(
  output: usize,
  input: usize,
  weights: usize,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  min: i32,
  max: i32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(weights) && channels % 8 == 0);
  for (let y = 0; y < outHeight; ++y) {
    depthwiseExactRow(
      output, input, weights, y, inHeight, inWidth, channels, outWidth, kernelSize, stride, padTop, padLeft, min, max,
    );
  }
}

function depthwiseExactRow(
  output: usize,
  input: usize,
  weights: usize,
  y: i32,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outWidth: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  min: i32,
  max: i32,
): void {
  const low = i32x4.splat(min);
  const high = i32x4.splat(max);
  const pixelBytes = <usize>channels * 2;
  const rowBytes = <usize>inWidth * pixelBytes;
  const panelBytes = EXACT_HEADER + <usize>(kernelSize * kernelSize) * VECTOR;
  const top = y * stride - padTop;
  const firstY = greater(0, -top);
  const lastY = lesser(kernelSize, inHeight - top);
  let panel = weights;
  for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
    let to = output + <usize>(y * outWidth) * pixelBytes + c;
    for (let x = 0; x < outWidth; ++x) {
      const left = x * stride - padLeft;
      const firstX = greater(0, -left);
      const lastX = lesser(kernelSize, inWidth - left);
      let a0 = v128.load(panel);
      let a1 = v128.load(panel, 16);
      for (let ky = firstY; ky < lastY; ++ky) {
        let p = input + <usize>(top + ky) * rowBytes + <usize>(left + firstX) * pixelBytes + c;
        let w = panel + EXACT_HEADER + <usize>(ky * kernelSize + firstX) * VECTOR;
        for (let kx = firstX; kx < lastX; ++kx) {
          const values = v128.load(p);
          const taps = v128.load(w);
          a0 = i32x4.add(a0, i32x4.extmul_low_i16x8_s(values, taps));
          a1 = i32x4.add(a1, i32x4.extmul_high_i16x8_s(values, taps));
          p += pixelBytes;
          w += VECTOR;
        }
      }
      storeExact(to, panel, a0, a1, low, high);
      to += pixelBytes;
    }
    panel += panelBytes;
  }
}
