import { expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { packDepthwise } from './layout.js';
import { Bench, randomFloats } from './load.js';
import { completeWindow, convWindow, depthwise, type Window } from './naive.js';
import { generalCases, windowCases } from './windows.js';

describeBuilds('depthwise_f32', (build) => {
  const bench = new Bench(build);

  function run(w: Window, min: number, max: number, rowStart = 0, rowEnd = w.outHeight, atEnd = false): void {
    bench.clear();
    const { kernelHeight, kernelWidth } = completeWindow(w);
    const input = randomFloats(w.inHeight * w.inWidth * w.channels, 1);
    const weights = randomFloats(kernelHeight * kernelWidth * w.channels, 2);
    const bias = randomFloats(w.channels, 3);
    const sums = depthwise(input, weights, bias, w);
    const inputAt = atEnd ? bench.placeAtEnd(input) : bench.place(input);
    const weightsAt = bench.place(packDepthwise(weights, bias));
    const row = w.outWidth * w.channels;
    // only the asked rows are placed, so a write to any other row is a stray one
    const rowsAt = bench.reserve((rowEnd - rowStart) * row * 4);
    bench.kernels.depthwise_f32(
      rowsAt - rowStart * row * 4,
      inputAt,
      weightsAt,
      w.inHeight,
      w.inWidth,
      w.channels,
      w.outWidth,
      rowStart,
      rowEnd,
      ...convWindow(w),
      min,
      max,
    );
    const part = {
      values: sums.values.subarray(rowStart * row, rowEnd * row),
      magnitudes: sums.magnitudes.subarray(rowStart * row, rowEnd * row),
    };
    expectSums(bench.floats(rowsAt, part.values.length), part, kernelHeight * kernelWidth + 1, min, max);
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const kernelSize of [1, 2, 3, 4, 5, 7]) {
    it(`kernel ${kernelSize}: every stride and padding on maps around the tiles`, () => {
      for (const w of windowCases([8, 24], [kernelSize])) run(w, -Infinity, Infinity);
    });
  }

  it('windows of every form', () => {
    for (const w of generalCases([8, 24])) run(w, -Infinity, Infinity);
  });

  const shape: Window = {
    inHeight: 9,
    inWidth: 14,
    channels: 16,
    outHeight: 9,
    outWidth: 14,
    kernelSize: 3,
    stride: 1,
    padTop: 1,
    padLeft: 1,
  };

  it.each([
    [0, Infinity],
    [0, 6],
    [-0.5, 0.25],
  ])('clamps to %d … %d', (min, max) => run(shape, min, max));

  it('computes a range of rows and no other', () => {
    for (const [first, last] of [
      [0, 1],
      [0, 4],
      [3, 7],
      [8, 9],
      [5, 5],
    ] as const) {
      run(shape, 0, 6, first, last);
      run({ ...shape, kernelSize: 5, padTop: 2, padLeft: 2 }, 0, 6, first, last);
    }
  });

  it('reads nothing past the end of the input', () => {
    for (const w of windowCases([8], [3, 5])) run(w, 0, 6, 0, w.outHeight, true);
  });
});
