import type { Features, Products } from './types.js';

/** Rows whose products are in memory at once. */
export const BLOCK_ROWS = 256;

/** Called for each row with its cosine to all rows. */
type OnRow = (row: number, cosines: Float32Array) => void;

/** Each row divided by its length; one of zeros stays as it is. */
export function normaliseRows({ rows, columns, data }: Features): Features {
  const result = Float32Array.from(data);
  for (let row = 0; row < rows; row++) {
    const values = result.subarray(row * columns, (row + 1) * columns);
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) for (let at = 0; at < columns; at++) values[at]! /= length;
  }
  return { rows, columns, data: result };
}

/**
 * The cosines of all pairs, row by row.
 * @param vectors of length 1
 * @param products with these, for `BLOCK_ROWS` outputs
 */
export function forEachCosines({ rows, columns, data }: Features, products: Products, onRow: OnRow): void {
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - first);
    const found = products.times(data.subarray(first * columns, (first + count) * columns), count);
    const cosines = new Float32Array(rows);
    for (let at = 0; at < count; at++) {
      for (let row = 0; row < rows; row++) cosines[row] = found[row * count + at]!;
      onRow(first + at, cosines);
    }
  }
}

/** The sets that pairs connect. */
export class Groups {
  readonly #parents: Int32Array;

  constructor(rows: number) {
    this.#parents = Int32Array.from({ length: rows }, (_, row) => row);
  }

  join(a: number, b: number): void {
    const [first, second] = [this.of(a), this.of(b)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** The first row of the set that a row belongs to. */
  of(row: number): number {
    let root = row;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    this.#parents[row] = root;
    return root;
  }
}

/** The k-th largest of the values that count; the smallest of them where they are fewer, −∞ where there are none. */
export function kthLargest(values: Float32Array, k: number, counts: (row: number) => boolean): number {
  const best = new Float32Array(k).fill(-Infinity);
  let found = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!counts(row)) continue;
    found++;
    if (value <= best[k - 1]!) continue;
    let at = k - 1;
    while (at > 0 && best[at - 1]! < value) {
      best[at] = best[at - 1]!;
      at--;
    }
    best[at] = value;
  }
  return found === 0 ? -Infinity : best[Math.min(k, found) - 1]!;
}
