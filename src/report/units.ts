/** A count in millions, with a fixed number of decimals: 300774272 → `300.8` for 1. */
export function megas(count: number, decimals: number): string {
  return (count / 1e6).toFixed(decimals);
}

/** A whole number with commas: `568,740,352`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** From here on a number in millions has digits other than zero. */
const LEAST_IN_MILLIONS = 1e5;

/** A count in millions where it is large: `300.8 M`, `15,483.9 M`, otherwise in full: `5,120`. */
export function countText(count: number, decimals: number): string {
  return count < LEAST_IN_MILLIONS ? grouped(count) : `${separated(megas(count, decimals))} M`;
}

/** Bytes in decimal units: `16.88 MB`, `31.2 kB`, `840 B`. */
export function sizeText(bytes: number, decimals = 2): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < LEAST_IN_MILLIONS ? `${(bytes / 1e3).toFixed(1)} kB` : `${megas(bytes, decimals)} MB`;
}

/** The whole part with commas. */
function separated(decimal: string): string {
  const [whole, ...fraction] = decimal.split('.');
  return [grouped(Number(whole)), ...fraction].join('.');
}

/** A width multiplier with at least one decimal: `1.0`, `0.25`. */
export function alphaText(alpha: number): string {
  return Number.isInteger(alpha) ? alpha.toFixed(1) : String(alpha);
}
