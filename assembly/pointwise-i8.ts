import { SWISH } from './activations';
import { multiplyPanelInBaseline } from './baseline-panel-i8';
import { usesBaselineTiles } from './baseline-tiles';
import { multiplyByteWeights } from './byte-weights-i8';
import { greater, lesser } from './integers';
import {
  BYTE_WEIGHTS, bytesOf, FLOAT_OUTPUT, HEADER_BYTES, HEADER_SECONDS, IN_WORDS, isInBytes, WHOLE_RANGE, WIDE_INPUT,
  WIDE_OUTPUT, WIDE_RESIDUAL,
} from './integer-tiles';
import { BYTE_TILE, multiplyPanel, WORD_TILE } from './panel-i8';
import { fetchPanel } from './prefetch';
import { Clipped, isInWords, Scaled, ScaledBy4ToBytes, ScaledToBytes, Swished } from './requantise';
import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Bytes of input and output that a block of pixels may take, so that it stays in the second-level cache. */
const BLOCK_BYTES: i32 = 256 * 1024;
/** Panels from this size on are fetched ahead; for shorter ones that takes as long as it saves. */
const FETCHED_BYTES: usize = 2048;

function multiply<I, A>(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  format: i32,
): void {
  const groups = inChannels * <i32>sizeof<I>() / 4;
  const inStride = <usize>groups * 4;
  const outBytes: usize = format & FLOAT_OUTPUT ? 4 : bytesOf(format, WIDE_OUTPUT);
  const outStride = <usize>outChannels * outBytes;
  const residualBytes: usize = residual ? bytesOf(format, WIDE_RESIDUAL) : 0;
  const residualStride = <usize>outChannels * residualBytes;
  const tile = sizeof<I>() == 1 ? BYTE_TILE : WORD_TILE;
  const block = greater(BLOCK_BYTES / <i32>(inStride + outStride) / tile, 8) * tile;
  const panelBytes = <usize>HEADER_BYTES + <usize>groups * 2 * VECTOR;
  const weightsEnd = weights + <usize>(outChannels / CHANNEL_TILE) * panelBytes;
  let fetched = pixels > tile && panelBytes >= FETCHED_BYTES ? weights : weightsEnd;
  for (let first = 0; first < pixels; first += block) {
    const count = lesser(block, pixels - first);
    const rows = input + <usize>first * inStride;
    let panel = weights;
    for (let channel: usize = 0; channel < <usize>outChannels; channel += <usize>CHANNEL_TILE) {
      const to = output + <usize>first * outStride + channel * outBytes;
      fetched = fetchPanel(panel, panelBytes, fetched, weightsEnd);
      const link = residual ? residual + <usize>first * residualStride + channel * residualBytes : 0;
      if (usesBaselineTiles) {
        multiplyPanelInBaseline<I, A>(to, rows, panel, link, count, groups, outStride, residualStride, format);
      } else if (sizeof<I>() == 1 && isInWords<A>() && load<i32>(panel, HEADER_SECONDS) == WHOLE_RANGE + 2) {
        multiplyPanel<I, ScaledToBytes>(to, rows, panel, link, count, groups, outStride, residualStride, format);
      } else if (sizeof<I>() == 1 && isInWords<A>() && load<i32>(panel, HEADER_SECONDS) == WHOLE_RANGE + 4) {
        multiplyPanel<I, ScaledBy4ToBytes>(to, rows, panel, link, count, groups, outStride, residualStride, format);
      } else multiplyPanel<I, A>(to, rows, panel, link, count, groups, outStride, residualStride, format);
      panel += panelBytes;
    }
  }
}

function multiplyAs<A>(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  format: i32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD && isInBytes(format, WIDE_INPUT)) {
    multiply<u8, A>(output, input, weights, residual, pixels, inChannels, outChannels, format);
  } else multiply<i16, A>(output, input, weights, residual, pixels, inChannels, outChannels, format);
}

/**
 * 1×1 convolution or dense layer on integers: sums of activation · weight + bias in 32 bits, times a multiplier for each
 * channel, plus residual · second multiplier, or through the activation and times the second multiplier, plus an offset, rounded
 * and clipped to what the output can hold.
 *
 * - input `[pixels][inChannels]`, narrow or wide, inChannels a multiple of 8. Nothing past its end is read.
 * - weights: panels of 8 output channels, each a header (see `integer-tiles`), then vectors of weights of 4 channels at a
 *   time: for input in bytes `[4 channels][4 inputs]` of 8 bits, otherwise `[4 channels][2 inputs]` of 16.
 * - output and residual `[pixels][outChannels]`, outChannels a multiple of 8; 8-byte aligned. residual 0: none. The output
 *   may not overlap the input; it may be the residual where both have the same width.
 * - format: WIDE_INPUT, WIDE_OUTPUT, WIDE_RESIDUAL, NARROW_IN_BYTES, FLOAT_OUTPUT (sums · multiplier, not rounded),
 *   IN_WORDS, BYTE_WEIGHTS.
 * - activation: SWISH, or NO_ACTIVATION: the clip alone.
 * - A range of pixels is computed by addresses moved along and a smaller `pixels`.
 */
export function pointwise_i8(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  format: i32,
  activation: i32,
): void {
  assert(isAligned(weights) && pixels >= 0 && inChannels >= 1 && inChannels % CHANNEL_TILE == 0);
  assert(outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  if (format & BYTE_WEIGHTS) {
    assert(residual == 0 && activation != SWISH);
    multiplyByteWeights(output, input, weights, pixels, inChannels, outChannels, format);
  } else if (activation == SWISH) {
    multiplyAs<Swished>(output, input, weights, residual, pixels, inChannels, outChannels, format);
  } else if (format & IN_WORDS) {
    multiplyAs<Scaled>(output, input, weights, residual, pixels, inChannels, outChannels, format);
  } else multiplyAs<Clipped>(output, input, weights, residual, pixels, inChannels, outChannels, format);
}
