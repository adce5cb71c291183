import { FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

const PIXEL: usize = 3;
const INDEX: usize = 4;

/** Bytes after the last pixel of an input or an output that the two resampling kernels read, or overwrite. */
export const RESAMPLE_SLACK: i32 = 16;

/** Fixed-point sums to bytes, cut off below 0 and above 255. */
// @ts-ignore: decorator
@inline
function toBytes(a: v128, b: v128, c: v128, d: v128, bits: i32): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(i32x4.shr_s(a, bits), i32x4.shr_s(b, bits)),
    i16x8.narrow_i32x4_s(i32x4.shr_s(c, bits), i32x4.shr_s(d, bits)),
  );
}

/** Taps of a row that are multiplied at once, and the bytes of their weights. */
export const TAP_GROUP: i32 = 4;
export const TAP_GROUP_BYTES: i32 = 16;

/** Bits of the lower part of a weight in `resample_rows_u8`. */
const LOW_BITS: i32 = 11;

/**
 * Weights `[columns][size]` (i32, zero behind a column's last) as `resample_rows_u8` takes them: `[columns][groups]` of 16
 * bytes for 4 taps, the upper parts (weight >> LOW_BITS) as four i16, then the lower parts. groups: size / 4, rounded up.
 */
export function split_weights(output: usize, weights: usize, columns: i32, size: i32): void {
  assert(((output | weights) & 3) == 0 && columns >= 0 && size >= 0);
  for (; columns > 0; --columns) {
    for (let tap = 0; tap < size; tap += TAP_GROUP) {
      for (let each: usize = 0; each < <usize>TAP_GROUP; ++each) {
        const weight = tap + <i32>each < size ? load<i32>(weights + each * INDEX) : 0;
        store<i16>(output + 2 * each, <i16>(weight >> LOW_BITS));
        store<i16>(output + 2 * each, <i16>(weight & ((1 << LOW_BITS) - 1)), 8);
      }
      weights += <usize>(tap + TAP_GROUP < size ? TAP_GROUP : size - tap) * INDEX;
      output += TAP_GROUP_BYTES;
    }
  }
}

/**
 * RGB bytes scaled along x: output `[rows][columns][3]`, output pixel x = Σ weights[x][t] · input pixel (first[x] + t)
 * for t < length[x], rounded (half up) and clipped to a byte. Weights have `bits` bits behind the point; sums wrap at 32
 * bits. `inputRow` is the bytes from one input row to the next.
 *
 * - `first` and `length` are `[columns]` i32.
 * - `weights` are as `split_weights` leaves them, with `groups` groups for each column: multiplying words in pairs is
 *   several times as fast as whole weights.
 * - Reads and overwrites up to RESAMPLE_SLACK bytes after the last pixel.
 */
export function resample_rows_u8(
  output: usize,
  input: usize,
  first: usize,
  length: usize,
  weights: usize,
  rows: i32,
  columns: i32,
  groups: i32,
  inputRow: i32,
  bits: i32,
): void {
  assert(((first | length | weights) & 3) == 0 && rows >= 0 && columns >= 0 && groups >= 0 && bits > 0);
  // The same channel of two neighbours side by side, as words.
  const left = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const right = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const half = i32x4.splat(1 << (bits - 1));
  const zero = i32x4.splat(0);
  const weightsRow = <usize>groups * TAP_GROUP_BYTES;
  for (; rows > 0; --rows) {
    let taps = weights;
    for (let x: usize = 0; x < <usize>columns; ++x) {
      let from = input + <usize>load<i32>(first + x * INDEX) * PIXEL;
      const end = taps + ((<usize>load<i32>(length + x * INDEX) + 3) >> 2) * VECTOR;
      let upper = zero;
      let lower = half;
      for (let tap = taps; tap < end; tap += VECTOR) {
        const pixels = v128.load(from);
        const a = i8x16.swizzle(pixels, left);
        const b = i8x16.swizzle(pixels, right);
        upper = i32x4.add(upper, i32x4.dot_i16x8_s(a, v128.load32_splat(tap)));
        upper = i32x4.add(upper, i32x4.dot_i16x8_s(b, v128.load32_splat(tap, 4)));
        lower = i32x4.add(lower, i32x4.dot_i16x8_s(a, v128.load32_splat(tap, 8)));
        lower = i32x4.add(lower, i32x4.dot_i16x8_s(b, v128.load32_splat(tap, 12)));
        from += TAP_GROUP * PIXEL;
      }
      const sum = i32x4.add(i32x4.shl(upper, LOW_BITS), lower);
      v128.store32_lane(output, toBytes(sum, sum, sum, sum, bits), 0);
      output += PIXEL;
      taps += weightsRow;
    }
    input += <usize>inputRow;
  }
}

/**
 * Bytes scaled along y: output `[rows][width]`, row y = Σ weights[y][t] · input row (first[y] + t) for t < length[y].
 * `weights` are `[rows][size]` i32. Otherwise like `resample_rows_u8`; `width` counts bytes.
 */
export function resample_columns_u8(
  output: usize,
  input: usize,
  first: usize,
  length: usize,
  weights: usize,
  rows: i32,
  width: i32,
  size: i32,
  inputRow: i32,
  bits: i32,
): void {
  assert(((first | length | weights) & 3) == 0 && rows >= 0 && width >= 0 && size >= 0 && bits > 0);
  const half = i32x4.splat(1 << (bits - 1));
  const weightsRow = <usize>size * INDEX;
  for (let y: usize = 0; y < <usize>rows; ++y) {
    const top = input + <usize>load<i32>(first + y * INDEX) * <usize>inputRow;
    const end = weights + <usize>load<i32>(length + y * INDEX) * INDEX;
    for (let x: usize = 0; x < <usize>width; x += VECTOR) {
      let from = top + x;
      let a = half;
      let b = a;
      let c = a;
      let d = a;
      for (let tap = weights; tap < end; tap += INDEX) {
        const weight = v128.load32_splat(tap);
        const bytes = v128.load(from);
        const low = i16x8.extend_low_i8x16_u(bytes);
        const high = i16x8.extend_high_i8x16_u(bytes);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), weight));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), weight));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), weight));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), weight));
        from += <usize>inputRow;
      }
      v128.store(output + x, toBytes(a, b, c, d, bits));
    }
    output += <usize>width;
    weights += weightsRow;
  }
}

/**
 * RGB bytes to floats, a table for each channel: output i = table[i mod 3][input i] for `pixels` · 3 values;
 * `table` is `[3][256]` f32. Output and table are 16-byte aligned. The input may be the last bytes of the output.
 */
export function look_up_f32(output: usize, input: usize, table: usize, pixels: i32): void {
  assert(isAligned(output) && isAligned(table) && pixels >= 0);
  for (; pixels > 0; --pixels) {
    store<f32>(output, load<f32>(table + <usize>load<u8>(input) * FLOAT));
    store<f32>(output, load<f32>(table + <usize>load<u8>(input, 1) * FLOAT, 1024), FLOAT);
    store<f32>(output, load<f32>(table + <usize>load<u8>(input, 2) * FLOAT, 2048), 2 * FLOAT);
    input += PIXEL;
    output += PIXEL * FLOAT;
  }
}
