import { ModelError } from '../errors/errors.js';
import { NETWORK_INPUT, type ResolvedLayer, type Shape } from '../networks/types.js';
import { windowOf } from '../networks/windows.js';
import type { Curve, Operation } from './fuse.js';
import type { KernelName } from './kernels.js';
import {
  depthwiseBytes,
  halfBytes,
  type PackedDepthwise,
  type PackedHalf,
  type PackedPanels,
  panelBytes,
  storedChannels,
} from './pack.js';

/** A number, or a value whose address is known only when the arena has been placed. */
export type Argument = number | { readonly value: string };

export interface LoweredStep {
  readonly layer: string;
  readonly kernel: KernelName;
  readonly args: readonly Argument[];
  /** See `Step`. */
  readonly strides?: readonly number[];
  /** Bytes of scratch memory for each thread, where the kernel takes other than `conv_f32`. */
  readonly scratchBytes?: number;
}

export interface LowerContext {
  readonly tile: number;
  readonly shapeOf: (value: string) => Shape;
  /** The value that names this operation's scratch memory. */
  readonly scratch: string;
  /** Set where weights of linear layers stay in half precision: bytes before their biases. */
  readonly halfHeaderBytes?: number;
  /** Reserves memory for packed weights and returns its address. */
  addWeights(
    packed: Omit<PackedPanels, 'address'> | Omit<PackedDepthwise, 'address'> | Omit<PackedHalf, 'address'>,
  ): number;
}

function kernelOf(curve: Curve, where: string): 'swish_f32' | 'sigmoid_f32' {
  if (curve === 'swish' || curve === 'sigmoid') return `${curve}_f32`;
  throw new ModelError('network-unsupported', { where, problem: `the activation ${curve}` });
}

/** What there are no kernels for yet. */
function refuseGeneralWindow(layer: ResolvedLayer): void {
  const window = windowOf(layer);
  if (!window) return;
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = window;
  const isPlain = kernelHeight === kernelWidth && strideHeight === strideWidth && dilationHeight * dilationWidth === 1;
  const count = layer.kind === 'conv' ? layer.groups : layer.kind === 'depthwise' ? layer.multiplier : 1;
  if (isPlain && (count ?? 1) === 1) return;
  throw new ModelError('network-unsupported', { where: layer.name, problem: 'a window of this form' });
}

/** `conv_f32` rounds the rows of a panel up to a multiple of this. */
const CONV_ROW_MULTIPLE = 4;

/** An operation → the kernel calls that do it. */
export function lower(operation: Operation, context: LowerContext): LoweredStep[] {
  const { layer, output, curve, clip } = operation;
  const shape = layer.outputShape;
  const count = shape.height * shape.width * storedChannels(output, shape.channels, context.tile);
  const to: Argument = { value: output };
  const steps = [{ layer: output, ...kernelCall(operation, context, count) }];
  if (curve && layer.kind !== 'activation')
    steps.push({ layer: output, kernel: kernelOf(curve, layer.name), args: [to, to, count] });
  if (clip) steps.push({ layer: output, kernel: 'clamp_f32', args: [to, to, count, ...clip] });
  return steps;
}

function kernelCall(
  operation: Operation,
  context: LowerContext,
  count: number,
): { kernel: KernelName; args: readonly Argument[] } {
  const { layer, clamp, curve } = operation;
  const { tile } = context;
  const to: Argument = { value: operation.output };
  const from: Argument = { value: operation.inputs[0]! };
  const input = layer.inputShapes[0]!;
  const output = layer.outputShape;
  const inChannels = storedChannels(operation.inputs[0]!, input.channels, tile);
  const outChannels = storedChannels(operation.output, output.channels, tile);
  const pixels = input.height * input.width;
  if (operation.inputs.includes(NETWORK_INPUT) && layer.kind !== 'conv') {
    throw new ModelError('network-unsupported', {
      where: layer.name,
      problem: `a ${layer.kind} layer reads the picture itself`,
      expected: 'a convolution',
    });
  }
  refuseGeneralWindow(layer);
  switch (layer.kind) {
    case 'conv':
      return convolution(layer.kernelSize);
    case 'pointwise':
      if (layer.stride > 1) return convolution(1);
      return pointwise();
    case 'dense':
      return pointwise();
    case 'depthwise': {
      const { kernelSize, stride, pads } = layer;
      const taps = kernelSize * kernelSize;
      const weights = context.addWeights({
        layout: 'depthwise',
        layer: layer.name,
        bytes: depthwiseBytes(inChannels, taps),
        taps,
        channels: input.channels,
        storedChannels: inChannels,
      });
      const sizes = [input.height, input.width, inChannels, output.width, 0, output.height];
      return {
        kernel: 'depthwise_f32',
        args: [to, from, weights, ...sizes, kernelSize, stride, pads.top, pads.left, ...clamp],
      };
    }
    case 'maxPool': {
      const { kernelSize, stride, pads } = layer;
      const sizes = [input.height, input.width, inChannels, output.width, 0, output.height];
      return { kernel: 'max_pool_f32', args: [to, from, ...sizes, kernelSize, stride, pads.top, pads.left, ...clamp] };
    }
    case 'globalAveragePool':
      return { kernel: 'global_average_pool_f32', args: [to, from, pixels, inChannels] };
    case 'add':
      return { kernel: 'add_f32', args: [to, from, { value: operation.inputs[1]! }, count, ...clamp] };
    case 'scale':
      return { kernel: 'scale_f32', args: [to, from, { value: operation.inputs[1]! }, pixels, inChannels] };
    case 'activation':
      if (curve) return { kernel: kernelOf(curve, layer.name), args: [to, from, count] };
      return { kernel: 'clamp_f32', args: [to, from, count, ...clamp] };
    case 'softmax':
      return { kernel: 'softmax_f32', args: [to, from, output.channels] };
    default:
      throw new ModelError('network-unsupported', { where: layer.name, problem: `a ${layer.kind} layer` });
  }

  function panels(taps: number, rows: number): number {
    return context.addWeights({
      layout: 'panels',
      layer: layer.name,
      bytes: panelBytes(output.channels, tile, rows),
      tile,
      taps,
      inChannels: input.channels,
      outChannels: output.channels,
      storedInChannels: inChannels,
      rows,
    });
  }

  function pointwise(): { kernel: KernelName; args: readonly Argument[] } {
    const residual = operation.residual === undefined ? 0 : { value: operation.residual };
    const { halfHeaderBytes } = context;
    if (halfHeaderBytes !== undefined) {
      const weights = context.addWeights({
        layout: 'half',
        layer: layer.name,
        bytes: halfBytes(outChannels, halfHeaderBytes),
        headerBytes: halfHeaderBytes,
      });
      const sizes = [pixels, inChannels, outChannels, input.channels, output.channels];
      return {
        kernel: 'pointwise_half_f32',
        args: [to, from, weights, residual, { value: context.scratch }, ...sizes, ...clamp],
      };
    }
    return {
      kernel: 'pointwise_f32',
      args: [to, from, panels(1, inChannels), residual, pixels, inChannels, outChannels, ...clamp],
    };
  }

  function convolution(kernelSize: number): { kernel: KernelName; args: readonly Argument[] } {
    const { pads } = layer;
    const stride = 'stride' in layer ? layer.stride : 1;
    const taps = kernelSize * kernelSize;
    const rows = Math.ceil((taps * inChannels) / CONV_ROW_MULTIPLE) * CONV_ROW_MULTIPLE;
    const sizes = [input.height, input.width, inChannels, output.width, outChannels, 0, output.height];
    return {
      kernel: 'conv_f32',
      args: [
        to,
        from,
        panels(taps, rows),
        { value: context.scratch },
        ...sizes,
        kernelSize,
        stride,
        pads.top,
        pads.left,
        ...clamp,
      ],
    };
  }
}
