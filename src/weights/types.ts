/** Values of one tensor, row-major. A Uint16Array holds IEEE half-precision bit patterns. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint16Array;
}

/** What a reader finds in a file, under the names that the file gives. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

export interface BatchNorm {
  readonly gamma: Tensor;
  readonly beta: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** One layer's parameters in the layouts of `networks/types.ts`: a batch norm still apart, or folded into a bias. */
export interface LayerWeights {
  readonly weights: Tensor;
  readonly bias?: Tensor;
  readonly batchNorm?: BatchNorm;
}

/** By layer name. A layer whose description says `batchNorm` may come folded, with `bias` in its place. */
export type NetworkWeights = ReadonlyMap<string, LayerWeights>;
