import { seededRandom } from '../domain/seeded-random.js';
import { fitLogistic, predict } from './logistic-regression.js';
import { stratifiedFolds } from './split.js';
import { foldStandardisation, standardisationOf, standardise } from './standardise.js';
import type { Features, LinearHead, Products } from './types.js';

export interface TrainingSet {
  readonly features: Features;
  /** The class of each row, from 0 to `classes` − 1; each class has two groups at least. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** See `Grouped`. */
  readonly groups?: Int32Array | undefined;
  /** Rows that are not learned from; none by default. */
  readonly isHeldOut?: ((row: number) => boolean) | undefined;
}

export interface FitOptions {
  readonly seed: number;
  /** The one inverse regularisation to take; by default it is chosen. */
  readonly inverseRegularisation?: number | undefined;
  /** Makes the products with features. */
  readonly productsOf: (features: Features) => Products | Promise<Products>;
}

export interface FittedHead {
  /** For features as they are. */
  readonly head: LinearHead;
  readonly inverseRegularisation: number;
  /** [rows, classes]: each row's by a head that was learned without its fold; those of rows held out count for nothing. */
  readonly crossValidated: Float64Array;
  /** [rows, classes]: all rows' by this head. */
  readonly probabilities: Float64Array;
  /** The fold of each row. */
  readonly folds: Int32Array;
}

export const FOLDS = 5;

/** From the strongest regularisation to the weakest, so that each solution is near the next. */
const GRID = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 10];

/** Losses are compared to three digits: their folds' heads need not be exact. */
const FOLD_TOLERANCE = 1e-6;

/**
 * Learns a linear head: features → standardised per channel → regularisation by cross-validated log loss → logistic
 * regression on all rows that are not held out, every class counting the same → head with the standardisation folded in.
 */
export async function fitHead(set: TrainingSet, options: FitOptions): Promise<FittedHead> {
  const { features, labels, classes, groups, isHeldOut = () => false } = set;
  const { seed, productsOf, inverseRegularisation: asked } = options;
  const { rows, columns } = features;
  const isLearned = (row: number) => !isHeldOut(row);
  const standardisation = standardisationOf(features, isLearned);
  const products = await productsOf(standardise(features, standardisation));
  const folds = stratifiedFolds({ labels, groups }, FOLDS, seededRandom(seed));
  const problem = { products, rows, columns, labels, classes };

  const starts: (Float64Array | undefined)[] = new Array(FOLDS).fill(undefined);
  let best: { loss: number; inverseRegularisation: number; crossValidated: Float64Array } | undefined;
  for (const inverseRegularisation of asked === undefined ? GRID : [asked]) {
    const crossValidated = new Float64Array(rows * classes);
    for (let fold = 0; fold < FOLDS; fold++) {
      const rowWeights = balancedWeights(labels, classes, (row) => isLearned(row) && folds[row] !== fold);
      const fit = fitLogistic({
        ...problem,
        rowWeights,
        inverseRegularisation,
        start: starts[fold],
        tolerance: FOLD_TOLERANCE,
      });
      starts[fold] = fit.point;
      const probabilities = predict(products, fit);
      folds.forEach((each, row) => {
        const [from, to] = [row * classes, (row + 1) * classes];
        if (each === fold) crossValidated.set(probabilities.subarray(from, to), from);
      });
    }
    const loss = logLoss(crossValidated, labels, classes, isLearned);
    // The loss falls to its minimum and rises from there.
    if (best && loss >= best.loss) break;
    best = { loss, inverseRegularisation, crossValidated };
  }
  const { inverseRegularisation, crossValidated } = best!;
  const rowWeights = balancedWeights(labels, classes, isLearned);
  const fit = fitLogistic({ ...problem, rowWeights, inverseRegularisation });
  return {
    head: foldStandardisation(fit, standardisation),
    inverseRegularisation,
    crossValidated,
    probabilities: predict(products, fit),
    folds,
  };
}

/** Every class counts the same in sum; 1 on average. 0 for rows that do not count. */
function balancedWeights(labels: Int32Array, classes: number, counts: (row: number) => boolean): Float64Array {
  const sizes = new Int32Array(classes);
  let total = 0;
  labels.forEach((label, row) => {
    if (!counts(row)) return;
    sizes[label]!++;
    total++;
  });
  const present = sizes.filter((size) => size > 0).length;
  return Float64Array.from(labels, (label, row) => (counts(row) ? total / (present * sizes[label]!) : 0));
}

function logLoss(
  probabilities: Float64Array,
  labels: Int32Array,
  classes: number,
  counts: (row: number) => boolean,
): number {
  let sum = 0;
  let n = 0;
  labels.forEach((label, row) => {
    if (!counts(row)) return;
    sum -= Math.log(Math.max(probabilities[row * classes + label]!, Number.EPSILON));
    n++;
  });
  return sum / n;
}
