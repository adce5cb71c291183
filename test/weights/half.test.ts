import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/errors.js';
import { narrowToHalf, toFloat32, widenHalf } from '../../src/weights/half.js';
import { goldenFigures } from './golden.js';

const { half: golden } = goldenFigures();

function sha256(data: Float32Array | Uint16Array): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

function widen(patterns: Uint16Array): Float32Array {
  const wide = new Float32Array(patterns.length);
  widenHalf(patterns, wide);
  return wide;
}

const finite = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern).filter((p) => (p & 0x7c00) !== 0x7c00);

/** The definition in IEEE 754, section 3.4. */
function meaningOf(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const fraction = (pattern & 0x3ff) / 1024;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction) : sign * 2 ** -14 * fraction;
}

/** The values that the golden script narrows: midpoints between halves, their neighbours, random bit patterns. */
function narrowingInputs(): Float32Array {
  const wide = widen(finite);
  const middle = new Float32Array(finite.length / 2 - 1).map((_, i) => (wide[i]! + wide[i + 1]!) / 2);
  const step = (by: number): Float32Array => {
    const bits = new Uint32Array(middle.slice().buffer).map((pattern) => pattern + by);
    return new Float32Array(bits.buffer);
  };
  const around = [...middle, ...step(-1), ...step(1)];
  let seed = 1;
  const bits = new Uint32Array(100_000).map(() => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed;
  });
  const random = new Float32Array(bits.buffer).filter((value) => Math.abs(value) < 65520);
  return Float32Array.from([...around, ...around.map((value) => -value), ...random]);
}

describe('half precision', () => {
  it.each(['many', 'few'])('widens all 65536 patterns to what they mean, %s at once', (number) => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern);
    const wide = number === 'many' ? widen(all) : new Float32Array(all.length);
    // Into the middle of a larger array, too.
    if (number === 'few')
      for (let at = 0; at < all.length; at += 4096)
        widenHalf(all.subarray(at, at + 4096), wide.subarray(at, at + 4096));
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      if (!Object.is(wide[pattern], meaningOf(pattern)))
        expect([pattern, wide[pattern]]).toEqual([pattern, meaningOf(pattern)]);
    }
  });

  it('widens as numpy does', () => {
    expect(sha256(widen(finite))).toBe(golden.widened);
  });

  it('narrows what it widened to the same pattern', () => {
    expect(narrowToHalf(widen(finite), 'test')).toEqual(finite);
  });

  it('rounds to nearest, ties to even, as numpy does', () => {
    const inputs = narrowingInputs();
    expect(sha256(inputs)).toBe(golden.inputs);
    expect(sha256(narrowToHalf(inputs, 'test'))).toBe(golden.narrowed);
  });

  it('keeps the sign of zero', () => {
    expect([...narrowToHalf(Float32Array.of(0, -0, 1e-9, -1e-9), 'test')]).toEqual([0, 0x8000, 0, 0x8000]);
  });

  it.each([65520, -65520, 1e10, Number.POSITIVE_INFINITY, Number.NaN])('refuses %f', (value) => {
    expect(() => narrowToHalf(Float32Array.of(1, value), 'layer')).toThrow(ModelError);
    expect(() => narrowToHalf(Float32Array.of(1, value), 'layer')).toThrow(/^layer: value .* at 1, expected/);
  });

  it('takes the largest half and what rounds to it', () => {
    expect([...narrowToHalf(Float32Array.of(65504, 65519.99), 'test')]).toEqual([0x7bff, 0x7bff]);
  });

  it('gives single precision back as it is', () => {
    const data = Float32Array.of(1, 2);
    expect(toFloat32(data)).toBe(data);
    expect([...toFloat32(Uint16Array.of(0x3c00, 0xc000))]).toEqual([1, -2]);
  });
});
