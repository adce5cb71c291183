import { lesser } from './integers';
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

// @ts-ignore: decorator
@inline
function clearBytes(to: usize, bytes: usize): void {
  if (bytes >= VECTOR) {
    for (let i: usize = 0; i < bytes - VECTOR; i += VECTOR) v128.store(to + i, i8x16.splat(0));
    v128.store(to + bytes - VECTOR, i8x16.splat(0));
  } else {
    // a few bytes, for which a bulk instruction takes longer
    for (let i: usize = 0; i < bytes; ++i) store<u8>(to + i, 0);
  }
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
    // what lies behind the values, and some of them, which are written afterwards
    const cleared = lesser(<i32>depthBytes, <i32>(depthBytes - <usize>kernelHeight * rowBytes + VECTOR - 1) & ~15);
    clearBytes(end - <usize>cleared, <usize>cleared);
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
  }
}
