/** One row of features for each picture, row after row. */
export interface Features {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly data: Float32Array;
}

/** Products with features X, [rows, columns], that stay the same from call to call. */
export interface Products {
  /** X · Wᵀ: [rows, outputs] of `weights`, [outputs, columns]. */
  times(weights: Float32Array, outputs: number): Float32Array;
  /** Rᵀ · X: [outputs, columns] of `rows` R, [rows, outputs]. */
  transposedTimes(rows: Float32Array, outputs: number): Float32Array;
}

/** A linear classifier: logit = weights · features + bias. */
export interface LinearHead {
  /** [classes, columns] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}
