import type { ModelFacts } from '../domain/classification.js';
import type { Metrics } from './metrics.js';

/** How good a model is. Shares are from 0 to 1. */
export interface EvaluationRecord extends Metrics {
  /** Pictures that could not be classified, or have no row; they are not in `n`. */
  readonly failed: number;
  /** Of `n`: those that the model takes for none of its classes; they count as wrong. */
  readonly unknown: number;
  /** Pictures whose class nothing says; they are not in `n`. */
  readonly withoutTruth: number;
  /** Of `n`: the true class has a probability of 0, as rounded ones may; in the log loss they count for 36 each. */
  readonly zeroProbability: number;
  /** Why a metric is null. */
  readonly reasons: { readonly top5?: string; readonly logLoss?: string };
  readonly model?: ModelFacts | undefined;
}
