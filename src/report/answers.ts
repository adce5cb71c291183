import type { ClassifiedRecord, RowPrediction } from '../domain/classification.js';
import { UNKNOWN } from '../domain/classification.js';
import { elementAt } from '../errors/element-at.js';

/** One line of a table: a prediction with its rank from 1, or that the image is unknown, of rank 0. */
export interface Answer extends Pick<RowPrediction, 'index' | 'id' | 'label'> {
  readonly rank: number;
  /** Null for an unknown image. */
  readonly probability: number | null;
}

/** What formats with a line for each prediction say of an image: of an unknown one that it is unknown, once. */
export function answersOf(
  { predictions, unknown }: Pick<ClassifiedRecord<RowPrediction>, 'predictions' | 'unknown'>,
  ranks: readonly number[],
): readonly Answer[] {
  if (unknown && predictions.length > 0) {
    return [{ rank: 0, index: null, id: null, label: UNKNOWN, probability: null }];
  }
  return predictions.map((prediction, at) => ({ ...prediction, rank: elementAt(ranks, at) }));
}
