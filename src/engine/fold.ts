import { toFloat32 } from '../weights/half.js';
import type { LayerWeights } from '../weights/types.js';
import type { FoldedWeights } from './pack.js';

/**
 * Batch norm drawn into the linear operation before it (arXiv 1502.03167, section 3.1):
 * weights · s and beta + (bias − mean) · s with s = gamma / √(variance + epsilon), in double precision.
 * All weight layouts of `networks/types.ts` have the output channel last, so one rule fits every kind. A layer that
 * is folded already, or has no batch norm, comes back as it is with a bias (zeros where it had none).
 * @returns weights in the layer's own layout, one bias for each output channel
 */
export function foldBatchNorm(layer: LayerWeights, epsilon: number): FoldedWeights {
  const channels = layer.weights.shape.at(-1) ?? 0;
  const bias = layer.bias ? toFloat32(layer.bias.data) : new Float32Array(channels);
  if (!layer.batchNorm) return { weights: layer.weights.data, bias };

  const source = toFloat32(layer.weights.data);
  const gamma = toFloat32(layer.batchNorm.gamma.data);
  const beta = toFloat32(layer.batchNorm.beta.data);
  const mean = toFloat32(layer.batchNorm.mean.data);
  const variance = toFloat32(layer.batchNorm.variance.data);
  const scale = new Float64Array(channels);
  const folded = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    scale[channel] = gamma[channel]! / Math.sqrt(variance[channel]! + epsilon);
    folded[channel] = beta[channel]! + (bias[channel]! - mean[channel]!) * scale[channel]!;
  }
  const weights = new Float32Array(source.length);
  for (let row = 0; row < source.length; row += channels) {
    for (let channel = 0; channel < channels; channel++) {
      weights[row + channel] = source[row + channel]! * scale[channel]!;
    }
  }
  return { weights, bias: folded };
}
