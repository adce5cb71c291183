import { expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';
import { completeWindow, conv, convWindow, type Window } from './naive.js';
import { generalCases, windowCases } from './windows.js';

describeBuilds('conv_f32', (build) => {
  const bench = new Bench(build);

  function run(
    w: Window,
    outChannels: number,
    [min, max]: readonly [number, number] = [-Infinity, Infinity],
    [rowStart, rowEnd]: readonly [number, number] = [0, w.outHeight],
    atEnd = false,
  ): void {
    bench.clear();
    const { kernelHeight, kernelWidth } = completeWindow(w);
    const depth = kernelHeight * kernelWidth * w.channels;
    const input = randomFloats(w.inHeight * w.inWidth * w.channels, 1);
    const weights = randomFloats(depth * outChannels, 2);
    const bias = randomFloats(outChannels, 3);
    const sums = conv(input, weights, bias, w);
    const inputAt = atEnd ? bench.placeAtEnd(input) : bench.place(input, 4);
    const weightsAt = bench.place(packPanels(weights, bias, 4));
    const scratchAt = bench.reserve(bench.kernels.conv_scratch_f32(kernelHeight, kernelWidth, w.channels));
    const row = w.outWidth * outChannels;
    // only the asked rows are placed, so a write to any other row is a stray one
    const rowsAt = bench.reserve((rowEnd - rowStart) * row * 4);
    bench.kernels.conv_f32(
      rowsAt - rowStart * row * 4,
      inputAt,
      weightsAt,
      scratchAt,
      w.inHeight,
      w.inWidth,
      w.channels,
      w.outWidth,
      outChannels,
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
    expectSums(bench.floats(rowsAt, part.values.length), part, depth + 4, min, max);
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const kernelSize of [1, 2, 3, 5, 7]) {
    it(`kernel ${kernelSize}: every stride and padding, a picture's 3 channels, one, and a tile`, () => {
      for (const w of windowCases([1, 3, 8], [kernelSize])) run(w, 16);
    });
  }

  it('windows of every form', () => {
    for (const w of generalCases([1, 3, 8])) run(w, 8);
  });

  const stem: Window = {
    inHeight: 33,
    inWidth: 41,
    channels: 3,
    outHeight: 17,
    outWidth: 21,
    kernelSize: 3,
    stride: 2,
    padTop: 1,
    padLeft: 1,
  };

  it('groups patches across rows without a seam', () => {
    run(stem, 24);
    run({ ...stem, padTop: 0, padLeft: 0, outHeight: 16, outWidth: 20 }, 8);
    run({ ...stem, channels: 24, stride: 1, outHeight: 33, outWidth: 41 }, 8);
  });

  it.each([
    [0, Infinity],
    [0, 6],
    [-0.5, 0.25],
  ])('clamps to %d … %d', (min, max) => run(stem, 8, [min, max]));

  it('computes a range of rows and no other', () => {
    for (const rows of [
      [0, 1],
      [0, 7],
      [7, 12],
      [16, 17],
      [4, 4],
    ] as const) {
      run(stem, 8, [0, 6], rows);
    }
  });

  it('reads nothing past the end of the input', () => {
    for (const w of windowCases([3, 8], [1, 3])) run(w, 8, [0, 6], [0, w.outHeight], true);
    run(stem, 8, [0, 6], [0, 17], true);
  });
});
