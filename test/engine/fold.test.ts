import { describe, expect, it } from 'vitest';
import { foldBatchNorm } from '../../src/engine/fold.js';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import type { Tensor } from '../../src/weights/types.js';

const vector = (...values: number[]): Tensor => ({ shape: [values.length], data: Float32Array.of(...values) });

const gamma = vector(0.5, -1.5, 2);
const beta = vector(1, 2, -3);
const mean = vector(0.25, -4, 10);
const variance = vector(4, 0.09, 1e-8);
const batchNorm = { gamma, beta, mean, variance };

/** y = Σ x·w, then the batch norm as its paper writes it: two steps, in double precision. */
function unfolded(inputs: readonly number[], weights: Tensor, bias: readonly number[], epsilon: number): number[] {
  const channels = weights.shape.at(-1)!;
  return Array.from({ length: channels }, (_, channel) => {
    let sum = bias[channel]!;
    for (const [row, input] of inputs.entries()) sum += input * weights.data[row * channels + channel]!;
    const normal = (sum - mean.data[channel]!) / Math.sqrt(variance.data[channel]! + epsilon);
    return gamma.data[channel]! * normal + beta.data[channel]!;
  });
}

function folded(inputs: readonly number[], { weights: data, bias }: ReturnType<typeof foldBatchNorm>): number[] {
  const weights = toFloat32(data);
  return [...bias].map((start, channel) =>
    inputs.reduce((sum, input, row) => sum + input * weights[row * bias.length + channel]!, start),
  );
}

const pointwise: Tensor = { shape: [2, 3], data: Float32Array.of(1, 2, 3, -4, 0.5, 6) };
const depthwise: Tensor = { shape: [2, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)) };

describe('foldBatchNorm', () => {
  it.each([
    ['pointwise', pointwise, [0.3, -0.7], 1e-3],
    ['pointwise', pointwise, [0.3, -0.7], 1e-5],
    ['depthwise', depthwise, [1, -2, 0.5, 3], 1e-3],
  ])('gives what a %s layer and its batch norm give one after the other', (_, weights, inputs, epsilon) => {
    const results = folded(inputs, foldBatchNorm({ weights, batchNorm }, epsilon));
    const expected = unfolded(inputs, weights, [0, 0, 0], epsilon);
    for (const [channel, value] of expected.entries()) {
      expect(Math.abs(results[channel]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)) * 10);
    }
  });

  it('takes a bias before the batch norm into account', () => {
    const bias = vector(1, -2, 3);
    const results = folded([0, 0], foldBatchNorm({ weights: pointwise, bias, batchNorm }, 1e-3));
    const expected = unfolded([0, 0], pointwise, [1, -2, 3], 1e-3);
    for (const [channel, value] of expected.entries()) {
      expect(Math.abs(results[channel]! - value)).toBeLessThan(1e-4);
    }
  });

  it('leaves a layer without batch norm as it is, with zeros for a bias', () => {
    const layer = foldBatchNorm({ weights: pointwise }, 1e-3);
    expect(layer.weights).toBe(pointwise.data);
    expect([...layer.bias]).toEqual([0, 0, 0]);
  });

  it('keeps half precision where there is nothing to fold, widens it where there is', () => {
    const half: Tensor = { shape: [2, 3], data: narrowToHalf(pointwise.data as Float32Array, 'test') };
    expect(foldBatchNorm({ weights: half, bias: beta }, 1e-3)).toEqual({ weights: half.data, bias: beta.data });
    const single = foldBatchNorm({ weights: pointwise, batchNorm }, 1e-3);
    expect(foldBatchNorm({ weights: half, batchNorm }, 1e-3)).toEqual(single);
  });
});
