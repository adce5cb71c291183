import { divideByPower, type FixedMultiplier, multiplyHigh } from './multiplier.js';

/**
 * Exponentials for softmax of 8-bit integers in fixed point, as TFLite's reference kernel computes it with gemmlowp's `fixedpoint.h`.
 * Numbers are 32-bit integers; "Qm" stands for m integer bits and 31 − m fractional ones.
 */

/** Integer bits of a difference before the exponential. */
const DIFFERENCE_BITS = 5;
const ONE = 2 ** 31 - 1;

/** beta · scale as a multiplier of integer differences, to Q5; undefined where it would not enlarge them. */
export function softmaxMultiplier(scale: number): FixedMultiplier | undefined {
  const real = Math.min(scale * 2 ** (31 - DIFFERENCE_BITS), ONE);
  if (!(real > 1)) return undefined;
  const exponent = Math.floor(Math.log2(real)) + 1;
  const shift = real / 2 ** exponent >= 1 ? exponent + 1 : real / 2 ** exponent < 0.5 ? exponent - 1 : exponent;
  const mantissa = Math.round((real / 2 ** shift) * 2 ** 31);
  return mantissa === 2 ** 31 ? { mantissa: 2 ** 30, shift: shift + 1 } : { mantissa, shift };
}

/** e^−(n · scale) in Q0 for n = 0 … 255, as `exact_softmax_u8` reads them: 0 from where the difference is too large for Q5. */
export function softmaxExponentials({ mantissa, shift }: FixedMultiplier): Int32Array {
  const furthest = Math.floor(((2 ** DIFFERENCE_BITS - 1) * 2 ** (31 - DIFFERENCE_BITS)) / 2 ** shift);
  return Int32Array.from({ length: 256 }, (_, step) =>
    step > furthest ? 0 : exponential(multiplyHigh((-step * 2 ** shift) | 0, mantissa)),
  );
}

/** e^(2^k) to the power −1 in Q0, for k = −2 … 4. */
const POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];

/** e^value of a Q5 ≤ 0, in Q0: a Taylor series within a quarter, then one factor for each bit that is set above. */
function exponential(value: number): number {
  if (value === 0) return ONE;
  const fraction = 31 - DIFFERENCE_BITS;
  const quarter = 2 ** (fraction - 2);
  const within = (value & (quarter - 1)) - quarter;
  const rest = within - value;
  let result = exponentialWithinQuarter(saturate(within * 2 ** DIFFERENCE_BITS));
  for (const [index, power] of POWERS.entries()) {
    if ((rest & (1 << (fraction + index - 2))) !== 0) result = multiplyHigh(result, power);
  }
  return result;
}

/** e^a for −1/4 ≤ a < 0 in Q0, by the series around −1/8 to the fourth power. */
function exponentialWithinQuarter(a: number): number {
  const centre = 1895147668;
  const third = 715827883;
  const x = a + 2 ** 28;
  const x2 = multiplyHigh(x, x);
  const x3 = multiplyHigh(x2, x);
  const x4 = multiplyHigh(x2, x2);
  const above = divideByPower(multiplyHigh(divideByPower(x4, 2) + x3, third) + x2, 1);
  return centre + multiplyHigh(centre, x + above);
}

function saturate(value: number): number {
  return Math.max(-(2 ** 31), Math.min(ONE, value));
}
