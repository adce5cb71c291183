import type { Features, LinearHead } from './types.js';

/** How a channel becomes one of mean 0 and standard deviation 1: (value − mean) · factor. */
export interface Standardisation {
  readonly mean: Float64Array;
  /** 0 for a channel that never changes. */
  readonly factor: Float64Array;
}

/** Of the rows that `counts` accepts; all by default. */
export function standardisationOf({ rows, columns, data }: Features, counts = (_row: number) => true): Standardisation {
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  let n = 0;
  for (let row = 0; row < rows; row++) {
    if (!counts(row)) continue;
    n++;
    for (let column = 0; column < columns; column++) {
      const change = data[row * columns + column]! - mean[column]!;
      mean[column]! += change / n;
      squares[column]! += change * (data[row * columns + column]! - mean[column]!);
    }
  }
  const factor = squares.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum / n) : 0));
  return { mean, factor };
}

export function standardise({ rows, columns, data }: Features, { mean, factor }: Standardisation): Features {
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const column = at % columns;
    result[at] = (data[at]! - mean[column]!) * factor[column]!;
  }
  return { rows, columns, data: result };
}

/** The head that gives of features what `head` gives of standardised ones. */
export function foldStandardisation(head: LinearHead, { mean, factor }: Standardisation): LinearHead {
  const columns = mean.length;
  const weights = head.weights.map((weight, at) => weight * factor[at % columns]!);
  const bias = head.bias.map((value, output) => {
    let sum = value;
    for (let column = 0; column < columns; column++) {
      sum -= head.weights[output * columns + column]! * factor[column]! * mean[column]!;
    }
    return sum;
  });
  return { weights, bias };
}
