import type { RowPrediction } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { printable } from '../errors/printable.js';
import { type Groups, loadGroups } from './groups.js';

export interface FilterOptions {
  /** Least probability, 0…1. */
  readonly min?: number;
  /** Classes that are kept: a label or one of its names, a synset id, an index, or a group such as `dog`. */
  readonly only?: readonly string[];
  /** Classes that are left out. */
  readonly not?: readonly string[];
}

/** The predictions that are wanted. */
export type Filter = <Row extends RowPrediction>(predictions: readonly Row[]) => readonly Row[];

/** Which predictions are wanted. Throws UsageError for a class that there is not. */
export function createFilter({ min = 0, only, not }: FilterOptions, labels: readonly Label[]): Filter {
  let groups: Groups | undefined;
  const indicesOf = (option: string, terms: readonly string[]) =>
    new Set(
      terms.flatMap((term) => {
        groups ??= loadGroups();
        const found = findClasses(term, labels, groups);
        if (found.length > 0) return found;
        const meant = suggestClass(term, labels, groups);
        throw new UsageError({
          where: `${option} ${printable(term)}`,
          problem: 'no such class',
          ...(meant === undefined
            ? { expected: 'a label, a synset id, an index or a group such as dog' }
            : { remedy: `did you mean ${printable(meant)}?` }),
        });
      }),
    );
  const wanted = only && indicesOf('--only', only);
  const unwanted = not && indicesOf('--not', not);
  const isWanted = (index: number) => (!wanted || wanted.has(index)) && !unwanted?.has(index);
  return (predictions) =>
    predictions.filter(({ index, probability }) => probability >= min && (index === null || isWanted(index)));
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

/** Indices of the classes that a word names: all with that name, and all below a group of that name. */
function findClasses(term: string, labels: readonly Label[], groups: Groups): readonly number[] {
  const word = term.trim().toLowerCase();
  if (/^\d+$/.test(word)) return Number(word) < labels.length ? [Number(word)] : [];
  const above = groups.find(word);
  return labels.flatMap(({ id, name }, index) => {
    const lower = name.toLowerCase();
    const isNamed = lower === word || id === word || lower.split(', ').includes(word);
    return isNamed || (id !== undefined && above.some((group) => groups.isWithin(id, group))) ? [index] : [];
  });
}
