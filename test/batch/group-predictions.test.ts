import { describe, expect, it } from 'vitest';
import { createGrouping } from '../../src/batch/group-predictions.js';
import { createSelection } from '../../src/batch/select-predictions.js';
import { loadImagenetLabels } from '../../src/models/bundled.js';

const labels = loadImagenetLabels(1000);
const grouping = createGrouping(labels);

/** What a network gave that was sure of nothing but these. */
function predictions(probabilities: Readonly<Record<number, number>>) {
  return labels.map(({ id, name }, index) => {
    return { index, id: id ?? null, label: name, probability: probabilities[index] ?? 0 };
  });
}

const answers = (probabilities: Readonly<Record<number, number>>, top = 5) =>
  grouping(predictions(probabilities), top).map(({ label, probability }) => [label.split(', ')[0], probability]);

describe('groups', () => {
  it('are as specific as 90 % of the probability allows', () => {
    // Kite, bald eagle, great grey owl, ptarmigan.
    expect(answers({ 21: 0.51, 22: 0.1, 24: 0.2, 81: 0.19 })).toEqual([['bird', 1]]);
    expect(answers({ 21: 0.91, 24: 0.09 })).toEqual([
      ['kite', 0.91],
      ['great grey owl', 0.09],
    ]);
    // Tabby, tiger cat and Egyptian cat.
    expect(answers({ 281: 0.5, 282: 0.3, 285: 0.2 })).toEqual([['domestic cat', 1]]);
  });

  it('that say nothing are divided', () => {
    // A tabby and a remote control have only "whole" in common.
    expect(answers({ 281: 0.55, 761: 0.45 })).toEqual([
      ['tabby', 0.55],
      ['remote control', 0.45],
    ]);
    const everything = Object.fromEntries(labels.map((_, index) => [index, 0.001]));
    for (const [name] of answers(everything, 50)) {
      expect(['entity', 'physical entity', 'object', 'whole', 'artifact', 'organism', 'device']).not.toContain(name);
    }
  });

  it('fewer rows are the first of more', () => {
    // An alp; cliff, lakeside and valley, each of which is less than mountain tent and castle together.
    const probabilities = { 970: 0.85, 972: 0.03, 975: 0.02, 979: 0.02, 672: 0.03, 483: 0.02, 21: 0.01 };
    const all = answers(probabilities, 10);
    expect(all.map(([, probability]) => probability)).toEqual(
      all
        .map(([, each]) => each)
        .toSorted()
        .reverse(),
    );
    for (const top of [1, 2, 3, 4]) expect(answers(probabilities, top)).toEqual(all.slice(0, top));
  });

  it('share no class, and add up to everything', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const weights = labels.map(() => random() ** 40);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const rows = grouping(predictions(weights.map((weight) => weight / total)), 1000);
    expect(rows.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 3);
    const ids = rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(rows.some(({ index }) => index === null)).toBe(true);
  });

  it('say how many classes they have; a single class stays what it is', () => {
    const [bird] = grouping(predictions({ 21: 0.5, 81: 0.5 }), 1);
    expect(bird).toEqual({ index: null, id: 'n01503061', label: 'bird', probability: 1, classes: 59 });
    const [tench] = grouping(predictions({ 0: 1 }), 1);
    expect(tench).toEqual({ index: 0, id: 'n01440764', label: 'tench, Tinca tinca', probability: 1 });
  });

  it('are sorted, and no more than asked for; classes without a group stand alone', () => {
    const background = { index: 1000, id: null, label: 'background', probability: 0.5 };
    const rows = grouping([...predictions({ 281: 0.3, 761: 0.2 }), background], 2);
    expect(rows.map(({ label }) => label)).toEqual(['background', 'tabby, tabby cat']);
  });

  it('need labels that have them', () => {
    for (const other of [[{ name: 'dog' }], [{ name: 'x', id: 'n99999999' }], []]) {
      expect(() => createGrouping(other)).toThrow(/--group: the labels of this model have no groups, expected/);
    }
  });

  it('are refused where probabilities are independent of each other', () => {
    const options = { filter: {}, group: true, top: 5 };
    expect(() => createSelection(options, labels, { output: 'independent' })).toThrow(/--group: .* independent/);
    expect(createSelection(options, labels, {}).top).toBe(1000);
  });
});
