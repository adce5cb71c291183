import { ModelError, UsageError } from '../errors/errors.js';
import { MAX_CLASSES, MAX_RESOLUTION } from './channels.js';
import {
  type DenseLayer,
  type Layer,
  type LayerPadding,
  NETWORK_INPUT,
  type Network,
  type PaddingConvention,
  type Pads,
  type Parameter,
  type ResolvedLayer,
  type ResolvedNetwork,
  type Shape,
} from './types.js';

export interface ResolveOptions {
  /** Side of the square input, in pixels. */
  readonly resolution: number;
  /** How `same` padding is meant; `tensorflow` by default. */
  readonly padding?: PaddingConvention;
}

const NO_PADS: Pads = { top: 0, bottom: 0, left: 0, right: 0 };
/** Imported graphs are untrusted: with these bounds, every product of sizes stays an exact integer. */
const MAX_CHANNELS = MAX_CLASSES;
const MAX_WINDOW = 1024;

/**
 * Follows an input of resolution × resolution × inputChannels through the network: each layer with its input and
 * output shapes, its padding as four numbers, and the parameters it needs.
 * Throws UsageError where the network cannot take the resolution, ModelError where the graph does not fit together.
 */
export function resolve(network: Network, options: ResolveOptions): ResolvedNetwork {
  const { resolution, padding = 'tensorflow' } = options;
  if (!(Number.isInteger(resolution) && resolution >= 1 && resolution <= MAX_RESOLUTION)) {
    throw new UsageError({
      where: network.id,
      problem: `resolution ${resolution}`,
      expected: `a whole number of pixels from 1 to ${MAX_RESOLUTION}`,
    });
  }
  checkCount(`${network.id}: input channels`, network.inputChannels, MAX_CHANNELS);
  const inputShape: Shape = { height: resolution, width: resolution, channels: network.inputChannels };
  const shapes = new Map<string, Shape>([[NETWORK_INPUT, inputShape]]);
  const layers: ResolvedLayer[] = [];
  for (const layer of network.layers) {
    const where = `${network.id}: ${layer.name}`;
    if (shapes.has(layer.name)) throw broken(where, 'second layer of this name', 'a name of its own');
    const inputShapes = layer.inputs.map((name) => {
      const shape = shapes.get(name);
      if (!shape) throw broken(where, `reads ${name}`, 'the name of an earlier layer');
      return shape;
    });
    const resolved = resolveLayer(where, layer, inputShapes, { resolution, padding });
    shapes.set(layer.name, resolved.outputShape);
    layers.push(resolved);
  }
  if (layers.length === 0) throw broken(network.id, 'no layers', 'at least one');
  const { id, alpha, classes } = network;
  return { id, alpha, resolution, classes, padding, inputShape, layers };
}

function resolveLayer(
  where: string,
  layer: Layer,
  inputShapes: readonly Shape[],
  options: Required<ResolveOptions>,
): ResolvedLayer {
  const arity = layer.kind === 'add' || layer.kind === 'scale' ? 2 : 1;
  if (inputShapes.length !== arity) throw broken(where, `${inputShapes.length} inputs`, `${arity}`);
  const input = inputShapes[0]!;
  const windowed = () => placeWindow(where, input, layer, options);
  switch (layer.kind) {
    case 'conv': {
      checkCount(`${where}: output channels`, layer.outChannels, MAX_CHANNELS);
      const { height, width, pads } = windowed();
      const extent = [layer.kernelSize, layer.kernelSize, input.channels, layer.outChannels];
      const parameters = listParameters(layer, extent, layer.outChannels);
      return { ...layer, inputShapes, outputShape: { height, width, channels: layer.outChannels }, pads, parameters };
    }
    case 'depthwise': {
      const { height, width, pads } = windowed();
      const { channels } = input;
      const parameters = listParameters(layer, [layer.kernelSize, layer.kernelSize, channels], channels);
      return { ...layer, inputShapes, outputShape: { height, width, channels }, pads, parameters };
    }
    case 'pointwise': {
      checkCount(`${where}: output channels`, layer.outChannels, MAX_CHANNELS);
      // A 1 × 1 window needs no padding under any convention, and its output is ceil(input / stride).
      const { height, width, pads } = windowed();
      const parameters = listParameters(layer, [input.channels, layer.outChannels], layer.outChannels);
      return { ...layer, inputShapes, outputShape: { height, width, channels: layer.outChannels }, pads, parameters };
    }
    case 'dense': {
      checkCount(`${where}: output channels`, layer.outChannels, MAX_CHANNELS);
      if (input.height !== 1 || input.width !== 1) throw broken(where, `reads a ${format(input)} map`, 'a 1 × 1 map');
      const parameters = listParameters(layer, [input.channels, layer.outChannels], layer.outChannels);
      const outputShape = { height: 1, width: 1, channels: layer.outChannels };
      return { ...layer, inputShapes, outputShape, pads: NO_PADS, parameters };
    }
    case 'add': {
      const other = inputShapes[1]!;
      if (format(input) !== format(other)) {
        throw broken(where, `adds ${format(input)} and ${format(other)}`, 'two maps of one shape');
      }
      return { ...layer, inputShapes, outputShape: input, pads: NO_PADS, parameters: [] };
    }
    case 'scale': {
      const factors = inputShapes[1]!;
      const expected = { height: 1, width: 1, channels: input.channels };
      if (format(factors) !== format(expected)) {
        throw broken(where, `scales ${format(input)} by ${format(factors)}`, format(expected));
      }
      return { ...layer, inputShapes, outputShape: input, pads: NO_PADS, parameters: [] };
    }
    case 'maxPool': {
      const { height, width, pads } = windowed();
      return { ...layer, inputShapes, outputShape: { height, width, channels: input.channels }, pads, parameters: [] };
    }
    case 'globalAveragePool': {
      const outputShape = { height: 1, width: 1, channels: input.channels };
      return { ...layer, inputShapes, outputShape, pads: NO_PADS, parameters: [] };
    }
    case 'activation':
    case 'softmax':
      return { ...layer, inputShapes, outputShape: input, pads: NO_PADS, parameters: [] };
    default:
      layer satisfies never;
      throw broken(where, 'unknown kind of layer', 'one of this version');
  }
}

interface Window {
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: LayerPadding;
}

function placeWindow(
  where: string,
  input: Shape,
  layer: Layer,
  options: Required<ResolveOptions>,
): { readonly height: number; readonly width: number; readonly pads: Pads } {
  const window: Window =
    layer.kind === 'pointwise'
      ? { kernelSize: 1, stride: layer.stride, padding: 'valid' }
      : (layer as Extract<Layer, Window>);
  checkCount(`${where}: kernel size`, window.kernelSize, MAX_WINDOW);
  checkCount(`${where}: stride`, window.stride, MAX_WINDOW);
  const { padding } = window;
  const explicit = typeof padding === 'object' ? padding : undefined;
  for (const count of explicit ? Object.values(explicit) : []) {
    if (!(Number.isInteger(count) && count >= 0 && count <= MAX_WINDOW)) {
      throw broken(where, `padding ${count}`, `a whole number from 0 to ${MAX_WINDOW}`);
    }
  }
  let convention: PaddingConvention | 'explicit' = padding === 'same' ? options.padding : 'explicit';
  if (convention === 'keras' && layer.kind !== 'depthwise') convention = 'tensorflow';
  const vertical = placeAxis(input.height, window, convention, explicit?.top, explicit?.bottom);
  const horizontal = placeAxis(input.width, window, convention, explicit?.left, explicit?.right);
  if (vertical.output < 1 || horizontal.output < 1) {
    const size = `${input.height} × ${input.width}`;
    throw new UsageError({
      where,
      problem: `resolution ${options.resolution} leaves a ${size} map here`,
      expected: `at least the ${window.kernelSize} × ${window.kernelSize} of its window`,
    });
  }
  const pads = { top: vertical.before, bottom: vertical.after, left: horizontal.before, right: horizontal.after };
  return { height: vertical.output, width: horizontal.output, pads };
}

/** Positions of a window along one axis, and the zeros before and after the data. */
export interface AxisWindow {
  readonly output: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Output size and padding of one axis, together. TensorFlow: output = ceil(input / stride), just enough zeros, the
 * odd one after the data. PyTorch: floor(kernelSize / 2) on both sides. Keras at stride 2: kernelSize − 2 after the
 * data. Explicit: as given, 0 by default.
 */
export function placeAxis(
  input: number,
  window: { readonly kernelSize: number; readonly stride: number },
  convention: PaddingConvention | 'explicit',
  before = 0,
  after = 0,
): AxisWindow {
  const { kernelSize, stride } = window;
  if (convention === 'tensorflow' || (convention === 'keras' && stride !== 2)) {
    const output = Math.ceil(input / stride);
    const total = Math.max((output - 1) * stride + kernelSize - input, 0);
    const first = Math.floor(total / 2);
    return { output, before: first, after: total - first };
  }
  const half = Math.floor(kernelSize / 2);
  let [first, last] = [before, after];
  if (convention === 'pytorch') [first, last] = [half, half];
  else if (convention === 'keras') [first, last] = [0, Math.max(kernelSize - 2, 0)];
  return { output: Math.floor((input + first + last - kernelSize) / stride) + 1, before: first, after: last };
}

function listParameters(
  layer: Pick<DenseLayer, 'batchNorm' | 'bias'>,
  weights: readonly number[],
  channels: number,
): readonly Parameter[] {
  const parameters: Parameter[] = [{ name: 'weights', shape: weights }];
  if (layer.bias) parameters.push({ name: 'bias', shape: [channels] });
  if (layer.batchNorm) {
    for (const name of ['gamma', 'beta', 'mean', 'variance'] as const) parameters.push({ name, shape: [channels] });
  }
  return parameters;
}

function checkCount(where: string, count: number, maximum: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= maximum)) {
    throw broken(where, String(count), `a whole number from 1 to ${maximum}`);
  }
}

function broken(where: string, what: string, expected: string): ModelError {
  return new ModelError('network', { where, problem: what, expected });
}

function format({ height, width, channels }: Shape): string {
  return `${height} × ${width} × ${channels}`;
}
