import { elementAt } from '../errors/element-at.js';
import { type KernelCall, type LayerOf, mapsOf, type Place } from './kernel-calls.js';
import { storedChannels } from './pack.js';
import { tabulate } from './resize-table.js';

/** Each input's channels behind the ones before; zeros behind the last. */
export function lowerConcat(layer: LayerOf<'concat'>, { operation, context, outChannels }: Place): KernelCall[] {
  const { height, width, channels: allChannels } = layer.outputShape;
  let first = 0;
  return operation.inputs.map((name, index) => {
    const { channels } = elementAt(layer.inputShapes, index);
    const outOffset = 4 * first;
    first += channels;
    return {
      kernel: 'copy_channels_f32',
      args: {
        output: { value: operation.output },
        input: { value: name },
        pixels: height * width,
        channels,
        zeros: first === allChannels ? outChannels - allChannels : 0,
        inStride: storedChannels(name, channels, context.kernels.constants.channelTile),
        outStride: outChannels,
        outOffset,
        inOffset: 0,
      },
    };
  });
}

export function lowerSlice(layer: LayerOf<'slice'>, place: Place): KernelCall[] {
  const { height, width } = layer.inputShapes[0];
  const channels = layer.to - layer.from;
  const args = {
    ...mapsOf(place),
    pixels: height * width,
    channels,
    zeros: place.outChannels - channels,
    inStride: place.inChannels,
    outStride: place.outChannels,
    outOffset: 0,
    inOffset: 4 * layer.from,
  };
  return [{ kernel: 'copy_channels_f32', args }];
}

export function lowerFlatten(layer: LayerOf<'flatten'>, place: Place): KernelCall[] {
  const { height, width, channels } = layer.inputShapes[0];
  const pixels = height * width;
  const zeros = place.outChannels - pixels * channels;
  const args = { ...mapsOf(place), pixels, channels, zeros, inStride: place.inChannels };
  if (layer.order === 'CHW') return [{ kernel: 'transpose_f32', args }];
  return [{ kernel: 'copy_channels_f32', args: { ...args, outStride: channels, outOffset: 0, inOffset: 0 } }];
}

/** Padding and cropping: the map somewhere else on another one. */
export function lowerMove(layer: LayerOf<'pad' | 'crop'>, place: Place): KernelCall[] {
  const { pads, outputShape } = layer;
  const { height, width, channels } = layer.inputShapes[0];
  const [top, left, value] = layer.kind === 'pad' ? [pads.top, pads.left, layer.value] : [-pads.top, -pads.left, 0];
  const args = {
    ...mapsOf(place),
    inHeight: height,
    inWidth: width,
    channels,
    inStride: place.inChannels,
    outStride: place.outChannels,
    outWidth: outputShape.width,
    rowStart: 0,
    rowEnd: outputShape.height,
    top,
    left,
    value,
  };
  return [{ kernel: 'move_f32', args }];
}

export function lowerResize(layer: LayerOf<'resize'>, place: Place): KernelCall[] {
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const { addWeights, kernels } = place.context;
  const add = (from: number, to: number): number => {
    const entries = tabulate(layer, from, to);
    return addWeights({ layout: 'table', bytes: kernels.constants.resizeEntryBytes * entries.length, entries });
  };
  const args = {
    ...mapsOf(place),
    rows: add(input.height, output.height),
    columns: add(input.width, output.width),
    inWidth: input.width,
    channels: place.inChannels,
    outWidth: output.width,
    rowStart: 0,
    rowEnd: output.height,
  };
  return [{ kernel: 'resize_f32', args }];
}
