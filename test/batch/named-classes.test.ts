import { expect, it } from 'vitest';
import { loadGroups } from '../../src/batch/groups.js';
import { namedClasses } from '../../src/batch/named-classes.js';

const labelsOf = (...names: string[]) => names.map((name) => ({ name }));
const find = (term: string, ...names: string[]) => namedClasses('--only', term, labelsOf(...names), loadGroups());

it('takes a number for a label where there is one of that name, otherwise for an index', () => {
  const coins = ['1', '10', '2', '50'];
  expect(find('2', ...coins)).toEqual([2]);
  expect(find('1', ...coins)).toEqual([0]);
  expect(find('50', ...coins)).toEqual([3]);
  expect(find('3', ...coins)).toEqual([3]);
  expect(find('1', 'roses', 'tulips')).toEqual([1]);
});

it('names the classes of a model that has few and no groups', () => {
  expect(() => find('dog', 'roses', 'tulips')).toThrow('--only dog: no such class, expected roses, tulips');
  const many = Array.from({ length: 40 }, (_, at) => `plant ${at}`);
  expect(() => find('dog', ...many)).toThrow('expected a label or an index');
});
