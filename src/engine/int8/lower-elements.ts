import { elementAt } from '../../errors/element-at.js';
import { UNBOUNDED } from '../activations.js';
import type { KernelCall, LayerOf } from '../kernel-calls.js';
import { addRows, formatOf, type IntegerPlace, pixelBytes } from './integer-place.js';

/** Sums of more pixels might not fit in 32 bits. */
const MOST_POOLED = 2 ** 19;

/** Like all here, undefined where it has to be done in floats. */
export function lowerAdd(_: LayerOf<'add'>, place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels: channels } = place;
  const { constants } = context.kernels;
  const [a, b] = [operation.inputs[0], elementAt(operation.inputs, 1)];
  const other = context.mapOf(b);
  if (!from || !other || !to || operation.curve) return undefined;
  const parameters = addRows({ kind: 'add', inputs: [a, b], output: operation.output }, channels, context);
  const format = formatOf(constants, from, to, other);
  const maps = { output: { value: operation.output }, a: { value: a }, b: { value: b } };
  const strides = {
    output: pixelBytes(to, channels, constants),
    a: pixelBytes(from, channels, constants),
    b: pixelBytes(other, channels, constants),
  };
  return [{ kernel: 'add_i8', args: { ...maps, parameters, pixels, channels, format }, strides }];
}

/** A map as it is, stored in another way. */
export function lowerCopy(_: LayerOf<'activation'>, place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels: channels } = place;
  const { constants } = context.kernels;
  const { clamp, curve, clip, output } = operation;
  if (!from || !to || clamp !== UNBOUNDED || curve || clip) return undefined;
  const [input] = operation.inputs;
  const parameters = addRows({ kind: 'copy', input, output }, channels, context);
  const format = formatOf(constants, from, to, from);
  const maps = { output: { value: output }, a: { value: input }, b: { value: input } };
  const bytes = pixelBytes(from, channels, constants);
  const strides = { output: pixelBytes(to, channels, constants), a: bytes, b: bytes };
  return [{ kernel: 'add_i8', args: { ...maps, parameters, pixels, channels, format }, strides }];
}

export function lowerScale(layer: LayerOf<'scale'>, place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels: channels } = place;
  const { constants } = context.kernels;
  const [input, gate] = [operation.inputs[0], elementAt(operation.inputs, 1)];
  const factors = elementAt(layer.inputShapes, 1);
  if (!from || !to || context.mapOf(gate) || factors.channels !== layer.inputShapes[0].channels) return undefined;
  const parameters = addRows({ kind: 'scale', input, output: operation.output }, channels, context);
  const format = formatOf(constants, from, to);
  const maps = { output: { value: operation.output }, input: { value: input }, gate: { value: gate } };
  const strides = { output: pixelBytes(to, channels, constants), input: pixelBytes(from, channels, constants) };
  return [{ kernel: 'scale_i8', args: { ...maps, parameters, pixels, channels, format }, strides }];
}

export function lowerGlobalAveragePool(
  _: LayerOf<'globalAveragePool'>,
  place: IntegerPlace,
): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels: channels } = place;
  const [input] = operation.inputs;
  if (!from || to || pixels >= MOST_POOLED) return undefined;
  const parameters = addRows({ kind: 'dequantise', map: input }, channels, context);
  const format = formatOf(context.kernels.constants, from);
  const maps = { output: { value: operation.output }, input: { value: input } };
  return [{ kernel: 'global_average_pool_i8', args: { ...maps, parameters, pixels, channels, format } }];
}
