import { describe, expect, it } from 'vitest';
import { createFilter, type FilterOptions } from '../../src/batch/filter.js';
import { loadImagenetLabels } from '../../src/models/bundled.js';

const labels = loadImagenetLabels(1000);
const everything = labels.map(({ id, name }, index) => ({
  index,
  id: id ?? null,
  label: name,
  probability: index / 1000,
}));
const kept = (options: FilterOptions) => createFilter(options, labels)(everything).map(({ index }) => index);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('createFilter', () => {
  it('knows groups: dogs, birds and snakes are runs of ImageNet’s order', () => {
    // Dogs are 151 to 268 and, as the wild ones are no "dog, domestic dog", nothing else.
    expect(kept({ only: ['dog'] })).toEqual(range(151, 268));
    expect(kept({ only: ['bird'] })).toEqual([...range(7, 24), ...range(80, 100), ...range(127, 146)]);
    expect(kept({ only: ['Snake'] })).toEqual(range(52, 68));
    expect(kept({ only: ['n02084071'] })).toEqual(range(151, 268));
    const vehicles = kept({ only: ['vehicle'] });
    // Ambulance, minivan, sports car, trailer truck and canoe are; alp, goblet and tench are not.
    expect(vehicles).toEqual(expect.arrayContaining([407, 656, 817, 867, 472]));
    for (const index of [970, 572, 0]) expect(vehicles).not.toContain(index);
  });

  it('takes labels, one of their names, synset ids and indices', () => {
    expect(kept({ only: ['tinca tinca'] })).toEqual([0]);
    expect(kept({ only: ['n01440764', '1'] })).toEqual([0, 1]);
    expect(kept({ only: ['crane'] })).toEqual([134, 517]);
    expect(kept({ only: ['dog'], not: ['chihuahua', '152'] })).toEqual(range(153, 268));
    expect(kept({ min: 0.998 })).toEqual([998, 999]);
  });

  it.each(['dgo', '1000', 'n00000000', '__proto__'])('refuses %s', (term) => {
    expect(() => createFilter({ only: [term] }, labels)).toThrow(`--only ${term}: no such class`);
  });
});
