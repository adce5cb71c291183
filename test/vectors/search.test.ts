import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { openSearch } from '../../src/vectors/search.js';
import { VectorSet } from '../../src/vectors/vector-set.js';

/** Like features after ReLU6, after a swish, and with a few large numbers among many small ones. */
const kinds: Readonly<Record<string, (random: () => number) => number>> = {
  'not negative': (random) => Math.max(0, normal(random) - 0.5),
  signed: (random) => (normal(random) > 0 ? 2 * random() : -0.278 * random()),
  symmetric: normal,
  peaked: (random) => random() ** 12 * (random() < 0.3 ? -1 : 1),
};

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Vectors of which some are like others: a common part, and one that grows with the place in a group of ten. */
function similarVectors(count: number, columns: number, number: (random: () => number) => number, seed: number) {
  const random = seededRandom(seed);
  let base: Float32Array;
  return Array.from({ length: count }, (_, n) => {
    if (n % 10 === 0) base = Float32Array.from({ length: columns }, () => number(random));
    const share = (n % 10) / 12;
    return Float32Array.from(base, (value) => 3 * ((1 - share) * value + share * number(random)));
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, first, second] = [0, 0, 0];
  a.forEach((value, n) => {
    product += value * b[n]!;
    first += value * value;
    second += b[n]! ** 2;
  });
  return first * second > 0 ? product / Math.sqrt(first * second) : 0;
}

function setOf(vectors: readonly Float32Array[], options?: { readonly rests: boolean }): VectorSet {
  const set = new VectorSet(vectors[0]!.length, options);
  for (const vector of vectors) set.add(vector);
  return set;
}

describe.each(Object.entries(kinds))('%s numbers', (_, number) => {
  test.each([
    [600, 130],
    [70, 1280],
  ])('pairs among %i vectors of %i numbers are those of double precision', async (count, columns) => {
    const vectors = similarVectors(count, columns, number, count);
    const search = await openSearch(columns);
    for (const least of [0.5, 0.85, -0.02]) {
      const found = new Map<string, number>();
      search.pairs(setOf(vectors), least, (a, b, similarity) => found.set(`${a},${b}`, similarity));
      let expected = 0;
      let [worst, wrong] = [0, 0];
      for (let a = 0; a < count; a++) {
        for (let b = a + 1; b < count; b++) {
          const exact = cosine(vectors[a]!, vectors[b]!);
          const similarity = found.get(`${a},${b}`);
          if (similarity !== undefined) worst = Math.max(worst, Math.abs(similarity - exact));
          if (Math.abs(exact - least) > 1e-4 && (similarity !== undefined) !== exact >= least) wrong++;
          if (exact >= least) expected++;
        }
      }
      expect({ wrong, isNear: worst < 1e-4 }).toEqual({ wrong: 0, isNear: true });
      expect(expected).toBeGreaterThan(count / 3);
      expect(found.size).toBeLessThan(expected * 1.01 + 2);
    }
  });

  test('the nearest of several queries are those of double precision', async () => {
    const vectors = similarVectors(1100, 96, number, 7);
    const queries = vectors.filter((__, n) => n % 2 === 0);
    const search = await openSearch(96);
    const nearest = search.nearestOfEach(setOf(queries), 6);
    for (const part of [vectors.slice(0, 100), vectors.slice(100)]) nearest.lookAt(setOf(part));
    const { found } = nearest;
    expect(found).toHaveLength(queries.length);
    let worst = 0;
    queries.forEach((query, n) => {
      const exact = vectors.map((vector) => cosine(query, vector)).sort((a, b) => b - a);
      expect(found[n]).toHaveLength(6);
      found[n]!.forEach(({ index, similarity }, place) => {
        const own = cosine(query, vectors[index]!);
        worst = Math.max(worst, Math.abs(similarity - exact[place]!), Math.abs(similarity - own));
      });
    });
    expect(worst).toBeLessThan(1e-4);
  });
});

test('a set without rests is as near as its bytes, and comes back from its integers', async () => {
  const vectors = similarVectors(50, 1280, kinds.signed!, 3);
  const search = await openSearch(1280);
  const set = setOf(vectors, { rests: false });
  const again = new VectorSet(1280, { rests: false });
  for (let n = 0; n < set.count; n++) again.addIntegers(set.integers(n));
  const query = vectors[13]!;
  const found = search.nearest(set, query, 50);
  expect(found[0]!.index).toBe(13);
  expect(search.nearest(again, query, 50)).toEqual(found);
  for (const { index, similarity } of found) {
    expect(Math.abs(similarity - cosine(query, vectors[index]!))).toBeLessThan(0.004);
  }
  expect(() => again.addIntegers(new Int8Array(1280).fill(127).fill(-1, 0, 1))).toThrow(/127 apart/);
});

test('equal vectors have a similarity of 1, whatever their length; the first of them is the nearest', async () => {
  const [vector] = similarVectors(1, 40, normal, 5);
  const set = setOf([vector!, vector!.map((value) => value * 1e-30), vector!.map((value) => -value)]);
  const search = await openSearch(40);
  expect(search.nearest(set, vector!, 2)).toEqual([
    { index: 0, similarity: 1 },
    { index: 1, similarity: 1 },
  ]);
  expect(search.similarity(set, 0, set, 2)).toBe(-1);
});

test('a vector of zeros is like no other, itself included', async () => {
  const set = setOf([new Float32Array(8), new Float32Array(8), Float32Array.from({ length: 8 }, () => 1)]);
  const search = await openSearch(8);
  expect(search.nearest(set, new Float32Array(8), 5).map(({ similarity }) => similarity)).toEqual([0, 0, 0]);
  const pairs: number[][] = [];
  search.pairs(set, 0.1, (...pair) => pairs.push(pair));
  expect(pairs).toEqual([]);
});

test.each([Number.NaN, Infinity, -Infinity])('%f is refused, and the set stays as it was', (value) => {
  const set = new VectorSet(3);
  expect(() => set.add(Float32Array.of(1, value, 2), 'photo.jpg')).toThrow(/photo\.jpg: .*expected finite numbers/);
  expect(set.count).toBe(0);
  expect(() => set.add(new Float32Array(4))).toThrow(/4 numbers, expected 3/);
});

test('several threads find the same', async () => {
  const vectors = similarVectors(1100, 96, normal, 9);
  const set = setOf(vectors);
  const pairsBy = async (threads: number) => {
    const search = await openSearch(96, { threads });
    const pairs: (readonly number[])[] = [];
    search.pairs(set, 0.7, (...pair) => pairs.push(pair));
    search.close();
    return pairs;
  };
  const alone = await pairsBy(1);
  expect(alone.length).toBeGreaterThan(300);
  expect(await pairsBy(2)).toEqual(alone);
});
