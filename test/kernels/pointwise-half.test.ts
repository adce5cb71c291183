import { expect, it } from 'vitest';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import { describeBuilds } from './builds.js';
import { packPanels } from './layout.js';
import { Bench, randomFloats } from './load.js';

describeBuilds('pointwise_half_f32', (build) => {
  const bench = new Bench(build, 64);

  function run(pixels: number, inChannels: number, rows: number, columns: number, withResidual: boolean): void {
    bench.clear();
    const outChannels = Math.ceil(columns / 8) * 8;
    const input = randomFloats(pixels * inChannels, 1);
    const halves = narrowToHalf(randomFloats(rows * columns, 2), 'test');
    const bias = new Float32Array(outChannels);
    bias.set(randomFloats(columns, 3));
    // The same weights as floats, in the stored widths.
    const floats = toFloat32(halves);
    const wide = new Float32Array(inChannels * outChannels);
    for (let row = 0; row < rows; row++) {
      wide.set(floats.subarray(row * columns, (row + 1) * columns), row * outChannels);
    }
    const inputAt = bench.place(input);
    const panelsAt = bench.place(packPanels(wide, bias));
    const residualAt = withResidual ? bench.place(randomFloats(pixels * outChannels, 4)) : 0;
    const halvesAt = bench.place(halves, 2);
    const biasesAt = bench.place(bias);
    const scratch = bench.reserve(32 * (1 + inChannels));
    const expectedAt = bench.reserve(pixels * outChannels * 4);
    const outputAt = bench.reserve(pixels * outChannels * 4);
    const { pointwise_f32, pointwise_half_f32 } = bench.kernels;
    pointwise_f32(expectedAt, inputAt, panelsAt, residualAt, pixels, inChannels, outChannels, -2, 2);
    const sizes = [pixels, inChannels, outChannels, rows, columns] as const;
    pointwise_half_f32(outputAt, inputAt, halvesAt, biasesAt, residualAt, scratch, ...sizes, -2, 2);
    const expected = bench.floats(expectedAt, pixels * outChannels);
    expect(bench.floats(outputAt, pixels * outChannels)).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
    expect(new Set(expected).size).toBeGreaterThan(Math.min(columns, 8) / 2);
  }

  it.each([1, 2, 5, 6, 7, 13, 49])('%d pixels: bit for bit what packed weights give', (pixels) => {
    for (const [inChannels, rows] of [
      [8, 8],
      [8, 5],
      [24, 24],
      [40, 33],
    ] as const) {
      for (const columns of [1, 7, 8, 9, 16, 24, 31]) run(pixels, inChannels, rows, columns, pixels % 2 === 0);
    }
  });

  it('cuts many pixels into blocks without a seam', () => {
    run(4003, 8, 8, 12, true);
    run(70, 1104, 1100, 16, false);
  });
});
