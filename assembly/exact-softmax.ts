/** Integer bits of the sum of exponentials. */
const SUM_BITS: i64 = 12;
const HIGHEST: i64 = 2147483647;

/** a · b / 2³¹, halves upwards (gemmlowp's SaturatingRoundingDoublingHighMul of what is not the least number twice). */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: i64, b: i64): i64 {
  return (a * b + (1 << 30)) >> 31;
}

/** value / 2^exponent of a value that is not negative, halves upwards. */
// @ts-ignore: decorator
@inline
function divideByPower(value: i64, exponent: i64): i64 {
  return (value + ((<i64>1 << exponent) >> 1)) >> exponent;
}

// @ts-ignore: decorator
@inline
function saturate(value: i64): i64 {
  return max<i64>(-HIGHEST - 1, min<i64>(HIGHEST, value));
}

/** 1 / (1 + x) for 0 ≤ x < 1 with 31 fractional bits, by three Newton steps with 29. */
function reciprocalOfOnePlus(x: i64): i64 {
  const half = (x + HIGHEST + 1) >> 1;
  let estimate: i64 = 1515870810 + multiplyHigh(half, -1010580540);
  for (let step = 0; step < 3; ++step) {
    const error = (1 << 29) - multiplyHigh(half, estimate);
    estimate = <i64>(<i32>(estimate + saturate(multiplyHigh(estimate, error) * 4)));
  }
  return saturate(estimate * 2);
}

/**
 * Softmax of bytes in fixed point, as TFLite's reference kernel computes it with gemmlowp's `fixedpoint.h`: probabilities in
 * units of 1/256. exponentials: 256 i32, e^(−n · scale) with 31 fractional bits, 0 where it counts nothing. Output may be the
 * input.
 */
export function exact_softmax_u8(output: usize, input: usize, exponentials: usize, count: i32): void {
  let largest: i32 = 0;
  for (let i = 0; i < count; ++i) largest = max<i32>(largest, load<u8>(input + <usize>i));
  let sum: i32 = 0;
  for (let i = 0; i < count; ++i) {
    const difference = <usize>(largest - <i32>load<u8>(input + <usize>i));
    sum += <i32>divideByPower(<i64>load<i32>(exponentials + 4 * difference), SUM_BITS);
  }
  const headroom = clz<i32>(sum);
  const reciprocal = reciprocalOfOnePlus(<i64>(<u32>(sum << headroom)) - HIGHEST - 1);
  const places = SUM_BITS - <i64>headroom + 31 - 8;
  for (let i = 0; i < count; ++i) {
    const difference = <usize>(largest - <i32>load<u8>(input + <usize>i));
    const value = multiplyHigh(reciprocal, <i64>load<i32>(exponentials + 4 * difference));
    store<u8>(output + <usize>i, <u8>min<i64>(255, max<i64>(0, value <= 0 ? 0 : divideByPower(value, places))));
  }
}
