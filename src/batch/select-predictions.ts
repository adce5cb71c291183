import type { ModelFacts, Prediction, RowPrediction } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import { UsageError } from '../errors/errors.js';
import { createFilter, type Filter, type FilterOptions } from './filter.js';
import { createGrouping } from './group-predictions.js';

/** What is kept of the predictions of a picture. */
export interface Selection {
  /** Puts predictions into groups, before the filter. */
  readonly group?: ((predictions: readonly Prediction[]) => readonly RowPrediction[]) | undefined;
  readonly filter: Filter;
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
  { filter, group, top }: SelectionOptions,
  labels: readonly Label[],
  { output }: Pick<ModelFacts, 'output'>,
): Selection {
  if (!group) return { filter: createFilter(filter, labels), top };
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
    top: labels.length,
  };
}
