import { describe, expect, it } from 'vitest';
import {
  IntegerBench,
  integerBuilds,
  NARROW_MAX,
  randomLevels,
  roundTo,
  WIDE_INPUT,
  WIDE_MAX,
  WIDE_OUTPUT,
  WIDE_RESIDUAL,
} from './integers.js';
import { randomFloats } from './load.js';

const { fround } = Math;
const CHANNELS = 24;
const counts = [0, 1, 2, 5];
const mostOf = (wide: number) => (wide ? WIDE_MAX : NARROW_MAX);
const zeros = (seed: number, wide: number) => Float32Array.from(randomLevels(CHANNELS, seed, mostOf(wide) >> 1));
const scales = (seed: number) => randomFloats(CHANNELS, seed).map((value) => 1.5 + value);

describe.each(integerBuilds)('conversions and elementwise kernels on integers in %s', (build) => {
  const bench = new IntegerBench(build);

  /** Runs the kernel and returns the stored integers of its output. */
  function levels(pixels: number, wide: number, kernel: (output: number) => void): number[] {
    const at = bench.reserveLevels(pixels * CHANNELS, wide > 0);
    kernel(at);
    expect(bench.strayWrite()).toBeUndefined();
    return bench.levels(at, pixels * CHANNELS, wide > 0);
  }

  it('quantise_i8 rounds ties to even and clips, far values too', () => {
    for (const pixels of [...counts, 128, 300]) {
      for (const format of [0, WIDE_OUTPUT]) {
        bench.clear();
        const special = [0.5, 1.5, 2.5, -0.5, 1e9, -1e9, Infinity, -Infinity, 126.5, 127.5];
        const input = randomFloats(pixels * CHANNELS, 1).map((value, i) => special[i] ?? value * mostOf(format));
        const multiplier = scales(2).fill(1, 0, 10);
        const zero = zeros(3, format).map((value, i) => value + (i % 2) / 2);
        zero.fill(0, 0, 10);
        const parameters = Float32Array.from([...multiplier, ...zero]);
        const [inputAt, parametersAt] = [bench.place(input), bench.place(parameters)];
        const actual = levels(pixels, format, (output) =>
          bench.kernels.quantise_i8(output, inputAt, parametersAt, pixels, CHANNELS, bench.format(format)),
        );
        const expected = Array.from(input, (value, i) => {
          const level = fround(fround(value * multiplier[i % CHANNELS]!) + zero[i % CHANNELS]!);
          return roundTo(Math.max(-1e6, Math.min(1e6, level)), 0, mostOf(format));
        });
        expect(actual).toEqual(expected);
        if (pixels > 0) expect(actual.slice(0, 4)).toEqual([0, 2, 2, 0]);
      }
    }
  });

  it('pixels_i8 keeps bytes', () => {
    for (const runs of [0, 1, 2, 5]) {
      bench.clear();
      const bytes = Uint8Array.from(randomLevels(runs * 24, 1, 255));
      const input = bench.place(bytes, 1);
      const found = levels(runs, 0, (output) => bench.kernels.pixels_i8(output, input, runs, bench.format(0)));
      expect(found).toEqual([...bytes]);
    }
  });

  it('dequantise_i8', () => {
    for (const pixels of counts) {
      for (const format of [0, WIDE_INPUT]) {
        bench.clear();
        const input = randomLevels(pixels * CHANNELS, 1, mostOf(format));
        const [scale, zero] = [scales(2), zeros(3, format)];
        const inputAt = bench.placeLevels(input, format > 0);
        const parametersAt = bench.place(Float32Array.from([...scale, ...zero]));
        const outputAt = bench.reserve(input.length * 4);
        bench.kernels.dequantise_i8(outputAt, inputAt, parametersAt, pixels, CHANNELS, bench.format(format));
        const expected = Array.from(input, (value, i) => fround((value - zero[i % CHANNELS]!) * scale[i % CHANNELS]!));
        expect(Array.from(bench.floats(outputAt, input.length))).toEqual(expected.map((value) => value + 0));
        expect(bench.strayWrite()).toBeUndefined();
      }
    }
  });

  it('add_i8, narrow and wide in every combination', () => {
    for (let format = 0; format < 8; format++) {
      for (const pixels of counts) {
        bench.clear();
        const [wideA, wideB, wideOut] = [format & WIDE_INPUT, format & WIDE_RESIDUAL, format & WIDE_OUTPUT];
        const a = randomLevels(pixels * CHANNELS, 1, mostOf(wideA));
        const b = randomLevels(pixels * CHANNELS, 2, mostOf(wideB));
        const [ma, mb] = [3, 4].map((seed) => scales(seed).map((value) => value * 0.4));
        const wa = ma!.map((value) => (value * mostOf(wideOut)) / mostOf(wideA));
        const wb = mb!.map((value) => (value * mostOf(wideOut)) / mostOf(wideB));
        const offset = randomFloats(CHANNELS, 5).map((value) => value * 20);
        const [aAt, bAt] = [bench.placeLevels(a, wideA > 0), bench.placeLevels(b, wideB > 0)];
        const parametersAt = bench.place(Float32Array.from([...wa, ...wb, ...offset]));
        const actual = levels(pixels, wideOut, (output) =>
          bench.kernels.add_i8(output, aAt, bAt, parametersAt, pixels, CHANNELS, bench.format(format)),
        );
        const expected = Array.from(a, (value, i) => {
          const c = i % CHANNELS;
          const sum = fround(fround(value * wa[c]!) + fround(b[i]! * wb[c]!));
          return roundTo(fround(sum + offset[c]!), 0, mostOf(wideOut));
        });
        expect(actual).toEqual(expected);
      }
    }
  });

  it('scale_i8', () => {
    for (const format of [0, WIDE_INPUT, WIDE_OUTPUT, WIDE_INPUT | WIDE_OUTPUT]) {
      for (const pixels of counts) {
        bench.clear();
        const [wideIn, wideOut] = [format & WIDE_INPUT, format & WIDE_OUTPUT];
        const input = randomLevels(pixels * CHANNELS, 1, mostOf(wideIn));
        const gate = randomFloats(CHANNELS, 2).map((value) => (value + 1) / 2);
        const ratio = scales(3).map((value) => (value * mostOf(wideOut)) / mostOf(wideIn));
        const [zeroIn, zeroOut] = [zeros(4, wideIn), zeros(5, wideOut)];
        const inputAt = bench.placeLevels(input, wideIn > 0);
        const parametersAt = bench.place(Float32Array.from([...ratio, ...zeroIn, ...zeroOut]));
        const gateAt = bench.place(gate);
        const actual = levels(pixels, wideOut, (output) =>
          bench.kernels.scale_i8(output, inputAt, parametersAt, gateAt, pixels, CHANNELS, bench.format(format)),
        );
        const expected = Array.from(input, (value, i) => {
          const c = i % CHANNELS;
          const multiplier = fround(ratio[c]! * gate[c]!);
          const offset = fround(zeroOut[c]! - fround(zeroIn[c]! * multiplier));
          return roundTo(fround(fround(value * multiplier) + offset), 0, mostOf(wideOut));
        });
        expect(actual).toEqual(expected);
      }
    }
  });

  it('global_average_pool_i8', () => {
    for (const format of [0, WIDE_INPUT]) {
      for (const pixels of [1, 2, 7, 49, 4096]) {
        bench.clear();
        const input = randomLevels(pixels * CHANNELS, 1, mostOf(format));
        const [scale, zero] = [scales(2), zeros(3, format)];
        const inputAt = bench.placeLevels(input, format > 0);
        const parametersAt = bench.place(Float32Array.from([...scale, ...zero]));
        const outputAt = bench.reserve(CHANNELS * 4);
        bench.kernels.global_average_pool_i8(outputAt, inputAt, parametersAt, pixels, CHANNELS, bench.format(format));
        const sums = new Float64Array(CHANNELS);
        input.forEach((value, i) => {
          sums[i % CHANNELS]! += value;
        });
        const expected = Array.from(sums, (sum, c) =>
          fround(fround(fround(fround(sum) / pixels) - zero[c]!) * scale[c]!),
        );
        expect(Array.from(bench.floats(outputAt, CHANNELS))).toEqual(expected);
        expect(bench.strayWrite()).toBeUndefined();
      }
    }
  });
});
