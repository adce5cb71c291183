import { describe, expect, it } from 'vitest';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';
import { pointwise, strassen } from './naive.js';

const clamps = [
  [-Infinity, Infinity],
  [0, Infinity],
  [0, 6],
] as const;

type Links = 'none' | 'residual' | 'in place';

describeBuilds('pointwise_strassen_f32', (build) => {
  const bench = new Bench(build, 64);
  const { kernels } = bench;
  const tile = 2 * kernels.PIXEL_TILE.value;

  /** Pixels `from` … `to` and output channels of a map, computed into `output`. */
  function compute(
    output: number,
    { input, weights, residual = 0 }: { input: number; weights: number; residual?: number },
    [pixels, inChannels, outChannels]: readonly [number, number, number],
    {
      from = 0,
      to = outChannels,
      clamp = clamps[0],
    }: { from?: number; to?: number; clamp?: readonly [number, number] },
  ): void {
    const scratch = bench.reserve(kernels.strassen_scratch_f32(pixels, inChannels));
    kernels.pointwise_strassen_f32(
      output + from * 4,
      input,
      weights + from * (inChannels + 1) * 4,
      residual && residual + from * 4,
      scratch,
      pixels,
      inChannels,
      to - from,
      outChannels,
      ...clamp,
    );
  }

  function run(
    pixels: number,
    inChannels: number,
    outChannels: number,
    clamp: readonly [number, number],
    links: Links,
  ): void {
    bench.clear();
    const input = randomFloats(pixels * inChannels, 1);
    const weights = randomFloats(inChannels * outChannels, 2);
    const bias = randomFloats(outChannels, 3);
    const residual = links === 'none' ? undefined : randomFloats(pixels * outChannels, 4);
    const inputAt = bench.place(input);
    const weightsAt = bench.place(packPanels(weights, bias));
    const residualAt = residual ? bench.place(residual) : 0;
    const outputAt = links === 'in place' ? residualAt : bench.reserve(pixels * outChannels * 4);
    const maps = { input: inputAt, weights: weightsAt, residual: residualAt };
    compute(outputAt, maps, [pixels, inChannels, outChannels], { clamp });
    const actual = bench.floats(outputAt, pixels * outChannels);
    const { terms, ...sums } = strassen(input, weights, bias, residual, pixels);
    expectSums(actual, sums, terms, ...clamp);
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const pixels of [1, 2, tile - 1, tile, tile + 1, 2 * tile, 3 * tile + 5, 49]) {
    it(`${pixels} pixels, depths and widths around the tiles`, () => {
      for (const inChannels of [8, 16, 24, 40, 64]) {
        for (const outChannels of [8, 16, 24, 40]) run(pixels, inChannels, outChannels, clamps[0], 'none');
      }
    });
  }

  it.each(clamps)('adds the residual before the clamp to %d … %d, in place too', (min, max) => {
    for (const pixels of [tile, 2 * tile + 3]) {
      for (const links of ['none', 'residual', 'in place'] as const) {
        for (const outChannels of [16, 24]) run(pixels, 24, outChannels, [min, max], links);
      }
    }
  });

  it('is as exact as the plain product within a factor of 3, on average', () => {
    const sizes = [120, 256, 32] as const;
    const [pixels, inChannels, outChannels] = sizes;
    bench.clear();
    const input = randomFloats(pixels * inChannels, 1);
    const weights = randomFloats(inChannels * outChannels, 2);
    const bias = randomFloats(outChannels, 3);
    const maps = { input: bench.place(input), weights: bench.place(packPanels(weights, bias)) };
    const [plainAt, strassenAt] = [0, 1].map(() => bench.reserve(pixels * outChannels * 4)) as [number, number];
    kernels.pointwise_f32(plainAt, maps.input, maps.weights, 0, ...sizes, ...clamps[0]);
    compute(strassenAt, maps, sizes, {});
    const { values } = pointwise(input, weights, bias, undefined, pixels);
    const errorOf = (at: number) =>
      Math.sqrt(bench.floats(at, values.length).reduce((sum, value, i) => sum + (value - values[i]!) ** 2, 0));
    expect(errorOf(strassenAt)).toBeLessThan(3 * errorOf(plainAt));
  });

  it('cuts many pixels into blocks without a seam', () => {
    for (const pixels of [20 * tile, 41 * tile + 7]) run(pixels, 16, 24, clamps[0], 'residual');
  });

  it('computes pixels in few blocks or many, and a range of channels by address, to the same bits', () => {
    bench.clear();
    const sizes = [45 * tile + 1, 24, 40] as const;
    const [pixels, inChannels, outChannels] = sizes;
    const input = bench.place(randomFloats(pixels * inChannels, 1));
    const weights = bench.place(packPanels(randomFloats(inChannels * outChannels, 2), randomFloats(outChannels, 3)));
    const residual = bench.place(randomFloats(pixels * outChannels, 4));
    const [whole, byPixels, byChannels] = [0, 1, 2].map(() => bench.reserve(pixels * outChannels * 4)) as [
      number,
      number,
      number,
    ];
    compute(whole, { input, weights, residual }, sizes, {});
    for (let first = 0; first < pixels; first += tile) {
      const [inAt, at] = [first * inChannels * 4, first * outChannels * 4];
      const maps = { input: input + inAt, weights, residual: residual + at };
      compute(byPixels + at, maps, [Math.min(tile, pixels - first), inChannels, outChannels], {});
    }
    compute(byChannels, { input, weights, residual }, sizes, { to: 16 });
    compute(byChannels, { input, weights, residual }, sizes, { from: 16 });
    const expected = bench.floats(whole, pixels * outChannels);
    expect(bench.floats(byPixels, pixels * outChannels)).toEqual(expected);
    expect(bench.floats(byChannels, pixels * outChannels)).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
  });

  it('reads nothing past the end of input or weights', () => {
    for (const pixels of [2 * tile, 2 * tile + 3]) {
      const sizes = [pixels, 24, 24] as const;
      const input = randomFloats(pixels * 24, 1);
      const weights = packPanels(randomFloats(24 * 24, 2), randomFloats(24, 3));
      bench.clear();
      const [first, second] = [0, 1].map(() => bench.reserve(pixels * 24 * 4)) as [number, number];
      compute(first, { input: bench.placeAtEnd(input), weights: bench.place(weights) }, sizes, {});
      compute(second, { input: bench.place(input), weights: bench.placeAtEnd(weights) }, sizes, {});
      expect(bench.floats(first, pixels * 24)).toEqual(bench.floats(second, pixels * 24));
    }
  });

  it('gives the same from weights in half precision, bit for bit', () => {
    for (const pixels of [3, tile, 21 * tile + 1]) {
      for (const [rows, columns] of [
        [24, 16],
        [24, 40],
        [21, 37],
        [17, 9],
      ] as const) {
        halves(pixels, rows, columns);
      }
    }
  });

  function halves(pixels: number, rows: number, columns: number): void {
    bench.clear();
    const [inChannels, outChannels] = [8 * Math.ceil(rows / 8), 8 * Math.ceil(columns / 8)];
    const stored = narrowToHalf(randomFloats(rows * columns, 2), 'test');
    const bias = new Float32Array(outChannels);
    bias.set(randomFloats(columns, 3));
    const floats = toFloat32(stored);
    const wide = new Float32Array(inChannels * outChannels);
    for (let row = 0; row < rows; row++) {
      wide.set(floats.subarray(row * columns, (row + 1) * columns), row * outChannels);
    }
    const input = bench.place(randomFloats(pixels * inChannels, 1));
    const residual = bench.place(randomFloats(pixels * outChannels, 4));
    const weights = bench.place(packPanels(wide, bias));
    const halvesAt = bench.place(stored, 2);
    const biasesAt = bench.place(bias);
    const scratch = bench.reserve(kernels.strassen_half_scratch_f32(pixels, inChannels));
    const [expectedAt, actualAt] = [0, 1].map(() => bench.reserve(pixels * outChannels * 4)) as [number, number];
    compute(expectedAt, { input, weights, residual }, [pixels, inChannels, outChannels], { clamp: [-2, 2] });
    const sizes = [pixels, inChannels, outChannels, rows, columns] as const;
    kernels.pointwise_strassen_half_f32(actualAt, input, halvesAt, biasesAt, residual, scratch, ...sizes, -2, 2);
    const expected = bench.floats(expectedAt, pixels * outChannels);
    expect(bench.floats(actualAt, pixels * outChannels)).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
    expect(new Set(expected).size).toBeGreaterThan(8);
  }
});

describe('debug build of pointwise_strassen_f32', () => {
  it('traps on channels that are no multiple of the tile and on an unaligned address', () => {
    const { kernels } = new Bench('kernels.debug.wasm', 64);
    const call = (input: number, inChannels: number, channels: number) => () =>
      kernels.pointwise_strassen_f32(65536, input, 131072, 0, 262144, 12, inChannels, channels, 16, 0, 6);
    expect(call(196608, 12, 16)).toThrow(WebAssembly.RuntimeError);
    expect(call(196608, 16, 12)).toThrow(WebAssembly.RuntimeError);
    expect(call(196608, 16, 24)).toThrow(WebAssembly.RuntimeError);
    expect(call(196612, 16, 16)).toThrow(WebAssembly.RuntimeError);
    expect(call(196608, 16, 16)).not.toThrow();
  });
});
