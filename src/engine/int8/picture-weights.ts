import { toFloat32 } from '../../weights/half.js';
import type { FoldedWeights } from '../pack.js';

/** Correlation of a pixel of photos with the one beside it, and of two colours of a pixel. */
const OF_NEIGHBOURS = 0.97;
const OF_COLOURS = 0.9;

/** Inputs of a window from which on plain rounding must do, as the work grows with their third power. */
const MOST_INPUTS = 256;

/**
 * Weights [ky][kx][channel][outChannels] of a convolution of the picture as whole multiples of a unit. Pixels of a window are
 * much alike, so what rounding takes from a weight is given to those after it, in the shares that leave the least error in
 * the sum (as GPTQ, arXiv:2210.17323, does layer by layer).
 * @param steps for each output channel, one unit of a weight times its input's scale
 * @param scale of each channel of the picture
 * @param most units of a weight
 */
export function roundForPictures(
  weights: FoldedWeights['weights'],
  steps: Float32Array,
  scale: Float32Array,
  most: number,
): FoldedWeights['weights'] {
  const count = weights.length / steps.length;
  if (count > MOST_INPUTS) return weights;
  const shares = sharesOf(correlations(Math.sqrt(count / scale.length), scale.length));
  const rounded = Float32Array.from(toFloat32(weights));
  const lost = new Float64Array(count);
  steps.forEach((step, n) => {
    for (let input = 0; input < count; input++) {
      const unit = step / scale[input % scale.length]!;
      const at = input * steps.length + n;
      const exact = rounded[at]! / unit;
      let wanted = exact;
      for (let before = 0; before < input; before++) wanted += shares[before]![input]! * lost[before]!;
      const integer = Math.max(-most, Math.min(most, Math.round(wanted)));
      lost[input] = exact - integer;
      rounded[at] = integer * unit;
    }
  });
  return rounded;
}

/** How much alike the inputs of a window are, each with each. */
function correlations(kernelSize: number, channels: number): Float64Array[] {
  const ofDistance = [1];
  while (ofDistance.length < 2 * kernelSize) ofDistance.push(ofDistance.at(-1)! * OF_NEIGHBOURS);
  const inputs = Array.from({ length: kernelSize ** 2 * channels }, (_, input) => {
    const pixel = Math.floor(input / channels);
    return { x: pixel % kernelSize, y: Math.floor(pixel / kernelSize), channel: input % channels };
  });
  return inputs.map((a) =>
    Float64Array.from(inputs, (b) => {
      const ofPixels = ofDistance[Math.abs(a.x - b.x) + Math.abs(a.y - b.y)]!;
      return a.channel === b.channel ? ofPixels : ofPixels * OF_COLOURS;
    }),
  );
}

/** The unit upper triangular U of U·D·Uᵀ = `matrix`: how much of input i's error input j has to make good, in row i < j. */
function sharesOf(matrix: readonly Float64Array[]): Float64Array[] {
  const count = matrix.length;
  const shares = matrix.map(() => new Float64Array(count));
  const rest = new Float64Array(count);
  for (let j = count - 1; j >= 0; j--) {
    for (let i = 0; i <= j; i++) {
      let sum = matrix[i]![j]!;
      for (let k = j + 1; k < count; k++) sum -= rest[k]! * shares[i]![k]! * shares[j]![k]!;
      shares[i]![j] = sum;
    }
    rest[j] = shares[j]![j]!;
    for (let i = 0; i <= j; i++) shares[i]![j] = shares[i]![j]! / rest[j]!;
  }
  return shares;
}
