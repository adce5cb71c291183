import { greater, lesser } from './integers';
import { multiplyPanel, panelBytes } from './panel';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Patches gathered at once: a multiple of every PIXEL_TILE, so that only the last group of a call has a tail. */
const PATCHES: i32 = 60;

/** Floats of a patch: kernelSize² · inChannels rounded up to 4. */
// @ts-ignore: decorator
@inline
function patchDepth(kernelSize: i32, inChannels: i32): i32 {
  return (kernelSize * kernelSize * inChannels + 3) & ~3;
}

/** Bytes of scratch memory that `conv_f32` needs; each thread needs its own. */
export function conv_scratch_f32(kernelSize: i32, inChannels: i32): i32 {
  return PATCHES * patchDepth(kernelSize, inChannels) * <i32>FLOAT;
}

/** `count` floats, count ≥ 0, 4-byte aligned. */
// @ts-ignore: decorator
@inline
function copyFloats(output: usize, input: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(output, v128.load(input));
    output += VECTOR;
    input += VECTOR;
  }
  for (; count > 0; --count) {
    store<f32>(output, load<f32>(input));
    output += FLOAT;
    input += FLOAT;
  }
}

// @ts-ignore: decorator
@inline
function clearFloats(output: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(output, f32x4.splat(0));
    output += VECTOR;
  }
  for (; count > 0; --count) {
    store<f32>(output, 0);
    output += FLOAT;
  }
}

/**
 * Writes the patches of `count` output pixels, from column x of row y onwards through the rows, to scratch:
 * `[count][patchDepth]`, with zeros for what lies outside of the map and for the padding lanes.
 */
function gatherPatches(
  scratch: usize,
  input: usize,
  inHeight: i32,
  inWidth: i32,
  inChannels: i32,
  outWidth: i32,
  x: i32,
  y: i32,
  count: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const rowFloats = kernelSize * inChannels;
  const tail = patchDepth(kernelSize, inChannels) - kernelSize * rowFloats;
  const rowBytes = <usize>rowFloats * FLOAT;
  for (; count > 0; --count) {
    const left = x * stride - padLeft;
    const top = y * stride - padTop;
    const inside = left >= 0 && left + kernelSize <= inWidth;
    if (inside && rowFloats == 9 && top >= 0 && top + 3 <= inHeight) {
      // 3×3 over the three channels of a picture: 27 floats and one zero
      let row = input + <usize>((top * inWidth + left) * 3) * FLOAT;
      const step = <usize>(inWidth * 3) * FLOAT;
      v128.store(scratch, v128.load(row));
      v128.store(scratch, v128.load(row, 16), 16);
      store<f32>(scratch, load<f32>(row, 32), 32);
      row += step;
      v128.store(scratch, v128.load(row), 36);
      v128.store(scratch, v128.load(row, 16), 52);
      store<f32>(scratch, load<f32>(row, 32), 68);
      row += step;
      v128.store(scratch, v128.load(row), 72);
      v128.store(scratch, v128.load(row, 16), 88);
      store<u64>(scratch, <u64>load<u32>(row, 32), 104);
      scratch += 28 * FLOAT;
    } else {
      const firstX = lesser(greater(0, -left), kernelSize);
      const lastX = greater(firstX, lesser(kernelSize, inWidth - left));
      for (let ky = 0; ky < kernelSize; ++ky) {
        const inY = top + ky;
        if (inY < 0 || inY >= inHeight) {
          clearFloats(scratch, rowFloats);
        } else {
          const row = input + <usize>((inY * inWidth + left + firstX) * inChannels) * FLOAT;
          clearFloats(scratch, firstX * inChannels);
          copyFloats(scratch + <usize>(firstX * inChannels) * FLOAT, row, (lastX - firstX) * inChannels);
          clearFloats(scratch + <usize>(lastX * inChannels) * FLOAT, (kernelSize - lastX) * inChannels);
        }
        scratch += rowBytes;
      }
      clearFloats(scratch, tail);
      scratch += <usize>tail * FLOAT;
    }
    if (++x == outWidth) {
      x = 0;
      ++y;
    }
  }
}

/**
 * Standard convolution, kernelSize × kernelSize (1×1 too, where the stride is not 1): clamp(conv(input) + bias).
 * Computes rows rowStart … rowEnd − 1 of the output.
 *
 * - input `[inHeight][inWidth][inChannels]`, any inChannels ≥ 1 (3 for a picture); 4-byte aligned. Outside of it are
 *   zeros; padTop and padLeft may be any number ≥ 0, the pads at the bottom and right follow from the output's size.
 *   Nothing past its end is read.
 * - weights: panels of 8 output channels, each 8 biases and then 8 weights for each of kernelSize² · inChannels inputs
 *   (ky, kx, channel), rounded up to a multiple of 4 inputs with zeros; 16-byte aligned.
 * - scratch: `conv_scratch_f32(kernelSize, inChannels)` bytes, 16-byte aligned.
 * - output: address of row 0 of `[…][outWidth][outChannels]`, outChannels a multiple of 8; 16-byte aligned.
 *   It may not overlap the input. A NaN passes the clamp.
 */
export function conv_f32(
  output: usize,
  input: usize,
  weights: usize,
  scratch: usize,
  inHeight: i32,
  inWidth: i32,
  inChannels: i32,
  outWidth: i32,
  outChannels: i32,
  rowStart: i32,
  rowEnd: i32,
  kernelSize: i32,
  stride: i32,
  padTop: i32,
  padLeft: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(weights) && isAligned(scratch) && (input & 3) == 0);
  assert(inHeight >= 1 && inWidth >= 1 && inChannels >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  assert(kernelSize >= 1 && stride >= 1 && padTop >= 0 && padLeft >= 0);
  const depth = patchDepth(kernelSize, inChannels);
  const panelSize = panelBytes(depth);
  const inStride = <usize>depth * FLOAT;
  const outStride = <usize>outChannels * FLOAT;
  const end = rowEnd * outWidth;
  let x = 0;
  let y = rowStart;
  for (let first = rowStart * outWidth; first < end; first += PATCHES) {
    const count = lesser(PATCHES, end - first);
    gatherPatches(
      scratch, input, inHeight, inWidth, inChannels, outWidth, x, y, count, kernelSize, stride, padTop, padLeft,
    );
    let to = output + <usize>first * outStride;
    let panel = weights;
    for (let channel = 0; channel < outChannels; channel += CHANNEL_TILE) {
      multiplyPanel(to, scratch, panel, 0, count, depth, inStride, outStride, min, max);
      to += <usize>CHANNEL_TILE * FLOAT;
      panel += panelSize;
    }
    x += count;
    y += x / outWidth;
    x %= outWidth;
  }
}
