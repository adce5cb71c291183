import { offsetOf, storeExact } from './exact-requantise';
import { greater, lesser } from './integers';
import { CHANNEL_TILE } from './tiles';
import { isAligned } from './vector';

/** A sum of stored values over their count, halves away from 0. */
// @ts-ignore: decorator
@inline
function average(sum: i32, count: i32): i32 {
  const half = count / 2;
  return (sum > 0 ? sum + half : sum - half) / count;
}

// @ts-ignore: decorator
@inline
function storeAverages(output: usize, sums: v128, count: i32, shift: i32, min: i32, max: i32): void {
  const all = shift * count;
  store<u8>(output, lesser(greater(average(i32x4.extract_lane(sums, 0) - all, count) + shift, min), max));
  store<u8>(output + 1, lesser(greater(average(i32x4.extract_lane(sums, 1) - all, count) + shift, min), max));
  store<u8>(output + 2, lesser(greater(average(i32x4.extract_lane(sums, 2) - all, count) + shift, min), max));
  store<u8>(output + 3, lesser(greater(average(i32x4.extract_lane(sums, 3) - all, count) + shift, min), max));
}

/** Of a window of 8 channels, inside of the map: the largest values (P = u8), or the averages (P = i32). */
// @ts-ignore: decorator
@inline
function poolWindow<P>(
  output: usize, corner: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize, shift: i32, min: i32, max: i32,
): void {
  let most = i8x16.splat(0);
  let sum0 = i32x4.splat(0);
  let sum1 = i32x4.splat(0);
  for (let y = 0; y < rows; ++y) {
    let p = corner + <usize>y * rowBytes;
    for (let x = 0; x < columns; ++x) {
      if (sizeof<P>() == 1) most = i8x16.max_u(most, v128.load64_zero(p));
      else {
        const words = v128.load8x8_u(p);
        sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_u(words));
        sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_u(words));
      }
      p += pixelBytes;
    }
  }
  if (sizeof<P>() == 1) {
    v128.store64_lane(output, i8x16.min_u(i8x16.max_u(most, i8x16.splat(<i8>min)), i8x16.splat(<i8>max)), 0);
  } else {
    const count = rows * columns;
    storeAverages(output, sum0, count, shift, min, max);
    storeAverages(output + 4, sum1, count, shift, min, max);
  }
}

function pool<P>(
  output: usize, input: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32, rowStart: i32, rowEnd: i32,
  kernelHeight: i32, kernelWidth: i32, stride: i32, padTop: i32, padLeft: i32, shift: i32, min: i32, max: i32,
): void {
  assert(channels % CHANNEL_TILE == 0 && stride >= 1);
  const pixelBytes = <usize>channels;
  const rowBytes = <usize>inWidth * pixelBytes;
  for (let y = rowStart; y < rowEnd; ++y) {
    const top = greater(y * stride - padTop, 0);
    const rows = lesser(y * stride - padTop + kernelHeight, inHeight) - top;
    for (let x = 0; x < outWidth; ++x) {
      const left = greater(x * stride - padLeft, 0);
      const columns = lesser(x * stride - padLeft + kernelWidth, inWidth) - left;
      const corner = input + <usize>top * rowBytes + <usize>left * pixelBytes;
      const to = output + <usize>(y * outWidth + x) * pixelBytes;
      for (let c: usize = 0; c < pixelBytes; c += <usize>CHANNEL_TILE) {
        poolWindow<P>(to + c, corner + c, rows, columns, rowBytes, pixelBytes, shift, min, max);
      }
    }
  }
}

/**
 * Averages of windows of bytes as quantised files mean them: of what lies inside of the map, halves away from 0 in stored
 * values, which are the bytes less `shift`; clipped to min … max. Computes rows rowStart … rowEnd − 1 of the output.
 *
 * Input `[inHeight][inWidth][channels]`, output `[…][outWidth][channels]`, channels a multiple of 8; every window has some of
 * the map.
 */
export function exact_average_pool_u8(
  output: usize, input: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32, rowStart: i32, rowEnd: i32,
  kernelHeight: i32, kernelWidth: i32, stride: i32, padTop: i32, padLeft: i32, shift: i32, min: i32, max: i32,
): void {
  pool<i32>(
    output, input, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelHeight, kernelWidth, stride, padTop,
    padLeft, shift, min, max,
  );
}

/** The largest values of windows of bytes: see `exact_average_pool_u8`. */
export function exact_max_pool_u8(
  output: usize, input: usize, inHeight: i32, inWidth: i32, channels: i32, outWidth: i32, rowStart: i32, rowEnd: i32,
  kernelHeight: i32, kernelWidth: i32, stride: i32, padTop: i32, padLeft: i32, min: i32, max: i32,
): void {
  pool<u8>(
    output, input, inHeight, inWidth, channels, outWidth, rowStart, rowEnd, kernelHeight, kernelWidth, stride, padTop,
    padLeft, 0, min, max,
  );
}

/**
 * Sums of each channel over all pixels, rescaled as `storeExact` says, clipped to min … max. constants: a header (see
 * EXACT_HEADER) of equal lanes; input `[pixels][channels]`, channels a multiple of 8, output `[channels]`.
 */
export function exact_mean_u8(
  output: usize, input: usize, constants: usize, pixels: i32, channels: i32, outZero: i32, min: i32, max: i32,
): void {
  assert(isAligned(constants) && channels % CHANNEL_TILE == 0);
  const offset = offsetOf(outZero);
  const low = i8x16.splat(<i8>min);
  const high = i8x16.splat(<i8>max);
  for (let c: usize = 0; c < <usize>channels; c += <usize>CHANNEL_TILE) {
    let sum0 = v128.load(constants);
    let sum1 = v128.load(constants, 16);
    let p = input + c;
    for (let pixel = 0; pixel < pixels; ++pixel) {
      const words = v128.load8x8_u(p);
      sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_u(words));
      sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_u(words));
      p += <usize>channels;
    }
    storeExact(output + c, constants, sum0, sum1, offset, low, high);
  }
}
