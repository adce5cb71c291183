import type { CostFacts, ImageRecord, ModelFacts, Prediction, Timing } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { Input } from '../inputs/types.js';

export interface Verdict {
  /** All that were asked for, most probable first. */
  readonly predictions: readonly Prediction[];
  readonly ms: Timing;
}

/** A model that takes several pictures at a time. */
export interface Runner {
  readonly model: ModelFacts;
  readonly cost: CostFacts;
  readonly labels: readonly Label[];
  /** Pictures that keep it busy. */
  readonly busy: number;
  /** Rejects with ImageError for a picture that cannot be read; with anything else where it cannot go on. */
  classify(input: Input): Promise<Verdict>;
  close(): void;
}

export interface RunnerOptions {
  /** Predictions for each picture. */
  readonly top: number;
  /** Pictures of more pixels are refused. */
  readonly maxPixels: number;
}

/** An input with what is known about it before it is classified. */
export interface Task {
  readonly input: Input;
  readonly meta?: Meta;
}

/** What tells a file from another one under the same name. */
export interface Meta {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  readonly sha256?: string;
}

export interface Outcome {
  readonly input: Input;
  readonly record: ImageRecord;
}
