import { NETWORK_INPUT, type ResolvedLayer, type Shape } from '../networks/types.js';
import { type Window, windowOf } from '../networks/windows.js';
import { align } from './arena.js';
import { type Argument, type KernelCall, type LayerOf, limits, mapsOf, type Place } from './kernel-calls.js';
import { depthwiseBytes, type Grouping, groupChannels, panelBytes } from './pack.js';

type Conv = LayerOf<'conv' | 'pointwise'>;

/** Bytes of input that the windows of one go should come from, so that it stays in the cache for all panels of weights. */
const CHUNK_BYTES = 192 * 1024;

/** A convolution, or a pointwise layer with a stride. */
export function lowerConv(layer: Conv, place: Place): KernelCall[] {
  return [place.operation.inputs[0] === NETWORK_INPUT ? gathered(layer, place) : direct(layer, place)];
}

function gathered(layer: Conv, place: Place): KernelCall {
  const { operation, context, inChannels, outChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const window = windowOf(layer);
  const { kernelHeight, kernelWidth } = window;
  const { inputMultiple } = context.kernels.constants;
  const rows = Math.ceil((kernelHeight * kernelWidth * inChannels) / inputMultiple) * inputMultiple;
  const scratchBytes = align(context.kernels.convScratchBytes(kernelHeight, kernelWidth, inChannels));
  const args = {
    ...mapsOf(place),
    scratch: { value: context.scratch('patches', context.threads * scratchBytes) },
    weights: addPanels(layer, place, rows),
    inHeight: input.height,
    inWidth: input.width,
    inChannels,
    outWidth: output.width,
    outChannels,
    rowStart: 0,
    rowEnd: output.height,
    ...window,
    ...paddingOf(layer),
    ...limits(operation.clamp),
  };
  return { kernel: 'conv_f32', args, scratchBytes };
}

function direct(layer: Conv, place: Place): KernelCall {
  const { operation, context, inChannels, outChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const window = windowOf(layer);
  const { weights, grouping } = addDirectWeights(layer, window, place);
  const chunk = chunkOf(layer, window, inChannels, context.kernels.constants.pixelTile);
  const scratchBytes = reachesBeyond(layer, window) ? align(chunk.paddedBytes) : 0;
  const args = {
    ...mapsOf(place),
    weights,
    scratch: scratchBytes > 0 ? { value: context.scratch('padded', context.threads * scratchBytes) } : 0,
    inHeight: input.height,
    inWidth: input.width,
    inChannels,
    outHeight: output.height,
    outWidth: output.width,
    outStride: outChannels,
    channels: outChannels,
    firstChannel: 0,
    chunkRows: chunk.rows,
    ...window,
    ...paddingOf(layer),
    ...grouping,
    ...limits(operation.clamp),
  };
  return { kernel: 'conv_direct_f32', args, scratchBytes };
}

/** Panels of weights, of all inputs or of those of the panel's groups. */
function addDirectWeights(
  layer: Conv,
  window: Window,
  place: Place,
): { readonly weights: number; readonly grouping: Grouping } {
  const { context, inChannels, outChannels } = place;
  const { channelTile: tile } = context.kernels.constants;
  const taps = window.kernelHeight * window.kernelWidth;
  const groups = layer.kind === 'conv' ? (layer.groups ?? 1) : 1;
  if (groups === 1) {
    const grouping = { panelChannels: inChannels, inOfGroup: inChannels, outOfGroup: outChannels };
    return { weights: addPanels(layer, place, taps * inChannels), grouping };
  }
  const sizes = { inChannels: layer.inputShapes[0].channels, outChannels: layer.outputShape.channels, groups };
  const grouping = groupChannels(sizes, inChannels, context.kernels.constants);
  const weights = context.addWeights({
    layout: 'groups',
    layer: layer.name,
    bytes: panelBytes(sizes.outChannels, tile, taps * grouping.panelChannels),
    tile,
    taps,
    outChannels: sizes.outChannels,
    storedInChannels: inChannels,
    grouping,
  });
  return { weights, grouping };
}

function paddingOf({ pads }: ResolvedLayer): { readonly padTop: number; readonly padLeft: number } {
  return { padTop: pads.top, padLeft: pads.left };
}

function addPanels(layer: Conv, { context, inChannels }: Place, rows: number): number {
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

export function lowerDepthwise(layer: LayerOf<'depthwise'>, place: Place): KernelCall[] {
  const { operation, context, outChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
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
  const repeated = repeatChannels(layer, place);
  const args = {
    ...mapsOf(place),
    ...(repeated && { input: repeated.args.output }),
    weights,
    inHeight: input.height,
    inWidth: input.width,
    channels: outChannels,
    outWidth: output.width,
    rowStart: 0,
    rowEnd: output.height,
    ...window,
    ...paddingOf(layer),
    ...limits(operation.clamp),
  };
  const call: KernelCall = { kernel: 'depthwise_f32', args };
  return repeated ? [repeated, call] : [call];
}

/** Each channel of the input as often as there are filters for it; undefined where that is once. */
function repeatChannels({ multiplier = 1, inputShapes }: LayerOf<'depthwise'>, place: Place) {
  if (multiplier === 1) return undefined;
  const { context, inChannels, outChannels } = place;
  const { height, width, channels } = inputShapes[0];
  const pixels = height * width;
  const output: Argument = { value: context.scratch('repeated', 4 * pixels * outChannels) };
  const args = { ...mapsOf(place), output, pixels, channels, multiplier, inStride: inChannels, outStride: outChannels };
  return { kernel: 'repeat_channels_f32', args } as const satisfies KernelCall;
}

/** The window of a global pool is the whole map. */
export function lowerPool(layer: LayerOf<'maxPool' | 'averagePool' | 'globalMaxPool'>, place: Place): KernelCall[] {
  const { operation, inChannels } = place;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
  const { height: inHeight, width: inWidth } = input;
  const { kernelHeight, kernelWidth, strideHeight, strideWidth } =
    layer.kind === 'globalMaxPool'
      ? { kernelHeight: inHeight, kernelWidth: inWidth, strideHeight: 1, strideWidth: 1 }
      : windowOf(layer);
  const args = {
    ...mapsOf(place),
    inHeight,
    inWidth,
    channels: inChannels,
    outWidth: output.width,
    rowStart: 0,
    rowEnd: output.height,
    ...{ kernelHeight, kernelWidth, strideHeight, strideWidth },
    ...(layer.kind === 'globalMaxPool' ? { padTop: 0, padLeft: 0 } : paddingOf(layer)),
    ...limits(operation.clamp),
  };
  if (layer.kind !== 'averagePool') return [{ kernel: 'max_pool_f32', args }];
  return [{ kernel: 'average_pool_f32', args: { ...args, countsPadding: layer.countsPadding ? 1 : 0 } }];
}
