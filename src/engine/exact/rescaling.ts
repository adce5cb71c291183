import { clampInteger, type FixedMultiplier, multiplyFixed } from './multiplier.js';

/** Sums from `low` to `high` and what they become: bytes from `min` to `max`, `outZero` for 0. */
export interface Rescaling {
  readonly multiplier: FixedMultiplier;
  readonly low: number;
  readonly high: number;
  readonly outZero: number;
  readonly min: number;
  readonly max: number;
}

/** What `storeExact` computes with: see there. */
export interface FastRescaling {
  readonly factor: number;
  readonly half: number;
  /** Is added to negative products besides. */
  readonly turn: number;
}

/** In one product, the two roundings as one: the second is one of a number of whole 2^shift. */
export function fastRescaling({ mantissa, shift }: FixedMultiplier): FastRescaling {
  const turn = shift < 0 ? 2 ** (shift - 1) : 0;
  return { factor: mantissa * 2 ** (shift - 31), half: turn + 2 ** (shift - 32), turn: -2 * turn };
}

/** Whether no result is below the zero point, so that negative products need no turn. */
export function isClipped({ outZero, min }: Rescaling): boolean {
  return min >= outZero;
}

/** A double's whole numbers reach from −2⁵³ to 2⁵³; half of a unit, and 2³⁰ units, are added to products. */
const MOST_PRODUCT = 2 ** 52 - 2 ** 31;
/** Up to here products are either as small, or of results far outside of a byte. */
const MOST_RIGHT = 12;

/**
 * Whether the fast rescaling gives the exact results. Where doubles do not hold the products it still may: neither way's results
 * fall when sums rise, so that it is enough that they change at the same sums.
 */
export function isFastExact(rescaling: Rescaling): boolean {
  const { multiplier, low, high } = rescaling;
  const { mantissa, shift } = multiplier;
  if (shift > 0 || low < -(2 ** 31) || high >= 2 ** 31) return false;
  if (-shift <= MOST_RIGHT || Math.max(-low, high) * mantissa <= MOST_PRODUCT) return true;
  const exact = (sum: number) => resultOf(multiplyFixed(sum, multiplier), rescaling);
  const fast = fastResult(rescaling);
  const [first, last] = [exact(low), exact(high)];
  if (fast(low) !== first || fast(high) !== last) return false;
  for (let result = first + 1; result <= last; result++) {
    const sum = firstSum(low, high, (each) => exact(each) >= result);
    if (fast(sum) < result || fast(sum - 1) >= result) return false;
  }
  return true;
}

/** 1.5 · 2⁵², as in `exact-requantise`: added to a number, it leaves the nearest integer. */
const ROUNDING = 1.5 * 2 ** 52;

function fastResult(rescaling: Rescaling): (sum: number) => number {
  const { factor, half, turn } = fastRescaling(rescaling.multiplier);
  return (sum) => {
    const product = sum * factor;
    const more = product < 0 && !isClipped(rescaling) ? half + turn : half;
    return resultOf(product + more + ROUNDING - ROUNDING, rescaling);
  };
}

function resultOf(value: number, { outZero, min, max }: Rescaling): number {
  return clampInteger(value + outZero, min, max);
}

/** The smallest from `low` + 1 to `high` that fits, where all above it do and `high` does. */
function firstSum(low: number, high: number, fits: (sum: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (fits(middle)) above = middle;
    else below = middle;
  }
  return above;
}
