/** A positive real number as mantissa · 2^(shift − 31), 2³⁰ ≤ mantissa < 2³¹; zero is mantissa 0. */
export interface FixedMultiplier {
  readonly mantissa: number;
  readonly shift: number;
}

const MOST_SHIFT = 30;

/**
 * `value` with 31 bits, as TFLite's `QuantizeMultiplier` rounds it; what lies below 2⁻³² becomes 0.
 * Returns undefined for what is not a number from 0 to 2³⁰.
 */
export function quantiseMultiplier(value: number): FixedMultiplier | undefined {
  if (!(value >= 0 && value < 2 ** MOST_SHIFT)) return undefined;
  if (value === 0) return { mantissa: 0, shift: 0 };
  // 0.5 ≤ value · 2^−shift < 1; the estimate may be one off.
  let shift = Math.floor(Math.log2(value)) + 1;
  if (value / 2 ** shift >= 1) shift++;
  else if (value / 2 ** shift < 0.5) shift--;
  let mantissa = Math.round((value / 2 ** shift) * 2 ** 31);
  if (mantissa === 2 ** 31) {
    mantissa /= 2;
    shift++;
  }
  return shift < -31 ? { mantissa: 0, shift: 0 } : { mantissa, shift };
}

/**
 * a · b / 2³¹, halves upwards, for 32-bit integers (gemmlowp's SaturatingRoundingDoublingHighMul). The product is taken
 * in two parts that doubles hold exactly.
 */
export function multiplyHigh(a: number, b: number): number {
  if (a === -(2 ** 31) && b === a) return 2 ** 31 - 1;
  const high = Math.floor(b / 65536);
  const low = b - high * 65536;
  return Math.floor((a * high + Math.floor((a * low + 2 ** 30) / 65536)) / 32768);
}

/** value / 2^exponent, halves away from 0. */
export function divideByPower(value: number, exponent: number): number {
  const quotient = Math.abs(value) / 2 ** exponent;
  return value < 0 ? -Math.floor(quotient + 0.5) : Math.floor(quotient + 0.5);
}

/** TFLite's `MultiplyByQuantizedMultiplier` with two roundings; a left shift wraps at 32 bits. */
export function multiplyFixed(value: number, { mantissa, shift }: FixedMultiplier): number {
  const shifted = shift > 0 ? (value * 2 ** shift) | 0 : value;
  return divideByPower(multiplyHigh(shifted, mantissa), shift > 0 ? 0 : -shift);
}

export function clampInteger(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
