import { integerProducts } from '../engine/integer-products.js';
import { createSimilarity, VectorSet } from './vector-set.js';

/** A vector of a set that was searched. */
export interface Neighbour {
  /** Its place in the set, from 0. */
  readonly index: number;
  /** Cosine of the angle between it and the vector that was asked for, −1 to 1; 0 where one of them is zero. */
  readonly similarity: number;
}

/** The nearest of several vectors among those that have been looked at. */
export interface Nearest {
  /** Looks at all vectors of a set. Their indices follow on those of the sets before. */
  lookAt(set: VectorSet): void;
  /** For each query: the most similar first, of the equally similar the earlier one. */
  readonly found: readonly (readonly Neighbour[])[];
}

/** Some vectors of a set. */
export interface Side {
  readonly set: VectorSet;
  readonly count: number;
  /** The place in the set of number n of `count`; by default itself. */
  readonly index?: (n: number) => number;
}

/**
 * Told of a pair at least as similar as it must be.
 * @param row number in the rows
 * @param output number in the outputs
 */
export type Visit = (row: number, output: number, similarity: number) => void;

/** Exact search for similar vectors, each with all others. */
export interface Search {
  /** The most similar vectors first, the earlier one where two are equally similar. */
  nearest(set: VectorSet, query: Float32Array, count: number): Neighbour[];
  /**
   * The same for several queries, in sets that come one after the other.
   * @param least similarity that a neighbour must have
   */
  nearestOfEach(queries: VectorSet, count: number, least?: number): Nearest;
  /** All pairs a < b of a set with a similarity of at least `least`. */
  pairs(set: VectorSet, least: number, visit: (a: number, b: number, similarity: number) => void): void;
  /**
   * All pairs of an output and a row with a similarity of at least `least[output]`, which `visit` may raise.
   * @param outputs at most `mostOutputs`
   */
  between(outputs: Side, rows: Side, least: Float64Array, visit: Visit): void;
  /** Of two vectors. */
  similarity(a: VectorSet, m: number, b: VectorSet, n: number): number;
  readonly mostOutputs: number;
  /** Ends threads; needed only where there are several. */
  close(): void;
}

/** Of products and sums in single precision, and of cosines that are cut off at 1. */
const ROUNDING_ERROR = 1e-6;

/**
 * Products of bytes by the engine's integer kernel find all pairs that may be similar enough (the error of the bytes is
 * known for each vector); the similarity of these is computed from all that is stored.
 * @param columns numbers of each vector
 * @param threads that search together among many vectors
 * @throws RuntimeError where the kernels cannot run, in the methods where a thread fails
 */
export async function openSearch(
  columns: number,
  { threads = 1 }: { readonly threads?: number } = {},
): Promise<Search> {
  const products = await integerProducts(columns, threads);
  const similarity = createSimilarity(columns);

  const between: Search['between'] = (outputs, rows, least, visit) => {
    const { index: outputIndex = same, set } = outputs;
    const { index: rowIndex = same } = rows;
    const zeros = new Float64Array(outputs.count);
    const errors = new Float64Array(outputs.count);
    const scales = new Float64Array(outputs.count);
    products.setOutputs(outputs.count, (n, target) => {
      const at = outputIndex(n);
      set.integers(at, target);
      zeros[n] = target.reduce((sum, value) => sum + value, 0);
      errors[n] = set.error(at) + ROUNDING_ERROR;
      scales[n] = set.scale(at);
    });
    // Of the output that lets most through, so that most sums need one comparison.
    const largestScale = scales.reduce((most, scale) => Math.max(most, scale), 0);
    for (let first = 0; first < rows.count; first += products.mostRows) {
      const count = Math.min(products.mostRows, rows.count - first);
      const { sums, stride } = products.times(count, (n, target) => target.set(rows.set.bytes(rowIndex(first + n))));
      for (let row = 0; row < count; row++) {
        const at = rowIndex(first + row);
        const scale = rows.set.scale(at);
        const zero = rows.set.zero(at);
        const error = rows.set.error(at);
        let lowest = Infinity;
        for (let n = 0; n < outputs.count; n++) lowest = Math.min(lowest, least[n]! - errors[n]! * (1 + error));
        lowest -= error;
        const limit = lowest > 0 && scale > 0 ? lowest / (scale * largestScale) : -Infinity;
        for (let n = 0, place = row * stride; n < outputs.count; n++, place++) {
          const sum = sums[place]! - zero * zeros[n]!;
          if (sum < limit) continue;
          if (sum * scale * scales[n]! + error + errors[n]! * (1 + error) < least[n]!) continue;
          const found = similarity(rows.set, at, set, outputIndex(n));
          if (found >= least[n]!) visit(first + row, n, found);
        }
      }
    }
  };

  const nearestOfEach: Search['nearestOfEach'] = (queries, most, lowest = -1) => {
    const found: Neighbour[][] = Array.from({ length: queries.count }, () => []);
    const least = new Float64Array(queries.count).fill(lowest);
    let seen = 0;
    const add = (query: number, neighbour: Neighbour) => {
      const list = found[query]!;
      if (list.length === most && neighbour.similarity === least[query]) return;
      let place = list.length;
      while (place > 0 && list[place - 1]!.similarity < neighbour.similarity) place--;
      list.splice(place, 0, neighbour);
      if (list.length > most) list.pop();
      if (list.length === most) least[query] = list.at(-1)!.similarity;
    };
    return {
      found,
      lookAt(set) {
        for (let begin = 0; begin < queries.count; begin += products.mostOutputs) {
          const count = Math.min(products.mostOutputs, queries.count - begin);
          const outputs = { set: queries, count, index: (n: number) => begin + n };
          const limits = least.subarray(begin, begin + count);
          between(outputs, { set, count: set.count }, limits, (row, output, similarity) =>
            add(begin + output, { index: seen + row, similarity }),
          );
        }
        seen += set.count;
      },
    };
  };

  return {
    mostOutputs: products.mostOutputs,
    close: () => products.close(),
    similarity,
    between,
    nearestOfEach,
    nearest(set, query, count) {
      const queries = new VectorSet(columns);
      queries.add(query, 'the vector that is searched for');
      const nearest = nearestOfEach(queries, count);
      nearest.lookAt(set);
      return [...nearest.found[0]!];
    },
    pairs(set, least, visit) {
      for (let begin = 0; begin < set.count; begin += products.mostOutputs) {
        const index = (n: number) => begin + n;
        const count = Math.min(products.mostOutputs, set.count - begin);
        const limits = new Float64Array(count).fill(least);
        between({ set, count, index }, { set, count: set.count - begin, index }, limits, (row, output, value) => {
          if (row > output) visit(begin + output, begin + row, value);
        });
      }
    },
  };
}

function same(n: number): number {
  return n;
}
