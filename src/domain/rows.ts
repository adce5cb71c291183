import type { Classification } from './classification.js';

/** An image of several that was classified. */
export interface ClassifiedRow<Image> extends Classification {
  readonly ok: true;
  /** Its place among the images, from 0. */
  readonly index: number;
  /** What was handed in. */
  readonly image: Image;
}

/** An image of several that could not be classified; the others go on. */
export interface FailedRow<Image> {
  readonly ok: false;
  /** Its place among the images, from 0. */
  readonly index: number;
  /** What was handed in. */
  readonly image: Image;
  /** `code` as that of the errors which `classify` rejects with. */
  readonly error: { readonly code: string; readonly message: string };
}

/** What became of one image of several: `row.ok` tells which. */
export type Row<Image> = ClassifiedRow<Image> | FailedRow<Image>;
