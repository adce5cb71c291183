import { type ModelFacts, type Prediction, type RowPrediction, UNKNOWN } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import { UsageError } from '../errors/errors.js';
import { createFilter, type Filter, type FilterOptions } from './filter.js';
import { createGrouping } from './group-predictions.js';

/** What is kept of the predictions of a picture. */
export interface Selection {
  /** Puts predictions into groups, before the filter. */
  readonly group?: ((predictions: readonly Prediction[]) => readonly RowPrediction[]) | undefined;
  readonly filter: Filter;
  /** Whether images are wanted that are none of the model's classes. */
  readonly takesUnknown: boolean;
  /** How many predictions are asked of the network. */
  readonly top: number;
}

export interface SelectionOptions {
  readonly filter: FilterOptions;
  /** Probabilities are added up within groups of classes. */
  readonly group: boolean;
  readonly top: number;
}

/**
 * Without groups, a filter of the most probable classes. With them, classes are chosen, all of these are added up, and the
 * sums are filtered. Throws UsageError for a class that does not exist, and for a model whose classes have no groups.
 */
export function createSelection(
  { filter: asked, group, top }: SelectionOptions,
  labels: readonly Label[],
  { output, tellsUnknown = false }: Pick<ModelFacts, 'output'> & { readonly tellsUnknown?: boolean },
): Selection {
  const { takesUnknown, filter } = tellsUnknown ? selectUnknown(asked, labels) : { takesUnknown: true, filter: asked };
  if (!group) return { filter: createFilter(filter, labels), takesUnknown, top };
  if (output === 'independent') {
    throw new UsageError({
      where: '--group',
      problem: 'the probabilities of this model are independent of each other',
    });
  }
  const { min, only, not } = filter;
  const choose = createFilter({ ...(only && { only }), ...(not && { not }) }, labels);
  const grouped = createGrouping(labels);
  return {
    group: (predictions) => grouped(choose(predictions), top),
    filter: createFilter(min === undefined ? {} : { min }, []),
    takesUnknown,
    top: labels.length,
  };
}

/**
 * `unknown` in `--only` and `--not` names no class, but images of none. An unknown image is of no other name, and has no
 * probability that could be large enough.
 */
function selectUnknown(filter: FilterOptions, labels: readonly Label[]) {
  const { min, only, not } = filter;
  const isUnknown = (term: string) => term.trim().toLowerCase() === UNKNOWN;
  const isClass = labels.some(({ name }) => isUnknown(name));
  const others = (terms: readonly string[]) => terms.filter((term) => isClass || !isUnknown(term));
  const takesUnknown = only ? only.some(isUnknown) : min === undefined;
  return {
    takesUnknown: takesUnknown && !not?.some(isUnknown),
    filter: { ...filter, ...(only && { only: others(only) }), ...(not && { not: others(not) }) },
  };
}
