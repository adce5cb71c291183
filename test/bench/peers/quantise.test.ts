import { describe, expect, test } from 'vitest';
import { chooseMapScale, quantiseWeights } from './quantise.js';

describe('8-bit quantisation for the peers', () => {
  test.each([
    { range: [-1, 0.5] as const, zeroPoint: 170 },
    { range: [0, 6] as const, zeroPoint: 0 },
    // 0 is always among the values.
    { range: [2, 6] as const, zeroPoint: 0 },
    { range: [-3, -1] as const, zeroPoint: 255 },
  ])('the range $range is covered from its zero point on', ({ range, zeroPoint }) => {
    const chosen = chooseMapScale(range);
    expect(chosen.zeroPoint).toBe(zeroPoint);
    for (const value of range) {
      const stored = Math.max(0, Math.min(255, Math.round(value / chosen.scale) + zeroPoint));
      expect(Math.abs((stored - zeroPoint) * chosen.scale - value)).toBeLessThanOrEqual(chosen.scale / 2 + 1e-6);
    }
  });

  test('each output channel has its own scale, and the bias is in units of both scales', () => {
    const weights = Float32Array.of(1, -100, -2, 50, 0.5, 25);
    const { values, scales, bias } = quantiseWeights(weights, Float32Array.of(1, -10), 0.5, (index) => index % 2);
    expect([...scales]).toEqual([Math.fround(2 / 127), Math.fround(100 / 127)]);
    expect([...values]).toEqual([64, -127, -127, 64, 32, 32]);
    expect([...bias]).toEqual([127, -25]);
  });
});
