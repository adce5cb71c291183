import type { Activated, Activation, ResolvedLayer, ResolvedNetwork, Shape } from '../src/networks/types.js';
import { NETWORK_INPUT } from '../src/networks/types.js';
import { windowOf } from '../src/networks/windows.js';
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
    case 'conv':
    case 'pointwise':
    case 'dense':
      return finishLinear(layer, convolve(layer, input, read(layer, weights)), weights, epsilon);
    case 'depthwise':
      return finishLinear(layer, convolveDepthwise(layer, input, read(layer, weights)), weights, epsilon);
    case 'add':
      return combine(inputs, (a, b) => a + b);
    case 'multiply':
      return combine(inputs, (a, b) => a * b);
    case 'subtract':
      return combine(inputs, (a, b) => a - b);
    case 'maximum':
      return combine(inputs, Math.max);
    case 'minimum':
      return combine(inputs, Math.min);
    case 'scale':
      return scale(input, inputs[1]!);
    case 'concat':
      return mapPixels(layer.outputShape, (y, x) => inputs.flatMap((map) => pixel(map, y, x)));
    case 'slice':
      return mapPixels(layer.outputShape, (y, x) => pixel(input, y, x).slice(layer.from, layer.to));
    case 'pad':
    case 'crop': {
      const sign = layer.kind === 'pad' ? 1 : -1;
      const around = new Array<number>(input.shape.channels).fill(layer.kind === 'pad' ? layer.value : 0);
      return mapPixels(layer.outputShape, (y, x) => {
        const [row, column] = [y - sign * layer.pads.top, x - sign * layer.pads.left];
        return isInside(input.shape, row, column) ? pixel(input, row, column) : around;
      });
    }
    case 'resize':
      return resize(layer, input);
    case 'flatten': {
      const { height, width, channels } = input.shape;
      if (layer.order === 'HWC') return input.data.slice();
      return Float64Array.from({ length: input.data.length }, (_, i) => {
        const [channel, place] = [Math.floor(i / (height * width)), i % (height * width)];
        return input.data[place * channels + channel]!;
      });
    }
    case 'activation':
      return activate(input.data.slice(), layer);
    case 'prelu': {
      const slopes = read(layer, weights);
      return input.data.map((value, i) => (value >= 0 ? value : value * slopes[i % slopes.length]!));
    }
    case 'maxPool':
      return pool(layer, input, (values) => Math.max(...values));
    case 'averagePool': {
      const { kernelHeight, kernelWidth } = windowOf(layer);
      return pool(layer, input, (values) => {
        return sum(values) / (layer.countsPadding ? kernelHeight * kernelWidth : values.length);
      });
    }
    case 'globalAveragePool':
      return average(input);
    case 'globalMaxPool':
      return input.data.slice(0, input.shape.channels).map((_, c) => {
        return Math.max(...input.data.filter((_value, i) => i % input.shape.channels === c));
      });
    case 'softmax':
      return softmax(input.data);
    default:
      return layer satisfies never;
  }
}

/** Calls `tap` for each place of the window at output (y, x) that lies inside of the map. */
function visitTaps(
  layer: ResolvedLayer,
  { height, width }: Shape,
  y: number,
  x: number,
  tap: (inPixel: number, kernelPixel: number) => void,
): void {
  // A dense layer is a 1 × 1 window on a 1 × 1 map.
  const window = windowOf(layer) ?? windowOf({ kind: 'pointwise', stride: 1 } as ResolvedLayer)!;
  for (let ky = 0; ky < window.kernelHeight; ky++) {
    const row = y * window.strideHeight + ky * window.dilationHeight - layer.pads.top;
    if (row < 0 || row >= height) continue;
    for (let kx = 0; kx < window.kernelWidth; kx++) {
      const column = x * window.strideWidth + kx * window.dilationWidth - layer.pads.left;
      if (column < 0 || column >= width) continue;
      tap(row * width + column, ky * window.kernelWidth + kx);
    }
  }
}

/** Weights [kernelHeight, kernelWidth, inChannels / groups, outChannels] (or [inChannels, outChannels]). */
function convolve(layer: ResolvedLayer, input: FeatureMap, weights: Float64Array): Float64Array {
  const { channels: inChannels } = input.shape;
  const { channels: outChannels } = layer.outputShape;
  const groups = layer.kind === 'conv' ? (layer.groups ?? 1) : 1;
  const [inOfGroup, outOfGroup] = [inChannels / groups, outChannels / groups];
  const output = new Float64Array(countElements(layer.outputShape));
  const sums = new Float64Array(outChannels);
  forEachPixel(layer.outputShape, (y, x, place) => {
    sums.fill(0);
    visitTaps(layer, input.shape, y, x, (inPixel, kernelPixel) => {
      for (let channel = 0; channel < inChannels; channel++) {
        const value = input.data[inPixel * inChannels + channel]!;
        const from = (kernelPixel * inOfGroup + (channel % inOfGroup)) * outChannels;
        const first = Math.floor(channel / inOfGroup) * outOfGroup;
        for (let out = first; out < first + outOfGroup; out++) sums[out]! += value * weights[from + out]!;
      }
    });
    output.set(sums, place * outChannels);
  });
  return output;
}

/** Weights [kernelHeight, kernelWidth, channels × multiplier]. */
function convolveDepthwise(layer: ResolvedLayer, input: FeatureMap, weights: Float64Array): Float64Array {
  const { channels } = input.shape;
  const { channels: outChannels } = layer.outputShape;
  const multiplier = outChannels / channels;
  const output = new Float64Array(countElements(layer.outputShape));
  forEachPixel(layer.outputShape, (y, x, place) => {
    visitTaps(layer, input.shape, y, x, (inPixel, kernelPixel) => {
      for (let out = 0; out < outChannels; out++) {
        const value = input.data[inPixel * channels + Math.floor(out / multiplier)]!;
        output[place * outChannels + out]! += value * weights[kernelPixel * outChannels + out]!;
      }
    });
  });
  return output;
}

/** `reduce` gets the values inside of the map: padding never wins a maximum. */
function pool(layer: ResolvedLayer, input: FeatureMap, reduce: (values: readonly number[]) => number): Float64Array {
  const { channels } = input.shape;
  const output = new Float64Array(countElements(layer.outputShape));
  forEachPixel(layer.outputShape, (y, x, place) => {
    const values = Array.from({ length: channels }, () => [] as number[]);
    visitTaps(layer, input.shape, y, x, (inPixel) => {
      for (let c = 0; c < channels; c++) values[c]!.push(input.data[inPixel * channels + c]!);
    });
    for (let c = 0; c < channels; c++) output[place * channels + c] = reduce(values[c]!);
  });
  return output;
}

function combine(inputs: readonly FeatureMap[], operator: (a: number, b: number) => number): Float64Array {
  return inputs[0]!.data.map((value, i) => operator(value, inputs[1]!.data[i]!));
}

/** Factors for each channel, for each pixel, or one for all. */
function scale(input: FeatureMap, factors: FeatureMap): Float64Array {
  const { channels } = input.shape;
  const isPerPixel = factors.shape.channels === 1;
  const pixels = factors.data.length;
  return input.data.map((value, i) => {
    return value * factors.data[isPerPixel ? (pixels === 1 ? 0 : Math.floor(i / channels)) : i % channels]!;
  });
}

function resize(layer: ResolvedLayer & { readonly kind: 'resize' }, input: FeatureMap): Float64Array {
  const { height, width } = input.shape;
  const rows = Array.from({ length: layer.height }, (_, y) => sourceOf(layer, y, height, layer.height));
  const columns = Array.from({ length: layer.width }, (_, x) => sourceOf(layer, x, width, layer.width));
  return mapPixels(layer.outputShape, (y, x) => {
    const [row, column] = [rows[y]!, columns[x]!];
    if (layer.method === 'nearest') return pixel(input, nearest(layer, row, height), nearest(layer, column, width));
    const [above, left] = [Math.floor(row), Math.floor(column)];
    const [below, right] = [Math.min(above + 1, height - 1), Math.min(left + 1, width - 1)];
    const mix = (a: readonly number[], b: readonly number[], share: number) => {
      return a.map((value, i) => value + (b[i]! - value) * share);
    };
    const upper = mix(pixel(input, above, left), pixel(input, above, right), column - left);
    const lower = mix(pixel(input, below, left), pixel(input, below, right), column - left);
    return mix(upper, lower, row - above);
  });
}

/** Where output pixel `i` lies on the input; before rounding, but for bilinear within the map. */
function sourceOf(layer: ResolvedLayer & { readonly kind: 'resize' }, i: number, from: number, to: number): number {
  const { method, coordinates } = layer;
  if (coordinates === 'alignCorners') return to > 1 ? (i * (from - 1)) / (to - 1) : 0;
  const position = coordinates === 'halfPixel' ? ((i + 0.5) * from) / to - 0.5 : (i * from) / to;
  return method === 'nearest' ? position : Math.min(Math.max(position, 0), from - 1);
}

function nearest(layer: ResolvedLayer & { readonly kind: 'resize' }, position: number, size: number): number {
  const rounded = layer.coordinates === 'asymmetric' ? Math.floor(position) : Math.floor(position + 0.5);
  return Math.min(Math.max(rounded, 0), size - 1);
}

function pixel({ shape, data }: FeatureMap, y: number, x: number): number[] {
  const from = (y * shape.width + x) * shape.channels;
  return Array.from(data.subarray(from, from + shape.channels));
}

function isInside({ height, width }: Shape, y: number, x: number): boolean {
  return y >= 0 && y < height && x >= 0 && x < width;
}

function mapPixels(shape: Shape, make: (y: number, x: number) => readonly number[]): Float64Array {
  const output = new Float64Array(countElements(shape));
  forEachPixel(shape, (y, x, place) => output.set(make(y, x), place * shape.channels));
  return output;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
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
  layer: ResolvedLayer & Activated,
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
  return activate(data, layer);
}

function activate(data: Float64Array, { activation, activationParameters = [] }: Activated): Float64Array {
  const apply = activations[activation];
  for (let i = 0; i < data.length; i++) data[i] = apply(data[i]!, ...activationParameters);
  return data;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const hardSigmoid = (x: number, slope = 1 / 6, offset = 0.5) => Math.min(Math.max(slope * x + offset, 0), 1);
const elu = (x: number, alpha = 1) => (x >= 0 ? x : alpha * Math.expm1(x));
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** Every activation from its definition; parameters with their defaults. */
export const activations: Record<Activation, (x: number, ...parameters: number[]) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  swish: (x) => x * sigmoid(x),
  sigmoid,
  tanh: Math.tanh,
  hardSwish: (x) => x * hardSigmoid(x),
  hardSigmoid,
  leakyRelu: (x, slope = 0.01) => (x >= 0 ? x : slope * x),
  elu,
  selu: (x) => SELU_SCALE * elu(x, SELU_ALPHA),
  gelu: (x) => (x * erfc(-x / Math.SQRT2)) / 2,
  geluTanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  mish: (x) => x * Math.tanh(softplus(x)),
  exponential: Math.exp,
};

/** 1 − erf(x): its series near 0, its continued fraction (Lentz) further out; about 15 digits. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x;
    let series = x;
    for (let n = 1; n < 100; n++) {
      term *= (-x * x) / n;
      series += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * series;
  }
  let fraction = 0;
  for (let n = 200; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

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
