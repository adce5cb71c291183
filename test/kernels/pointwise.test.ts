import { describe, expect, it } from 'vitest';
import { describeBuilds } from './builds.js';
import { expectSums } from './compare.js';
import { packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';
import { pointwise } from './naive.js';

const clamps = [
  [-Infinity, Infinity],
  [0, Infinity],
  [0, 6],
] as const;

describeBuilds('pointwise_f32', (build) => {
  const bench = new Bench(build, 64);

  function run(
    pixels: number,
    inChannels: number,
    outChannels: number,
    [min, max]: readonly [number, number],
    links: 'none' | 'residual' | 'in place',
  ): void {
    bench.clear();
    const input = randomFloats(pixels * inChannels, 1);
    const weights = randomFloats(inChannels * outChannels, 2);
    const bias = randomFloats(outChannels, 3);
    const residual = links === 'none' ? undefined : randomFloats(pixels * outChannels, 4);
    const inputAt = bench.place(input, 4);
    const weightsAt = bench.place(packPanels(weights, bias));
    const residualAt = residual ? bench.place(residual) : 0;
    const outputAt = links === 'in place' ? residualAt : bench.reserve(pixels * outChannels * 4);
    bench.kernels.pointwise_f32(outputAt, inputAt, weightsAt, residualAt, pixels, inChannels, outChannels, min, max);
    const sums = pointwise(input, weights, bias, residual, pixels);
    expectSums(bench.floats(outputAt, pixels * outChannels), sums, inChannels + 2, min, max);
    expect(bench.strayWrite()).toBeUndefined();
  }

  for (const pixels of [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 18, 49]) {
    it(`${pixels} pixels, depths and widths around the tiles`, () => {
      for (const inChannels of [1, 2, 3, 4, 5, 7, 8, 9, 12, 17, 32]) {
        for (const outChannels of [8, 16, 24, 32, 40]) run(pixels, inChannels, outChannels, clamps[0], 'none');
      }
    });
  }

  it.each(clamps)('clamps to %d … %d', (min, max) => {
    for (const pixels of [1, 4, 7]) for (const depth of [3, 24]) run(pixels, depth, 24, [min, max], 'none');
  });

  it.each(clamps)('adds the residual before the clamp to %d … %d', (min, max) => {
    for (const pixels of [1, 2, 3, 4, 7, 12]) run(pixels, 9, 24, [min, max], 'residual');
  });

  it('may write over its residual', () => {
    for (const pixels of [1, 2, 3, 4, 7, 12]) run(pixels, 9, 24, clamps[1], 'in place');
  });

  it('cuts many pixels into blocks without a seam', () => {
    run(4003, 8, 16, clamps[0], 'residual');
    run(70, 1100, 16, clamps[0], 'residual');
  });

  it('does nothing for no pixels', () => {
    bench.clear();
    const at = bench.place(randomFloats(16, 1));
    bench.kernels.pointwise_f32(at + 64 + 1024, at, at, 0, 0, 1, 8, 0, 6);
    expect(bench.strayWrite()).toBeUndefined();
  });

  it('reads nothing past the end of input or weights', () => {
    for (const pixels of [1, 3, 4, 9]) {
      const input = randomFloats(pixels * 7, 1);
      const weights = packPanels(randomFloats(7 * 16, 2), randomFloats(16, 3));
      bench.clear();
      const first = bench.reserve(pixels * 16 * 4);
      const second = bench.reserve(pixels * 16 * 4);
      const weightsAt = bench.place(weights);
      bench.kernels.pointwise_f32(first, bench.placeAtEnd(input), weightsAt, 0, pixels, 7, 16, -9, 9);
      const inputAt = bench.place(input);
      bench.kernels.pointwise_f32(second, inputAt, bench.placeAtEnd(weights), 0, pixels, 7, 16, -9, 9);
      expect(bench.floats(first, pixels * 16)).toEqual(bench.floats(second, pixels * 16));
    }
  });

  it('computes a range of pixels by address to the same bits', () => {
    bench.clear();
    const tile = bench.kernels.PIXEL_TILE.value;
    const [pixels, inChannels, outChannels] = [4 * tile + 1, 19, 16];
    const inputAt = bench.place(randomFloats(pixels * inChannels, 1));
    const weightsAt = bench.place(packPanels(randomFloats(inChannels * outChannels, 2), randomFloats(outChannels, 3)));
    const whole = bench.reserve(pixels * outChannels * 4);
    const parts = bench.reserve(pixels * outChannels * 4);
    const compute = (to: number, first: number, count: number) =>
      bench.kernels.pointwise_f32(
        to + first * outChannels * 4,
        inputAt + first * inChannels * 4,
        weightsAt,
        0,
        count,
        inChannels,
        outChannels,
        0,
        6,
      );
    compute(whole, 0, pixels);
    compute(parts, 0, tile);
    compute(parts, tile, pixels - tile);
    expect(bench.floats(parts, pixels * outChannels)).toEqual(bench.floats(whole, pixels * outChannels));
  });
});

describe('debug build of pointwise_f32', () => {
  it('traps on a width that is no multiple of the tile and on an unaligned address', () => {
    const { kernels } = new Bench('kernels.debug.wasm');
    expect(() => kernels.pointwise_f32(4096, 8192, 12288, 0, 1, 8, 12, 0, 6)).toThrow(WebAssembly.RuntimeError);
    expect(() => kernels.pointwise_f32(4100, 8192, 12288, 0, 1, 8, 8, 0, 6)).toThrow(WebAssembly.RuntimeError);
    expect(() => kernels.pointwise_f32(4096, 8192, 12288, 0, 1, 8, 8, 0, 6)).not.toThrow();
  });
});
