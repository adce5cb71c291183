/**
 * The smallest of the values that at least `share` (0…1) of them do not exceed (nearest rank); 0.5 gives the median.
 * Of no values, NaN.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
