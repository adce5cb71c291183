import { describe, expect, it } from 'vitest';
import {
  crowdedPairs,
  FLOAT_OUTPUT,
  FUSED_DOT,
  formatArguments,
  IntegerBench,
  integerBuilds,
  integerProducts,
  NARROW_MAX,
  randomChannels,
  randomLevels,
  randomWeights,
  requantise,
  SWISH,
  WIDE_INPUT,
  WIDE_MAX,
  WIDE_OUTPUT,
  WIDE_RESIDUAL,
} from './integers.js';

const widths = [0, WIDE_INPUT, WIDE_OUTPUT, WIDE_INPUT | WIDE_OUTPUT, FUSED_DOT, FUSED_DOT | WIDE_OUTPUT];

describe.each(integerBuilds)('pointwise_i8 in %s', (build) => {
  const bench = new IntegerBench(build, 64);

  function run(
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
    const channels = randomChannels(outChannels, 3, inChannels, NARROW_MAX * scale, second, outLargest);
    const residual =
      links === 'none' ? undefined : randomLevels(pixels * outChannels, 4, wideResidual ? WIDE_MAX : NARROW_MAX);
    const outBytes = floats ? 4 : bench.bytesOf(wideOut);
    const inputAt = bench.placeLevels(input, wideIn);
    const weightsAt = bench.placePanels(weights, channels, wideIn, outBytes);
    const residualAt = residual ? bench.placeLevels(residual, wideResidual) : 0;
    const count = pixels * outChannels;
    const [first, last] = part;
    const placed =
      links === 'in place'
        ? residualAt
        : bench.reserve((last - first) * outChannels * outBytes) - first * outChannels * outBytes;
    bench.kernels.pointwise_i8(
      placed + first * outChannels * outBytes,
      inputAt + first * inChannels * bench.bytesOf(wideIn),
      weightsAt,
      residual ? residualAt + first * outChannels * bench.bytesOf(wideResidual) : 0,
      last - first,
      inChannels,
      outChannels,
      ...formatArguments(format),
    );
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

  it('stays exact at the ends of all ranges', () => {
    for (const format of [0, WIDE_INPUT]) {
      bench.clear();
      const largest = format ? WIDE_MAX : NARROW_MAX;
      const input = new Int32Array(5 * 1280).fill(largest);
      const channels = {
        bias: new Int32Array(8).fill(-1000),
        multiplier: new Float32Array(8).fill(0.0001),
        zero: new Int32Array(8).fill(60),
        second: new Float32Array(8),
        highest: new Int32Array(8),
      };
      const weights = Int32Array.from({ length: 1280 * 8 }, (_, i) => (i % 2 ? 127 : -127));
      const inputAt = bench.placeLevels(input, format > 0);
      const weightsAt = bench.placePanels(weights, channels, format > 0, 4);
      const outputAt = bench.reserve(5 * 8 * 4);
      bench.kernels.pointwise_i8(outputAt, inputAt, weightsAt, 0, 5, 1280, 8, format | FLOAT_OUTPUT, 0);
      const sums = integerProducts(input, weights, channels, 5);
      const expected = Array.from(sums, (sum, i) => requantise(sum, i % 8, channels, undefined, FLOAT_OUTPUT));
      expect(Array.from(bench.floats(outputAt, 40))).toEqual(expected);
    }
  });

  /** Eight weights of each lane's inputs; the other lanes and channels have none. */
  function lanesOf(sets: readonly (readonly number[])[], outChannels: number): Int32Array {
    const inChannels = 8 * sets.length;
    const weights = new Int32Array(inChannels * outChannels);
    sets.forEach((set, pair) => {
      // another lane and channel for each, so that none is left out
      const lane = pair % 2 ? [2, 3, 6, 7] : [0, 1, 4, 5];
      set.forEach((weight, i) => {
        weights[(8 * pair + lane[i]!) * outChannels + ((5 * pair) % outChannels)] = weight;
      });
    });
    return weights;
  }

  const full = [
    [127, 127, 4, 0],
    [1, 127, 4, 126],
    [-127, -127, -4, 0],
    [127, -127, 127, -127],
    [-4, -1, -127, -126],
    [127, 4, 127, -127],
  ];
  const crowded = [
    [127, 127, 5, 0],
    [127, 2, 3, 127],
    [-127, -127, -5, 0],
    [-127, -127, 127, -5],
    [127, 127, 127, 127],
    [-127, -127, -127, -127],
    [65, 65, 65, 64],
  ];
  const alternate = [...full, ...crowded].sort(([, a], [, b]) => a! - b!);

  it.each([
    ['just fit', full],
    ['just do not fit', crowded],
    ['fit and do not fit in turn', [...alternate, ...full, ...crowded, ...alternate]],
  ])('stays exact where two products of bytes in 16 bits %s', (_, sets) => {
    for (const outChannels of [8, 16]) {
      const weights = lanesOf(sets, outChannels);
      const inChannels = 8 * sets.length;
      for (const pixels of [1, 2, 3, 5]) {
        for (const format of [FLOAT_OUTPUT, FLOAT_OUTPUT | FUSED_DOT]) {
          bench.clear();
          // all that a positive or a negative weight can add up to, and everything at once
          const input = Int32Array.from({ length: pixels * inChannels }, (_, i) => {
            const [pixel, k] = [Math.floor(i / inChannels), i % inChannels];
            const own = weights.subarray(k * outChannels, (k + 1) * outChannels);
            const sign = own.reduce((a, b) => a + b, 0);
            return pixel % 3 === 0 ? (sign > 0 ? 127 : 0) : pixel % 3 === 1 ? (sign < 0 ? 127 : 0) : 127;
          });
          const channels = randomChannels(outChannels, 3, inChannels, NARROW_MAX, 1, NARROW_MAX);
          const inputAt = bench.placeLevels(input, false);
          const weightsAt = bench.placePanels(weights, channels, false, 4);
          const outputAt = bench.reserve(pixels * outChannels * 4);
          bench.kernels.pointwise_i8(outputAt, inputAt, weightsAt, 0, pixels, inChannels, outChannels, format, 0);
          const sums = integerProducts(input, weights, channels, pixels);
          const expected = Array.from(sums, (sum, i) =>
            requantise(sum, i % outChannels, channels, undefined, FLOAT_OUTPUT),
          );
          expect(Array.from(bench.floats(outputAt, expected.length))).toEqual(expected);
        }
      }
    }
  });

  // The other builds have no lists.
  const listTest = bench.relaxed ? it : () => {};
  listTest('lists the pairs that do not fit', () => {
    const random = randomWeights(13 * 8 * 16, 5).map((weight) => Math.max(-127, Math.min(127, 2 * weight)));
    for (const weights of [lanesOf(full, 16), lanesOf(crowded, 16), lanesOf(alternate, 16), random]) {
      bench.clear();
      const inChannels = weights.length / 16;
      const channels = randomChannels(16, 3, inChannels, NARROW_MAX, 1, NARROW_MAX);
      const weightsAt = bench.placePanels(weights, channels, false, 1);
      const bytes = bench.kernels.list_bytes(inChannels);
      const panelBytes = 144 + 8 * inChannels + bytes;
      const expected = bench.bytes(weightsAt, 2 * panelBytes);
      for (const panel of [0, 1]) {
        // what is not written stays as it was
        const list = crowdedPairs(weights, 16, 8 * panel);
        const listAt = weightsAt + (panel + 1) * panelBytes - bytes;
        new Uint8Array(bench.memory.buffer, listAt, 2 * (list.length + 1)).fill(255);
      }
      bench.kernels.list_pairs(weightsAt, 2, inChannels);
      expect(bench.bytes(weightsAt, 2 * panelBytes)).toEqual(expected);
      expect(bench.strayWrite()).toBeUndefined();
    }
    expect(crowdedPairs(lanesOf(full, 16), 16, 0)).toEqual([]);
    expect([...crowdedPairs(lanesOf(crowded, 16), 16, 0), ...crowdedPairs(lanesOf(crowded, 16), 16, 8)].sort()).toEqual(
      crowded.map((_, pair) => pair),
    );
  });

  it('reads nothing past the end of the input', () => {
    bench.clear();
    const channels = randomChannels(8, 3, 24, NARROW_MAX, 1, NARROW_MAX);
    const weightsAt = bench.placePanels(randomWeights(24 * 8, 2), channels, false, bench.bytesOf(false));
    const outputAt = bench.reserveLevels(9 * 8, false);
    const inputAt = bench.placeLevels(randomLevels(9 * 24, 1, NARROW_MAX), false, true);
    bench.kernels.pointwise_i8(outputAt, inputAt, weightsAt, 0, 9, 24, 8, 0, 0);
  });
});
