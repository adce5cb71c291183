import type { InputAffine } from './imported-model.js';

/** Networks are trained on values of about −3…3. */
const LARGEST_NORMALISED = 8;

/**
 * Whether what a graph does to its input first is done to bytes: unless only values of 0…1 become such as networks are
 * trained on. A mean of about 120 that is subtracted alone is one of bytes, too.
 */
export function takesBytes({ scale, offset }: InputAffine): boolean {
  const reach = (unit: number) =>
    Math.max(...scale.map((factor, c) => Math.abs(factor * unit + offset[c]!)), ...offset.map(Math.abs));
  return !(reach(255) > LARGEST_NORMALISED && reach(1) <= LARGEST_NORMALISED);
}
