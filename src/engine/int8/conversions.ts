import { elementAt } from '../../errors/element-at.js';
import { NETWORK_INPUT, type Shape } from '../../networks/types.js';
import type { Operation } from '../fuse.js';
import type { Argument, KernelCall, LoweredStep } from '../kernel-calls.js';
import { lower } from '../lower.js';
import { storedChannels } from '../pack.js';
import { addRows, formatOf, type IntegerContext, type IntegerPlace, pixelBytes } from './integer-place.js';
import type { Rows } from './layouts.js';
import type { IntegerMap } from './levels.js';

/** Floats and where they go as integers. */
interface Quantised {
  readonly output: Argument;
  readonly input: Argument;
  readonly map: IntegerMap;
  readonly rows: Rows;
  readonly pixels: number;
  readonly channels: number;
}

export function quantise(
  { output, input, map, rows, pixels, channels }: Quantised,
  context: IntegerContext,
): KernelCall {
  const { constants } = context.kernels;
  const parameters = addRows(rows, channels, context);
  const format = formatOf(constants, map, map);
  return {
    kernel: 'quantise_i8',
    args: { output, input, parameters, pixels, channels, format },
    strides: { output: pixelBytes(map, channels, constants), input: pixelBytes(undefined, channels, constants) },
  };
}

/** A map of integers as floats, in another place. */
export function dequantise(name: string, shape: Shape, target: string, context: IntegerContext): KernelCall {
  const { constants } = context.kernels;
  const map = context.mapOf(name)!;
  const channels = storedChannels(name, shape.channels, constants.channelTile);
  const parameters = addRows({ kind: 'dequantise', map: name }, channels, context);
  return {
    kernel: 'dequantise_i8',
    args: {
      output: { value: target },
      input: { value: name },
      parameters,
      pixels: shape.height * shape.width,
      channels,
      format: formatOf(constants, map),
    },
    strides: { output: pixelBytes(undefined, channels, constants), input: pixelBytes(map, channels, constants) },
  };
}

/** Integer inputs to floats, the operation on floats, the result to integers. */
export function lowerInFloats({ operation, context, to, outChannels }: IntegerPlace): readonly KernelCall[] {
  const { layer, inputs, output } = operation;
  const { height, width } = layer.outputShape;
  const calls: KernelCall[] = [];
  const names = new Map<string, string>();
  const read = (name: string, shape: Shape): string => {
    if (name === NETWORK_INPUT || !context.mapOf(name)) return name;
    const known = names.get(name);
    if (known !== undefined) return known;
    const channels = storedChannels(name, shape.channels, context.kernels.constants.channelTile);
    const floats = context.scratch(`floats of ${name}`, 4 * shape.height * shape.width * channels);
    calls.push(dequantise(name, shape, floats, context));
    names.set(name, floats);
    return floats;
  };
  const [first, ...others] = inputs;
  const floatInputs = [
    read(first, layer.inputShapes[0]),
    ...others.map((name, index) => read(name, elementAt(layer.inputShapes, index + 1))),
  ] as const;
  const residual = operation.residual === undefined ? undefined : read(operation.residual, layer.outputShape);
  const pixels = height * width;
  const result = to ? context.scratch('result', 4 * pixels * outChannels) : output;
  const inner: Operation = { ...operation, inputs: floatInputs, residual, output: result };
  calls.push(...lower(inner, context).map(withoutFusedSums));
  if (to) {
    const target = { output: { value: output }, input: { value: result }, map: to, pixels, channels: outChannels };
    calls.push(quantise({ ...target, rows: { kind: 'quantise', map: output } }, context));
  }
  return calls;
}

/** The kernel that does the same without fused multiply-add, for what is on one pixel and cheap. */
function withoutFusedSums(step: LoweredStep): LoweredStep {
  switch (step.kernel) {
    case 'pointwise_f32':
      return step.args.pixels === 1 ? { ...step, kernel: 'pointwise_rounded_f32' } : step;
    case 'activate_f32':
      return { ...step, kernel: 'activate_rounded_f32' };
    case 'softmax_f32':
      return { ...step, kernel: 'softmax_rounded_f32' };
    default:
      return step;
  }
}
