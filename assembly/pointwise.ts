import { greater, lesser } from './integers';
import { multiplyPanel, panelBytes } from './panel';
import { fetchPanel } from './prefetch';
import { CHANNEL_TILE, FLOAT, PIXEL_TILE } from './tiles';
import { isAligned } from './vector';

/** Bytes of input and output that a block of pixels may take, so that it stays in the second-level cache. */
const BLOCK_BYTES: i32 = 384 * 1024;

/** Pixels of a block, whole tiles. */
// @ts-ignore: decorator
@inline
export function blockPixels(inChannels: i32, outChannels: i32): i32 {
  const most = BLOCK_BYTES / ((inChannels + outChannels) * <i32>FLOAT);
  return greater(most - (most % PIXEL_TILE), 8 * PIXEL_TILE);
}

/**
 * 1×1 convolution or dense layer: clamp(input · weights + bias + residual).
 *
 * - input `[pixels][inChannels]`, any inChannels ≥ 1, rows not padded; 4-byte aligned. Nothing past its end is read.
 * - weights: panels of 8 output channels, each 8 biases and then for every input channel 8 weights; 16-byte aligned.
 * - output and residual `[pixels][outChannels]`, outChannels a multiple of 8; 16-byte aligned. residual 0: none.
 *   They may be one and the same map; the output may not overlap the input.
 * - A NaN passes the clamp. A range of pixels is computed by addresses moved along and a smaller `pixels`.
 */
export function pointwise_f32(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(weights) && isAligned(residual) && (input & 3) == 0);
  assert(pixels >= 0 && inChannels >= 1 && outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  const inStride = <usize>inChannels * FLOAT;
  const outStride = <usize>outChannels * FLOAT;
  const block = blockPixels(inChannels, outChannels);
  const panelSize = panelBytes(inChannels);
  const weightsEnd = weights + <usize>(outChannels / CHANNEL_TILE) * panelSize;
  // Where each panel is used once, it is read as it is.
  let fetched = pixels > PIXEL_TILE ? weights : weightsEnd;
  for (let first = 0; first < pixels; first += block) {
    const count = lesser(block, pixels - first);
    const rows = input + <usize>first * inStride;
    const offset = <usize>first * outStride;
    let panel = weights;
    let channel: usize = 0;
    for (; channel < outStride; channel += <usize>CHANNEL_TILE * FLOAT) {
      const at = offset + channel;
      fetched = fetchPanel(panel, panelSize, fetched, weightsEnd);
      multiplyPanel(
        output + at,
        rows,
        panel,
        residual ? residual + at : 0,
        count,
        inChannels,
        inStride,
        outStride,
        min,
        max,
      );
      panel += panelSize;
    }
  }
}
