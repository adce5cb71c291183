import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { matrixProducts } from '../../src/engine/matrix-products.js';
import { fitHead } from '../../src/learning/fit-head.js';
import { fitLogistic, predict } from '../../src/learning/logistic-regression.js';
import { holdOut, stratifiedFolds } from '../../src/learning/split.js';
import { foldStandardisation, standardisationOf, standardise } from '../../src/learning/standardise.js';
import type { Features } from '../../src/learning/types.js';
import { naiveProducts } from './naive-products.js';

interface Golden {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  readonly inverseRegularisation: number;
  readonly labels: readonly number[];
  readonly features: readonly number[];
  readonly weights: readonly number[];
  readonly probabilities: readonly number[];
}
const { problems } = JSON.parse(readFileSync(new URL('../golden/learning/logistic.json', import.meta.url), 'utf8')) as {
  problems: readonly Golden[];
};

function randomFeatures(rows: number, columns: number, seed: number): Features {
  const random = seededRandom(seed);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, () => 4 * random() - 1) };
}

/** Rows around a centre of their class; the last column never changes. */
function clusters(classes: number, perClass: number, columns: number, spread: number) {
  const random = seededRandom(3);
  const centres = randomFeatures(classes, columns, 11).data;
  const labels = Int32Array.from({ length: classes * perClass }, (_, row) => row % classes);
  const data = Float32Array.from({ length: labels.length * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const noise = spread * (random() + random() + random() - 1.5);
    return column === columns - 1 ? 7 : centres[labels[row]! * columns + column]! + noise;
  });
  return { features: { rows: labels.length, columns, data }, labels, classes };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

describe('fitLogistic', () => {
  it.each(problems)(
    'gives what scikit-learn gives: $rows × $columns, $classes classes, C = $inverseRegularisation',
    (golden) => {
      const { rows, columns, classes, inverseRegularisation } = golden;
      const labels = Int32Array.from(golden.labels);
      const sizes = labels.reduce((counts, label) => counts.with(label, counts[label]! + 1), new Int32Array(classes));
      const features = { rows, columns, data: Float32Array.from(golden.features) };
      const products = naiveProducts(features);
      const rowWeights = Float64Array.from(labels, (label) => rows / (classes * sizes[label]!));
      const fit = fitLogistic({ products, rows, columns, labels, classes, rowWeights, inverseRegularisation });
      expect(largestDifference(fit.weights, golden.weights)).toBeLessThan(2e-3);
      expect(largestDifference(predict(products, fit), golden.probabilities)).toBeLessThan(5e-4);
    },
  );
});

describe('matrixProducts', () => {
  it.each([
    [1, 1, 1],
    [3, 5, 2],
    [37, 130, 9],
    [200, 64, 17],
  ])('of %i × %i and up to %i outputs are those of plain loops', async (rows, columns, most) => {
    const features = randomFeatures(rows, columns, 5);
    const fast = await matrixProducts(features, most, { deterministic: true });
    const naive = naiveProducts(features);
    for (const outputs of [most, 1]) {
      const weights = randomFeatures(outputs, columns, 6).data;
      const factors = randomFeatures(rows, outputs, 7).data;
      for (let again = 0; again < 2; again++) {
        expect(largestDifference(fast.times(weights, outputs), naive.times(weights, outputs))).toBeLessThan(1e-3);
        expect(
          largestDifference(fast.transposedTimes(factors, outputs), naive.transposedTimes(factors, outputs)),
        ).toBeLessThan(2e-3);
      }
    }
  });

  it('refuses what no memory holds', async () => {
    const matrix = { rows: 400_000, columns: 2048, data: new Float32Array(0) };
    await expect(matrixProducts(matrix, 2)).rejects.toThrow(/400000 × 2048 features: need \d+ MiB/);
  });
});

describe('standardisation', () => {
  it('makes mean 0 and deviation 1 of the rows that count, 0 of a channel that never changes, and folds into a head', () => {
    const { features } = clusters(3, 10, 6, 1);
    const { rows, columns } = features;
    const standardisation = standardisationOf(features, (row) => row > 4);
    const { data } = standardise(features, standardisation);
    for (let column = 0; column < columns; column++) {
      const values = Array.from({ length: rows - 5 }, (_, at) => data[(at + 5) * columns + column]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(variance).toBeCloseTo(column === columns - 1 ? 0 : 1, 5);
    }
    const head = { weights: randomFeatures(2, columns, 1).data, bias: Float32Array.of(0.5, -2) };
    const standardised = predict(naiveProducts(standardise(features, standardisation)), head);
    const folded = predict(naiveProducts(features), foldStandardisation(head, standardisation));
    expect(largestDifference(folded, standardised)).toBeLessThan(1e-5);
  });
});

describe('splits', () => {
  const labels = Int32Array.from({ length: 103 }, (_, row) => (row < 10 ? 0 : row < 43 ? 1 : 2));

  it('spread each class evenly over the folds, the same for the same seed', () => {
    const folds = stratifiedFolds({ labels }, 5, seededRandom(1));
    for (const label of [0, 1, 2]) {
      const counts = [0, 1, 2, 3, 4].map(
        (fold) => folds.filter((each, row) => each === fold && labels[row] === label).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(stratifiedFolds({ labels }, 5, seededRandom(1))).toEqual(folds);
    expect(stratifiedFolds({ labels }, 5, seededRandom(2))).not.toEqual(folds);
  });

  it('keep groups on one side', () => {
    const groups = Int32Array.from(labels, (_, row) => Math.floor(row / 2));
    const folds = stratifiedFolds({ labels, groups }, 5, seededRandom(1));
    const held = holdOut({ labels, groups }, 0.2, seededRandom(1));
    for (let row = 1; row < labels.length; row += 2) {
      expect(folds[row]).toBe(folds[row - 1]);
      expect(held[row]).toBe(held[row - 1]);
    }
    expect(new Set(folds).size).toBe(5);
  });

  it('hold out the share of each class, and never a whole one', () => {
    const held = holdOut({ labels }, 0.2, seededRandom(4));
    const counts = [0, 1, 2].map((label) => held.filter((each, row) => each && labels[row] === label).length);
    expect(counts).toEqual([2, 7, 12]);
    const small = Int32Array.of(0, 0, 1, 1, 1);
    for (const share of [0.5, 0.99]) {
      const all = holdOut({ labels: small }, share, seededRandom(4));
      for (const label of [0, 1]) expect(all.some((each, row) => !each && small[row] === label)).toBe(true);
    }
  });
});

describe('fitHead', () => {
  const set = clusters(4, 30, 24, 3);
  const options = { seed: 1, productsOf: naiveProducts };

  it('learns classes that can be told apart, and says by cross-validation how well', async () => {
    const { head, crossValidated, probabilities } = await fitHead(set, options);
    const right = (of: Float64Array) =>
      [...set.labels].filter((label, row) => {
        const own = of.subarray(row * 4, row * 4 + 4);
        return own.indexOf(Math.max(...own)) === label;
      }).length / set.labels.length;
    expect(right(probabilities)).toBeGreaterThan(0.95);
    expect(right(crossValidated)).toBeGreaterThan(0.85);
    expect(right(crossValidated)).toBeLessThanOrEqual(right(probabilities));
    expect(largestDifference(predict(naiveProducts(set.features), head), probabilities)).toBeLessThan(1e-4);
  });

  it('does not look at rows that are held out', async () => {
    const isHeldOut = (row: number) => row % 5 === 0;
    const changed = Float32Array.from(set.features.data, (value, at) =>
      isHeldOut(Math.floor(at / 24)) ? 1000 - value : value,
    );
    const fit = await fitHead({ ...set, isHeldOut }, options);
    const other = await fitHead({ ...set, features: { ...set.features, data: changed }, isHeldOut }, options);
    expect([...other.head.weights]).toEqual([...fit.head.weights]);
  });

  it('says of noise that it is noise', async () => {
    const noise = { ...set, features: randomFeatures(120, 24, 9) };
    const { crossValidated } = await fitHead(noise, options);
    const loss =
      -[...noise.labels].reduce((sum, label, row) => sum + Math.log(crossValidated[row * 4 + label]!), 0) / 120;
    expect(loss).toBeLessThan(Math.log(4) + 0.05);
  });
});
