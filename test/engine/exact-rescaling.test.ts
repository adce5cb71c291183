import { describe, expect, it } from 'vitest';
import { clampInteger, multiplyFixed } from '../../src/engine/exact/multiplier.js';
import { fastRescaling, isClipped, isFastExact, type Rescaling } from '../../src/engine/exact/rescaling.js';

/** As the kernel computes it. */
function fast(sum: number, rescaling: Rescaling): number {
  const { factor, half, turn } = fastRescaling(rescaling.multiplier);
  const product = sum * factor;
  const rounding = 1.5 * 2 ** 52 + rescaling.outZero;
  const more = product < 0 && !isClipped(rescaling) ? half + turn : half;
  return clampInteger(product + more + rounding - 1.5 * 2 ** 52, rescaling.min, rescaling.max);
}

describe('the fast rescaling', () => {
  it('is taken where it gives the exact results for all sums', () => {
    let state = 7;
    const next = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let [taken, left, beyond] = [0, 0, 0];
    for (let round = 0; round < 400; round++) {
      const shift = -next(32);
      const multiplier = { mantissa: 2 ** 30 + next(2 ** 30), shift };
      // Around results that matter, or around 0.
      const middle = next(3) === 0 ? 0 : Math.trunc((next(400) - 200) * 2 ** -shift * 1.3);
      const low = Math.max(-(2 ** 31), middle - 1000);
      const outZero = next(256);
      const rescaling = { multiplier, low, high: Math.min(2 ** 31 - 1, low + 2000), outZero, ...{ min: 0, max: 255 } };
      if (next(4) === 0) rescaling.min = outZero;
      if (rescaling.high <= rescaling.low || !isFastExact(rescaling)) {
        left++;
        continue;
      }
      taken++;
      if (Math.max(-low, rescaling.high) * multiplier.mantissa > 2 ** 53) beyond++;
      for (let sum = low; sum <= rescaling.high; sum++) {
        const exact = clampInteger(multiplyFixed(sum, multiplier) + outZero, rescaling.min, rescaling.max);
        if (fast(sum, rescaling) !== exact) expect.fail(`${sum} by ${JSON.stringify(rescaling)}`);
      }
    }
    expect([taken > 200, beyond > 20]).toEqual([true, true]);
    expect(left).toBeLessThan(200);
  });

  it('is left where it does not', () => {
    const range = { low: -5, high: 5, outZero: 3, min: 0, max: 255 };
    expect(isFastExact({ ...range, multiplier: { mantissa: 2 ** 30, shift: 1 } })).toBe(false);
    const wrapping = { ...range, low: -(2 ** 31) - 1 };
    expect(isFastExact({ ...wrapping, multiplier: { mantissa: 2 ** 30, shift: -8 } })).toBe(false);
  });
});
