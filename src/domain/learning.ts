import type { ModelFacts } from './classification.js';

/** A share with the limits of its 95 % confidence interval, all from 0 to 1. */
interface ShareWithLimits {
  readonly value: number;
  readonly low95: number;
  readonly high95: number;
}

/** What an accuracy was measured on: images of `--test`, those held out, or each one without its fold. */
export type MeasuredOn = 'test' | 'held-out' | 'cross-validation';

/** What `mobilenet learn` has done; with `--json` this is its output. */
export interface LearnReport {
  readonly model: {
    readonly name: string;
    /** The model whose features are classified, at its resolution. */
    readonly backbone: string;
    readonly resolution: number;
    readonly dtype: ModelFacts['dtype'];
    /** `test`: images of the class that the accuracy was measured on. */
    readonly classes: readonly { readonly label: string; readonly train: number; readonly test: number }[];
  };
  readonly accuracy: ShareWithLimits & {
    readonly pictures: number;
    readonly measuredOn: MeasuredOn;
    /** Of all images that were learned from, each without its fold. */
    readonly crossValidated: number;
  };
  readonly confusion: { readonly labels: readonly string[]; readonly counts: readonly (readonly number[])[] };
  /** Null where it was switched off. */
  readonly unknown: {
    readonly threshold: number;
    /** The share of images of the classes that are taken for unknown: of those the accuracy was measured on. */
    readonly falseAlarms: number;
  } | null;
  /** Expected calibration error, cross-validated. */
  readonly calibration: { readonly ece: number };
  readonly failed: readonly {
    readonly file: string;
    readonly error: { readonly code: string; readonly message: string };
  }[];
  /** The same image in two classes: left out. */
  readonly duplicatesAcrossClasses: readonly (readonly [string, string])[];
  /** Images that the others say are of another class, the most certain first. */
  readonly mislabelled: readonly Mislabelled[];
  readonly warnings: readonly string[];
  readonly ms: { readonly embed: number; readonly fit: number; readonly total: number };
  readonly seed: number;
}

/** An image that may lie in the wrong folder. */
export interface Mislabelled {
  readonly file: string;
  readonly label: string;
  readonly predicted: string;
  /** Of `predicted`, by a classifier that has not seen this image. */
  readonly probability: number;
}
