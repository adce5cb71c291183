import { elementAt } from '../errors/element-at.js';
import type { ResolvedLayer } from '../networks/types.js';
import type { AppliedCurve } from './activations.js';
import { type Argument, type KernelCall, type LayerOf, limits, mapsOf, type Place } from './kernel-calls.js';
import type { KernelConstants } from './kernel-constants.js';
import { storedChannels } from './pack.js';

interface Elements {
  readonly output: Argument;
  readonly input: Argument;
  readonly count: number;
}

export function activate(
  { activation, parameters: [first, second] }: AppliedCurve,
  elements: Elements,
  activations: KernelConstants['activations'],
): KernelCall {
  return { kernel: 'activate_f32', args: { ...elements, activation: activations[activation], first, second } };
}

export function lowerActivation(layer: LayerOf<'activation'>, place: Place): KernelCall[] {
  const { curve, clamp } = place.operation;
  const elements = { ...mapsOf(place), count: countOf(layer, place) };
  if (curve) return [activate(curve, elements, place.context.kernels.constants.activations)];
  return [{ kernel: 'clamp_f32', args: { ...elements, ...limits(clamp) } }];
}

export function lowerAdd(layer: LayerOf<'add'>, place: Place): KernelCall[] {
  const args = { ...pairOf(place), count: countOf(layer, place), ...limits(place.operation.clamp) };
  return [{ kernel: 'add_f32', args }];
}

export function lowerCombination(
  layer: LayerOf<'multiply' | 'subtract' | 'maximum' | 'minimum'>,
  place: Place,
): KernelCall[] {
  return [{ kernel: `${layer.kind}_f32`, args: { ...pairOf(place), count: countOf(layer, place) } }];
}

export function lowerScale(layer: LayerOf<'scale'>, place: Place): KernelCall[] {
  const { operation, context, inChannels: channels } = place;
  const [input, factors] = [layer.inputShapes[0], elementAt(layer.inputShapes, 1)];
  const name = elementAt(operation.inputs, 1);
  const args = { ...mapsOf(place), gate: { value: name }, pixels: input.height * input.width, channels };
  const isOnePixel = factors.height * factors.width === 1;
  if (factors.channels === input.channels && isOnePixel) return [{ kernel: 'scale_f32', args }];
  const gateStride = isOnePixel ? 0 : storedChannels(name, factors.channels, context.kernels.constants.channelTile);
  return [{ kernel: 'scale_pixels_f32', args: { ...args, gateStride } }];
}

export function lowerPrelu(layer: LayerOf<'prelu'>, place: Place): KernelCall[] {
  const { context, inChannels } = place;
  const { height, width, channels } = layer.outputShape;
  const taps = layer.perPixel ? height * width : 1;
  const address = context.addWeights({
    layout: 'depthwise',
    layer: layer.name,
    bytes: 4 * (taps + 1) * inChannels,
    taps,
    channels,
    storedChannels: inChannels,
  });
  // Behind the biases of that layout, of which there are none.
  const slopes = address + 4 * inChannels;
  const perPixel = layer.perPixel ? 1 : 0;
  const args = { ...mapsOf(place), slopes, pixels: height * width, channels: inChannels, perPixel };
  return [{ kernel: 'prelu_f32', args }];
}

export function lowerGlobalAveragePool(layer: LayerOf<'globalAveragePool'>, place: Place): KernelCall[] {
  const { height, width } = layer.inputShapes[0];
  const args = { ...mapsOf(place), pixels: height * width, channels: place.inChannels };
  return [{ kernel: 'global_average_pool_f32', args }];
}

export function lowerSoftmax(layer: LayerOf<'softmax'>, place: Place): KernelCall[] {
  return [{ kernel: 'softmax_f32', args: { ...mapsOf(place), count: layer.outputShape.channels } }];
}

function pairOf({ operation }: Place) {
  const [a, b] = operation.inputs;
  return { output: { value: operation.output }, a: { value: a }, b: { value: b ?? '' } };
}

function countOf({ outputShape }: ResolvedLayer, { outChannels }: Place): number {
  const { height, width } = outputShape;
  return height * width * outChannels;
}
