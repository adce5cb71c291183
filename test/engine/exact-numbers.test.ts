import { describe, expect, it } from 'vitest';
import { divideByPower, multiplyFixed, multiplyHigh, quantiseMultiplier } from '../../src/engine/exact/multiplier.js';
import { softmaxMultiplier, softmaxStored } from '../../src/engine/exact/softmax.js';

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

describe('softmax in fixed point', () => {
  it('is near the real one', () => {
    const input = Uint8Array.from({ length: 37 }, (_, index) => (index * 53) % 256);
    const result = softmaxStored(input, input.length, softmaxMultiplier(0.06)!);
    const powers = Array.from(input, (value) => Math.exp(0.06 * value));
    const sum = powers.reduce((total, value) => total + value, 0);
    for (const [index, power] of powers.entries()) {
      expect(Math.abs(result[index]! - Math.min(255, (256 * power) / sum))).toBeLessThan(1);
    }
  });

  it('takes one class, and equal ones', () => {
    expect([...softmaxStored([7], 1, softmaxMultiplier(1)!)]).toEqual([255]);
    expect([...softmaxStored([3, 3, 3, 3], 4, softmaxMultiplier(0.1)!)]).toEqual([64, 64, 64, 64]);
  });

  it.each([0, 2 ** -26, Number.NaN])('refuses a scale of %d', (scale) => {
    expect(softmaxMultiplier(scale)).toBeUndefined();
  });
});
