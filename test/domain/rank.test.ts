import { describe, expect, it } from 'vitest';
import { findTop, ofLabels } from '../../src/domain/rank.js';
import { RuntimeError } from '../../src/errors/errors.js';

/** All of them in order, by sorting. */
const sorted = (values: Float32Array) =>
  Array.from(values, (probability, index) => ({ index, probability })).sort(
    (a, b) => b.probability - a.probability || a.index - b.index,
  );

describe('findTop', () => {
  it('finds what sorting finds, ties by index', () => {
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    for (let round = 0; round < 50; round++) {
      // Few different values, so that there are many ties.
      const values = Float32Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 8) / 8);
      for (const top of [1, 2, 5, 1000]) expect(findTop(values, top, 'a')).toEqual(sorted(values).slice(0, top));
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d anywhere', (value) => {
    for (const at of [0, 7, 9]) {
      const values = new Float32Array(10).fill(0.1);
      values[at] = value;
      const find = () => findTop(values, 1, 'a.jpg');
      expect(find).toThrow(RuntimeError);
      expect(find).toThrow(`a.jpg: the network gives ${value} for class ${at}, expected a probability`);
      expect(find).toThrow(expect.objectContaining({ code: 'not-finite', exitCode: 5 }));
    }
  });
});

describe('ofLabels', () => {
  it('gives the second of two labels the output of a network of one, and the first the rest', () => {
    expect([...ofLabels(Float32Array.of(0.75), 2)]).toEqual([0.25, 0.75]);
    expect([...ofLabels(Float32Array.of(0.75), 1)]).toEqual([0.75]);
    expect([...ofLabels(Float32Array.of(0.5, 0.5), 2)]).toEqual([0.5, 0.5]);
  });
});
