import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { openDistance } from '../../src/vectors/distance.js';
import { VectorSet } from '../../src/vectors/vector-set.js';

function randomVectors(count: number, columns: number, seed: number, least = 0): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Float32Array.from({ length: columns }, () => least + random() ** 3));
}

function integersOf(vectors: readonly Float32Array[], columns: number): Int8Array {
  const set = new VectorSet(columns, { rests: false });
  const integers = new Int8Array(vectors.length * columns);
  vectors.forEach((vector, at) => {
    set.add(vector);
    integers.set(set.integers(at), at * columns);
  });
  return integers;
}

function naiveDistance(integers: Int8Array, query: Float32Array): number {
  const columns = query.length;
  const length = (vector: ArrayLike<number>) => Math.hypot(...Array.from(vector));
  const cosines = Array.from({ length: integers.length / columns }, (_, n) => {
    const vector = integers.subarray(n * columns, (n + 1) * columns);
    const product = vector.reduce((sum, value, at) => sum + value * query[at]!, 0);
    return product / (length(vector) * length(query));
  });
  return 1 - cosines.sort((a, b) => b - a)[Math.min(5, cosines.length) - 1]!;
}

describe('openDistance', () => {
  it.each([
    [1, 8, 0],
    [3, 20, 0],
    [40, 33, 0],
    [40, 64, -0.4],
    [1100, 40, 0],
  ])('%i vectors of %i numbers: the fifth nearest, as by definition', async (count, columns, least) => {
    const integers = integersOf(randomVectors(count, columns, 1, least), columns);
    const distanceOf = await openDistance(integers, columns);
    for (const query of randomVectors(10, columns, 2, least)) {
      expect(Math.abs(distanceOf(query) - naiveDistance(integers, query))).toBeLessThan(1e-4);
    }
  });

  it('is 1 for a query of zeros, and near 0 for one that is there five times', async () => {
    const [vector] = randomVectors(1, 16, 3) as [Float32Array];
    const distanceOf = await openDistance(integersOf([...Array(5).fill(vector), ...randomVectors(9, 16, 4)], 16), 16);
    expect(distanceOf(new Float32Array(16))).toBe(1);
    expect(distanceOf(vector)).toBeLessThan(1e-3);
    expect(distanceOf(vector.map((value) => 3 * value))).toBeCloseTo(distanceOf(vector), 6);
  });
});
