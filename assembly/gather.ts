import { VECTOR } from './tiles';

// @ts-ignore: decorator
@inline
function copyBytes(to: usize, from: usize, bytes: usize): void {
  if (bytes >= VECTOR) {
    const last = bytes - VECTOR;
    for (let i: usize = 0; i < last; i += VECTOR) v128.store(to + i, v128.load(from + i));
    // what is left, and some of what was copied before
    v128.store(to + last, v128.load(from + last));
  } else {
    for (let i: usize = 0; i < bytes; ++i) store<u8>(to + i, load<u8>(from + i));
  }
}

/** A few bytes, for which a bulk instruction takes longer. */
// @ts-ignore: decorator
@inline
function clearBytes(to: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; ++i) store<u8>(to + i, 0);
}

/**
 * The windows of output row `y`, each `depthBytes` long: (ky, kx, channel), zeros behind them.
 *
 * - input `[inHeight][inWidth]` pixels of `pixelBytes`, the first `channelBytes` of which count. Nothing else is read.
 * - padding: a pixel that stands for those outside of the map; 0: they are zeros.
 */
export function gatherRow(
  output: usize,
  input: usize,
  padding: usize,
  y: i32,
  inHeight: i32,
  inWidth: i32,
  pixelBytes: usize,
  channelBytes: usize,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  depthBytes: usize,
): void {
  const rowBytes = <usize>kernelWidth * channelBytes;
  for (let x = 0; x < outWidth; ++x) {
    let to = output + <usize>x * depthBytes;
    const end = to + depthBytes;
    const left = x * stride - padLeft;
    const whole = pixelBytes == channelBytes && left >= 0 && left + kernelWidth <= inWidth;
    for (let ky = 0; ky < kernelHeight; ++ky) {
      const inY = y * stride - padTop + ky;
      const inside = inY >= 0 && inY < inHeight;
      if (inside && whole) {
        copyBytes(to, input + <usize>(inY * inWidth + left) * pixelBytes, rowBytes);
        to += rowBytes;
        continue;
      }
      for (let kx = 0; kx < kernelWidth; ++kx) {
        const inX = left + kx;
        if (inside && inX >= 0 && inX < inWidth) {
          copyBytes(to, input + <usize>(inY * inWidth + inX) * pixelBytes, channelBytes);
        } else if (padding) {
          copyBytes(to, padding, channelBytes);
        } else {
          clearBytes(to, channelBytes);
        }
        to += channelBytes;
      }
    }
    clearBytes(to, end - to);
  }
}
