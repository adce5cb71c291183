import { describe, expect, it } from 'vitest';
import { countText, sizeText } from '../../src/report/units.js';

describe('numbers in text', () => {
  it.each([
    [0, '0'],
    [5120, '5,120'],
    [99_999, '99,999'],
    [100_000, '0.1 M'],
    [300_774_272, '300.8 M'],
    [15_483_862_016, '15,483.9 M'],
  ])('a count of %d is %s', (count, text) => {
    expect(countText(count, 1)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [840, '840 B'],
    [31_240, '31.2 kB'],
    [100_000, '0.10 MB'],
    [7_020_000, '7.02 MB'],
    [1_234_567_890, '1234.57 MB'],
  ])('a size of %d bytes is %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
