import { copyFloats, fillFloats } from './channels';
import { lesser } from './integers';
import { panelBytes } from './panel';
import { fetchPanel } from './prefetch';
import { CHANNEL_TILE, FLOAT, INPUT_MULTIPLE } from './tiles';
import { isAligned } from './vector';
import { multiplyWindows } from './window-panel';

/**
 * Rows firstRow … firstRow + rows − 1 of a map, counted from padTop rows above it, with padLeft columns before it and as
 * many behind it as make `width`: zeros wherever the map is not.
 */
function padRows(
  output: usize, input: usize, inHeight: i32, inWidth: i32, channels: i32, firstRow: i32, rows: i32, width: i32, padTop: i32,
  padLeft: i32,
): void {
  const rowFloats = inWidth * channels;
  const before = lesser(padLeft, width) * channels;
  const columns = lesser(rowFloats, width * channels - before);
  const after = width * channels - before - columns;
  for (let row = firstRow; row < firstRow + rows; ++row) {
    const inY = row - padTop;
    if (inY < 0 || inY >= inHeight) {
      fillFloats(output, 0, width * channels);
    } else {
      fillFloats(output, 0, before);
      copyFloats(output + <usize>before * FLOAT, input + <usize>(inY * rowFloats) * FLOAT, columns);
      fillFloats(output + <usize>(before + columns) * FLOAT, 0, after);
    }
    output += <usize>(width * channels) * FLOAT;
  }
}

/**
 * Convolution, in groups of channels too: clamp(conv(input) + bias). Windows are read where they lie, on the map itself or
 * on some of its rows with their padding.
 *
 * - input `[inHeight][inWidth][inChannels]`, inChannels a multiple of 4; 16-byte aligned. Outside of it are zeros.
 * - weights: panels of 8 output channels, each 8 biases and then 8 weights for each (ky, kx, channel), where the channels are
 *   panelChannels of inChannels: those from inOfGroup · ⌊first output channel of the panel / outOfGroup⌋ on, or the last
 *   ones where there are not so many. panelChannels is a multiple of 4, the panels 16-byte aligned. firstChannel: the first
 *   output channel of the first panel.
 * - scratch: 0 where no window reaches beyond the map, else room for the padded rows of chunkRows output rows:
 *   ((chunkRows − 1) · strideHeight + (kernelHeight − 1) · dilationHeight + 1) · paddedWidth · inChannels floats, with
 *   paddedWidth = (outWidth − 1) · strideWidth + (kernelWidth − 1) · dilationWidth + 1; 16-byte aligned.
 * - output `[outHeight][outWidth][outStride]`, of which `channels` (a multiple of 8) are written; 16-byte aligned, apart
 *   from the input. A NaN passes the clamp.
 */
export function conv_direct_f32(
  output: usize,
  input: usize,
  weights: usize,
  scratch: usize,
  inHeight: i32,
  inWidth: i32,
  inChannels: i32,
  outHeight: i32,
  outWidth: i32,
  outStride: i32,
  channels: i32,
  firstChannel: i32,
  chunkRows: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  panelChannels: i32,
  inOfGroup: i32,
  outOfGroup: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(weights) && isAligned(scratch));
  assert(channels % CHANNEL_TILE == 0 && panelChannels % INPUT_MULTIPLE == 0 && panelChannels <= inChannels && chunkRows >= 1);
  const panelSize = panelBytes(kernelHeight * kernelWidth * panelChannels);
  const pixelBytes = <usize>inChannels * FLOAT;
  // Neighbouring columns of all channels are one run of values.
  const isWhole = panelChannels == inChannels && dilationWidth == 1;
  const runs = isWhole ? 1 : kernelWidth;
  const runBytes = <usize>(isWhole ? kernelWidth * inChannels : panelChannels) * FLOAT;
  const runStep = isWhole ? runBytes : <usize>dilationWidth * pixelBytes;
  const paddedWidth = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  const rowBytes = <usize>(scratch ? paddedWidth : inWidth) * pixelBytes;
  const outRow = <usize>(outWidth * outStride) * FLOAT;
  const weightsEnd = weights + <usize>(channels / CHANNEL_TILE) * panelSize;
  let fetched = weights;
  for (let y = 0; y < outHeight; y += chunkRows) {
    const rows = lesser(chunkRows, outHeight - y);
    let from = input + <usize>(y * strideHeight) * rowBytes;
    if (scratch) {
      const inRows = (rows - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
      padRows(scratch, input, inHeight, inWidth, inChannels, y * strideHeight, inRows, paddedWidth, padTop, padLeft);
      from = scratch;
    }
    let to = output + <usize>y * outRow;
    let panel = weights;
    for (let channel = firstChannel; channel < firstChannel + channels; channel += CHANNEL_TILE) {
      const first = lesser((channel / outOfGroup) * inOfGroup, inChannels - panelChannels);
      fetched = fetchPanel(panel, panelSize, fetched, weightsEnd);
      multiplyWindows(
        to,
        from + <usize>first * FLOAT,
        panel,
        rows * outWidth,
        outWidth,
        <usize>strideWidth * pixelBytes,
        <usize>strideHeight * rowBytes,
        kernelHeight,
        <usize>dilationHeight * rowBytes,
        runs,
        runStep,
        runBytes,
        <usize>outStride * FLOAT,
        min,
        max,
      );
      to += <usize>CHANNEL_TILE * FLOAT;
      panel += panelSize;
    }
  }
}
