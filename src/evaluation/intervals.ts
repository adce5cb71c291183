/** A share with the limits of its 95 % confidence interval, all from 0 to 1. */
export interface Share {
  readonly value: number;
  readonly low95: number;
  readonly high95: number;
}

/** The standard normal distribution's 97.5 % quantile. */
const Z = 1.959963984540054;

/** `hits` of `n`, n ≥ 1, with Wilson's limits (1927), which also hold near 0 and 1 and for few observations. */
export function shareOf(hits: number, n: number): Share {
  const value = hits / n;
  const squared = Z ** 2 / n;
  const centre = (value + squared / 2) / (1 + squared);
  const half = (Z * Math.sqrt((value * (1 - value)) / n + squared / (4 * n))) / (1 + squared);
  // At the ends, rounding must not lead beyond the value.
  return { value, low95: hits === 0 ? 0 : centre - half, high95: hits === n ? 1 : centre + half };
}
