import type { Shape } from '../networks/types.js';
import { align } from './arena.js';
import { type Argument, type KernelCall, type LayerOf, limits, mapsOf, type Place } from './kernel-calls.js';
import { panelBytes } from './pack.js';

type Linear = LayerOf<'pointwise' | 'dense'>;

/**
 * From these sizes on seven products of quarters and their sums take less time than the whole. No matter how many threads
 * there are and where weights lie, so that all give the same last digits.
 */
const STRASSEN_PIXELS = 48;
const STRASSEN_CHANNELS = 64;
const STRASSEN_WEIGHTS = 128 * 128;

/** A 1×1 convolution without a stride, or a dense layer. */
export function lowerPointwise(layer: Linear, place: Place): KernelCall[] {
  return [place.context.keepsHalf ? onHalves(layer, place) : onPanels(layer, place)];
}

function onPanels(layer: Linear, place: Place): KernelCall {
  const { context, inChannels } = place;
  const { channelTile: tile } = context.kernels.constants;
  const [input, output] = [layer.inputShapes[0], layer.outputShape];
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
  const { outChannels, ...args } = { ...linearArguments(input, place), weights };
  if (!inQuarters(args.pixels, place)) return { kernel: 'pointwise_f32', args: { ...args, outChannels } };
  const scratchBytes = context.kernels.exports.strassen_scratch_f32(args.pixels, inChannels);
  const scratch = { value: context.scratch('quarters', context.threads * scratchBytes) };
  return {
    kernel: 'pointwise_strassen_f32',
    args: { ...args, scratch, channels: outChannels, outStride: outChannels },
    scratchBytes,
  };
}

function onHalves(layer: Linear, place: Place): KernelCall {
  const { context, inChannels, outChannels } = place;
  const { channelTile: tile } = context.kernels.constants;
  const args = linearArguments(layer.inputShapes[0], place);
  const [rows, columns] = [layer.inputShapes[0].channels, layer.outputShape.channels];
  const biases = context.addWeights({ layout: 'biases', layer: layer.name, bytes: 4 * outChannels });
  // Read when the layer begins: by then large maps have left room.
  const halves = { value: context.scratch('halves', 2 * rows * columns) };
  const quarters = inQuarters(args.pixels, place);
  const scratchBytes = quarters
    ? context.kernels.exports.strassen_half_scratch_f32(args.pixels, inChannels)
    : align(panelBytes(tile, tile, inChannels));
  const scratch = { value: context.scratch('panel', context.threads * scratchBytes) };
  return {
    kernel: quarters ? 'pointwise_strassen_half_f32' : 'pointwise_half_f32',
    args: { ...args, halves, biases, scratch, rows, columns },
    scratchBytes,
  };
}

function inQuarters(pixels: number, { inChannels, outChannels }: Place): boolean {
  const isWide = Math.min(inChannels, outChannels) >= STRASSEN_CHANNELS;
  return isWide && pixels >= STRASSEN_PIXELS && inChannels * outChannels >= STRASSEN_WEIGHTS;
}

function linearArguments({ height, width }: Shape, place: Place) {
  const { operation, inChannels, outChannels } = place;
  const residual: Argument = operation.residual === undefined ? 0 : { value: operation.residual };
  const pixels = height * width;
  return { ...mapsOf(place), residual, pixels, inChannels, outChannels, ...limits(operation.clamp) };
}
