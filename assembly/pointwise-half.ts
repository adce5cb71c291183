import { lesser } from './integers';
import { multiplyPanel, panelBytes } from './panel';
import { blockPixels } from './pointwise';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';
import { widen } from './widen';

const HALF: usize = 2;
const PANEL_ROW: usize = <usize>CHANNEL_TILE * FLOAT;

/**
 * The panel of output channels `first` … `first` + 7 of weights in half precision (see `pointwise_half_f32`): biases, then
 * `rows` rows; zeros beyond the columns.
 */
export function widenPanel(panel: usize, halves: usize, biases: usize, rows: i32, columns: i32, first: i32): void {
  const lane = <usize>first * FLOAT;
  v128.store(panel, v128.load(biases + lane));
  v128.store(panel, v128.load(biases + lane, VECTOR), VECTOR);
  panel += PANEL_ROW;
  const rowBytes = <usize>columns * HALF;
  let from = halves + <usize>first * HALF;
  const end = panel + <usize>rows * PANEL_ROW;
  if (first + CHANNEL_TILE <= columns) {
    for (; panel < end; panel += PANEL_ROW) {
      v128.store(panel, widen(v128.load16x4_s(from)));
      v128.store(panel, widen(v128.load16x4_s(from, 8)), VECTOR);
      from += rowBytes;
    }
  } else {
    const left = columns - first;
    for (; panel < end; panel += PANEL_ROW) {
      v128.store(panel, i32x4.splat(0));
      v128.store(panel, i32x4.splat(0), VECTOR);
      for (let lane = 0; lane < left; ++lane) {
        const half = <i32>load<i16>(from + <usize>lane * HALF);
        store<i32>(panel + <usize>lane * FLOAT, i32x4.extract_lane(widen(i32x4.splat(half)), 0));
      }
      from += rowBytes;
    }
  }
}

/**
 * Like `pointwise_f32`, bit for bit, on weights of half precision that lie as their file has them: each panel is widened
 * where it is used. A little slower, and nothing has to be packed before the first picture.
 *
 * - halves: rows `[rows][columns]`; 2-byte aligned. rows ≤ inChannels, the rest counts as zero; outChannels is columns
 *   rounded up to 8.
 * - biases: one for each of outChannels; 16-byte aligned.
 * - scratch: 32 · (1 + inChannels) bytes for a panel; 16-byte aligned.
 */
export function pointwise_half_f32(
  output: usize,
  input: usize,
  halves: usize,
  biases: usize,
  residual: usize,
  scratch: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  rows: i32,
  columns: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(biases) && isAligned(residual) && isAligned(scratch));
  assert((input & 3) == 0 && (halves & 1) == 0);
  assert(pixels >= 0 && rows >= 1 && rows <= inChannels);
  assert(outChannels % CHANNEL_TILE == 0 && columns <= outChannels && columns > outChannels - CHANNEL_TILE);
  const inStride = <usize>inChannels * FLOAT;
  const outStride = <usize>outChannels * FLOAT;
  const block = blockPixels(inChannels, outChannels);
  memory.fill(scratch + panelBytes(rows), 0, panelBytes(inChannels) - panelBytes(rows));
  for (let first = 0; first < pixels; first += block) {
    const count = lesser(block, pixels - first);
    const inRows = input + <usize>first * inStride;
    const offset = <usize>first * outStride;
    for (let channel = 0; channel < outChannels; channel += CHANNEL_TILE) {
      widenPanel(scratch, halves, biases, rows, columns, channel);
      const at = offset + <usize>channel * FLOAT;
      multiplyPanel(
        output + at,
        inRows,
        scratch,
        residual ? residual + at : 0,
        count,
        inChannels,
        inStride,
        outStride,
        min,
        max,
      );
    }
  }
}
