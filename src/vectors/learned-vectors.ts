/** An image's distance from the learned ones is that of the k-th nearest (Sun et al. 2022, arXiv:2204.06507). */
export const NEIGHBOURS = 5;

const LARGEST = 127;

/** The vector's direction in integers: its largest value becomes 127. */
export function toIntegers(vector: Float32Array): Int8Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = largest > 0 ? LARGEST / largest : 0;
  return Int8Array.from(vector, (value) => Math.round(value * scale));
}
