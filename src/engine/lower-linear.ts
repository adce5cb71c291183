import type { Shape } from '../networks/types.js';
import { align } from './arena.js';
import { type Argument, type KernelCall, type LayerOf, limits, mapsOf, type Place } from './kernel-calls.js';
import { panelBytes } from './pack.js';

type Linear = LayerOf<'pointwise' | 'dense'>;

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
  return { kernel: 'pointwise_f32', args: { ...linearArguments(input, place), weights } };
}

function onHalves(layer: Linear, place: Place): KernelCall {
  const { context, inChannels, outChannels } = place;
  const { channelTile: tile } = context.kernels.constants;
  const [rows, columns] = [layer.inputShapes[0].channels, layer.outputShape.channels];
  const biases = context.addWeights({ layout: 'biases', layer: layer.name, bytes: 4 * outChannels });
  // Read when the layer begins: by then large maps have left room.
  const halves = { value: context.scratch('halves', 2 * rows * columns) };
  const scratchBytes = align(panelBytes(tile, tile, inChannels));
  const scratch = { value: context.scratch('panel', context.threads * scratchBytes) };
  return {
    kernel: 'pointwise_half_f32',
    args: { ...linearArguments(layer.inputShapes[0], place), halves, biases, scratch, rows, columns },
    scratchBytes,
  };
}

function linearArguments({ height, width }: Shape, place: Place) {
  const { operation, inChannels, outChannels } = place;
  const residual: Argument = operation.residual === undefined ? 0 : { value: operation.residual };
  const pixels = height * width;
  return { ...mapsOf(place), residual, pixels, inChannels, outChannels, ...limits(operation.clamp) };
}
