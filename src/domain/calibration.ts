/** What a model's integer ranges were chosen by, and how far integers are from floats on images that nothing was chosen by. */
export interface CalibrationFacts {
  readonly images: number;
  /** Of these the ones that were left out at first, to compare integers with floats. */
  readonly heldOut: number;
  /** Held-out images with the same top class in integers and floats. */
  readonly sameTop: number;
  /** The largest change of the probability of any class on a held-out image, 0 to 1. */
  readonly largestChange: number;
}
