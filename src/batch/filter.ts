import type { RowPrediction } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import { type Groups, loadGroups } from './groups.js';
import { namedClasses } from './named-classes.js';

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
        return namedClasses(option, term, labels, groups);
      }),
    );
  const wanted = only && indicesOf('--only', only);
  const unwanted = not && indicesOf('--not', not);
  const isWanted = (index: number) => (!wanted || wanted.has(index)) && !unwanted?.has(index);
  return (predictions) =>
    predictions.filter(({ index, probability }) => probability >= min && (index === null || isWanted(index)));
}
