import { elementAt } from '../errors/element-at.js';
import { NETWORK_INPUT, type ResolvedLayer, type Shape } from '../networks/types.js';
import type { AppliedCurve } from './activations.js';
import { align } from './arena.js';
import type { Operation } from './fuse.js';
import type { Argument, KernelCall, LowerContext, LoweredStep, Place } from './kernel-calls.js';
import { lowerConv, lowerDepthwise, lowerPool } from './lower-windows.js';
import { halfBytes, panelBytes, storedChannels, TABLE_ENTRY_BYTES } from './pack.js';
import { tabulate } from './resize-table.js';

/** An operation → the kernel calls that do it. */
export function lower(operation: Operation, context: LowerContext): LoweredStep[] {
  const { layer, output, curve, clip } = operation;
  const { channelTile: tile } = context.kernels.constants;
  const calls: KernelCall[] = [];
  // The kernels read maps whose channels are padded; a convolution reads the picture as well.
  const readsPicture = layer.kind === 'conv' && (layer.groups ?? 1) === 1;
  const picture = layer.inputShapes[operation.inputs.indexOf(NETWORK_INPUT)];
  let padded = NETWORK_INPUT;
  if (picture && !readsPicture) {
    const copy = padPicture(picture, context);
    calls.push(copy.call);
    padded = copy.value;
  }
  const [first, ...others] = operation.inputs;
  const rename = (name: string) => (name === NETWORK_INPUT ? padded : name);
  const inputs = [rename(first), ...others.map(rename)] as const;
  const place: Place = {
    operation: { ...operation, inputs },
    context,
    inChannels: storedChannels(inputs[0], layer.inputShapes[0].channels, tile),
    outChannels: storedChannels(output, layer.outputShape.channels, tile),
  };
  calls.push(...callsOf(layer, place));
  const { height, width } = layer.outputShape;
  const count = height * width * place.outChannels;
  const to: Argument = { value: output };
  if (curve && layer.kind !== 'activation') calls.push(activate(curve, to, to, count, context));
  if (clip) calls.push({ kernel: 'clamp_f32', args: [to, to, count, ...clip] });
  return calls.map((call) => ({ layer: output, ...call }));
}

/** A copy of the picture with its channels rounded up as those of every other map. */
function padPicture({ height, width, channels }: Shape, context: LowerContext): { value: string; call: KernelCall } {
  const stored = storedChannels('', channels, context.kernels.constants.channelTile);
  const value = context.scratch('picture', 4 * height * width * stored);
  const sizes = [height, width, channels, channels, stored, width, 0, height, 0, 0, 0];
  return { value, call: { kernel: 'move_f32', args: [{ value }, { value: NETWORK_INPUT }, ...sizes] } };
}

function activate(
  { activation, parameters }: AppliedCurve,
  to: Argument,
  from: Argument,
  count: number,
  { kernels }: LowerContext,
): KernelCall {
  return { kernel: 'activate_f32', args: [to, from, count, kernels.constants.activations[activation], ...parameters] };
}

function callsOf(layer: ResolvedLayer, place: Place): KernelCall[] {
  const { operation, context, inChannels, outChannels } = place;
  const [to, from] = [{ value: operation.output }, { value: operation.inputs[0] }];
  const other = { value: operation.inputs[1] ?? '' };
  const { clamp, curve } = operation;
  const input = layer.inputShapes[0];
  const pixels = input.height * input.width;
  const count = layer.outputShape.height * layer.outputShape.width * outChannels;
  switch (layer.kind) {
    case 'conv':
      return [lowerConv(layer, place)];
    case 'pointwise':
      return [layer.stride > 1 ? lowerConv(layer, place) : pointwise(place)];
    case 'dense':
      return [pointwise(place)];
    case 'depthwise':
      return lowerDepthwise(layer, place);
    case 'maxPool':
    case 'averagePool':
    case 'globalMaxPool':
      return [lowerPool(layer, place)];
    case 'globalAveragePool':
      return [{ kernel: 'global_average_pool_f32', args: [to, from, pixels, inChannels] }];
    case 'add':
      return [{ kernel: 'add_f32', args: [to, from, other, count, ...clamp] }];
    case 'multiply':
    case 'subtract':
    case 'maximum':
    case 'minimum':
      return [{ kernel: `${layer.kind}_f32`, args: [to, from, other, count] }];
    case 'scale': {
      const factors = elementAt(layer.inputShapes, 1);
      if (factors.channels === input.channels && factors.height * factors.width === 1) {
        return [{ kernel: 'scale_f32', args: [to, from, other, pixels, inChannels] }];
      }
      const gateStride =
        factors.height * factors.width === 1
          ? 0
          : storedChannels(elementAt(operation.inputs, 1), factors.channels, context.kernels.constants.channelTile);
      return [{ kernel: 'scale_pixels_f32', args: [to, from, other, pixels, inChannels, gateStride] }];
    }
    case 'activation':
      if (curve) return [activate(curve, to, from, count, context)];
      return [{ kernel: 'clamp_f32', args: [to, from, count, ...clamp] }];
    case 'prelu':
      return [prelu(layer, place)];
    case 'concat':
      return concat(layer, place);
    case 'slice': {
      const channels = layer.to - layer.from;
      const zeros = outChannels - channels;
      const args = [to, from, pixels, channels, zeros, inChannels, outChannels, 0, 4 * layer.from];
      return [{ kernel: 'copy_channels_f32', args }];
    }
    case 'pad':
    case 'crop': {
      const { pads, outputShape } = layer;
      const [top, left, value] = layer.kind === 'pad' ? [pads.top, pads.left, layer.value] : [-pads.top, -pads.left, 0];
      const sizes = [input.height, input.width, input.channels, inChannels, outChannels, outputShape.width];
      return [{ kernel: 'move_f32', args: [to, from, ...sizes, 0, outputShape.height, top, left, value] }];
    }
    case 'resize':
      return [resize(layer, place)];
    case 'flatten': {
      const { channels } = input;
      const zeros = outChannels - pixels * channels;
      if (layer.order === 'CHW') {
        return [{ kernel: 'transpose_f32', args: [to, from, pixels, channels, zeros, inChannels] }];
      }
      return [{ kernel: 'copy_channels_f32', args: [to, from, pixels, channels, zeros, inChannels, channels, 0, 0] }];
    }
    case 'softmax':
      return [{ kernel: 'softmax_f32', args: [to, from, layer.outputShape.channels] }];
    default:
      return layer satisfies never;
  }
}

function pointwise({ operation, context, inChannels, outChannels }: Place): KernelCall {
  const { layer, clamp } = operation;
  const { channelTile: tile, halfHeaderBytes } = context.kernels.constants;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const [to, from] = [{ value: operation.output }, { value: operation.inputs[0] }];
  const pixels = input.height * input.width;
  const residual = operation.residual === undefined ? 0 : { value: operation.residual };
  if (context.keepsHalf) {
    const weights = context.addWeights({
      layout: 'half',
      layer: layer.name,
      bytes: halfBytes(outChannels, halfHeaderBytes),
      headerBytes: halfHeaderBytes,
    });
    const scratchBytes = align(panelBytes(tile, tile, inChannels));
    const panel = { value: context.scratch('panel', context.threads * scratchBytes) };
    const sizes = [pixels, inChannels, outChannels, input.channels, output.channels];
    return {
      kernel: 'pointwise_half_f32',
      args: [to, from, weights, residual, panel, ...sizes, ...clamp],
      scratchBytes,
    };
  }
  const weights = context.addWeights({
    layout: 'panels',
    layer: layer.name,
    bytes: panelBytes(output.channels, tile, inChannels),
    tile,
    taps: 1,
    inChannels: input.channels,
    outChannels: output.channels,
    storedInChannels: inChannels,
    rows: inChannels,
  });
  return { kernel: 'pointwise_f32', args: [to, from, weights, residual, pixels, inChannels, outChannels, ...clamp] };
}

function prelu(layer: ResolvedLayer & { readonly kind: 'prelu' }, place: Place): KernelCall {
  const { operation, context, inChannels } = place;
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
  const [to, from] = [{ value: operation.output }, { value: operation.inputs[0] }];
  return { kernel: 'prelu_f32', args: [to, from, slopes, height * width, inChannels, layer.perPixel ? 1 : 0] };
}

/** Each input's channels behind the ones before; zeros behind the last. */
function concat(layer: ResolvedLayer, { operation, context, outChannels }: Place): KernelCall[] {
  const { height, width, channels: allChannels } = layer.outputShape;
  let first = 0;
  return operation.inputs.map((name, index) => {
    const { channels } = elementAt(layer.inputShapes, index);
    const stored = storedChannels(name, channels, context.kernels.constants.channelTile);
    const offset = 4 * first;
    first += channels;
    const zeros = first === allChannels ? outChannels - allChannels : 0;
    const sizes = [height * width, channels, zeros, stored, outChannels, offset, 0];
    return { kernel: 'copy_channels_f32', args: [{ value: operation.output }, { value: name }, ...sizes] };
  });
}

function resize(layer: ResolvedLayer & { readonly kind: 'resize' }, place: Place): KernelCall {
  const { operation, context, inChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const add = (from: number, to: number): number => {
    const entries = tabulate(layer, from, to);
    return context.addWeights({ layout: 'table', bytes: TABLE_ENTRY_BYTES * entries.length, entries });
  };
  const tables = [add(input.height, output.height), add(input.width, output.width)];
  const sizes = [input.width, inChannels, output.width, 0, output.height];
  return {
    kernel: 'resize_f32',
    args: [{ value: operation.output }, { value: operation.inputs[0] }, ...tables, ...sizes],
  };
}
