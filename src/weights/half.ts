import { ModelError } from '../errors/errors.js';

/** 2^112 moves the exponent bias from half (15) to single (127) precision; exact, subnormals included. */
const REBIAS = 2 ** 112;

/** From here on (halfway between 65504 and 65536) rounding to nearest would give infinity. */
const HALF_OVERFLOW = 65520;

/** The table takes as long as this many values without one. */
const WORTH_A_TABLE = 0x4000;

let table: Float32Array | undefined;

function halfTable(): Float32Array {
  if (table) return table;
  const values = new Float32Array(0x10000);
  const bits = new Uint32Array(values.buffer);
  for (let half = 0; half < 0x7c00; half++) {
    bits[half] = half << 13;
    values[half] = values[half]! * REBIAS;
    bits[half + 0x8000] = bits[half]! | 0x80000000;
  }
  for (let half = 0x7c00; half < 0x8000; half++) {
    bits[half] = 0x7f800000 | ((half & 0x3ff) << 13);
    bits[half + 0x8000] = bits[half]! | 0x80000000;
  }
  table = values;
  return values;
}

/** IEEE 754 binary16 bit patterns to single precision, exactly. `target` is at least as long as `source`. */
export function widenHalf(source: Uint16Array, target: Float32Array): void {
  if (target.length < source.length) throw new RangeError(`${source.length} halves do not fit ${target.length} floats`);
  const count = source.length;
  if (count < WORTH_A_TABLE) {
    widenFew(source, target);
    return;
  }
  const values = halfTable();
  for (let i = 0; i < count; i++) target[i] = values[source[i]!]!;
}

function widenFew(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, source.length);
  for (let i = 0; i < source.length; i++) {
    const half = source[i]!;
    const magnitude = half & 0x7fff;
    if (magnitude < 0x7c00) {
      bits[i] = magnitude << 13;
      target[i] = target[i]! * REBIAS;
      bits[i]! |= (half & 0x8000) << 16;
    } else bits[i] = ((half & 0x8000) << 16) | 0x7f800000 | ((half & 0x3ff) << 13);
  }
}

/** bfloat16 bit patterns to single precision, exactly: they are the upper half of one. */
export function widenBfloat16(source: Uint16Array): Float32Array {
  const wide = new Float32Array(source.length);
  const bits = new Uint32Array(wide.buffer);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  return wide;
}

/** Any tensor's data in single precision: itself where it is that already. */
export function toFloat32(data: Float32Array | Uint16Array): Float32Array {
  if (data instanceof Float32Array) return data;
  const wide = new Float32Array(data.length);
  widenHalf(data, wide);
  return wide;
}

/**
 * Single precision to IEEE 754 binary16 bit patterns, rounded to nearest, ties to even.
 * @throws ModelError where a value is not finite or too large (|x| ≥ 65520): a weight must not become infinite.
 */
export function narrowToHalf(source: Float32Array, where: string): Uint16Array {
  const result = new Uint16Array(source.length);
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  for (let i = 0; i < source.length; i++) {
    const value = source[i]!;
    if (!(Math.abs(value) < HALF_OVERFLOW)) {
      throw new ModelError('weights-range', {
        where,
        problem: `value ${value} at ${i}`,
        expected: 'one that half precision holds',
      });
    }
    one[0] = value;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const magnitude = bits[0]! & 0x7fffffff;
    if (magnitude < 0x38800000) {
      // Below 2^-14 halves are multiples of 2^-24: scaled by 2^24 the subnormal is an integer. Adding and taking
      // away 2^23 in single precision rounds it to nearest even.
      const scaled = Math.abs(value) * 2 ** 24;
      result[i] = sign | (Math.fround(scaled + 2 ** 23) - 2 ** 23);
    } else {
      const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
      result[i] = sign | ((rounded >>> 13) - (112 << 10));
    }
  }
  return result;
}
