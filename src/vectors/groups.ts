import type { Search } from './search.js';
import type { VectorSet } from './vector-set.js';

/** For each vector of a set the one that is kept in its place. */
export interface Grouping {
  /** Its place; −1 for a vector that is kept. Never one that is not kept itself. */
  readonly keptBy: Int32Array;
  /** To the one that is kept; meaningless for a vector that is. */
  readonly similarity: Float64Array;
}

/** Of a set of which nothing is known yet: every vector is kept. */
export function startGrouping(set: VectorSet): Grouping {
  return { keptBy: new Int32Array(set.count).fill(-1), similarity: new Float64Array(set.count) };
}

/**
 * Groups vectors around kept ones. In the given order each vector is kept, unless a kept one before it is at least as similar
 * as `least`; then it belongs to the most similar of those. So all of a group are like the one that is kept, and no two that are
 * kept are alike. The result depends on the order alone.
 * @param order places of the vectors that take part, the best to keep first
 */
export function groupAround(search: Search, set: VectorSet, order: Int32Array, least: number): Grouping {
  const grouping = startGrouping(set);
  const { keptBy, similarity } = grouping;
  const join = (place: number, kept: number, value: number) => {
    if (keptBy[place] !== -1 && similarity[place]! >= value) return;
    keptBy[place] = kept;
    similarity[place] = value;
  };
  for (let begin = 0; begin < order.length; begin += search.mostOutputs) {
    const block = order.subarray(begin, begin + search.mostOutputs);
    const kept = keepWithin(search, set, block, { least, keptBy, join });
    const later = order.subarray(begin + block.length);
    const outputs = { set, count: kept.length, index: (n: number) => kept[n]! };
    const rows = { set, count: later.length, index: (n: number) => later[n]! };
    const limits = new Float64Array(kept.length).fill(least);
    search.between(outputs, rows, limits, (row, output, value) => join(later[row]!, kept[output]!, value));
  }
  return grouping;
}

interface Joining {
  readonly least: number;
  readonly keptBy: Int32Array;
  readonly join: (place: number, kept: number, similarity: number) => void;
}

/** Which of a block are kept; the others of it join them. */
function keepWithin(
  search: Search,
  set: VectorSet,
  block: Int32Array,
  { least, keptBy, join }: Joining,
): readonly number[] {
  const open = [...block.keys()].filter((n) => keptBy[block[n]!] === -1);
  const likes: { readonly n: number; readonly similarity: number }[][] = open.map(() => []);
  const outputs = { set, count: open.length, index: (n: number) => block[open[n]!]! };
  const rows = { set, count: block.length, index: (n: number) => block[n]! };
  search.between(outputs, rows, new Float64Array(open.length).fill(least), (row, output, similarity) => {
    if (row > open[output]!) likes[output]!.push({ n: row, similarity });
  });
  const kept: number[] = [];
  open.forEach((n, output) => {
    const place = block[n]!;
    if (keptBy[place] !== -1) return;
    kept.push(place);
    for (const other of likes[output]!) join(block[other.n]!, place, other.similarity);
  });
  return kept;
}
