import { copyFloats, fillFloats } from './channels';
import { lesser } from './integers';
import { multiplyPanel, panelBytes } from './panel';
import { CHANNEL_TILE, FLOAT, INPUT_MULTIPLE } from './tiles';
import { isAligned } from './vector';

/** Patches gathered at once: a multiple of every PIXEL_TILE, so that only the last group of a call has a tail. */
const PATCHES: i32 = 60;

/** Floats of a patch: kernelHeight · kernelWidth · inChannels rounded up to INPUT_MULTIPLE. */
// @ts-ignore: decorator
@inline
function patchDepth(kernelHeight: i32, kernelWidth: i32, inChannels: i32): i32 {
  return (kernelHeight * kernelWidth * inChannels + INPUT_MULTIPLE - 1) & -INPUT_MULTIPLE;
}

/** Bytes of scratch memory that `conv_f32` needs; each thread needs its own. */
export function conv_scratch_f32(kernelHeight: i32, kernelWidth: i32, inChannels: i32): i32 {
  return PATCHES * patchDepth(kernelHeight, kernelWidth, inChannels) * <i32>FLOAT;
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
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const rowFloats = kernelWidth * inChannels;
  const tail = patchDepth(kernelHeight, kernelWidth, inChannels) - kernelHeight * rowFloats;
  const isDense = dilationHeight == 1 && dilationWidth == 1;
  const rows = (kernelHeight - 1) * dilationHeight + 1;
  const columns = (kernelWidth - 1) * dilationWidth + 1;
  const isPicture = isDense && kernelHeight == 3 && rowFloats == 9;
  for (; count > 0; --count) {
    const left = x * strideWidth - padLeft;
    const top = y * strideHeight - padTop;
    const inside = left >= 0 && left + columns <= inWidth;
    if (isPicture && inside && top >= 0 && top + rows <= inHeight) {
      // 3×3 over the three channels of a picture: 27 floats and one zero
      let row = input + <usize>((top * inWidth + left) * inChannels) * FLOAT;
      const step = <usize>(inWidth * inChannels) * FLOAT;
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
      for (let ky = 0; ky < kernelHeight; ++ky) {
        const inY = top + ky * dilationHeight;
        if (inY < 0 || inY >= inHeight) {
          fillFloats(scratch, 0, rowFloats);
          scratch += <usize>rowFloats * FLOAT;
        } else if (inside && dilationWidth == 1) {
          copyFloats(scratch, input + <usize>((inY * inWidth + left) * inChannels) * FLOAT, rowFloats);
          scratch += <usize>rowFloats * FLOAT;
        } else {
          for (let kx = 0; kx < kernelWidth; ++kx) {
            const inX = left + kx * dilationWidth;
            if (inX < 0 || inX >= inWidth) fillFloats(scratch, 0, inChannels);
            else copyFloats(scratch, input + <usize>((inY * inWidth + inX) * inChannels) * FLOAT, inChannels);
            scratch += <usize>inChannels * FLOAT;
          }
        }
      }
      fillFloats(scratch, 0, tail);
      scratch += <usize>tail * FLOAT;
    }
    if (++x == outWidth) {
      x = 0;
      ++y;
    }
  }
}

/**
 * Standard convolution of a map of few channels, such as a picture: clamp(conv(input) + bias). The windows are laid out one
 * after the other; `conv_direct_f32` reads them where they are. Computes rows rowStart … rowEnd − 1 of the output.
 *
 * - input `[inHeight][inWidth][inChannels]`, any inChannels ≥ 1 (3 for a picture); 4-byte aligned. Outside of it are
 *   zeros; padTop and padLeft may be any number ≥ 0, the pads at the bottom and right follow from the output's size.
 *   Nothing past its end is read.
 * - weights: panels of 8 output channels, each 8 biases and then 8 weights for each of kernelHeight · kernelWidth · inChannels inputs
 *   (ky, kx, channel), rounded up to a multiple of 4 inputs with zeros; 16-byte aligned.
 * - scratch: `conv_scratch_f32` bytes, 16-byte aligned.
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
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(weights) && isAligned(scratch) && (input & 3) == 0);
  assert(inHeight >= 1 && inWidth >= 1 && inChannels >= 1 && outWidth >= 1 && rowStart >= 0);
  assert(outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  assert(kernelHeight >= 1 && kernelWidth >= 1 && strideHeight >= 1 && strideWidth >= 1);
  assert(dilationHeight >= 1 && dilationWidth >= 1 && padTop >= 0 && padLeft >= 0);
  const depth = patchDepth(kernelHeight, kernelWidth, inChannels);
  const panelSize = panelBytes(depth);
  const inStride = <usize>depth * FLOAT;
  const outStride = <usize>outChannels * FLOAT;
  const end = rowEnd * outWidth;
  let x = 0;
  let y = rowStart;
  for (let first = rowStart * outWidth; first < end; first += PATCHES) {
    const count = lesser(PATCHES, end - first);
    gatherPatches(
      scratch, input, inHeight, inWidth, inChannels, outWidth, x, y, count, kernelHeight, kernelWidth,
      strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft,
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
