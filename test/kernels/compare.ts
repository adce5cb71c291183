import { expect } from 'vitest';
import { clamp, type Sums } from './naive.js';

const UNIT = 2 ** -24;

/** `terms` f32 additions and as many multiplications, in any order: |error| ≤ (terms + 2) · 2⁻²⁴ · sum |term|. */
export function expectSums(actual: Float32Array, sums: Sums, terms: number, min: number, max: number): void {
  expect(actual.length).toBe(sums.values.length);
  for (let i = 0; i < actual.length; ++i) {
    const expected = clamp(sums.values[i]!, min, max);
    const tolerance = 1.01 * (terms + 2) * UNIT * sums.magnitudes[i]!;
    if (!(Math.abs(actual[i]! - expected) <= tolerance)) {
      expect.fail(`element ${i}: ${actual[i]}, expected ${expected} ± ${tolerance}`);
    }
  }
}

/** |error| ≤ `units` · 2⁻²⁴ · |expected|, or equal (infinities, zeros); below the normal range one unit of 2⁻¹⁴⁹ more. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, units: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; ++i) {
    const tolerance = units * UNIT * Math.abs(expected[i]!) + 2 ** -149;
    if (actual[i] !== expected[i] && !(Math.abs(actual[i]! - expected[i]!) <= tolerance)) {
      expect.fail(`element ${i}: ${actual[i]}, expected ${expected[i]} ± ${tolerance}`);
    }
  }
}
