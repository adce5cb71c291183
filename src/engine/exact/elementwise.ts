import type { QuantisedMap, QuantisedPool, StoredRange } from '../../weights/quantised-graph.js';
import { clampInteger, type FixedMultiplier, multiplyFixed } from './multiplier.js';
import { type ExactConstants, roundUp } from './pack.js';

/** Maps here hold stored value − zero point, channels rounded up, so that 0 is always zero. */
type Centred = Int16Array;

/** Index of 0 in a table over all centred values, −255 … 255. */
const MIDDLE = 256;

/** A function of one centred value as a table; the result is centred too. */
function tabulate(compute: (value: number) => number): Int32Array {
  return Int32Array.from({ length: 2 * MIDDLE }, (_, index) => compute(index - MIDDLE));
}

export function prepareRescale(multiplier: FixedMultiplier, map: QuantisedMap, range: StoredRange) {
  const [low, high] = centre(map, range);
  const table = tabulate((value) => clampInteger(multiplyFixed(value, multiplier), low, high));
  return (to: Centred, from: Centred): void => {
    for (let index = 0; index < to.length; index++) to[index] = table[from[index]! + MIDDLE]!;
  };
}

/** The mean is one multiplication of the sum: the multiplier takes over the division by the count. */
export function prepareMean(
  ratio: FixedMultiplier,
  input: QuantisedMap,
  output: QuantisedMap,
  constants: ExactConstants,
) {
  const pixels = input.shape.height * input.shape.width;
  const shift = Math.min(31 - Math.clz32(pixels), 32, 31 + ratio.shift);
  const mantissa = Number((BigInt(ratio.mantissa) << BigInt(shift)) / BigInt(pixels));
  const multiplier = { mantissa, shift: ratio.shift - shift };
  const [low, high] = centre(output, output.signed ? [-128, 127] : [0, 255]);
  const channels = roundUp(output.shape.channels, constants);
  return (to: Centred, from: Centred): void => {
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let at = channel; at < pixels * channels; at += channels) sum += from[at]!;
      to[channel] = clampInteger(multiplyFixed(sum, multiplier), low, high);
    }
  };
}

/** Windows count what lies inside of the map; averages round halves away from 0 in stored values. */
export function preparePool(
  layer: QuantisedPool,
  input: QuantisedMap,
  output: QuantisedMap,
  constants: ExactConstants,
) {
  const { kind, kernelHeight, kernelWidth, stride, pads } = layer;
  const { height, width } = input.shape;
  const channels = roundUp(input.shape.channels, constants);
  const [low, high] = centre(output, layer.range);
  const { zeroPoint } = input;
  const poolWindow = (from: Centred, channel: number, top: number, left: number): number => {
    const lastY = Math.min(top + kernelHeight, height);
    const lastX = Math.min(left + kernelWidth, width);
    let sum = 0;
    let count = 0;
    let largest = Number.NEGATIVE_INFINITY;
    for (let y = Math.max(top, 0); y < lastY; y++) {
      for (let x = Math.max(left, 0); x < lastX; x++) {
        const value = from[(y * width + x) * channels + channel]!;
        sum += value + zeroPoint;
        largest = Math.max(largest, value);
        count++;
      }
    }
    if (kind === 'maxPool') return largest;
    const half = Math.trunc(count / 2);
    return Math.trunc((sum > 0 ? sum + half : sum - half) / count) - zeroPoint;
  };
  return (to: Centred, from: Centred): void => {
    let at = 0;
    for (let y = 0; y < output.shape.height; y++) {
      for (let x = 0; x < output.shape.width; x++) {
        for (let channel = 0; channel < channels; channel++) {
          const value = poolWindow(from, channel, y * stride - pads.top, x * stride - pads.left);
          to[at++] = clampInteger(value, low, high);
        }
      }
    }
  };
}

/** A range of stored values, less the zero point. */
export function centre({ zeroPoint }: QuantisedMap, [low, high]: StoredRange): StoredRange {
  return [low - zeroPoint, high - zeroPoint];
}
