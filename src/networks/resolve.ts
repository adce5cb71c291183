import { elementAt } from '../errors/element-at.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { MAX_CLASSES, MAX_RESOLUTION } from './channels.js';
import {
  type DenseLayer,
  type Layer,
  NETWORK_INPUT,
  type Network,
  type PaddingConvention,
  type Pads,
  type Parameter,
  type ResolvedLayer,
  type ResolvedNetwork,
  type Shape,
} from './types.js';
import { type PlacedWindow, placeWindow, windowOf } from './windows.js';

export interface ResolveOptions {
  /** Side of the square input, in pixels. */
  readonly resolution: number;
  /** How `same` padding is meant; `tensorflow` by default. */
  readonly padding?: PaddingConvention;
}

const NO_PADS: Pads = { top: 0, bottom: 0, left: 0, right: 0 };
const NO_PARAMETERS: readonly Parameter[] = [];
/** Imported graphs are untrusted: with these bounds, every product of sizes stays an exact integer. */
const MAX_CHANNELS = MAX_CLASSES;
const MAX_WINDOW = 1024;
const MAX_INPUTS = 1024;
/** A map that is flattened has each of its values as a channel. */
const MAX_FLAT = 2 ** 25;

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
  checkCount(network.id, 'input channels', network.inputChannels, MAX_CHANNELS);
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

/** What follows from a layer's inputs. */
interface Resolved {
  readonly outputShape: Shape;
  readonly pads?: Pads;
  readonly parameters?: readonly Parameter[];
}

function resolveLayer(
  where: string,
  layer: Layer,
  shapes: readonly Shape[],
  options: Required<ResolveOptions>,
): ResolvedLayer {
  checkArity(where, layer, shapes.length);
  const { inputs } = layer;
  if (!isFilled(inputs) || !isFilled(shapes)) throw broken(where, 'no input', 'at least one');
  const { outputShape, pads = NO_PADS, parameters = NO_PARAMETERS } = follow(where, layer, shapes, options);
  // Spread, each layer would have a hidden class of its own on Node.js 20 (see docs/measurements.md).
  return Object.assign({}, layer, { inputs, inputShapes: shapes, outputShape, pads, parameters });
}

function isFilled<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}

function checkArity(where: string, { kind }: Layer, count: number): void {
  switch (kind) {
    case 'concat':
      if (count < 1 || count > MAX_INPUTS) throw broken(where, `${count} inputs`, `1 to ${MAX_INPUTS}`);
      return;
    case 'add':
    case 'multiply':
    case 'subtract':
    case 'maximum':
    case 'minimum':
    case 'scale':
      if (count !== 2) throw broken(where, `${count} inputs`, '2');
      return;
    default:
      if (count !== 1) throw broken(where, `${count} inputs`, '1');
  }
}

function follow(
  where: string,
  layer: Layer,
  inputShapes: ResolvedLayer['inputShapes'],
  options: Required<ResolveOptions>,
): Resolved {
  const [input] = inputShapes;
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
    case 'pointwise':
    case 'dense':
      return followLinear(where, layer, input, options);
    case 'add':
    case 'multiply':
    case 'subtract':
    case 'maximum':
    case 'minimum': {
      const other = elementAt(inputShapes, 1);
      if (format(input) !== format(other)) {
        const verb = layer.kind === 'add' ? 'adds' : 'combines';
        throw broken(where, `${verb} ${format(input)} and ${format(other)}`, 'two maps of one shape');
      }
      return { outputShape: input };
    }
    case 'scale': {
      const factors = elementAt(inputShapes, 1);
      const each = [
        { height: 1, width: 1, channels: input.channels },
        { height: input.height, width: input.width, channels: 1 },
        { height: 1, width: 1, channels: 1 },
      ].map(format);
      if (!each.includes(format(factors))) {
        throw broken(where, `scales ${format(input)} by ${format(factors)}`, each.join(', '));
      }
      return { outputShape: input };
    }
    case 'concat':
      return { outputShape: joinChannels(where, inputShapes) };
    case 'slice': {
      const { from, to } = layer;
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= input.channels)) {
        throw broken(where, `takes channels ${from} to ${to}`, `some of its ${input.channels}`);
      }
      return { outputShape: { ...input, channels: to - from } };
    }
    case 'maxPool':
    case 'averagePool': {
      const { height, width, pads } = place(where, layer, input, options);
      return { outputShape: { height, width, channels: input.channels }, pads };
    }
    case 'pad':
    case 'crop':
      return { outputShape: moveEdges(where, layer, input), pads: layer.pads };
    case 'resize': {
      const { height, width } = layer;
      checkCount(where, 'height', height, MAX_RESOLUTION);
      checkCount(where, 'width', width, MAX_RESOLUTION);
      return { outputShape: { height, width, channels: input.channels } };
    }
    case 'globalAveragePool':
    case 'globalMaxPool':
      return { outputShape: { height: 1, width: 1, channels: input.channels } };
    case 'flatten': {
      const channels = input.height * input.width * input.channels;
      checkCount(where, 'values', channels, MAX_FLAT);
      return { outputShape: { height: 1, width: 1, channels } };
    }
    case 'prelu': {
      const { height, width, channels } = input;
      const shape = layer.perPixel ? [height, width, channels] : [channels];
      return { outputShape: input, parameters: [{ name: 'weights', shape }] };
    }
    case 'softmax':
      checkSinglePixel(where, input);
      return { outputShape: input };
    case 'activation':
      return { outputShape: input };
    default:
      layer satisfies never;
      throw broken(where, 'unknown kind of layer', 'one of this version');
  }
}

function followLinear(
  where: string,
  layer: Extract<Layer, { readonly batchNorm: boolean }>,
  input: Shape,
  options: Required<ResolveOptions>,
): Resolved {
  if (layer.kind === 'depthwise') {
    const { multiplier = 1 } = layer;
    checkCount(where, 'multiplier', multiplier, MAX_CHANNELS);
    const channels = input.channels * multiplier;
    checkCount(where, 'output channels', channels, MAX_CHANNELS);
    const { height, width, pads } = place(where, layer, input, options);
    const { kernelHeight, kernelWidth } = windowOf(layer);
    const parameters = listParameters(layer, [kernelHeight, kernelWidth, channels]);
    return { outputShape: { height, width, channels }, pads, parameters };
  }
  const { outChannels } = layer;
  checkCount(where, 'output channels', outChannels, MAX_CHANNELS);
  if (layer.kind === 'dense') {
    checkSinglePixel(where, input);
    const parameters = listParameters(layer, [input.channels, outChannels]);
    return { outputShape: { height: 1, width: 1, channels: outChannels }, parameters };
  }
  // A 1 × 1 window needs no padding under any convention, and its output is ceil(input / stride).
  const { height, width, pads } = place(where, layer, input, options);
  const outputShape = { height, width, channels: outChannels };
  if (layer.kind === 'pointwise') {
    return { outputShape, pads, parameters: listParameters(layer, [input.channels, outChannels]) };
  }
  const { groups = 1 } = layer;
  checkCount(where, 'groups', groups, MAX_CHANNELS);
  if (input.channels % groups !== 0 || outChannels % groups !== 0) {
    throw broken(
      where,
      `${groups} groups of ${input.channels} input and ${outChannels} output channels`,
      'a number that divides both',
    );
  }
  const { kernelHeight, kernelWidth } = windowOf(layer);
  const extent = [kernelHeight, kernelWidth, input.channels / groups, outChannels];
  return { outputShape, pads, parameters: listParameters(layer, extent) };
}

function place(
  where: string,
  layer: Extract<Layer, { readonly stride: number }>,
  input: Shape,
  { resolution, padding: convention }: Required<ResolveOptions>,
): PlacedWindow {
  const window = windowOf(layer);
  checkCount(where, 'kernel size', window.kernelHeight, MAX_WINDOW);
  checkCount(where, 'kernel width', window.kernelWidth, MAX_WINDOW);
  checkCount(where, 'stride', window.strideHeight, MAX_WINDOW);
  checkCount(where, 'stride width', window.strideWidth, MAX_WINDOW);
  checkCount(where, 'dilation', window.dilationHeight, MAX_WINDOW);
  checkCount(where, 'dilation width', window.dilationWidth, MAX_WINDOW);
  const padding = layer.kind === 'pointwise' ? 'valid' : layer.padding;
  if (typeof padding === 'object') checkPads(where, padding);
  // Keras's own rule is that of its depthwise layers.
  const isKeras = convention === 'keras' && layer.kind !== 'depthwise';
  return placeWindow(where, input, window, padding, { resolution, convention: isKeras ? 'tensorflow' : convention });
}

function joinChannels(where: string, inputShapes: ResolvedLayer['inputShapes']): Shape {
  const [{ height, width }] = inputShapes;
  for (const other of inputShapes) {
    if (other.height !== height || other.width !== width) {
      throw broken(where, `joins ${inputShapes.map(format).join(' and ')}`, 'maps of one height and width');
    }
  }
  const channels = inputShapes.reduce((sum, shape) => sum + shape.channels, 0);
  checkCount(where, 'output channels', channels, MAX_CHANNELS);
  return { height, width, channels };
}

function moveEdges(where: string, layer: Extract<Layer, { readonly kind: 'pad' | 'crop' }>, input: Shape): Shape {
  const { kind, pads } = layer;
  checkPads(where, pads);
  if (kind === 'pad' && !Number.isFinite(layer.value)) throw broken(where, `pads with ${layer.value}`, 'a number');
  const sign = kind === 'pad' ? 1 : -1;
  const height = input.height + sign * (pads.top + pads.bottom);
  const width = input.width + sign * (pads.left + pads.right);
  if (height < 1 || width < 1) throw broken(where, `leaves nothing of a ${format(input)} map`, 'at least one pixel');
  return { height, width, channels: input.channels };
}

function listParameters(
  layer: Pick<DenseLayer, 'batchNorm' | 'bias'>,
  weights: readonly number[],
): readonly Parameter[] {
  const shape = [weights.at(-1)!];
  const parameters: Parameter[] = [{ name: 'weights', shape: weights }];
  if (layer.bias) parameters.push({ name: 'bias', shape });
  if (layer.batchNorm) {
    parameters.push({ name: 'gamma', shape }, { name: 'beta', shape });
    parameters.push({ name: 'mean', shape }, { name: 'variance', shape });
  }
  return parameters;
}

function checkSinglePixel(where: string, input: Shape): void {
  if (input.height !== 1 || input.width !== 1) throw broken(where, `reads a ${format(input)} map`, 'a 1 × 1 map');
}

function checkPads(where: string, pads: Pads): void {
  for (const count of Object.values(pads)) {
    if (!(Number.isInteger(count) && count >= 0 && count <= MAX_WINDOW)) {
      throw broken(where, `padding ${count}`, `a whole number from 0 to ${MAX_WINDOW}`);
    }
  }
}

function checkCount(where: string, what: string, count: number, maximum: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= maximum)) {
    throw broken(`${where}: ${what}`, `${count}`, `a whole number from 1 to ${maximum}`);
  }
}

function broken(where: string, what: string, expected: string): ModelError {
  return new ModelError('network', { where, problem: what, expected });
}

function format({ height, width, channels }: Shape): string {
  return `${height} × ${width} × ${channels}`;
}
