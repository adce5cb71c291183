import { expect, it } from 'vitest';
import { roundForPictures } from '../../src/engine/int8/picture-weights.js';
import { randomFloats } from '../kernels/load.js';

const MOST = 127;
const CHANNELS = 3;
const OUT_CHANNELS = 16;

const scale = Float32Array.of(0.02, 0.017, 0.019);
const steps = Float32Array.from({ length: OUT_CHANNELS }, (_, n) => (n + 1) * 1e-5);
const unitOf = (input: number, n: number) => steps[n]! / scale[input % CHANNELS]!;

/** Weights of a few to 127 units, [inputs][outChannels]. */
function windowWeights(inputs: number): Float32Array {
  return randomFloats(inputs * OUT_CHANNELS, 5).map(
    (value, at) => value * MOST * unitOf(Math.floor(at / OUT_CHANNELS), at % OUT_CHANNELS),
  );
}

function units(weights: ArrayLike<number>): number[] {
  return Array.from(weights, (value, at) => value / unitOf(Math.floor(at / OUT_CHANNELS), at % OUT_CHANNELS));
}

it.each([1, 2, 3, 5])('weights of a window of %d become whole units near them', (kernelSize) => {
  const weights = windowWeights(kernelSize ** 2 * CHANNELS);
  const exact = units(weights);
  units(roundForPictures(weights, steps, scale, MOST)).forEach((value, at) => {
    expect(Math.abs(value - Math.round(value))).toBeLessThan(1e-4);
    expect(Math.abs(value)).toBeLessThanOrEqual(MOST + 1e-4);
    expect(Math.abs(value - exact[at]!)).toBeLessThan(3);
  });
});

it('sums over windows of like pixels lose less than by plain rounding', () => {
  const inputs = 9 * CHANNELS;
  const weights = windowWeights(inputs);
  const exact = units(weights);
  const errorOf = (rounded: readonly number[]): number => {
    let error = 0;
    for (let window = 0; window < 50; window++) {
      const [level, across, down, noise] = [1, 2, 3, 4].map((seed) => randomFloats(inputs, 10 * window + seed)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (let n = 0; n < OUT_CHANNELS; n++) {
        let sum = 0;
        for (let input = 0; input < inputs; input++) {
          const pixel = Math.floor(input / CHANNELS);
          const slope = 0.1 * (across[0]! * (pixel % 3) + down[0]! * Math.floor(pixel / 3));
          const value = level[0]! + slope + 0.1 * noise[input]!;
          sum += value * (rounded[input * OUT_CHANNELS + n]! - exact[input * OUT_CHANNELS + n]!);
        }
        error += sum ** 2;
      }
    }
    return error;
  };
  const found = errorOf(units(roundForPictures(weights, steps, scale, MOST)));
  expect(found).toBeLessThan(errorOf(exact.map(Math.round)) / 4);
});

it('whole units stay as they are', () => {
  const weights = windowWeights(27).map((value, at) => {
    const unit = unitOf(Math.floor(at / OUT_CHANNELS), at % OUT_CHANNELS);
    return Math.round(value / unit) * unit;
  });
  expect(Array.from(roundForPictures(weights, steps, scale, MOST))).toEqual(Array.from(weights));
});

it('large windows are left to plain rounding', () => {
  const weights = windowWeights(10 ** 2 * CHANNELS);
  expect(roundForPictures(weights, steps, scale, MOST)).toBe(weights);
});
