import { describe, expect, it } from 'vitest';
import {
  IN_WORDS,
  IntegerBench,
  integerBuilds,
  integerDepthwise,
  inWords,
  NARROW_MAX,
  randomChannels,
  randomLevels,
  randomWeights,
  requantise,
  SWISH,
  WHOLE,
  WIDE_INPUT,
  WIDE_MAX,
  WIDE_OUTPUT,
} from './integers.js';
import type { Window } from './naive.js';
import { windowCases } from './windows.js';

const widths = [0, WIDE_INPUT, WIDE_OUTPUT, WIDE_INPUT | WIDE_OUTPUT];

describe.each(integerBuilds)('depthwise_i8 in %s', (build) => {
  const bench = new IntegerBench(build);

  function run(w: Window, format: number, rowStart = 0, rowEnd = w.outHeight, atEnd = false): void {
    bench.clear();
    const wideIn = (format & WIDE_INPUT) > 0;
    const wideOut = (format & WIDE_OUTPUT) > 0;
    const inLargest = wideIn ? WIDE_MAX : NARROW_MAX;
    const outLargest = wideOut ? WIDE_MAX : NARROW_MAX;
    const input = randomLevels(w.inHeight * w.inWidth * w.channels, 1, inLargest);
    const padding = randomLevels(w.channels, 5, inLargest);
    const weights = randomWeights(w.kernelSize ** 2 * w.channels, 2);
    const spread = format & SWISH ? 8 / inLargest : outLargest / inLargest;
    const second = format & SWISH ? outLargest / 8 : 1;
    const inFloats = randomChannels(w.channels, 3, w.kernelSize ** 2, NARROW_MAX * spread, second, outLargest);
    const channels = format & IN_WORDS ? inWords(inFloats, format) : inFloats;
    const inputAt = bench.placeLevels(input, wideIn, atEnd);
    const weightsAt = bench.placeBlocks(weights, channels, w.kernelSize, wideIn, bench.bytesOf(wideOut));
    const paddingRow = Int32Array.from({ length: w.inWidth * w.channels }, (_, i) => padding[i % w.channels]!);
    const paddingAt = bench.placeLevels(paddingRow, wideIn);
    const row = w.outWidth * w.channels;
    // only the asked rows are placed, so a write to any other row is a stray one
    const rowsAt = bench.reserveLevels((rowEnd - rowStart) * row, wideOut);
    bench.kernels.depthwise_i8(
      rowsAt - rowStart * row * bench.bytesOf(wideOut),
      inputAt,
      weightsAt,
      paddingAt,
      w.inHeight,
      w.inWidth,
      w.channels,
      w.outWidth,
      rowStart,
      rowEnd,
      w.kernelSize,
      w.stride,
      w.padTop,
      w.padLeft,
      ...bench.formatArguments(format),
    );
    const sums = integerDepthwise(input, weights, channels, padding, w);
    const expected = Array.from(sums, (sum, i) => requantise(sum, i % w.channels, channels, undefined, format));
    const actual = bench.levels(rowsAt, (rowEnd - rowStart) * row, wideOut);
    expect(actual).toEqual(expected.slice(rowStart * row, rowEnd * row));
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const kernelSize of [1, 2, 3, 4, 5, 7]) {
    it(`kernel ${kernelSize}: every stride and padding on maps around the tiles`, () => {
      const fast = kernelSize === 3 || kernelSize === 5;
      for (const w of windowCases(fast ? [8, 24] : [8], [kernelSize])) {
        for (const format of fast ? widths : [0, WIDE_INPUT]) run(w, format);
      }
    });
  }

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

  it('scales sums in words', () => {
    for (const w of windowCases([8, 40], [3, 5])) {
      for (const format of [0, WIDE_INPUT, WHOLE]) run(w, format | IN_WORDS);
    }
    for (const format of [IN_WORDS, IN_WORDS | WHOLE]) run({ ...shape, channels: 40 }, format);
  });

  it('applies the swish', () => {
    for (const format of widths) run(shape, format | SWISH);
  });

  it('computes a range of rows and no other', () => {
    for (const format of widths) {
      for (const [first, last] of [
        [0, 1],
        [0, 4],
        [3, 7],
        [8, 9],
        [5, 5],
      ] as const) {
        run(shape, format, first, last);
        run({ ...shape, kernelSize: 5, padTop: 2, padLeft: 2 }, format, first, last);
      }
    }
  });

  it('reads nothing past the end of the input', () => {
    for (const w of windowCases([8], [3, 5]))
      for (const format of [0, WIDE_INPUT]) run(w, format, 0, w.outHeight, true);
  });
});
