import { describe, expect, it } from 'vitest';
import {
  BYTE_WEIGHTS,
  FLOAT_OUTPUT,
  IN_WORDS,
  IntegerBench,
  integerBuilds,
  integerProducts,
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
  WIDE_RESIDUAL,
} from './integers.js';

const widths = [0, WIDE_INPUT, WIDE_OUTPUT, WIDE_INPUT | WIDE_OUTPUT];

describe.each(integerBuilds)('pointwise_i8 in %s', (build) => {
  const bench = new IntegerBench(build, 64);

  /** `pointwise_i8` and, where it has these sizes, `pointwise_strassen_i8`. */
  function run(...args: Parameters<typeof runOne> extends [boolean, ...infer Rest] ? Rest : never): void {
    const [, inChannels, , format] = args;
    runOne(false, ...args);
    if (inChannels >= 40 && bench.bytesOf((format & WIDE_INPUT) > 0) === 2) runOne(true, ...args);
  }

  function runOne(
    strassen: boolean,
    pixels: number,
    inChannels: number,
    outChannels: number,
    format: number,
    links: 'none' | 'residual' | 'in place' = 'none',
    part: readonly [number, number] = [0, pixels],
  ): void {
    bench.clear();
    const wideIn = (format & WIDE_INPUT) > 0;
    const wideOut = (format & WIDE_OUTPUT) > 0;
    const wideResidual = (format & WIDE_RESIDUAL) > 0;
    const floats = (format & FLOAT_OUTPUT) > 0;
    const inLargest = wideIn ? WIDE_MAX : NARROW_MAX;
    const outLargest = wideOut ? WIDE_MAX : NARROW_MAX;
    const input = randomLevels(pixels * inChannels, 1, inLargest);
    const weights = randomWeights(inChannels * outChannels, 2);
    const scale = format & SWISH ? 8 / NARROW_MAX : outLargest / inLargest;
    const second = format & SWISH ? outLargest / 40 : outLargest / (wideResidual ? WIDE_MAX : NARROW_MAX) / 3;
    const inFloats = randomChannels(outChannels, 3, inChannels, NARROW_MAX * scale, second, outLargest);
    const channels = format & IN_WORDS ? inWords(inFloats, format) : inFloats;
    const residual =
      links === 'none' ? undefined : randomLevels(pixels * outChannels, 4, wideResidual ? WIDE_MAX : NARROW_MAX);
    const outBytes = floats ? 4 : bench.bytesOf(wideOut);
    const inputAt = bench.placeLevels(input, wideIn);
    const weightsAt = bench.placePanels(weights, channels, format & BYTE_WEIGHTS ? 1 : bench.bytesOf(wideIn), outBytes);
    const residualAt = residual ? bench.placeLevels(residual, wideResidual) : 0;
    const count = pixels * outChannels;
    const [first, last] = part;
    const placed =
      links === 'in place'
        ? residualAt
        : bench.reserve((last - first) * outChannels * outBytes) - first * outChannels * outBytes;
    const { kernels } = bench;
    const maps = [
      placed + first * outChannels * outBytes,
      inputAt + first * inChannels * bench.bytesOf(wideIn),
      weightsAt,
      residual ? residualAt + first * outChannels * bench.bytesOf(wideResidual) : 0,
    ] as const;
    const sizes = [last - first, inChannels, outChannels, ...bench.formatArguments(format)] as const;
    if (strassen) {
      const scratch = bench.reserve(kernels.strassen_scratch_i8(last - first, inChannels));
      kernels.pointwise_strassen_i8(...maps, scratch, ...sizes);
    } else kernels.pointwise_i8(...maps, ...sizes);
    const sums = integerProducts(input, weights, channels, pixels);
    const expected = Array.from(sums, (sum, i) => requantise(sum, i % outChannels, channels, residual?.[i], format));
    const range = [first * outChannels, last * outChannels] as const;
    const at = placed + range[0] * outBytes;
    const actual = floats
      ? Array.from(bench.floats(at, range[1] - range[0]))
      : bench.levels(at, range[1] - range[0], wideOut);
    expect(actual).toEqual(expected.slice(...range));
    expect(bench.strayWrite()).toBeUndefined();
    // a requantisation that clips everything would prove nothing
    if (count >= 200) expect(new Set(expected).size).toBeGreaterThan(10);
  }

  for (const pixels of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 49]) {
    it(`${pixels} pixels, depths and widths around the tiles, narrow and wide`, () => {
      for (const format of widths) {
        for (const inChannels of [8, 16, 24, 40, 64]) {
          for (const outChannels of [8, 16, 24]) run(pixels, inChannels, outChannels, format);
        }
      }
    });
  }

  it('scales sums in words', () => {
    for (const pixels of [1, 3, 4, 5, 6, 7, 9, 12, 13, 35]) {
      for (const inChannels of [8, 24, 64])
        for (const format of [0, WIDE_INPUT]) run(pixels, inChannels, 40, format | IN_WORDS);
    }
    for (const pixels of [11, 35]) run(pixels, 64, 40, IN_WORDS | WHOLE);
    run(413, 40, 40, IN_WORDS);
    run(20, 1280, 24, IN_WORDS);
  });

  it.skipIf(bench.inBytes)('takes weights in bytes for words', () => {
    for (const pixels of [1, 2, 5]) {
      for (const inChannels of [8, 24, 64, 1280]) {
        for (const format of [0, WIDE_OUTPUT, FLOAT_OUTPUT])
          runOne(false, pixels, inChannels, 24, format | BYTE_WEIGHTS);
      }
    }
  });

  it('adds a residual, narrow and wide, in place too', () => {
    for (const pixels of [1, 3, 4, 9, 11]) {
      for (const format of widths) {
        run(pixels, 24, 16, format, 'residual');
        run(pixels, 24, 16, format | WIDE_RESIDUAL, 'residual');
        const same = format & WIDE_OUTPUT ? format | WIDE_RESIDUAL : format;
        run(pixels, 24, 16, same, 'in place');
      }
    }
  });

  it('multiplies quarters of tens of pixels, and what is left', () => {
    for (const pixels of [9, 10, 20, 35]) {
      for (const outChannels of [8, 16, 24, 40]) {
        for (const format of widths) run(pixels, 56, outChannels, format);
        run(pixels, 40, outChannels, WIDE_INPUT, 'residual');
        run(pixels, 72, outChannels, WIDE_INPUT | WIDE_OUTPUT | WIDE_RESIDUAL, 'in place');
        run(pixels, 40, outChannels, WIDE_INPUT | SWISH);
        run(pixels, 40, outChannels, WIDE_INPUT | FLOAT_OUTPUT);
      }
    }
    run(413, 40, 16, WIDE_INPUT);
    run(413, 40, 24, 0, 'residual', [3, 400]);
  });

  it('applies the swish', () => {
    for (const pixels of [1, 4, 9, 30]) for (const format of widths) run(pixels, 16, 24, format | SWISH);
  });

  it('leaves floats', () => {
    for (const pixels of [1, 4, 6]) {
      for (const format of [FLOAT_OUTPUT, FLOAT_OUTPUT | WIDE_INPUT, FLOAT_OUTPUT | SWISH]) run(pixels, 40, 16, format);
    }
  });

  it('cuts many pixels into blocks without a seam', () => {
    run(4003, 8, 16, 0, 'residual');
    run(150, 1280, 8, 0);
    run(150, 1280, 8, WIDE_INPUT | WIDE_OUTPUT);
  });

  it('computes a range of pixels and no other', () => {
    for (const part of [
      [0, 4],
      [3, 11],
      [12, 12],
    ] as const) {
      for (const format of [...widths, FLOAT_OUTPUT]) run(12, 16, 16, format, 'none', part);
      run(12, 16, 16, WIDE_RESIDUAL, 'residual', part);
    }
  });

  it.each([
    ['narrow', 0, NARROW_MAX],
    ['wide', WIDE_INPUT, WIDE_MAX],
  ])('stays exact where everything is as large as it can be: %s', (_, format, largest) => {
    const signs = { rising: () => 1, falling: () => -1, 'in turn': (i: number) => (i % 2 ? 1 : -1) };
    for (const sign of Object.values(signs)) {
      for (const pixels of [1, 4, 5, 6]) {
        bench.clear();
        // for wide inputs more would not fit into 32 bits
        const inChannels = 1280;
        const input = new Int32Array(pixels * inChannels).fill(largest);
        const channels = {
          bias: new Int32Array(8).fill(-1000),
          multiplier: new Float32Array(8).fill(0.0001),
          zero: new Int32Array(8).fill(60),
          second: new Float32Array(8),
          highest: new Int32Array(8),
        };
        const weights = Int32Array.from({ length: inChannels * 8 }, (_, i) => 127 * sign(i));
        const inputAt = bench.placeLevels(input, format > 0);
        const weightsAt = bench.placePanels(weights, channels, bench.bytesOf(format > 0), 4);
        const outputAt = bench.reserve(pixels * 8 * 4);
        const outputFormat = bench.format(format | FLOAT_OUTPUT);
        bench.kernels.pointwise_i8(outputAt, inputAt, weightsAt, 0, pixels, inChannels, 8, outputFormat, 0);
        const sums = integerProducts(input, weights, channels, pixels);
        const expected = Array.from(sums, (sum, i) => requantise(sum, i % 8, channels, undefined, FLOAT_OUTPUT));
        expect(Array.from(bench.floats(outputAt, expected.length))).toEqual(expected);
      }
    }
  });

  it('has room for the sums of quarters that are as large as they can be', () => {
    const [pixels, inChannels, outChannels] = [10, 40, 16];
    const largestWeight = Math.floor(2 ** 30 / (WIDE_MAX * inChannels));
    const channels = {
      bias: new Int32Array(outChannels).fill(-1000),
      multiplier: new Float32Array(outChannels).fill(0.0001),
      zero: new Int32Array(outChannels),
      second: new Float32Array(outChannels),
      highest: new Int32Array(outChannels),
    };
    const isSet = (pattern: number, lower: boolean, right: boolean) =>
      (pattern >> (2 * Number(lower) + Number(right))) & 1;
    for (let pattern = 0; pattern < 256; pattern++) {
      bench.clear();
      const input = Int32Array.from({ length: pixels * inChannels }, (_, i) =>
        isSet(pattern, i >= 5 * inChannels, i % inChannels >= inChannels / 2) ? WIDE_MAX : 0,
      );
      const weights = Int32Array.from({ length: inChannels * outChannels }, (_, i) =>
        isSet(pattern >> 4, i >= (inChannels / 2) * outChannels, i % outChannels >= 8) ? largestWeight : -largestWeight,
      );
      const inputAt = bench.placeLevels(input, true);
      const weightsAt = bench.placePanels(weights, channels, 2, 4);
      const outputAt = bench.reserve(4 * pixels * outChannels);
      const scratch = bench.reserve(bench.kernels.strassen_scratch_i8(pixels, inChannels));
      const sizes = [pixels, inChannels, outChannels, bench.format(WIDE_INPUT | FLOAT_OUTPUT), 0] as const;
      bench.kernels.pointwise_strassen_i8(outputAt, inputAt, weightsAt, 0, scratch, ...sizes);
      const sums = integerProducts(input, weights, channels, pixels);
      const expected = Array.from(sums, (sum, i) =>
        requantise(sum, i % outChannels, channels, undefined, FLOAT_OUTPUT),
      );
      expect(Array.from(bench.floats(outputAt, expected.length))).toEqual(expected);
    }
  });

  it('reads nothing past the end of the input', () => {
    bench.clear();
    const channels = randomChannels(8, 3, 24, NARROW_MAX, 1, NARROW_MAX);
    const weightsAt = bench.placePanels(randomWeights(24 * 8, 2), channels, bench.bytesOf(false), bench.bytesOf(false));
    const outputAt = bench.reserveLevels(9 * 8, false);
    const inputAt = bench.placeLevels(randomLevels(9 * 24, 1, NARROW_MAX), false, true);
    bench.kernels.pointwise_i8(outputAt, inputAt, weightsAt, 0, 9, 24, 8, bench.format(0), 0);
  });
});
