/** A count in millions, with a fixed number of decimals: 300774272 → `300.8` for 1. */
export function megas(count: number, decimals: number): string {
  return (count / 1e6).toFixed(decimals);
}

/** A whole number with commas: `568,740,352`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Bytes in MB of 10^6 bytes, two decimals: `16.88 MB`. */
export function megabytes(bytes: number): string {
  return `${megas(bytes, 2)} MB`;
}

/** A width multiplier with at least one decimal: `1.0`, `0.25`. */
export function alphaText(alpha: number): string {
  return Number.isInteger(alpha) ? alpha.toFixed(1) : String(alpha);
}
