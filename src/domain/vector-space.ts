import type { ModelFacts, PreprocessingRecord } from './classification.js';

/** What vectors are: only those of one `id` can be compared, normalised or not. */
export interface VectorSpace {
  readonly model: ModelFacts;
  /** The layer whose output they are. */
  readonly layer: string;
  /** Numbers in a vector: height × width × channels of the layer's output, flattened in this order. */
  readonly length: number;
  /** Each vector was divided by its Euclidean length; one of zeros stays as it is. */
  readonly normalised: boolean;
  readonly preprocessing: PreprocessingRecord;
  /** Set where every pixel of large images was decoded: such vectors differ very little from others, and can be compared. */
  readonly fullDecode?: true;
  /** Set where they have the same digits everywhere. */
  readonly deterministic?: true;
  /** SHA-256 of all that raw vectors follow from but the picture: the layers up to this one, their weights, dtype, preprocessing. */
  readonly id: string;
}

/** Divides a vector by its Euclidean length, in place; one of zeros stays as it is. */
export function normaliseVector(vector: Float32Array): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (sum === 0) return;
  const scale = 1 / Math.sqrt(sum);
  for (let at = 0; at < vector.length; at++) vector[at]! *= scale;
}
