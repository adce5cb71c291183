import { NETWORK_INPUT, type Shape } from '../../networks/types.js';
import type { KernelCall, LayerOf } from '../kernel-calls.js';
import { quantise } from './conversions.js';
import { activationCode, addRows, type IntegerPlace, linearFacts, linearFormat, panelsFor } from './integer-place.js';
import { blocksBytes, storedBytes } from './layouts.js';
import { type IntegerMap, isPlainWindow } from './levels.js';

/** Runs of `tile` pixels that a picture has, the last of them perhaps not whole. */
export function pictureRuns({ height, width }: Shape, tile: number): number {
  return Math.ceil((height * width) / tile);
}

/** A convolution, or a 1×1 one with a stride; undefined where it has to be done in floats: there are no levels, or no kernel. */
export function lowerConv(
  layer: LayerOf<'conv' | 'pointwise'>,
  place: IntegerPlace,
): readonly KernelCall[] | undefined {
  const { operation, context, from, to, activation } = place;
  const isPicture = operation.inputs[0] === NETWORK_INPUT;
  const map = isPicture ? context.maps.get(NETWORK_INPUT) : from;
  if (layer.kind === 'conv' && !isPlainWindow(layer)) return undefined;
  if (!map || !to || activation === undefined || operation.residual !== undefined) return undefined;
  if (!isPicture) return [convolve(layer, place, map, operation.inputs[0])];
  const { source, call } = quantisePicture(layer.inputShapes[0], place, map);
  return [call, convolve(layer, place, map, source)];
}

/** Pixels have no multiple of 8 channels, but 8 pixels have. */
function quantisePicture(shape: Shape, { context }: IntegerPlace, map: IntegerMap) {
  const { constants } = context.kernels;
  const channels = constants.channelTile * shape.channels;
  const pixels = pictureRuns(shape, constants.channelTile);
  const source = context.scratch('picture', pixels * channels * storedBytes(map, constants));
  const runs = { output: { value: source }, input: { value: NETWORK_INPUT }, map, pixels, channels };
  return { source, call: quantise({ ...runs, rows: { kind: 'repeated', map: NETWORK_INPUT } }, context) };
}

function convolve(
  layer: LayerOf<'conv' | 'pointwise'>,
  place: IntegerPlace,
  map: IntegerMap,
  source: string,
): KernelCall {
  const { operation, context, inChannels, outChannels, activation } = place;
  const { constants, integerScratchBytes, exports } = context.kernels;
  const { channelTile: tile } = constants;
  const { height: inHeight, width: inWidth, channels } = layer.inputShapes[0];
  const { height: rowEnd, width: outWidth } = layer.outputShape;
  const kernelSize = layer.kind === 'conv' ? layer.kernelSize : 1;
  const format = linearFormat(place, map);
  const reserve = (depth: number, scratchBytes: number) => ({
    output: { value: operation.output },
    input: { value: source },
    weights: context.addIntegers(panelsFor(place, map, operation.output, depth)),
    zeros: addRows({ kind: 'zeros', map: operation.inputs[0] }, channels, context),
    scratch: { value: context.scratch('windows', context.threads * scratchBytes) },
  });
  const sizes = { inHeight, inWidth, outWidth, outChannels, rowStart: 0, rowEnd };
  const after = { format, activation: activationCode(activation, constants) };
  if (inChannels === 3 && kernelSize === 3 && layer.stride === 2 && layer.pads.left < kernelSize) {
    const depth = exports.conv_rgb_depth_i8(format);
    const scratchBytes = exports.conv_rgb_scratch_i8(outWidth, format);
    const { padTop, padLeft } = strideAndPadding(layer);
    const args = { ...reserve(depth, scratchBytes), ...sizes, padTop, padLeft, ...after };
    return { kernel: 'conv_rgb_i8', args, scratchBytes };
  }
  const depth = Math.ceil((kernelSize ** 2 * channels) / tile) * tile;
  const scratchBytes = integerScratchBytes(channels, depth, outWidth, format);
  const window = { pixelStride: inChannels, inChannels: channels, depth, kernelSize, ...strideAndPadding(layer) };
  return { kernel: 'conv_i8', args: { ...reserve(depth, scratchBytes), ...sizes, ...window, ...after }, scratchBytes };
}

export function lowerDepthwise(layer: LayerOf<'depthwise'>, place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, inChannels, activation } = place;
  if (!from || !to || activation === undefined || !isPlainWindow(layer)) return undefined;
  const { constants } = context.kernels;
  const { kernelSize, inputShapes, outputShape } = layer;
  const { height: inHeight, width: inWidth } = inputShapes[0];
  const each = storedBytes(from, constants);
  const bytes = blocksBytes(kernelSize, inChannels, each, constants);
  const weights = context.addIntegers({
    layout: 'blocks',
    ...linearFacts(place, from),
    bytes: bytes + inWidth * inChannels * each,
    output: operation.output,
    kernelSize,
    storedChannels: inChannels,
    padding: bytes,
    width: inWidth,
  });
  const args = {
    output: { value: operation.output },
    input: { value: operation.inputs[0] },
    weights,
    padding: weights + bytes,
    inHeight,
    inWidth,
    channels: inChannels,
    outWidth: outputShape.width,
    rowStart: 0,
    rowEnd: outputShape.height,
    kernelSize,
    ...strideAndPadding(layer),
    format: linearFormat(place, from),
    activation: activationCode(activation, constants),
  };
  return [{ kernel: 'depthwise_i8', args }];
}

function strideAndPadding({ stride, pads }: LayerOf<'conv' | 'pointwise' | 'depthwise'>) {
  return { stride, padTop: pads.top, padLeft: pads.left };
}
