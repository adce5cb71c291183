import { greater, lesser } from './integers';
import { multiplyPanel, multiplyRows, panelBytes } from './panel';
import { widenPanel } from './pointwise-half';
import { fetchPanel } from './prefetch';
import { sumWeights } from './strassen-sums';
import { CHANNEL_TILE, FLOAT, PIXEL_TILE, VECTOR } from './tiles';
import { clampVector, isAligned } from './vector';

/*
 * Seven products of quarters instead of eight, by the formulas of `strassen-i8`. Rows are cut into even and odd pixels, inputs
 * into halves, columns into two panels, so that the weights lie as `pointwise_f32` has them; their sums are made anew for
 * each block of pixels.
 */

/** Pixels in a tile of pairs. */
const TILE: i32 = 2 * PIXEL_TILE;
/** The most tiles for which the weights' sums are used: more do not stay in the second-level cache. */
const MOST_TILES: i32 = 20;
const PANEL_ROW: usize = <usize>CHANNEL_TILE * FLOAT;
/** Of rows of 8 results there are so many for each pair of pixels. */
const RESULTS: usize = 4;

/** Where weights are read: in panels of floats, or in half precision. */
type Panels = f32;
type Halves = i32;

/** Bytes of scratch memory that `pointwise_strassen_f32` needs. */
export function strassen_scratch_f32(pixels: i32, inChannels: i32): usize {
  const pairs = <usize>(lesser(pixels / TILE, MOST_TILES) * PIXEL_TILE);
  return PANEL_ROW + 2 * <usize>inChannels * PANEL_ROW + pairs * (RESULTS * PANEL_ROW + 2 * <usize>inChannels * FLOAT);
}

/** The same for `pointwise_strassen_half_f32`. */
export function strassen_half_scratch_f32(pixels: i32, inChannels: i32): usize {
  return 2 * panelBytes(inChannels) + strassen_scratch_f32(pixels, inChannels);
}

/** S1 … S4 of pairs of pixels, one after the other: `half` bytes for each pair. */
function sumInputs(to: usize, input: usize, pairs: i32, half: usize): void {
  const each = <usize>pairs * half;
  for (; pairs > 0; --pairs) {
    const below = input + 2 * half;
    for (let at: usize = 0; at < half; at += VECTOR) {
      const a11 = v128.load(input + at);
      const a21 = v128.load(below + at);
      const s1 = f32x4.add(a21, v128.load(below + half + at));
      const s2 = f32x4.sub(s1, a11);
      v128.store(to + at, s1);
      v128.store(to + each + at, s2);
      v128.store(to + 2 * each + at, f32x4.sub(a11, a21));
      v128.store(to + 3 * each + at, f32x4.sub(v128.load(input + half + at), s2));
    }
    input += 4 * half;
    to += half;
  }
}

/** to = clamp(a + b): rows of 8, those of `to` and `b` so many bytes apart, those of `a` one after the other. */
function addRows(to: usize, a: usize, b: usize, rows: i32, toStride: usize, bStride: usize, min: f32, max: f32): void {
  const low = f32x4.splat(min);
  const high = f32x4.splat(max);
  for (; rows > 0; --rows) {
    v128.store(to, clampVector(f32x4.add(v128.load(a), v128.load(b)), low, high));
    v128.store(to, clampVector(f32x4.add(v128.load(a, 16), v128.load(b, 16)), low, high), 16);
    to += toStride;
    a += PANEL_ROW;
    b += bStride;
  }
}

/** The same in place, unclamped. */
function addTo(sums: usize, b: usize, rows: i32, bStride: usize): void {
  addRows(sums, sums, b, rows, PANEL_ROW, bStride, f32.NEGATIVE_INFINITY, f32.POSITIVE_INFINITY);
}

/** sums = biases + start + input · weights, for whole tiles of rows; start 0: none. */
function sumProducts(
  sums: usize, input: usize, biases: usize, weights: usize, start: usize, rows: i32, depth: i32, inStride: usize,
): void {
  multiplyRows(
    sums, input, biases, weights, start, rows, depth, inStride, PANEL_ROW, PANEL_ROW,
    f32.NEGATIVE_INFINITY, f32.POSITIVE_INFINITY,
  );
}

/** Pairs of pixels, whole tiles, times two panels. `sums`: S1 … S4; scratch: as `strassen_scratch_f32` has it, without them. */
function multiplyPair(
  output: usize, input: usize, sums: usize, left: usize, right: usize, residual: usize, scratch: usize, pairs: i32,
  depth: i32, outStride: usize, min: f32, max: f32,
): void {
  const half = <usize>depth * FLOAT;
  const inStride = 4 * half;
  const odd = input + 2 * half;
  const each = <usize>pairs * half;
  const quarter = <usize>depth * PANEL_ROW;
  const b11 = left + PANEL_ROW;
  const b12 = right + PANEL_ROW;
  const biases = scratch;
  const u = biases + PANEL_ROW;
  const v = u + <usize>pairs * PANEL_ROW;
  const w = v + <usize>pairs * PANEL_ROW;
  const r = w + <usize>pairs * PANEL_ROW;
  const t = r + <usize>pairs * PANEL_ROW;
  const oddOutput = output + outStride;
  const oddResidual = residual + outStride;
  const step = 2 * outStride;
  sumWeights<f32>(t, b11, b12, quarter);
  // All have the left bias; R makes it the right one.
  sumProducts(u, input, left, b11, 0, pairs, depth, inStride);
  v128.store(biases, f32x4.sub(v128.load(right), v128.load(left)));
  v128.store(biases, f32x4.sub(v128.load(right, 16), v128.load(left, 16)), 16);
  sumProducts(r, sums, biases, t, 0, pairs, depth, half);
  memory.fill(biases, 0, PANEL_ROW);
  sumProducts(v, sums + each, biases, t + quarter, u, pairs, depth, half);
  sumProducts(w, sums + 2 * each, biases, t + 2 * quarter, v, pairs, depth, half);
  if (residual) addTo(u, residual, pairs, step);
  multiplyRows(output, input + half, biases, b11 + quarter, u, pairs, depth, inStride, step, PANEL_ROW, min, max);
  addTo(v, r, pairs, PANEL_ROW);
  addTo(r, w, pairs, PANEL_ROW);
  if (residual) {
    addTo(v, residual + PANEL_ROW, pairs, step);
    addTo(w, oddResidual, pairs, step);
    addRows(oddOutput + PANEL_ROW, r, oddResidual + PANEL_ROW, pairs, step, step, min, max);
  } else addRows(oddOutput + PANEL_ROW, r, biases, pairs, step, 0, min, max);
  multiplyRows(
    output + PANEL_ROW, sums + 3 * each, biases, b12 + quarter, v, pairs, depth, half, step, PANEL_ROW, min, max,
  );
  multiplyRows(oddOutput, odd + half, biases, t + 3 * quarter, w, pairs, depth, inStride, step, PANEL_ROW, min, max);
}

function multiply<W>(
  output: usize, input: usize, weights: usize, biases: usize, residual: usize, scratch: usize, pixels: i32,
  inChannels: i32, channels: i32, outStride: usize, rows: i32, columns: i32, min: f32, max: f32,
): void {
  const inStride = <usize>inChannels * FLOAT;
  const panelSize = panelBytes(inChannels);
  const weightsEnd = weights + <usize>(channels / CHANNEL_TILE) * panelSize;
  let fetched = weights;
  let left = weights;
  if (isInteger<W>()) {
    left = scratch;
    scratch += 2 * panelSize;
    memory.fill(left, 0, 2 * panelSize);
  }
  const sums = scratch + strassen_scratch_f32(pixels, 0) + 2 * <usize>inChannels * PANEL_ROW;
  while (pixels > 0) {
    const tiles = pixels / TILE;
    const blocks = greater((tiles + MOST_TILES - 1) / MOST_TILES, 1);
    const count = ((tiles + blocks - 1) / blocks) * TILE;
    const rest = blocks == 1 ? pixels - count : 0;
    sumInputs(sums, input, count / 2, inStride / 2);
    const restInput = input + <usize>count * inStride;
    for (let channel = 0; channel < channels; channel += 2 * CHANNEL_TILE) {
      const isPair = channel + CHANNEL_TILE < channels;
      if (isInteger<W>()) {
        widenPanel(left, weights, biases, rows, columns, channel);
        if (isPair) widenPanel(left + panelSize, weights, biases, rows, columns, channel + CHANNEL_TILE);
      } else {
        left = weights + <usize>(channel / CHANNEL_TILE) * panelSize;
        fetched = fetchPanel(left, 2 * panelSize, fetched, weightsEnd);
      }
      const to = output + <usize>channel * FLOAT;
      const link = residual ? residual + <usize>channel * FLOAT : 0;
      const restOutput = to + <usize>count * outStride;
      const restLink = link ? link + <usize>count * outStride : 0;
      if (isPair) {
        const right = left + panelSize;
        multiplyPair(
          to, input, sums, left, right, link, scratch, count / 2, inChannels / 2, outStride, min, max,
        );
        multiplyPanel(restOutput, restInput, left, restLink, rest, inChannels, inStride, outStride, min, max);
        multiplyPanel(
          restOutput + PANEL_ROW, restInput, right, restLink ? restLink + PANEL_ROW : 0, rest, inChannels, inStride,
          outStride, min, max,
        );
      } else multiplyPanel(to, input, left, link, count + rest, inChannels, inStride, outStride, min, max);
    }
    const done = count + rest;
    input += <usize>done * inStride;
    output += <usize>done * outStride;
    if (residual) residual += <usize>done * outStride;
    pixels -= done;
  }
}

/**
 * The same as `pointwise_f32` in fewer multiplications, but for rounding: a result is as exact as the largest of its own
 * products, those of the pixel beside it and those of the output channel 8 before or behind it.
 *
 * - input, weights, residual: as of `pointwise_f32`, inChannels a multiple of 8; all 16-byte aligned.
 * - output and residual `[pixels][outStride]`, of which `channels` (a multiple of 8) are written. They may be the same map.
 * - scratch: `strassen_scratch_f32` bytes.
 * - A range of channels is computed by addresses moved along by multiples of 16 channels and fewer `channels`.
 */
export function pointwise_strassen_f32(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  scratch: usize,
  pixels: i32,
  inChannels: i32,
  channels: i32,
  outStride: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(weights) && isAligned(residual) && isAligned(scratch));
  assert(pixels >= 0 && inChannels >= 1 && inChannels % CHANNEL_TILE == 0);
  assert(channels >= 1 && channels % CHANNEL_TILE == 0 && outStride >= channels && outStride % CHANNEL_TILE == 0);
  const stride = <usize>outStride * FLOAT;
  multiply<Panels>(output, input, weights, 0, residual, scratch, pixels, inChannels, channels, stride, 0, 0, min, max);
}

/**
 * Like `pointwise_strassen_f32`, bit for bit, on weights as `pointwise_half_f32` has them, with scratch memory of
 * `strassen_half_scratch_f32` bytes.
 */
export function pointwise_strassen_half_f32(
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
  assert(isAligned(output) && isAligned(input) && isAligned(biases) && isAligned(residual) && isAligned(scratch));
  assert(pixels >= 0 && (halves & 1) == 0 && inChannels % CHANNEL_TILE == 0 && rows >= 1 && rows <= inChannels);
  assert(outChannels % CHANNEL_TILE == 0 && columns <= outChannels && columns > outChannels - CHANNEL_TILE);
  const stride = <usize>outChannels * FLOAT;
  multiply<Halves>(
    output, input, halves, biases, residual, scratch, pixels, inChannels, outChannels, stride, rows, columns, min, max,
  );
}
