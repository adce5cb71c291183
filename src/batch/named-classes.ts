import type { Label } from '../domain/label.js';
import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { printable } from '../errors/printable.js';
import { ClassNames } from './class-names.js';
import type { Groups } from './groups.js';

const MOST_NAMED = 10;

/**
 * Indices of the classes that a word names, at least one: by label or one of its names, synset id, index, or group. A number
 * is an index only if no label is called so.
 * @param option for the message
 * @throws UsageError for a class that does not exist
 */
export function namedClasses(
  option: string,
  term: string,
  labels: readonly Label[],
  groups: Groups,
): readonly number[] {
  const found = findClasses(term, labels, groups);
  if (found.length > 0) return found;
  const meant = suggestClass(term, labels, groups);
  throw new UsageError({
    where: `${option} ${printable(term)}`,
    problem: 'no such class',
    ...(meant === undefined ? { expected: expectedOf(labels) } : { remedy: `did you mean ${printable(meant)}?` }),
  });
}

/** Few labels are named; those of ImageNet have ids and groups. */
function expectedOf(labels: readonly Label[]): string {
  if (labels.some(({ id }) => id !== undefined)) return 'a label, a synset id, an index or a group such as dog';
  if (labels.length > MOST_NAMED) return 'a label or an index';
  return labels.map(({ name }) => printable(name)).join(', ');
}

/** Indices of the classes that a word names: all with that name, and all below a group of that name. */
function findClasses(term: string, labels: readonly Label[], groups: Groups): readonly number[] {
  const word = term.trim();
  const isLabel = labels.some(({ name }) => name === word);
  if (/^\d+$/.test(word) && !isLabel) return Number(word) < labels.length ? [Number(word)] : [];
  const names = new ClassNames(labels, groups);
  const found = new Set([...names.named(term), ...names.inGroups(term).flatMap(({ places }) => places)]);
  return [...found].sort((a, b) => a - b);
}

/** A name of a class or a group that the word is the plural of, or close to. */
function suggestClass(term: string, labels: readonly Label[], groups: Groups): string | undefined {
  const word = term.trim().toLowerCase();
  const hasIds = labels.some(({ id }) => id !== undefined);
  const names = new Set(labels.flatMap(({ name }) => [name, ...name.split(', ')]));
  if (hasIds) for (const name of groups.words()) names.add(name);
  const singulars = [
    word.replace(/s$/, ''),
    word.replace(/es$/, ''),
    word.replace(/ies$/, 'y'),
    word.replace(/ves$/, 'f'),
  ];
  return singulars.find((singular) => names.has(singular)) ?? nearestName(word, names);
}
