import { elementAt } from '../../errors/element-at.js';
import { NETWORK_INPUT, type Pads, type Shape } from '../../networks/types.js';
import type { Operation } from '../fuse.js';
import type { Argument, LowerContext, LoweredStep, Unplaced } from '../kernel-calls.js';
import { lower } from '../lower.js';
import { storedChannels } from '../pack.js';
import { type IntegerMap, type IntegerMaps, isClassifier, isPlainWindow } from './levels.js';
import {
  blocksBytes,
  integerActivation,
  type PackedBlocks,
  type PackedIntegers,
  type PackedPanels,
  panelsBytes,
  type Rows,
  rowsBytes,
  storedBytes,
} from './pack.js';

export interface IntegerContext extends LowerContext {
  readonly maps: IntegerMaps;
  /** Undefined for values that stay floats. */
  readonly mapOf: (value: string) => IntegerMap | undefined;
  /** Reserves memory for packed parameters and returns its address. */
  addIntegers(packed: Unplaced<PackedIntegers>): number;
}

/** The kernel that does the same without fused multiply-add, for what is on one pixel and cheap. */
function roundedOf({ kernel, args }: LoweredStep): LoweredStep['kernel'] {
  switch (kernel) {
    case 'pointwise_f32':
      return args[4] === 1 ? 'pointwise_rounded_f32' : kernel;
    case 'activate_f32':
      return 'activate_rounded_f32';
    case 'softmax_f32':
      return 'softmax_rounded_f32';
    default:
      return kernel;
  }
}

/** Runs of `tile` pixels that a picture has, the last of them perhaps not whole. */
export function pictureRuns({ height, width }: Shape, tile: number): number {
  return Math.ceil((height * width) / tile);
}

/** A map of integers as floats, in another place. */
export function dequantised(name: string, shape: Shape, target: string, context: IntegerContext): LoweredStep {
  const { constants } = context.kernels;
  const map = context.mapOf(name)!;
  const channels = storedChannels(name, shape.channels, constants.channelTile);
  const rows: Rows = { kind: 'dequantise', map: name };
  const bytes = rowsBytes(rows, channels);
  const parameters = context.addIntegers({ layout: 'rows', bytes, storedChannels: channels, rows });
  const format = map.wide ? constants.wideInput : 0;
  return {
    layer: name,
    kernel: 'dequantise_i8',
    args: [{ value: target }, { value: name }, parameters, shape.height * shape.width, channels, format],
    strides: [4 * channels, channels * storedBytes(map, constants)],
  };
}

/** An operation → the kernel calls that do it, in integers as far as there are kernels, else in floats between conversions. */
export function lowerIntegers(operation: Operation, context: IntegerContext): LoweredStep[] {
  const { layer, output, inputs, curve } = operation;
  const { mapOf } = context;
  const { constants, integerScratchBytes } = context.kernels;
  const { channelTile: tile } = constants;
  const shape = layer.outputShape;
  const inputShape = layer.inputShapes[0];
  const pixels = inputShape.height * inputShape.width;
  const inChannels = storedChannels(inputs[0], inputShape.channels, tile);
  const outChannels = storedChannels(output, shape.channels, tile);
  const from = mapOf(inputs[0]);
  const to = mapOf(output);
  const highest = operation.clip ? operation.clip[1] : curve ? Number.POSITIVE_INFINITY : operation.clamp[1];
  const step = (kernel: LoweredStep['kernel'], ...args: Argument[]): LoweredStep => ({ layer: output, kernel, args });
  const activation = integerActivation(curve);
  const activationCode = activation === 'swish' ? constants.activations.swish : constants.noActivation;
  const value = (name: string): Argument => ({ value: name });
  /** Bytes of a pixel, of floats where there are no levels. */
  const stride = (map: IntegerMap | undefined, channels: number): number =>
    channels * (map ? storedBytes(map, constants) : 4);

  switch (layer.kind) {
    case 'pointwise':
    case 'dense': {
      if (layer.kind === 'pointwise' && layer.stride > 1) return convolution(1, layer) ?? inFloats();
      if (from && to && activation !== undefined) {
        const residual = operation.residual === undefined ? undefined : mapOf(operation.residual);
        if (operation.residual !== undefined && !residual) break;
        const weights = context.addIntegers(panels(from, output));
        const link = operation.residual === undefined ? 0 : value(operation.residual);
        const format = formatOf(from, to, residual) | constants.dot;
        return [
          {
            ...step(
              'pointwise_i8',
              value(output),
              value(inputs[0]),
              weights,
              link,
              pixels,
              inChannels,
              outChannels,
              format,
              activationCode,
            ),
            strides: [stride(to, outChannels), stride(from, inChannels), stride(residual, outChannels)],
          },
        ];
      }
      const stored = context.maps.get(inputs[0]);
      if (!from && !to && stored && isClassifier(operation)) {
        const format = formatOf(stored, undefined) | constants.floatOutput | constants.dot;
        const each = storedBytes(stored, constants);
        const integers = value(context.scratch('integers', pixels * inChannels * each));
        const weights = context.addIntegers(panels(stored, undefined));
        return [
          quantise(integers, value(inputs[0]), inputs[0], stored, pixels, inChannels),
          step(
            'pointwise_i8',
            value(output),
            integers,
            weights,
            0,
            pixels,
            inChannels,
            outChannels,
            format,
            activationCode,
          ),
        ];
      }
      break;
    }
    case 'depthwise': {
      if (!from || !to || activation === undefined || !isPlainWindow(layer)) break;
      const { kernelSize, stride, pads } = layer;
      const each = storedBytes(from, constants);
      const bytes = blocksBytes(kernelSize, inChannels, each, constants);
      const packed: Unplaced<PackedBlocks> = {
        layout: 'blocks',
        layer: layer.name,
        bytes: bytes + inputShape.width * inChannels * each,
        input: inputs[0],
        wideInput: from.wide,
        output,
        residual: undefined,
        activation,
        highest,
        value: output,
        kernelSize,
        storedChannels: inChannels,
        padding: bytes,
        width: inputShape.width,
      };
      const weights = context.addIntegers(packed);
      const sizes = [inputShape.height, inputShape.width, inChannels, shape.width, 0, shape.height];
      const format = formatOf(from, to) | constants.dot;
      const window = [kernelSize, stride, pads.top, pads.left, format, activationCode];
      return [step('depthwise_i8', value(output), value(inputs[0]), weights, weights + bytes, ...sizes, ...window)];
    }
    case 'add': {
      const other = mapOf(elementAt(inputs, 1));
      if (!from || !other || !to || curve) break;
      const format = formatOf(from, to, other);
      const rows = addRows({ kind: 'add', inputs: [inputs[0], elementAt(inputs, 1)], output }, inChannels);
      const strides = [to, from, other].map((map) => stride(map, inChannels));
      const sum = step(
        'add_i8',
        value(output),
        value(inputs[0]),
        value(elementAt(inputs, 1)),
        rows,
        pixels,
        inChannels,
        format,
      );
      return [{ ...sum, strides }];
    }
    case 'scale': {
      if (
        !from ||
        !to ||
        mapOf(elementAt(inputs, 1)) ||
        elementAt(layer.inputShapes, 1).channels !== inputShape.channels
      )
        break;
      const rows = addRows({ kind: 'scale', input: inputs[0], output }, inChannels);
      const format = formatOf(from, to);
      const strides = [stride(to, inChannels), stride(from, inChannels)];
      const scaled = step(
        'scale_i8',
        value(output),
        value(inputs[0]),
        rows,
        value(elementAt(inputs, 1)),
        pixels,
        inChannels,
        format,
      );
      return [{ ...scaled, strides }];
    }
    case 'globalAveragePool': {
      if (!from || to || pixels >= 2 ** 19) break;
      const rows = addRows({ kind: 'dequantise', map: inputs[0] }, inChannels);
      return [
        step(
          'global_average_pool_i8',
          value(output),
          value(inputs[0]),
          rows,
          pixels,
          inChannels,
          formatOf(from, undefined),
        ),
      ];
    }
    case 'conv':
      return (isPlainWindow(layer) ? convolution(layer.kernelSize, layer) : undefined) ?? inFloats();
    default:
      break;
  }
  return inFloats();

  function formatOf(input: IntegerMap, result: IntegerMap | undefined, residual?: IntegerMap): number {
    return (
      (input.wide ? constants.wideInput : 0) |
      (result?.wide ? constants.wideOutput : 0) |
      (residual?.wide ? constants.wideResidual : 0)
    );
  }

  function panels(input: IntegerMap, result: string | undefined): Unplaced<PackedPanels> {
    return {
      layout: 'panels',
      layer: layer.name,
      bytes: panelsBytes(inChannels, outChannels, storedBytes(input, constants), constants),
      input: inputs[0],
      wideInput: input.wide,
      output: result,
      residual: operation.residual,
      activation: activation ?? 'none',
      highest,
      value: output,
      storedInChannels: inChannels,
      storedOutChannels: outChannels,
    };
  }

  /** Undefined where it has to be done in floats: there are no levels, or no kernel. */
  function convolution(
    kernelSize: number,
    { stride: windowStride, pads }: { readonly stride: number; readonly pads: Pads },
  ): LoweredStep[] | undefined {
    const isPicture = inputs[0] === NETWORK_INPUT;
    const map = isPicture ? context.maps.get(NETWORK_INPUT) : from;
    if (!map || !to || activation === undefined || operation.residual !== undefined) return undefined;
    const { height, width, channels } = inputShape;
    const depth = Math.ceil((kernelSize ** 2 * channels) / tile) * tile;
    const format = formatOf(map, to) | constants.dot;
    const steps: LoweredStep[] = [];
    let source = inputs[0];
    if (isPicture) {
      // pixels have no multiple of 8 channels, but 8 pixels have
      const run = tile * channels;
      const runs = pictureRuns(inputShape, tile);
      source = context.scratch('picture', runs * run * storedBytes(map, constants));
      const rows = addRows({ kind: 'repeated', map: NETWORK_INPUT }, run);
      steps.push({
        ...step('quantise_i8', value(source), value(NETWORK_INPUT), rows, runs, run, formatOf(map, map)),
        strides: [stride(map, run), 4 * run],
      });
    }
    const scratchBytes = integerScratchBytes(channels, depth, shape.width, format);
    const bytes = panelsBytes(depth, outChannels, storedBytes(map, constants), constants);
    const packed = { ...panels(map, output), bytes, storedInChannels: depth };
    steps.push({
      ...step(
        'conv_i8',
        value(output),
        value(source),
        context.addIntegers(packed),
        addRows({ kind: 'zeros', map: inputs[0] }, channels),
        value(context.scratch('windows', context.threads * scratchBytes)),
        ...[height, width, inChannels, channels, depth, shape.width, outChannels, 0, shape.height],
        ...[kernelSize, windowStride, pads.top, pads.left, format, activationCode],
      ),
      scratchBytes,
    });
    return steps;
  }

  function addRows(rows: Rows, channels: number): number {
    return context.addIntegers({ layout: 'rows', bytes: rowsBytes(rows, channels), storedChannels: channels, rows });
  }

  function quantise(
    target: Argument,
    source: Argument,
    name: string,
    map: IntegerMap,
    count: number,
    channels: number,
  ): LoweredStep {
    const rows = addRows({ kind: 'quantise', map: name }, channels);
    return {
      ...step('quantise_i8', target, source, rows, count, channels, formatOf(map, map)),
      strides: [stride(map, channels), 4 * channels],
    };
  }

  /** Integer inputs to floats, the operation on floats, the result to integers. */
  function inFloats(): LoweredStep[] {
    const steps: LoweredStep[] = [];
    const names = new Map<string, string>();
    const read = (name: string, own: Shape): string => {
      const map = name === NETWORK_INPUT ? undefined : mapOf(name);
      if (!map) return name;
      const known = names.get(name);
      if (known !== undefined) return known;
      const bytes = 4 * own.height * own.width * storedChannels(name, own.channels, tile);
      const scratch = context.scratch(`floats of ${name}`, bytes);
      steps.push({ ...dequantised(name, own, scratch, context), layer: output });
      names.set(name, scratch);
      return scratch;
    };
    const [first, ...others] = inputs;
    const floatInputs = [
      read(first, layer.inputShapes[0]),
      ...others.map((name, index) => read(name, elementAt(layer.inputShapes, index + 1))),
    ] as const;
    const residual = operation.residual === undefined ? undefined : read(operation.residual, shape);
    const count = shape.height * shape.width;
    const result = to ? context.scratch('result', 4 * count * outChannels) : output;
    const inner: Operation = { ...operation, inputs: floatInputs, residual, output: result };
    for (const each of lower(inner, context)) {
      steps.push({ ...each, kernel: roundedOf(each), layer: output });
    }
    if (to) steps.push(quantise(value(output), value(result), output, to, count, outChannels));
    return steps;
  }
}
