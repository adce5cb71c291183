import { describe, expect, it } from 'vitest';
import { divideByPower, multiplyFixed, multiplyHigh, quantiseMultiplier } from '../../src/engine/exact/multiplier.js';
import { softmaxExponentials, softmaxMultiplier } from '../../src/engine/exact/softmax.js';

const LOWEST = -(2 ** 31);
const HIGHEST = 2 ** 31 - 1;
const edges = [0, 1, -1, 2, -2, 3, 127, -128, 2 ** 20, -(2 ** 20), 2 ** 30, -(2 ** 30), HIGHEST, LOWEST, LOWEST + 1];
const mixed = Array.from({ length: 60 }, (_, index) => (Math.imul(index * index + 7, 2654435761) + index * 99991) | 0);
const integers = [...edges, ...mixed];

describe('fixed-point multiplication', () => {
  it('multiplyHigh is gemmlowp’s SaturatingRoundingDoublingHighMul', () => {
    for (const a of integers) {
      for (const b of integers) {
        const product = BigInt(a) * BigInt(b);
        const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
        const saturates = a === LOWEST && b === LOWEST;
        expect(multiplyHigh(a, b), `${a} · ${b}`).toBe(
          saturates ? HIGHEST : Number((product + nudge) / (1n << 31n)) + 0,
        );
      }
    }
  });

  it('divideByPower rounds halves away from 0', () => {
    expect([5, -5, 6, -6, 7, 1, -1].map((value) => divideByPower(value, 2))).toEqual([1, -1, 2, -2, 2, 0, -0]);
    expect(divideByPower(HIGHEST, 31)).toBe(1);
    expect(divideByPower(LOWEST, 31)).toBe(-1);
    expect(divideByPower(-7, 0)).toBe(-7);
  });

  it('quantiseMultiplier keeps 31 bits', () => {
    expect(quantiseMultiplier(1)).toEqual({ mantissa: 2 ** 30, shift: 1 });
    expect(quantiseMultiplier(0.5)).toEqual({ mantissa: 2 ** 30, shift: 0 });
    expect(quantiseMultiplier(0.75)).toEqual({ mantissa: 3 * 2 ** 29, shift: 0 });
    expect(quantiseMultiplier(1 - 2 ** -40)).toEqual({ mantissa: 2 ** 30, shift: 1 });
    expect(quantiseMultiplier(0)).toEqual({ mantissa: 0, shift: 0 });
    expect(quantiseMultiplier(2 ** -33)).toEqual({ mantissa: 0, shift: 0 });
    expect(quantiseMultiplier(2 ** -32)).toEqual({ mantissa: 2 ** 30, shift: -31 });
    for (const value of [0.1, 0.00734, 1e-8, 3.7, 123456.789, 0.49999999999, Math.PI / 4]) {
      const { mantissa, shift } = quantiseMultiplier(value)!;
      expect(mantissa).toBeGreaterThanOrEqual(2 ** 30);
      expect(mantissa).toBeLessThanOrEqual(HIGHEST);
      expect(Math.abs((mantissa * 2 ** (shift - 31)) / value - 1)).toBeLessThanOrEqual(2 ** -31);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 30, 1e300])('quantiseMultiplier refuses %d', (value) => {
    expect(quantiseMultiplier(value)).toBeUndefined();
  });

  it('multiplyFixed shifts left before and right after', () => {
    expect(multiplyFixed(100, quantiseMultiplier(2.5)!)).toBe(250);
    expect(multiplyFixed(-100, quantiseMultiplier(0.005)!)).toBe(-1);
    expect(multiplyFixed(3, quantiseMultiplier(1)!)).toBe(3);
  });
});

describe('exponentials in fixed point', () => {
  it('are near the real ones, and 0 where those are too small', () => {
    for (const scale of [0.001, 0.06, 0.3, 4]) {
      const values = softmaxExponentials(softmaxMultiplier(scale)!);
      for (const [index, value] of values.entries()) {
        expect(Math.abs(value / 2 ** 31 - Math.exp(-index * scale)), `${index} · ${scale}`).toBeLessThan(1e-6);
        if (index * scale > 31) expect(value).toBe(0);
      }
    }
  });

  it.each([0, 2 ** -26, Number.NaN])('refuses a scale of %d', (scale) => {
    expect(softmaxMultiplier(scale)).toBeUndefined();
  });
});
