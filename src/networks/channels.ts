import { UsageError } from '../errors/errors.js';

/** What a builder takes. `alpha` is the width multiplier, `classes` the length of the output. */
export interface BuildOptions {
  readonly alpha?: number;
  readonly classes?: number;
}

/**
 * Upper bounds under which every count (also the FLOPs of the standard-convolution twin of the largest network)
 * stays an exact integer in a double.
 */
export const MAX_ALPHA = 16;
export const MAX_RESOLUTION = 4096;
export const MAX_CLASSES = 1_000_000;

/** Fills in the defaults (α 1, 1000 classes). Throws UsageError for a value that no network takes. */
export function checkBuildOptions(id: string, options: BuildOptions): Required<BuildOptions> {
  const { alpha = 1, classes = 1000 } = options;
  if (!(alpha > 0 && alpha <= MAX_ALPHA)) {
    throw new UsageError({
      where: id,
      problem: `alpha ${alpha}`,
      expected: `a number above 0 and at most ${MAX_ALPHA}`,
    });
  }
  if (!(Number.isInteger(classes) && classes >= 1 && classes <= MAX_CLASSES)) {
    throw new UsageError({
      where: id,
      problem: `${classes} classes`,
      expected: `a whole number from 1 to ${MAX_CLASSES}`,
    });
  }
  return { alpha, classes };
}

/** MobileNet v1's rule: the width times α, cut to a whole number, at least 8 (TF-slim `mobilenet_v1.py`). */
export function scaleChannels(channels: number, alpha: number): number {
  return Math.max(Math.floor(channels * alpha), 8);
}

/**
 * MobileNet v2's and EfficientNet's rule: the width times α to the nearest multiple of 8, at least 8, and never
 * more than 10 % below the unrounded value (TF-slim `make_divisible`).
 */
export function scaleToMultipleOf8(channels: number, alpha: number): number {
  const scaled = channels * alpha;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}
