import type { CalibrationFacts } from './calibration.js';

/** One model, bundled, installed or published; fields as `mobilenet models --json` gives them. */
export interface ModelRecord {
  readonly name: string;
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  /** Numbers that the weights are stored in. */
  readonly dtype: string;
  /** Of the weights, or of the file to fetch; null where nobody says. */
  readonly bytes: number | null;
  /** In percent, as published; null where nobody says. */
  readonly top1: number | null;
  readonly top5: number | null;
  /** With 1000 classes; null for a network of the user's own. */
  readonly macs: number | null;
  readonly licence: string | null;
  readonly origin: string;
  /** Where `import --calibrate` chose integer ranges. */
  readonly calibration?: CalibrationFacts;
}

export interface PublishedRecord extends ModelRecord {
  readonly format: string;
  /** The day when the address was last seen to give the file; null: it was not tried. */
  readonly checked: string | null;
}

export interface ModelsRecord {
  /** The folder of installed models. */
  readonly store: string;
  /** The bundled models; absent where only those installed were asked for. */
  readonly box?: readonly ModelRecord[];
  readonly installed: readonly ModelRecord[];
  readonly damaged: readonly { readonly name: string; readonly problem: string }[];
  /** Vectors of images that are kept to save time. */
  readonly cache: { readonly path: string; readonly vectors: number; readonly bytes: number };
  /** Published and not installed; absent like `box`. */
  readonly available?: readonly PublishedRecord[];
}
