import { describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

interface Prediction {
  readonly index: number;
  readonly probability: number;
}

function predictions(...flags: readonly string[]): Prediction[] {
  const { stdout, stderr, code } = mobilenet('classify', '--json', ...flags, 'test/photos/boats.jpg');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout).images[0].predictions;
}

describe('mobilenet classify --deterministic', () => {
  it('says the same but for last digits, with any number of threads', () => {
    const plain = predictions('--deterministic');
    expect(predictions('--deterministic', '--threads', '2')).toEqual(plain);
    const fastest = predictions();
    expect(fastest.map(({ index }) => index)).toEqual(plain.map(({ index }) => index));
    for (const [place, { probability }] of fastest.entries()) {
      expect(Math.abs(probability - plain[place]!.probability)).toBeLessThan(1e-5);
    }
  });
});
