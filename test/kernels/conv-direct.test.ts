import { expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { type DirectConv, directConv } from './direct.js';
import { packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';
import { completeWindow, conv, type Window } from './naive.js';
import { generalCases, windowCases } from './windows.js';

describeBuilds('conv_direct_f32', (build) => {
  const bench = new Bench(build);

  function run(w: Window, outChannels: number, more: Partial<DirectConv> = {}, atEnd = false): void {
    bench.clear();
    const { kernelHeight, kernelWidth } = completeWindow(w);
    const depth = kernelHeight * kernelWidth * w.channels;
    const input = randomFloats(w.inHeight * w.inWidth * w.channels, 1);
    const weights = randomFloats(depth * outChannels, 2);
    const bias = randomFloats(outChannels, 3);
    const sums = conv(input, weights, bias, w);
    const inputAt = atEnd ? bench.placeAtEnd(input) : bench.place(input);
    const weightsAt = bench.place(packPanels(weights, bias));
    const outputAt = bench.reserve(4 * sums.values.length);
    const clamp = more.clamp ?? [-Infinity, Infinity];
    directConv(bench, outputAt, inputAt, weightsAt, {
      ...{ window: w, outChannels, chunkRows: w.outHeight, clamp },
      ...more,
    })();
    expectSums(bench.floats(outputAt, sums.values.length), sums, depth + 4, ...clamp);
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const kernelSize of [1, 2, 3, 5]) {
    it(`kernel ${kernelSize}: every stride and padding`, () => {
      for (const w of windowCases([4, 8], [kernelSize])) run(w, 16);
    });
  }

  it('windows of every form', () => {
    for (const w of generalCases([8])) run(w, 8);
  });

  const map = { inHeight: 11, inWidth: 13, channels: 16, outHeight: 11, outWidth: 13 };
  const shape: Window = { ...map, kernelSize: 3, stride: 1, padTop: 1, padLeft: 1 };

  it.each([1, 2, 4, 11])('%d rows of output at once', (chunkRows) => {
    run(shape, 24, { chunkRows, clamp: [0, 6] });
    run({ ...shape, stride: 2, outHeight: 6, outWidth: 7 }, 8, { chunkRows: Math.min(chunkRows, 6) });
    run({ ...shape, padTop: 0, padLeft: 0, outHeight: 9, outWidth: 11 }, 8, { chunkRows: Math.min(chunkRows, 9) });
  });

  it('reads nothing past the end of the input', () => {
    run(shape, 8, {}, true);
    run({ ...shape, padTop: 0, padLeft: 0, outHeight: 9, outWidth: 11 }, 8, { chunkRows: 2 }, true);
    run({ ...shape, kernelSize: 1, stride: 2, padTop: 0, padLeft: 0, outHeight: 6, outWidth: 7 }, 8, {}, true);
  });
});
