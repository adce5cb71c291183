import { minimise } from './lbfgs.js';
import type { LinearHead, Products } from './types.js';

export interface LogisticProblem {
  readonly products: Products;
  readonly rows: number;
  readonly columns: number;
  /** The class of each row, from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** What each row counts for; 0: the row is left out. */
  readonly rowWeights: Float64Array;
  /**
   * The inverse strength of the regularisation, C in C · Σ rowWeight · cross entropy + ½ · Σ weight². Biases are not
   * regularised.
   */
  readonly inverseRegularisation: number;
  /** Where to begin: a solution for a similar problem. */
  readonly start?: Float64Array | undefined;
  /** See `minimise`. */
  readonly tolerance?: number | undefined;
}

export interface LogisticFit extends LinearHead {
  /** Weights and biases as the next problem's `start` takes them. */
  readonly point: Float64Array;
}

/** Multinomial logistic regression with an L2 penalty, by L-BFGS. */
export function fitLogistic(problem: LogisticProblem): LogisticFit {
  const { products, rows, columns, labels, classes, rowWeights, inverseRegularisation } = problem;
  const total = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const penalty = 1 / (inverseRegularisation * total);
  const count = classes * columns;
  const residuals = new Float32Array(rows * classes);
  const { point } = minimise(
    (at) => {
      const bias = at.subarray(count);
      const probabilities = predict(products, { weights: Float32Array.from(at.subarray(0, count)), bias });
      let loss = 0;
      for (let row = 0; row < rows; row++) {
        const weight = rowWeights[row]! / total;
        const first = row * classes;
        const own = first + labels[row]!;
        if (weight > 0) loss -= weight * Math.log(Math.max(probabilities[own]!, Number.MIN_VALUE));
        for (let each = first; each < first + classes; each++) residuals[each] = weight * probabilities[each]!;
        residuals[own]! -= weight;
      }
      const gradient = new Float64Array(at.length);
      gradient.set(products.transposedTimes(residuals, classes));
      let squares = 0;
      for (let i = 0; i < count; i++) {
        squares += at[i]! ** 2;
        gradient[i]! += penalty * at[i]!;
      }
      for (let i = 0; i < residuals.length; i++) gradient[count + (i % classes)]! += residuals[i]!;
      return { value: loss + 0.5 * penalty * squares, gradient };
    },
    problem.start ?? new Float64Array(count + classes),
    problem.tolerance,
  );
  return {
    point,
    weights: Float32Array.from(point.subarray(0, count)),
    bias: Float32Array.from(point.subarray(count)),
  };
}

/** Probabilities of each row, [rows, classes]: softmax of weights · features + bias. */
export function predict(
  products: Products,
  { weights, bias }: { readonly weights: Float32Array; readonly bias: ArrayLike<number> },
): Float64Array {
  const classes = bias.length;
  const values = Float64Array.from(products.times(weights, classes));
  for (let first = 0; first < values.length; first += classes) {
    let most = -Infinity;
    for (let c = 0; c < classes; c++) {
      values[first + c]! += bias[c]!;
      most = Math.max(most, values[first + c]!);
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      values[first + c] = Math.exp(values[first + c]! - most);
      sum += values[first + c]!;
    }
    for (let c = 0; c < classes; c++) values[first + c]! /= sum;
  }
  return values;
}
