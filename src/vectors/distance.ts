import { openSearch, type Search } from './search.js';
import { VectorSet } from './vector-set.js';

/** A vector's distance from a set is that from its k-th nearest (Sun et al. 2022, arXiv:2204.06507). */
const NEIGHBOURS = 5;

/**
 * 1 − cosine of each query and its fifth nearest vector, 0 to 2; of fewer vectors, the furthest of them. Of an empty set it is 2.
 */
export function distancesFrom(set: VectorSet, queries: VectorSet, search: Search): readonly number[] {
  const nearest = search.nearestOfEach(queries, NEIGHBOURS);
  nearest.lookAt(set);
  return nearest.found.map((found) => 1 - (found.at(-1)?.similarity ?? -1));
}

/**
 * Distances from vectors that are stored in integers.
 * @param vectors [count, columns], as `VectorSet.integers` gives them
 */
export async function openDistance(vectors: Int8Array, columns: number): Promise<(query: Float32Array) => number> {
  const set = new VectorSet(columns, { rests: false });
  for (let at = 0; at < vectors.length; at += columns) set.addIntegers(vectors.subarray(at, at + columns));
  const search = await openSearch(columns);
  return (query) => {
    const queries = new VectorSet(columns, { chunk: 1 });
    queries.add(query, 'the features of an image');
    return distancesFrom(set, queries, search)[0]!;
  };
}
