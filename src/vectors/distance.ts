import { integerProducts } from '../engine/integer-products.js';

/** A vector's distance from others is that from the k-th nearest (Sun et al. 2022, arXiv:2204.06507). */
const NEIGHBOURS = 5;

/** A query's integers have 14 bits, in two rows of 7. */
const BITS = 7;
const LOW = 2 ** BITS - 1;
const MOST = 2 ** (2 * BITS) - 1;

/** 1 − cosine of a query and its fifth nearest vector, 0 to 2; of fewer vectors, the furthest of them. */
export type Distance = (query: Float32Array) => number;

/**
 * Distances from vectors in integers, which are packed once. All sums are those of integers, the same on every runtime; the
 * query's 14 bits change a distance by about 1e-5.
 * @param vectors [count, columns], count ≥ 1, as `VectorSet.integers` gives them
 * @throws RuntimeError where the memory does not suffice
 */
export async function openDistance(vectors: Int8Array, columns: number): Promise<Distance> {
  const count = vectors.length / columns;
  const vectorAt = (n: number) => vectors.subarray(n * columns, (n + 1) * columns);
  const sums = new Float64Array(count);
  const lengths = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const vector = vectorAt(n);
    sums[n] = vector.reduce((sum, value) => sum + value, 0);
    lengths[n] = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  }
  const blocks: { readonly first: number; readonly count: number; readonly times: Times }[] = [];
  for (let first = 0; first < count; ) {
    const { mostOutputs, setOutputs, times } = await integerProducts(columns);
    const size = Math.min(mostOutputs, count - first);
    const begin = first;
    setOutputs(size, (n, row) => row.set(vectorAt(begin + n)));
    blocks.push({ first, count: size, times });
    first += size;
  }
  const integers = new Uint16Array(columns);
  return (query) => {
    const { zero, length } = toIntegers(query, integers);
    const nearest = new Nearest(Math.min(NEIGHBOURS, count));
    for (const { first, count: size, times } of blocks) {
      const { sums: products, stride } = times(2, (row, target) => {
        for (let at = 0; at < columns; at++) target[at] = row === 0 ? integers[at]! >> BITS : integers[at]! & LOW;
      });
      for (let n = 0; n < size; n++) {
        const product = products[n]! * (LOW + 1) + products[stride + n]! - zero * sums[first + n]!;
        const both = length * lengths[first + n]!;
        nearest.add(both > 0 ? product / both : 0);
      }
    }
    return 1 - Math.max(-1, Math.min(1, nearest.last));
  };
}

type Times = Awaited<ReturnType<typeof integerProducts>>['times'];

/** The query in steps of its range: number = step · (integer − zero). `length` is that of integer − zero. */
function toIntegers(query: Float32Array, target: Uint16Array): { readonly zero: number; readonly length: number } {
  const least = query.reduce((smallest, value) => Math.min(smallest, value), 0);
  const most = query.reduce((largest, value) => Math.max(largest, value), 0);
  const unit = most > least ? MOST / (most - least) : 0;
  const zero = Math.round(-least * unit);
  let squares = 0;
  for (let at = 0; at < query.length; at++) {
    const value = Math.max(0, Math.min(MOST, Math.round(query[at]! * unit) + zero));
    target[at] = value;
    squares += (value - zero) ** 2;
  }
  return { zero, length: Math.sqrt(squares) };
}

/** The largest of many numbers. */
class Nearest {
  readonly #best: Float64Array;

  constructor(count: number) {
    this.#best = new Float64Array(count).fill(-Infinity);
  }

  /** The smallest of those kept. */
  get last(): number {
    return this.#best[this.#best.length - 1]!;
  }

  add(value: number): void {
    if (value <= this.last) return;
    let at = this.#best.length - 1;
    while (at > 0 && this.#best[at - 1]! < value) {
      this.#best[at] = this.#best[at - 1]!;
      at--;
    }
    this.#best[at] = value;
  }
}
