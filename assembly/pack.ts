import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';
import { widen } from './widen';

const PANEL_ROW: usize = <usize>CHANNEL_TILE * FLOAT;
const HALF: usize = 2;

/** Panels filled side by side: a cache line of half-precision values. */
const PANELS: i32 = 4;

/**
 * Rows of a row-major matrix `[rows][columns]` of half-precision values, to the same rows of successive panels:
 * columns 8p … 8p + 7 go to panel p, at `output + p · panelBytes`, as floats. `output` and `panelBytes` are multiples
 * of 16, `input` of 2. The last panel's lanes beyond `columns` are left as they are.
 */
export function pack_rows_f16(output: usize, input: usize, rows: i32, columns: i32, panelBytes: i32): void {
  assert(isAligned(output) && (panelBytes & 15) == 0 && (input & 1) == 0 && rows >= 0 && columns >= 1);
  const whole = columns / CHANNEL_TILE;
  const inputRow = <usize>columns * HALF;
  for (let panel = 0; panel < whole; panel += PANELS) {
    const last = min(panel + PANELS, whole);
    for (let row = 0; row < rows; ++row) {
      let from = input + <usize>row * inputRow + <usize>panel * <usize>CHANNEL_TILE * HALF;
      let to = output + <usize>panel * <usize>panelBytes + <usize>row * PANEL_ROW;
      for (let each = panel; each < last; ++each) {
        v128.store(to, widen(v128.load16x4_s(from)));
        v128.store(to, widen(v128.load16x4_s(from, 8)), VECTOR);
        from += <usize>CHANNEL_TILE * HALF;
        to += <usize>panelBytes;
      }
    }
  }
  const done = whole * CHANNEL_TILE;
  for (let row = 0; row < rows; ++row) {
    for (let column = done; column < columns; ++column) {
      const half = <i32>load<i16>(input + <usize>row * inputRow + <usize>column * HALF);
      const to = output + <usize>whole * <usize>panelBytes + <usize>row * PANEL_ROW + <usize>(column - done) * FLOAT;
      store<i32>(to, i32x4.extract_lane(widen(i32x4.splat(half)), 0));
    }
  }
}

/** Like `pack_rows_f16`, from floats; `input` is a multiple of 4. */
export function pack_rows_f32(output: usize, input: usize, rows: i32, columns: i32, panelBytes: i32): void {
  assert(isAligned(output) && (panelBytes & 15) == 0 && (input & 3) == 0 && rows >= 0 && columns >= 1);
  const whole = columns / CHANNEL_TILE;
  const inputRow = <usize>columns * FLOAT;
  for (let panel = 0; panel < whole; panel += PANELS) {
    const last = min(panel + PANELS, whole);
    for (let row = 0; row < rows; ++row) {
      let from = input + <usize>row * inputRow + <usize>panel * PANEL_ROW;
      let to = output + <usize>panel * <usize>panelBytes + <usize>row * PANEL_ROW;
      for (let each = panel; each < last; ++each) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, VECTOR), VECTOR);
        from += PANEL_ROW;
        to += <usize>panelBytes;
      }
    }
  }
  const done = whole * CHANNEL_TILE;
  for (let row = 0; row < rows; ++row) {
    for (let column = done; column < columns; ++column) {
      const value = load<f32>(input + <usize>row * inputRow + <usize>column * FLOAT);
      store<f32>(output + <usize>whole * <usize>panelBytes + <usize>row * PANEL_ROW + <usize>(column - done) * FLOAT, value);
    }
  }
}

function min(a: i32, b: i32): i32 {
  return a < b ? a : b;
}
