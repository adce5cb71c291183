import { seededRandom, shuffled } from '../domain/seeded-random.js';
import type { Features } from '../learning/types.js';
import { distancesFrom } from '../vectors/distance.js';
import { openSearch } from '../vectors/search.js';
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
  const search = await openSearch(columns);
  const distances = [...new Set(folds)].flatMap((fold) => {
    const others = chooseVectors(order, labels, (row) => folds[row] !== fold);
    const own = rows.filter((row) => folds[row] === fold);
    return distancesFrom(setOf(features, others, false), setOf(features, own, true), search);
  });
  const threshold = quantile(distances, 1 - share);
  const chosen = chooseVectors(order, labels, () => true);
  const set = setOf(features, chosen, false);
  const vectors = new Int8Array(chosen.length * columns);
  chosen.forEach((_, at) => {
    set.integers(at, vectors.subarray(at * columns, (at + 1) * columns));
  });
  const above = distances.filter((distance) => distance > threshold);
  return { threshold, vectors, falseAlarms: above.length / distances.length };
}

function setOf({ columns, data }: Features, rows: readonly number[], rests: boolean): VectorSet {
  const set = new VectorSet(columns, { rests });
  for (const row of rows) set.add(data.subarray(row * columns, (row + 1) * columns));
  return set;
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
