import { describe, expect, it } from 'vitest';
import { activationMap, areaOfCells, difference, evidenceOf, smallestBox } from '../../src/domain/activation-map.js';
import { seededRandom } from '../../src/domain/seeded-random.js';

const random = seededRandom(7);

describe('activationMap', () => {
  it('has the weighted sum of the channels in each cell; its mean and the bias are the logit of the mean features', () => {
    const size = { height: 3, width: 2 };
    const map = Float32Array.from({ length: 24 }, (_, at) => at);
    const rule = { weights: Float64Array.of(1, 0, -2, 10), bias: 0.5 };
    const grid = activationMap(map, size, rule);
    expect(grid).toEqual([
      [26, 62],
      [98, 134],
      [170, 206],
    ]);
    const means = [10, 11, 12, 13];
    const logit = means.reduce((sum, mean, channel) => sum + mean * rule.weights[channel]!, rule.bias);
    expect(evidenceOf(grid).mean + rule.bias).toBe(logit);
  });

  it('of a difference is the difference of the maps', () => {
    const one = { weights: Float64Array.of(1, 2), bias: 1 };
    const other = { weights: Float64Array.of(3, -1), bias: 4 };
    expect(difference(one, other)).toEqual({ weights: Float64Array.of(-2, 3), bias: -3 });
  });
});

describe('evidenceOf', () => {
  it('compares cells with the larger of both sums', () => {
    expect(evidenceOf([[3, -1, 0, 2]])).toEqual({ positive: 5, negative: -1, mean: 1, average: 1.25 });
    expect(evidenceOf([[1, -7]])).toEqual({ positive: 1, negative: -7, mean: -3, average: 3.5 });
    expect(evidenceOf([[0, 0]])).toEqual({ positive: 0, negative: 0, mean: 0, average: 0 });
  });
});

describe('smallestBox', () => {
  it('finds what trying all rectangles finds', () => {
    for (let run = 0; run < 60; run++) {
      const [rows, columns] = [1 + Math.floor(random() * 6), 1 + Math.floor(random() * 6)];
      const map = Array.from({ length: rows }, () => Array.from({ length: columns }, () => random() ** 4 - 0.1));
      const share = run % 2 ? 0.8 : 0.3;
      const expected = byTrying(map, share);
      const found = smallestBox(map, share);
      if (!expected) {
        expect(found).toBeUndefined();
        continue;
      }
      expect(found!.width * found!.height).toBe(expected.cells);
      expect(found!.share).toBeCloseTo(expected.share, 9);
    }
  });

  it('has no box where no cell is positive', () => {
    expect(smallestBox([[-1, 0]], 0.8)).toBeUndefined();
  });

  function byTrying(map: readonly (readonly number[])[], share: number) {
    const sumOf = (top: number, left: number, bottom: number, right: number) =>
      map
        .slice(top, bottom)
        .flatMap((row) => row.slice(left, right))
        .reduce((sum, value) => sum + Math.max(0, value), 0);
    const [rows, columns] = [map.length, map[0]!.length];
    const total = sumOf(0, 0, rows, columns);
    let best: { cells: number; share: number } | undefined;
    if (total === 0) return best;
    for (let top = 0; top < rows; top++)
      for (let left = 0; left < columns; left++)
        for (let bottom = top + 1; bottom <= rows; bottom++)
          for (let right = left + 1; right <= columns; right++) {
            const held = sumOf(top, left, bottom, right) / total;
            const cells = (bottom - top) * (right - left);
            if (held < share - 1e-9) continue;
            if (!best || cells < best.cells || (cells === best.cells && held > best.share))
              best = { cells, share: held };
          }
    return best;
  }
});

it('cells lie side by side in what they cover', () => {
  const map = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  const whole = { x: 10, y: 20, width: 40, height: 30 };
  expect(areaOfCells({ x: 1, y: 1, width: 2, height: 1 }, map, whole)).toEqual({ x: 20, y: 35, width: 20, height: 15 });
});
