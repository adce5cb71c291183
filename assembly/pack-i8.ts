import { CHANNEL_TILE, VECTOR } from './tiles';
import { isAligned } from './vector';
import { widen } from './widen';

const DOUBLE: usize = 8;
/** Columns that are worked on at once, in two vectors of two doubles. */
const STRIP: i32 = 4;
/** Bytes of a channel's lane: two words or four bytes of successive rows. */
const LANE: usize = 4;

/** Doubles of a row of `quantise_panels`; rows of doubles for its columns, and for those of `quantise_blocks`. */
export const PACKED_INPUT_DOUBLES: i32 = 3;
export const PANEL_COLUMN_ROWS: i32 = 5;
export const BLOCK_COLUMN_ROWS: i32 = 7;

/** Added to a whole number of less than 2³¹, it leaves that in the low 32 bits. */
const WHOLE: f64 = 6755399441055744.0;

/** `count` (1 to 4) floats or half-precision values, as floats; zeros after them. */
// @ts-ignore: decorator
@inline
function loadStrip<T>(from: usize, count: i32): v128 {
  let values: v128;
  if (count == STRIP) {
    values = sizeof<T>() == 2 ? v128.load16x4_s(from) : v128.load(from);
  } else {
    values = i32x4.splat(0);
    values = i32x4.replace_lane(values, 0, <i32>load<T>(from));
    if (count > 1) values = i32x4.replace_lane(values, 1, <i32>load<T>(from + sizeof<T>()));
    if (count > 2) values = i32x4.replace_lane(values, 2, <i32>load<T>(from + 2 * sizeof<T>()));
  }
  return sizeof<T>() == 2 ? widen(values) : values;
}

// @ts-ignore: decorator
@inline
function promoteHigh(values: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(values, values, 1, 1));
}

/** To the nearest whole number, halves up, exactly. */
// @ts-ignore: decorator
@inline
function round(x: v128): v128 {
  const below = f64x2.floor(x);
  return f64x2.add(below, v128.and(f64x2.ge(f64x2.sub(x, below), f64x2.splat(0.5)), f64x2.splat(1)));
}

// @ts-ignore: decorator
@inline
function clip(x: v128, most: v128): v128 {
  return f64x2.pmax(f64x2.pmin(x, most), f64x2.neg(most));
}

function largest<T>(output: usize, input: usize, rows: i32, columns: i32, inputs: usize): void {
  const inputRow = <usize>columns * sizeof<T>();
  for (let column = 0; column < columns; column += STRIP) {
    const count = columns - column < STRIP ? columns - column : STRIP;
    let from = input + <usize>column * sizeof<T>();
    let each = inputs;
    let low = f64x2.splat(0);
    let high = low;
    for (let row = 0; row < rows; ++row) {
      const scale = v128.load64_splat(each);
      const weights = loadStrip<T>(from, count);
      low = f64x2.pmax(low, f64x2.abs(f64x2.mul(f64x2.promote_low_f32x4(weights), scale)));
      high = f64x2.pmax(high, f64x2.abs(f64x2.mul(promoteHigh(weights), scale)));
      from += inputRow;
      each += PACKED_INPUT_DOUBLES * DOUBLE;
    }
    const to = output + <usize>column * DOUBLE;
    v128.store(to, low);
    v128.store(to, high, VECTOR);
  }
}

/**
 * Largest |weight · scale of its row| of each column of a row-major matrix `[rows][columns]` of floats, or of half-precision
 * values where `half` is 1: `columns` doubles, rounded up to a multiple of 4. `inputs`: three doubles for each row, the
 * first its scale. Addresses are multiples of 16; `input` only of its values' size.
 */
export function largest_weights(output: usize, input: usize, half: i32, rows: i32, columns: i32, inputs: usize): void {
  assert(isAligned(output) && isAligned(inputs) && (input & (half ? 1 : 3)) == 0 && rows >= 0 && columns >= 1);
  if (half) largest<i16>(output, input, rows, columns, inputs);
  else largest<u32>(output, input, rows, columns, inputs);
}

function quantise<T>(
  output: usize,
  input: usize,
  rows: i32,
  columns: i32,
  panelBytes: i32,
  each: i32,
  inputs: usize,
  channels: usize,
  most: i32,
): void {
  const inputRow = <usize>columns * sizeof<T>();
  const row = <usize>((columns + CHANNEL_TILE - 1) / CHANNEL_TILE) * <usize>CHANNEL_TILE * DOUBLE;
  const bits = each * 8;
  const mask = i32x4.splat(each == 1 ? 0xff : 0xffff);
  const limit = f64x2.splat(<f64>most);
  for (let column = 0; column < columns; column += STRIP) {
    const count = columns - column < STRIP ? columns - column : STRIP;
    const channel = channels + <usize>column * DOUBLE;
    const step0 = v128.load(channel);
    const step1 = v128.load(channel, VECTOR);
    const inverse0 = v128.load(channel + row);
    const inverse1 = v128.load(channel + row, VECTOR);
    let bias0 = v128.load(channel + 2 * row);
    let bias1 = v128.load(channel + 2 * row, VECTOR);
    let zeros0 = f64x2.splat(0);
    let zeros1 = zeros0;
    let sizes0 = zeros0;
    let sizes1 = zeros0;
    let from = input + <usize>column * sizeof<T>();
    let one = inputs;
    let to = output + <usize>(column / CHANNEL_TILE) * <usize>panelBytes + <usize>(column % CHANNEL_TILE) * LANE;
    let lanes = i32x4.splat(0);
    let shift = 0;
    for (let k = 0; k < rows; ++k) {
      const scale = v128.load64_splat(one);
      const zero = v128.load64_splat(one, DOUBLE);
      const mean = v128.load64_splat(one, 2 * DOUBLE);
      const weights = loadStrip<T>(from, count);
      const weight0 = f64x2.promote_low_f32x4(weights);
      const weight1 = promoteHigh(weights);
      const integer0 = clip(round(f64x2.mul(f64x2.mul(weight0, scale), inverse0)), limit);
      const integer1 = clip(round(f64x2.mul(f64x2.mul(weight1, scale), inverse1)), limit);
      zeros0 = f64x2.add(zeros0, f64x2.mul(integer0, zero));
      zeros1 = f64x2.add(zeros1, f64x2.mul(integer1, zero));
      sizes0 = f64x2.add(sizes0, f64x2.abs(integer0));
      sizes1 = f64x2.add(sizes1, f64x2.abs(integer1));
      const lost0 = f64x2.sub(weight0, f64x2.div(f64x2.mul(integer0, step0), scale));
      const lost1 = f64x2.sub(weight1, f64x2.div(f64x2.mul(integer1, step1), scale));
      bias0 = f64x2.add(bias0, f64x2.mul(lost0, mean));
      bias1 = f64x2.add(bias1, f64x2.mul(lost1, mean));
      const whole = f64x2.splat(WHOLE);
      const integers = v128.shuffle<i32>(f64x2.add(integer0, whole), f64x2.add(integer1, whole), 0, 2, 4, 6);
      lanes = v128.or(lanes, i32x4.shl(v128.and(integers, mask), shift));
      shift += bits;
      if (shift == 32) {
        v128.store(to, lanes);
        to += <usize>CHANNEL_TILE * LANE;
        lanes = i32x4.splat(0);
        shift = 0;
      }
      from += inputRow;
      one += PACKED_INPUT_DOUBLES * DOUBLE;
    }
    if (shift) v128.store(to, lanes);
    v128.store(channel + 2 * row, bias0);
    v128.store(channel + 2 * row, bias1, VECTOR);
    v128.store(channel + 3 * row, zeros0);
    v128.store(channel + 3 * row, zeros1, VECTOR);
    v128.store(channel + 4 * row, sizes0);
    v128.store(channel + 4 * row, sizes1, VECTOR);
  }
}

/**
 * Quantises a row-major matrix `[rows][columns]` of floats (of half-precision values where `half` is 1) to panels of 8
 * columns, `panelBytes` apart, in integers of `each` (1 or 2) bytes, −most … most: round(weight · scale / step), halves up.
 * A column's lane of 4 bytes holds 4 / each successive rows; what lies between rows and columns that there are not is left as it is, or zero.
 *
 * `inputs`: three doubles for each row: scale, zero point, mean. `channels`: five rows of `columns` doubles, rounded up to a
 * multiple of 8 with zeros: the step, its inverse, the bias, and written by this kernel Σ integer · zero and Σ |integer|. What
 * rounding takes from a weight, times its row's mean, is added to the bias. All of it in doubles and row by row, so that
 * the sums are those of the plain loop. Addresses are multiples of 16; `input` only of its values' size.
 */
export function quantise_panels(
  output: usize,
  input: usize,
  half: i32,
  rows: i32,
  columns: i32,
  panelBytes: i32,
  each: i32,
  inputs: usize,
  channels: usize,
  most: i32,
): void {
  assert(isAligned(output) && isAligned(inputs) && isAligned(channels) && (panelBytes & 15) == 0);
  assert((input & (half ? 1 : 3)) == 0 && (each == 1 || each == 2) && rows >= 0 && columns >= 1 && most >= 1);
  if (half) quantise<i16>(output, input, rows, columns, panelBytes, each, inputs, channels, most);
  else quantise<u32>(output, input, rows, columns, panelBytes, each, inputs, channels, most);
}

function quantiseTaps<T>(
  output: usize,
  input: usize,
  kernelSize: i32,
  columns: i32,
  blockBytes: i32,
  each: i32,
  channels: usize,
  most: i32,
): void {
  const inputRow = <usize>columns * sizeof<T>();
  const row = <usize>((columns + CHANNEL_TILE - 1) / CHANNEL_TILE) * <usize>CHANNEL_TILE * DOUBLE;
  const mask = i32x4.splat(each == 1 ? 0xff : 0xffff);
  const limit = f64x2.splat(<f64>most);
  const inLane = 4 / each;
  const groups = (kernelSize + inLane - 1) / inLane;
  for (let column = 0; column < columns; column += STRIP) {
    const count = columns - column < STRIP ? columns - column : STRIP;
    const channel = channels + <usize>column * DOUBLE;
    const block =
      output + <usize>(column / CHANNEL_TILE) * <usize>blockBytes + <usize>(column % CHANNEL_TILE) * LANE;
    for (let pair: usize = 0; pair < 2; ++pair) {
      const at = channel + pair * VECTOR;
      const step = v128.load(at);
      const zero = v128.load(at + row);
      let bias = v128.load(at + 2 * row);
      const scale = v128.load(at + 5 * row);
      const mean = v128.load(at + 6 * row);
      let zeros = f64x2.splat(0);
      let sizes = zeros;
      let from = input + <usize>column * sizeof<T>();
      for (let ky = 0; ky < kernelSize; ++ky) {
        const shift = 8 * each * (ky % inLane);
        let to = block + <usize>(ky / inLane) * <usize>CHANNEL_TILE * LANE + pair * 8;
        for (let kx = 0; kx < kernelSize; ++kx) {
          const weights = loadStrip<T>(from, count);
          const weight = pair ? promoteHigh(weights) : f64x2.promote_low_f32x4(weights);
          const integer = clip(round(f64x2.div(f64x2.mul(weight, scale), step)), limit);
          zeros = f64x2.add(zeros, f64x2.mul(integer, zero));
          sizes = f64x2.add(sizes, f64x2.abs(integer));
          const lost = f64x2.sub(weight, f64x2.div(f64x2.mul(integer, step), scale));
          bias = f64x2.add(bias, f64x2.mul(lost, mean));
          const whole = f64x2.add(integer, f64x2.splat(WHOLE));
          const lanes = i32x4.shl(v128.and(v128.shuffle<i32>(whole, whole, 0, 2, 0, 2), mask), shift);
          v128.store64_lane(to, v128.or(lanes, v128.load64_zero(to)), 0);
          from += inputRow;
          to += <usize>groups * <usize>CHANNEL_TILE * LANE;
        }
      }
      v128.store(at + 2 * row, bias);
      v128.store(at + 3 * row, zeros);
      v128.store(at + 4 * row, sizes);
    }
  }
}

/**
 * Like `quantise_panels`, for depthwise weights `[kernelSize][kernelSize][columns]` and blocks of 8 columns, `blockBytes`
 * apart: a lane holds 4 / each taps one below the other, the lanes of a column of taps come one after the other. The blocks
 * must be zero. `channels`: seven rows of doubles: step, zero point, bias, the two sums, scale, mean; in lanes beyond
 * `columns` step and scale are 1.
 */
export function quantise_blocks(
  output: usize,
  input: usize,
  half: i32,
  kernelSize: i32,
  columns: i32,
  blockBytes: i32,
  each: i32,
  channels: usize,
  most: i32,
): void {
  assert(isAligned(output) && isAligned(channels) && (blockBytes & 15) == 0 && (input & (half ? 1 : 3)) == 0);
  assert((each == 1 || each == 2) && kernelSize >= 1 && columns >= 1 && most >= 1);
  if (half) quantiseTaps<i16>(output, input, kernelSize, columns, blockBytes, each, channels, most);
  else quantiseTaps<u32>(output, input, kernelSize, columns, blockBytes, each, channels, most);
}
