import { expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { Bench, randomFloats } from './load.js';
import { averagePool, clamp, completeWindow, globalAveragePool, maxPool, poolWindow, type Window } from './naive.js';
import { generalCases, windowCases } from './windows.js';

/** Pools have no dilation; a window wholly outside of the map has no maximum. */
function hasPoolWindow(w: Window): boolean {
  const { kernelHeight, dilation, dilationWidth } = completeWindow(w);
  return dilation === 1 && dilationWidth === 1 && w.padTop < kernelHeight && w.padLeft < 2;
}

describeBuilds('pooling', (build) => {
  const bench = new Bench(build);

  it('max_pool_f32: every stride and padding, clamps, negative maps, exact', () => {
    const plain = windowCases([8, 24], [2, 3]).filter((w) => w.padTop < w.kernelSize - 1);
    const cases = [...plain, ...generalCases([8]).filter(hasPoolWindow)];
    for (const [index, w] of cases.entries()) {
      const [min, max] = index % 3 === 0 ? [-0.75, 0.5] : [-Infinity, Infinity];
      bench.clear();
      // all below zero, so that padding with zeros would win
      const input = randomFloats(w.inHeight * w.inWidth * w.channels, index).map((value) => value - 1);
      const inputAt = bench.place(input);
      const count = w.outHeight * w.outWidth * w.channels;
      const outputAt = bench.reserve(count * 4);
      const { inHeight, inWidth, channels, outHeight, outWidth } = w;
      const shape = [inHeight, inWidth, channels, outWidth, 0, outHeight, ...poolWindow(w)] as const;
      bench.kernels.max_pool_f32(outputAt, inputAt, ...shape, min, max);
      const expected = maxPool(input, w).map((value) => clamp(value, min, max));
      expect(Float64Array.from(bench.floats(outputAt, count)), w.name).toEqual(expected);
      expect(bench.strayWrite()).toBeUndefined();
    }
  });

  it('average_pool_f32: every window, stride and padding, with and without the padding', () => {
    const cases = [...windowCases([8, 24], [2, 3]), ...generalCases([8])];
    for (const [index, w] of cases
      .filter(({ dilation = 1, dilationWidth = 1 }) => dilation * dilationWidth === 1)
      .entries()) {
      const countsPadding = index % 2 === 0;
      const [min, max] = index % 3 === 0 ? [-0.25, 0.5] : [-Infinity, Infinity];
      bench.clear();
      const input = randomFloats(w.inHeight * w.inWidth * w.channels, index);
      const inputAt = bench.place(input);
      const count = w.outHeight * w.outWidth * w.channels;
      const outputAt = bench.reserve(count * 4);
      const shape = [w.inHeight, w.inWidth, w.channels, w.outWidth, 0, w.outHeight, ...poolWindow(w)] as const;
      bench.kernels.average_pool_f32(outputAt, inputAt, ...shape, countsPadding ? 1 : 0, min, max);
      const { kernelHeight, kernelWidth } = completeWindow(w);
      const expected = averagePool(input, w, countsPadding);
      expectSums(bench.floats(outputAt, count), expected, kernelHeight * kernelWidth + 1, min, max);
      expect(bench.strayWrite()).toBeUndefined();
    }
  });

  it('max_pool_f32 computes a range of rows and no other', () => {
    bench.clear();
    const input = randomFloats(7 * 7 * 8, 1);
    const inputAt = bench.place(input);
    const outputAt = bench.reserve(2 * 4 * 8 * 4);
    bench.kernels.max_pool_f32(outputAt - 4 * 8 * 4, inputAt, 7, 7, 8, 4, 1, 3, 3, 3, 2, 2, 1, 1, -9, 9);
    const w = { inHeight: 7, inWidth: 7, channels: 8, outHeight: 4, outWidth: 4 };
    const expected = maxPool(input, { ...w, kernelSize: 3, stride: 2, padTop: 1, padLeft: 1 });
    expect(Float64Array.from(bench.floats(outputAt, 64))).toEqual(expected.slice(32, 96));
    expect(bench.strayWrite()).toBeUndefined();
  });

  it('global_average_pool_f32: pixels and channels around the tiles', () => {
    for (const pixels of [1, 2, 3, 4, 5, 16, 49, 100]) {
      for (const channels of [8, 16, 24, 40]) {
        bench.clear();
        const input = randomFloats(pixels * channels, pixels);
        const inputAt = bench.place(input);
        const outputAt = bench.reserve(channels * 4);
        bench.kernels.global_average_pool_f32(outputAt, inputAt, pixels, channels);
        expectSums(bench.floats(outputAt, channels), globalAveragePool(input, pixels), pixels, -Infinity, Infinity);
        expect(bench.strayWrite()).toBeUndefined();
      }
    }
  });

  // Squeeze-and-excitation divides such means by how little they vary, which makes errors larger.
  it('means of large maps are not less accurate than those of small ones', () => {
    const side = 112;
    const input = randomFloats(side * side * 8, 5).map((value) => 1 + value / 8);
    const exact = globalAveragePool(input, side * side).values;
    const errorOf = (means: Float32Array) =>
      Math.max(...means.map((mean, channel) => Math.abs(mean / exact[channel]! - 1)));
    bench.clear();
    const inputAt = bench.place(input);
    const outputAt = bench.reserve(8 * 4);
    bench.kernels.global_average_pool_f32(outputAt, inputAt, side * side, 8);
    expect(errorOf(bench.floats(outputAt, 8))).toBeLessThan(5e-7);
    const window = [side, side, 8, 1, 0, 1, side, side, 1, 1, 0, 0, 1] as const;
    bench.kernels.average_pool_f32(outputAt, inputAt, ...window, -Infinity, Infinity);
    expect(errorOf(bench.floats(outputAt, 8))).toBeLessThan(5e-7);
  });
});
