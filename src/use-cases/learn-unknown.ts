import { seededRandom, shuffled } from '../domain/seeded-random.js';
import type { Features } from '../learning/types.js';
import { openDistance } from '../vectors/distance.js';
import { VectorSet } from '../vectors/vector-set.js';

/** Vectors that are kept of each class: more tell little more, and each costs time at every picture. */
const MOST_VECTORS = 200;

export interface UnknownOptions {
  /** The class of each row. */
  readonly labels: Int32Array;
  readonly folds: Int32Array;
  /** Share of pictures of the classes that may be taken for unknown. */
  readonly share: number;
  readonly seed: number;
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
  const { labels, folds, share, seed } = options;
  const { columns } = features;
  const rows = Array.from({ length: features.rows }, (_, row) => row);
  const order = shuffled(rows, seededRandom(seed));
  const distances: number[] = [];
  for (const fold of new Set(folds)) {
    const others = chooseVectors(order, labels, (row) => folds[row] !== fold);
    const distanceOf = await openDistance(vectorsOf(features, others), columns);
    for (const row of rows) if (folds[row] === fold) distances.push(distanceOf(rowOf(features, row)));
  }
  const threshold = quantile(distances, 1 - share);
  const vectors = vectorsOf(
    features,
    chooseVectors(order, labels, () => true),
  );
  const above = distances.filter((distance) => distance > threshold);
  return { threshold, vectors, falseAlarms: above.length / distances.length };
}

function rowOf({ columns, data }: Features, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}

/** Some rows in integers, one after the other. */
function vectorsOf(features: Features, rows: readonly number[]): Int8Array {
  const { columns } = features;
  const set = new VectorSet(columns, { rests: false });
  const vectors = new Int8Array(rows.length * columns);
  rows.forEach((row, at) => {
    set.add(rowOf(features, row));
    vectors.set(set.integers(at), at * columns);
  });
  return vectors;
}

/** The first of each class in an order, of rows that count. */
function chooseVectors(order: readonly number[], labels: Int32Array, counts: (row: number) => boolean): number[] {
  const perClass = new Map<number, number>();
  return order.filter((row) => {
    const before = perClass.get(labels[row]!) ?? 0;
    if (before === MOST_VECTORS || !counts(row)) return false;
    perClass.set(labels[row]!, before + 1);
    return true;
  });
}

/** The smallest value that at least this share of all are not above. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
