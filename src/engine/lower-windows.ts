import { NETWORK_INPUT, type ResolvedLayer, type Shape } from '../networks/types.js';
import { type Window, windowOf } from '../networks/windows.js';
import { align } from './arena.js';
import type { Argument, KernelCall, Place } from './kernel-calls.js';
import { CHANNEL_MULTIPLE, depthwiseBytes, type Grouping, groupChannels, panelBytes } from './pack.js';

type Layer<K extends ResolvedLayer['kind']> = ResolvedLayer & { readonly kind: K };

/** Bytes of input that the windows of one go should come from, so that it stays in the cache for all panels of weights. */
const CHUNK_BYTES = 192 * 1024;

/** A convolution, or a pointwise layer with a stride. */
export function lowerConv(layer: Layer<'conv' | 'pointwise'>, place: Place): KernelCall {
  return place.operation.inputs[0] === NETWORK_INPUT ? gathered(layer, place) : direct(layer, place);
}

function gathered(layer: Layer<'conv' | 'pointwise'>, place: Place): KernelCall {
  const { operation, context, inChannels, outChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const window = windowOf(layer);
  const { kernelHeight, kernelWidth } = window;
  const rows = Math.ceil((kernelHeight * kernelWidth * inChannels) / CHANNEL_MULTIPLE) * CHANNEL_MULTIPLE;
  const scratchBytes = align(context.kernels.convScratchBytes(kernelHeight, kernelWidth, inChannels));
  const patches = { value: context.scratch('patches', context.threads * scratchBytes) };
  const sizes = [input.height, input.width, inChannels, output.width, outChannels, 0, output.height];
  return {
    kernel: 'conv_f32',
    args: [
      ...maps(place),
      addPanels(layer, place, rows),
      patches,
      ...sizes,
      ...windowArguments(layer, window),
      ...operation.clamp,
    ],
    scratchBytes,
  };
}

function direct(layer: Layer<'conv' | 'pointwise'>, place: Place): KernelCall {
  const { operation, context, inChannels, outChannels } = place;
  const { channelTile: tile, pixelTile } = context.kernels.constants;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const window = windowOf(layer);
  const taps = window.kernelHeight * window.kernelWidth;
  const groups = layer.kind === 'conv' ? (layer.groups ?? 1) : 1;
  const whole: Grouping = { panelChannels: inChannels, inOfGroup: inChannels, outOfGroup: outChannels };
  const sizes = { inChannels: input.channels, outChannels: output.channels, groups };
  const grouping = groups === 1 ? whole : groupChannels(sizes, inChannels, tile);
  const weights =
    groups === 1
      ? addPanels(layer, place, taps * inChannels)
      : context.addWeights({
          layout: 'groups',
          layer: layer.name,
          bytes: panelBytes(output.channels, tile, taps * grouping.panelChannels),
          tile,
          taps,
          outChannels: output.channels,
          storedInChannels: inChannels,
          grouping,
        });
  const chunk = chunkOf(layer, window, inChannels, pixelTile);
  const scratchBytes = reachesBeyond(layer, window) ? align(chunk.paddedBytes) : 0;
  const scratch = scratchBytes > 0 ? { value: context.scratch('padded', context.threads * scratchBytes) } : 0;
  return {
    kernel: 'conv_direct_f32',
    args: [
      ...maps(place),
      weights,
      scratch,
      ...[input.height, input.width, inChannels],
      ...[output.height, output.width, outChannels, outChannels, 0, chunk.rows],
      ...windowArguments(layer, window),
      ...[grouping.panelChannels, grouping.inOfGroup, grouping.outOfGroup],
      ...operation.clamp,
    ],
    scratchBytes,
  };
}

function maps({ operation }: Place): [Argument, Argument] {
  return [{ value: operation.output }, { value: operation.inputs[0] }];
}

function windowArguments({ pads }: ResolvedLayer, window: Window): number[] {
  return [
    ...[window.kernelHeight, window.kernelWidth, window.strideHeight, window.strideWidth],
    ...[window.dilationHeight, window.dilationWidth, pads.top, pads.left],
  ];
}

function addPanels(layer: Layer<'conv' | 'pointwise'>, { context, inChannels }: Place, rows: number): number {
  const { channelTile: tile } = context.kernels.constants;
  const { kernelHeight, kernelWidth } = windowOf(layer);
  const { channels: outChannels } = layer.outputShape;
  return context.addWeights({
    layout: 'panels',
    layer: layer.name,
    bytes: panelBytes(outChannels, tile, rows),
    tile,
    taps: kernelHeight * kernelWidth,
    inChannels: layer.inputShapes[0].channels,
    outChannels,
    storedInChannels: inChannels,
    rows,
  });
}

/** Rows and columns of the input that the windows of some output pixels span. */
function spanOf(window: Window, rows: number, columns: number): { readonly height: number; readonly width: number } {
  return {
    height: (rows - 1) * window.strideHeight + (window.kernelHeight - 1) * window.dilationHeight + 1,
    width: (columns - 1) * window.strideWidth + (window.kernelWidth - 1) * window.dilationWidth + 1,
  };
}

function reachesBeyond({ inputShapes, outputShape, pads }: ResolvedLayer, window: Window): boolean {
  const [input] = inputShapes as [Shape];
  const { height, width } = spanOf(window, outputShape.height, outputShape.width);
  return pads.top > 0 || pads.left > 0 || height > input.height || width > input.width;
}

/** Output rows of one go, whole tiles of pixels where that is possible, and the bytes of their input with its padding. */
function chunkOf({ outputShape }: ResolvedLayer, window: Window, inChannels: number, pixelTile: number) {
  const { height, width } = outputShape;
  const bytesOf = (rows: number) => {
    const span = spanOf(window, rows, width);
    return 4 * span.height * span.width * inChannels;
  };
  let rows = height;
  while (rows > 1 && bytesOf(rows) > CHUNK_BYTES) rows--;
  const multiple = wholeTileRows(width, pixelTile);
  if (rows < height && rows > multiple) rows -= rows % multiple;
  return { rows, paddedBytes: bytesOf(rows) };
}

/** The least number of rows whose pixels fill whole tiles. */
export function wholeTileRows(width: number, pixelTile: number): number {
  let rows = 1;
  while ((rows * width) % pixelTile !== 0) rows++;
  return rows;
}

export function lowerDepthwise(layer: Layer<'depthwise'>, place: Place): KernelCall[] {
  const { operation, context, inChannels, outChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const { multiplier = 1 } = layer;
  const window = windowOf(layer);
  const taps = window.kernelHeight * window.kernelWidth;
  const weights = context.addWeights({
    layout: 'depthwise',
    layer: layer.name,
    bytes: depthwiseBytes(outChannels, taps),
    taps,
    channels: output.channels,
    storedChannels: outChannels,
  });
  const calls: KernelCall[] = [];
  let [to, from] = maps(place);
  if (multiplier > 1) {
    // Each channel as often as there are filters for it.
    const pixels = input.height * input.width;
    const repeated = { value: context.scratch('repeated', 4 * pixels * outChannels) };
    const sizes = [pixels, input.channels, multiplier, inChannels, outChannels];
    calls.push({ kernel: 'repeat_channels_f32', args: [repeated, from, ...sizes] });
    from = repeated;
  }
  const sizes = [input.height, input.width, outChannels, output.width, 0, output.height];
  const args = [to, from, weights, ...sizes, ...windowArguments(layer, window), ...operation.clamp];
  return [...calls, { kernel: 'depthwise_f32', args }];
}

/** The window of a global pool is the whole map. */
export function lowerPool(layer: Layer<'maxPool' | 'averagePool' | 'globalMaxPool'>, place: Place): KernelCall {
  const { operation, inChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const sizes = [input.height, input.width, inChannels, output.width, 0, output.height];
  if (layer.kind === 'globalMaxPool') {
    const window = [input.height, input.width, 1, 1, 0, 0];
    return { kernel: 'max_pool_f32', args: [...maps(place), ...sizes, ...window, ...operation.clamp] };
  }
  const { kernelHeight, kernelWidth, strideHeight, strideWidth } = windowOf(layer);
  const window = [kernelHeight, kernelWidth, strideHeight, strideWidth, layer.pads.top, layer.pads.left];
  if (layer.kind === 'maxPool') {
    return { kernel: 'max_pool_f32', args: [...maps(place), ...sizes, ...window, ...operation.clamp] };
  }
  const countsPadding = layer.countsPadding ? 1 : 0;
  return {
    kernel: 'average_pool_f32',
    args: [...maps(place), ...sizes, ...window, countsPadding, ...operation.clamp],
  };
}
