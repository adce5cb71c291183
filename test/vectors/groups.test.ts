import { expect, test } from 'vitest';
import { seededRandom, shuffled } from '../../src/domain/seeded-random.js';
import { groupAround } from '../../src/vectors/groups.js';
import { openSearch } from '../../src/vectors/search.js';
import { VectorSet } from '../../src/vectors/vector-set.js';

/** A chain in a plane: each angle is near its neighbours, and the ends are far from each other. */
function setOfAngles(degrees: readonly number[]): VectorSet {
  const set = new VectorSet(2);
  for (const degree of degrees) {
    const angle = (degree * Math.PI) / 180;
    set.add(Float32Array.of(Math.cos(angle), Math.sin(angle)));
  }
  return set;
}

const within = (degrees: number) => Math.cos((degrees * Math.PI) / 180);

test('all of a group are like the one that is kept: no chains', async () => {
  const set = setOfAngles([0, 9, 17, 26, 34]);
  const search = await openSearch(2);
  const { keptBy } = groupAround(search, set, Int32Array.of(0, 1, 2, 3, 4), within(10));
  expect([...keptBy]).toEqual([-1, 0, -1, 2, -1]);
  const other = groupAround(search, set, Int32Array.of(2, 0, 1, 4, 3), within(10));
  expect([...other.keptBy]).toEqual([-1, 2, -1, 4, -1]);
});

test('a vector belongs to the most similar of those that are kept before it', async () => {
  const set = setOfAngles([0, 12, 8]);
  const search = await openSearch(2);
  const { keptBy, similarity } = groupAround(search, set, Int32Array.of(0, 1, 2), within(10));
  expect([...keptBy]).toEqual([-1, -1, 1]);
  expect(similarity[2]).toBeCloseTo(within(4), 4);
});

test('vectors that are not in the order take no part', async () => {
  const set = setOfAngles([0, 1, 2]);
  const { keptBy } = groupAround(await openSearch(2), set, Int32Array.of(2, 0), within(10));
  expect([...keptBy]).toEqual([2, -1, -1]);
});

test('many vectors: as comparing one by one, and whatever the order in memory', async () => {
  const random = seededRandom(4);
  const columns = 16;
  const count = 1500;
  const vectors = Array.from({ length: count }, () => Float32Array.from({ length: columns }, () => random() ** 2));
  const search = await openSearch(columns);
  const group = (places: readonly number[]) => {
    const set = new VectorSet(columns);
    for (const n of places) set.add(vectors[n]!);
    const order = Int32Array.from(vectors, (_, n) => places.indexOf(n));
    const { keptBy } = groupAround(search, set, order, 0.9);
    return vectors.map((_, n) => {
      const kept = keptBy[places.indexOf(n)]!;
      return kept === -1 ? -1 : places[kept]!;
    });
  };
  const found = group([...vectors.keys()]);
  expect(group(shuffled([...vectors.keys()], random))).toEqual(found);

  const set = new VectorSet(columns);
  for (const vector of vectors) set.add(vector);
  const kept: number[] = [];
  const expected = vectors.map((_, n) => {
    let best = { by: -1, similarity: 0.9 };
    for (const by of kept) {
      const similarity = search.similarity(set, by, set, n);
      if (similarity > best.similarity || (similarity === best.similarity && best.by === -1)) best = { by, similarity };
    }
    if (best.by === -1) kept.push(n);
    return best.by;
  });
  expect(found).toEqual(expected);
  expect(kept.length).toBeGreaterThan(600);
  expect(kept.length).toBeLessThan(count - 100);
});
