import { seededRandom, shuffled } from '../domain/seeded-random.js';
import { BLOCK_ROWS, forEachCosines, kthLargest, normaliseRows } from '../learning/neighbours.js';
import type { Features, Products } from '../learning/types.js';
import { NEIGHBOURS, toIntegers } from '../vectors/learned-vectors.js';

/** Vectors that are kept of each class: more tell little more, and each costs time at every picture. */
const MOST_VECTORS = 200;

export interface UnknownOptions {
  /** The class of each row. */
  readonly labels: Int32Array;
  readonly folds: Int32Array;
  /** Share of pictures of the classes that may be taken for unknown. */
  readonly share: number;
  readonly seed: number;
  readonly productsOf: (features: Features, most: number) => Promise<Products>;
}

export interface UnknownRuleFound {
  readonly threshold: number;
  /** [count, columns] in integers. */
  readonly vectors: Int8Array;
  /** Share of the rows, each without its fold, that are taken for unknown. */
  readonly falseAlarms: number;
}

/**
 * From which distance on a picture is none of the classes: each row's distance to the rows of other folds, of which all but the
 * share is below the threshold.
 */
export async function findUnknownRule(features: Features, options: UnknownOptions): Promise<UnknownRuleFound> {
  const { labels, folds, share, seed, productsOf } = options;
  const { rows, columns } = features;
  const integers = rowsOf(features).map(toIntegers);
  const vectors = normaliseRows({ rows, columns, data: joined(integers, columns) });
  const order = shuffled(
    Array.from({ length: rows }, (_, row) => row),
    seededRandom(seed),
  );
  const banks = Array.from({ length: Math.max(...folds) + 1 }, (_, fold) =>
    chooseVectors(order, labels, (row) => folds[row] !== fold),
  );
  const distances = new Float64Array(rows);
  forEachCosines(vectors, await productsOf(vectors, BLOCK_ROWS), (row, cosines) => {
    const bank = banks[folds[row]!]!;
    distances[row] = 1 - kthLargest(cosines, NEIGHBOURS, (other) => bank[other] === 1);
  });
  const threshold = quantile(distances, 1 - share);
  const bank = chooseVectors(order, labels, () => true);
  return {
    threshold,
    vectors: Int8Array.from(
      joined(
        integers.filter((_, row) => bank[row] === 1),
        columns,
      ),
    ),
    falseAlarms: distances.filter((distance) => distance > threshold).length / rows,
  };
}

function rowsOf({ rows, columns, data }: Features): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => data.subarray(row * columns, (row + 1) * columns));
}

function joined(rows: readonly Int8Array[], columns: number): Float32Array {
  const data = new Float32Array(rows.length * columns);
  rows.forEach((row, at) => {
    data.set(row, at * columns);
  });
  return data;
}

/** The first of each class in an order, of rows that count; 1 for each that is chosen. */
function chooseVectors(order: readonly number[], labels: Int32Array, counts: (row: number) => boolean): Uint8Array {
  const chosen = new Uint8Array(order.length);
  const perClass = new Map<number, number>();
  for (const row of order) {
    const before = perClass.get(labels[row]!) ?? 0;
    if (before === MOST_VECTORS || !counts(row)) continue;
    perClass.set(labels[row]!, before + 1);
    chosen[row] = 1;
  }
  return chosen;
}

/** The smallest value that at least this share of all are not above. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
