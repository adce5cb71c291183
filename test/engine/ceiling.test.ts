import { describe, expect, it } from 'vitest';
import { ceilingLoops, createCeiling, integerCeilingLoops } from '../../src/engine/ceiling.js';
import { describeBuilds } from '../kernels/builds.js';
import { expectSums } from '../kernels/compare.js';
import { NARROW_MAX, randomLevels, randomWeights } from '../kernels/integers.js';
import { Bench, randomFloats } from '../kernels/load.js';

type Loop = (output: number, left: number, right: number, depth: number, repeats: number) => void;

const LANES = 4;

describeBuilds('ceiling loops', (build) => {
  const bench = new Bench(build);
  const kernels = bench.kernels as unknown as Record<string, Loop>;

  const cases = ceilingLoops.flatMap((loop) => [
    { ...loop, depth: 4, repeats: 1 },
    { ...loop, depth: 32, repeats: 3 },
    { ...loop, depth: 8, repeats: 0 },
  ]);
  it.each(cases)('$kernel: depth $depth, $repeats times', ({ kernel, rows, columns, depth, repeats }) => {
    bench.clear();
    const left = randomFloats(depth * rows * LANES, 1);
    const right = randomFloats(depth * columns * LANES, 2);
    const leftAt = bench.place(left);
    const rightAt = bench.place(right);
    const output = bench.reserve(rows * columns * LANES * 4);
    kernels[kernel]!(output, leftAt, rightAt, depth, repeats);

    const values = new Float64Array(rows * columns * LANES);
    const magnitudes = new Float64Array(values.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let lane = 0; lane < LANES; lane++) {
          const at = (row * columns + column) * LANES + lane;
          for (let k = 0; k < depth; k++) {
            const product = left[(k * rows + row) * LANES + lane]! * right[(k * columns + column) * LANES + lane]!;
            values[at]! += repeats * product;
            magnitudes[at]! += repeats * Math.abs(product);
          }
        }
      }
    }
    expectSums(bench.floats(output, values.length), { values, magnitudes }, 2 * depth * repeats, -Infinity, Infinity);
    expect(bench.strayWrite()).toBeUndefined();
  });

  const integerCases = integerCeilingLoops
    .filter(({ bytes }) => !bytes || bench.kernels.fuses_bytes() === 1)
    .flatMap((loop) => [
      { ...loop, depth: 4, repeats: 1 },
      { ...loop, depth: 32, repeats: 3 },
      { ...loop, depth: 8, repeats: 0 },
    ]);
  it.each(integerCases)('$kernel: depth $depth, $repeats times', ({ kernel, rows, columns, macs, depth, repeats }) => {
    bench.clear();
    const left = randomLevels(depth * rows * macs, 1, NARROW_MAX);
    const right = randomWeights(depth * columns * macs, 2);
    const stored = (values: Int32Array) =>
      new Uint8Array((macs === 16 ? Int8Array.from(values) : Int16Array.from(values)).buffer);
    const leftAt = bench.place(stored(left));
    const rightAt = bench.place(stored(right));
    const output = bench.reserve(rows * columns * LANES * 4);
    kernels[kernel]!(output, leftAt, rightAt, depth, repeats);
    const inLane = macs / LANES;
    const expected = Array.from({ length: rows * columns * LANES }, (_, at) => {
      const [row, column, lane] = [Math.floor(at / LANES / columns), Math.floor(at / LANES) % columns, at % LANES];
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        for (let i = lane * inLane; i < (lane + 1) * inLane; i++) {
          sum += repeats * left[(k * rows + row) * macs + i]! * right[(k * columns + column) * macs + i]!;
        }
      }
      return sum;
    });
    expect([...new Int32Array(bench.memory.buffer, output, expected.length)]).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
  });

  it('each name says its accumulators: 6, 8, 10 and 12', () => {
    expect(ceilingLoops.map(({ kernel }) => kernel)).toEqual([6, 8, 10, 12].map((count) => `ceiling_f32_${count}`));
    for (const { kernel, rows, columns } of ceilingLoops) expect(kernel).toBe(`ceiling_f32_${rows * columns}`);
  });
});

describe.each(['f32', 'int8'] as const)('createCeiling of %s', (dtype) => {
  it('keeps the fastest sample', async () => {
    const ceiling = await createCeiling(undefined, dtype);
    expect(ceiling.gmacsPerSecond()).toBe(0);
    ceiling.sample();
    const first = ceiling.gmacsPerSecond();
    expect(first).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) ceiling.sample();
    expect(ceiling.gmacsPerSecond()).toBeGreaterThanOrEqual(first);
  });
});
