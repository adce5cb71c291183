/**
 * Weights in the kernels' layouts, written element by element from the layouts' description (apart from the engine's own
 * packing, so that an error in one does not hide in the other).
 */

/** [depth][outChannels] and biases → panels of 8 outputs; depth padded with zeros to a multiple of `multiple`. */
export function packPanels(weights: Float32Array, bias: Float32Array, multiple = 1): Float32Array {
  const outChannels = bias.length;
  const depth = weights.length / outChannels;
  const padded = Math.ceil(depth / multiple) * multiple;
  const packed = new Float32Array((outChannels / 8) * 8 * (padded + 1));
  for (let n = 0; n < outChannels; ++n) {
    const panel = Math.floor(n / 8) * 8 * (padded + 1);
    packed[panel + (n % 8)] = bias[n]!;
    for (let k = 0; k < depth; ++k) packed[panel + 8 * (k + 1) + (n % 8)] = weights[k * outChannels + n]!;
  }
  return packed;
}

export function packDepthwise(weights: Float32Array, bias: Float32Array): Float32Array {
  return Float32Array.from([...bias, ...weights]);
}
