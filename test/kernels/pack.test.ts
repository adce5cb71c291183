import { expect, it } from 'vitest';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import { describeBuilds } from './builds.js';
import { Bench, randomFloats } from './load.js';

const TILE = 8;

/** Panels with `rows` rows each, as DESIGN.md describes them, of values that were never written: NaN. */
function expectedPanels(values: Float32Array, rows: number, columns: number): Float32Array {
  const panels = Math.ceil(columns / TILE);
  const packed = new Float32Array(panels * rows * TILE).fill(Number.NaN);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const panel = Math.floor(column / TILE);
      packed[(panel * rows + row) * TILE + (column % TILE)] = values[row * columns + column]!;
    }
  }
  return packed;
}

describeBuilds('rows to panels', (build) => {
  const bench = new Bench(build);
  const sizes = [1, 7, 8, 9, 16, 24, 31, 32, 33, 40, 64, 71].flatMap((columns) =>
    [0, 1, 3, 17].map((rows) => ({ rows, columns })),
  );

  it.each(sizes)('$rows × $columns, floats and halves', ({ rows, columns }) => {
    const halves = narrowToHalf(randomFloats(rows * columns, rows + 100 * columns), 'test');
    const floats = toFloat32(halves);
    const expected = expectedPanels(floats, rows, columns);
    for (const [kernel, input] of [
      ['pack_rows_f16', halves],
      ['pack_rows_f32', floats],
    ] as const) {
      bench.clear();
      const from = bench.place(input);
      const to = bench.reserve(expected.byteLength);
      bench.kernels[kernel](to, from, rows, columns, rows * TILE * 4);
      expect(bench.floats(to, expected.length)).toEqual(expected);
      expect(bench.strayWrite()).toBeUndefined();
    }
  });
});
