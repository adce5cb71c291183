import type { Activation, ResolvedLayer, ResolvedNetwork, Shape } from '../src/networks/types.js';
import { NETWORK_INPUT } from '../src/networks/types.js';
import type { LayerWeights, NetworkWeights, Tensor } from '../src/weights/types.js';

/**
 * The naive reference beside the engine: plain loops in double precision over unpadded height × width × channels maps,
 * nothing folded, nothing fused. Slow (about a GMAC each second) and meant to be read.
 */
export interface ReferenceOptions {
  /** Added to a batch norm's variance: 1e-3 for TensorFlow's weights, 1e-5 for PyTorch's. */
  readonly epsilon?: number;
  /** Called with each layer's output as it is made. */
  readonly onLayer?: (layer: ResolvedLayer, output: Float64Array) => void;
}

interface FeatureMap {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Runs `resolved` on one picture (height × width × channels, already preprocessed) and returns the last layer's map. */
export function runReference(
  resolved: ResolvedNetwork,
  weights: NetworkWeights,
  input: Float32Array,
  options: ReferenceOptions = {},
): Float32Array {
  const { epsilon = 1e-3, onLayer } = options;
  if (input.length !== countElements(resolved.inputShape)) {
    throw new Error(`reference: ${input.length} input values, expected ${countElements(resolved.inputShape)}`);
  }
  const maps = new Map<string, FeatureMap>();
  maps.set(NETWORK_INPUT, { shape: resolved.inputShape, data: Float64Array.from(input) });
  const lastUse = new Map<string, number>();
  resolved.layers.forEach((layer, index) => {
    for (const name of layer.inputs) lastUse.set(name, index);
  });

  let last: FeatureMap | undefined;
  resolved.layers.forEach((layer, index) => {
    const inputs = layer.inputs.map((name) => {
      const map = maps.get(name);
      if (map === undefined) throw new Error(`reference: ${layer.name} reads ${name}, which is not there`);
      return map;
    });
    const data = runLayer(layer, inputs, weights.get(layer.name), epsilon);
    if (layer.range !== undefined) clip(data, layer.range);
    last = { shape: layer.outputShape, data };
    maps.set(layer.name, last);
    onLayer?.(layer, data);
    for (const name of layer.inputs) if (lastUse.get(name) === index) maps.delete(name);
  });
  if (last === undefined) throw new Error('reference: a network without layers');
  return Float32Array.from(last.data);
}

function runLayer(
  layer: ResolvedLayer,
  inputs: readonly FeatureMap[],
  weights: LayerWeights | undefined,
  epsilon: number,
): Float64Array {
  const input = inputs[0]!;
  switch (layer.kind) {
    case 'conv': {
      const output = convolve(layer, input, read(layer, weights), layer.kernelSize, layer.stride);
      return finishLinear(layer, output, weights, epsilon);
    }
    case 'pointwise': {
      const output = convolve(layer, input, read(layer, weights), 1, layer.stride);
      return finishLinear(layer, output, weights, epsilon);
    }
    case 'dense': {
      const output = convolve(layer, input, read(layer, weights), 1, 1);
      return finishLinear(layer, output, weights, epsilon);
    }
    case 'depthwise': {
      const output = convolveDepthwise(layer, input, read(layer, weights), layer.kernelSize, layer.stride);
      return finishLinear(layer, output, weights, epsilon);
    }
    case 'add': {
      const other = inputs[1]!.data;
      return input.data.map((value, i) => value + other[i]!);
    }
    case 'scale': {
      const factors = inputs[1]!.data;
      const { channels } = input.shape;
      return input.data.map((value, i) => value * factors[i % channels]!);
    }
    case 'activation':
      return activate(input.data.slice(), layer.activation);
    case 'maxPool':
      return poolMaximum(layer, input, layer.kernelSize, layer.stride);
    case 'globalAveragePool':
      return average(input);
    case 'softmax':
      return softmax(input.data);
    default:
      return layer satisfies never;
  }
}

/** Weights [kernelSize, kernelSize, inChannels, outChannels] (or [inChannels, outChannels] where kernelSize is 1). */
function convolve(
  layer: ResolvedLayer,
  input: FeatureMap,
  weights: Float64Array,
  kernelSize: number,
  stride: number,
): Float64Array {
  const { height, width, channels: inChannels } = input.shape;
  const { channels: outChannels } = layer.outputShape;
  const output = new Float64Array(countElements(layer.outputShape));
  const sums = new Float64Array(outChannels);
  forEachPixel(layer.outputShape, (y, x, pixel) => {
    sums.fill(0);
    for (let ky = 0; ky < kernelSize; ky++) {
      const row = y * stride + ky - layer.pads.top;
      if (row < 0 || row >= height) continue;
      for (let kx = 0; kx < kernelSize; kx++) {
        const column = x * stride + kx - layer.pads.left;
        if (column < 0 || column >= width) continue;
        for (let channel = 0; channel < inChannels; channel++) {
          const value = input.data[(row * width + column) * inChannels + channel]!;
          const from = ((ky * kernelSize + kx) * inChannels + channel) * outChannels;
          for (let out = 0; out < outChannels; out++) sums[out]! += value * weights[from + out]!;
        }
      }
    }
    output.set(sums, pixel * outChannels);
  });
  return output;
}

/** Weights [kernelSize, kernelSize, channels]. */
function convolveDepthwise(
  layer: ResolvedLayer,
  input: FeatureMap,
  weights: Float64Array,
  kernelSize: number,
  stride: number,
): Float64Array {
  const { height, width, channels } = input.shape;
  const output = new Float64Array(countElements(layer.outputShape));
  forEachPixel(layer.outputShape, (y, x, pixel) => {
    for (let ky = 0; ky < kernelSize; ky++) {
      const row = y * stride + ky - layer.pads.top;
      if (row < 0 || row >= height) continue;
      for (let kx = 0; kx < kernelSize; kx++) {
        const column = x * stride + kx - layer.pads.left;
        if (column < 0 || column >= width) continue;
        const from = (row * width + column) * channels;
        const tap = (ky * kernelSize + kx) * channels;
        for (let c = 0; c < channels; c++) output[pixel * channels + c]! += input.data[from + c]! * weights[tap + c]!;
      }
    }
  });
  return output;
}

/** Taps outside of the map are left out, so that padding never wins. */
function poolMaximum(layer: ResolvedLayer, input: FeatureMap, kernelSize: number, stride: number): Float64Array {
  const { height, width, channels } = input.shape;
  const output = new Float64Array(countElements(layer.outputShape)).fill(Number.NEGATIVE_INFINITY);
  forEachPixel(layer.outputShape, (y, x, pixel) => {
    for (let ky = 0; ky < kernelSize; ky++) {
      const row = y * stride + ky - layer.pads.top;
      if (row < 0 || row >= height) continue;
      for (let kx = 0; kx < kernelSize; kx++) {
        const column = x * stride + kx - layer.pads.left;
        if (column < 0 || column >= width) continue;
        for (let c = 0; c < channels; c++) {
          const value = input.data[(row * width + column) * channels + c]!;
          output[pixel * channels + c] = Math.max(output[pixel * channels + c]!, value);
        }
      }
    }
  });
  return output;
}

function average(input: FeatureMap): Float64Array {
  const { height, width, channels } = input.shape;
  const output = new Float64Array(channels);
  for (let i = 0; i < input.data.length; i++) output[i % channels]! += input.data[i]!;
  return output.map((sum) => sum / (height * width));
}

function softmax(values: Float64Array): Float64Array {
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = values.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** Batch norm (as four tensors, or folded into a bias), or bias, then the activation; in place. */
function finishLinear(
  layer: ResolvedLayer & { readonly activation: Activation },
  data: Float64Array,
  weights: LayerWeights | undefined,
  epsilon: number,
): Float64Array {
  const { channels } = layer.outputShape;
  if (weights?.batchNorm !== undefined) {
    const gamma = widen(weights.batchNorm.gamma);
    const beta = widen(weights.batchNorm.beta);
    const mean = widen(weights.batchNorm.mean);
    const variance = widen(weights.batchNorm.variance);
    for (let i = 0; i < data.length; i++) {
      const c = i % channels;
      data[i] = (gamma[c]! * (data[i]! - mean[c]!)) / Math.sqrt(variance[c]! + epsilon) + beta[c]!;
    }
  }
  if (weights?.bias !== undefined) {
    const bias = widen(weights.bias);
    for (let i = 0; i < data.length; i++) data[i]! += bias[i % channels]!;
  }
  return activate(data, layer.activation);
}

function activate(data: Float64Array, activation: Activation): Float64Array {
  const apply = activations[activation];
  for (let i = 0; i < data.length; i++) data[i] = apply(data[i]!);
  return data;
}

const activations: Record<Activation, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  swish: (x) => x / (1 + Math.exp(-x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

function clip(data: Float64Array, [minimum, maximum]: readonly [number, number]): void {
  for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(data[i]!, minimum), maximum);
}

function read(layer: ResolvedLayer, weights: LayerWeights | undefined): Float64Array {
  if (weights === undefined) throw new Error(`reference: no weights for ${layer.name}`);
  const expected = layer.parameters.find((parameter) => parameter.name === 'weights')?.shape.join('×');
  const found = weights.weights.shape.join('×');
  if (found !== expected) throw new Error(`reference: ${layer.name} has weights ${found}, expected ${expected}`);
  return widen(weights.weights);
}

function widen({ data }: Tensor): Float64Array {
  return data instanceof Float32Array ? Float64Array.from(data) : Float64Array.from(data, decodeHalf);
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function forEachPixel({ height, width }: Shape, visit: (y: number, x: number, pixel: number) => void): void {
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(y, x, y * width + x);
}

function countElements({ height, width, channels }: Shape): number {
  return height * width * channels;
}
