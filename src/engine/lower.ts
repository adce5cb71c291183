import { type LayerKind, NETWORK_INPUT, type ResolvedLayer, type Shape } from '../networks/types.js';
import type { Operation } from './fuse.js';
import type { KernelCall, LayerOf, LowerContext, LoweredStep, Place } from './kernel-calls.js';
import { lowerConcat, lowerFlatten, lowerMove, lowerResize, lowerSlice } from './lower-channels.js';
import {
  activate,
  lowerActivation,
  lowerAdd,
  lowerCombination,
  lowerGlobalAveragePool,
  lowerPrelu,
  lowerScale,
  lowerSoftmax,
} from './lower-elements.js';
import { lowerPointwise } from './lower-linear.js';
import { lowerConv, lowerDepthwise, lowerPool } from './lower-windows.js';
import { storedChannels } from './pack.js';

type Lowering<Kind extends LayerKind = LayerKind> = (layer: LayerOf<Kind>, place: Place) => readonly KernelCall[];

const lowerings: { readonly [Kind in LayerKind]: Lowering<Kind> } = {
  conv: lowerConv,
  pointwise: (layer, place) => (layer.stride > 1 ? lowerConv(layer, place) : lowerPointwise(layer, place)),
  dense: lowerPointwise,
  depthwise: lowerDepthwise,
  maxPool: lowerPool,
  averagePool: lowerPool,
  globalMaxPool: lowerPool,
  globalAveragePool: lowerGlobalAveragePool,
  add: lowerAdd,
  multiply: lowerCombination,
  subtract: lowerCombination,
  maximum: lowerCombination,
  minimum: lowerCombination,
  scale: lowerScale,
  activation: lowerActivation,
  prelu: lowerPrelu,
  softmax: lowerSoftmax,
  concat: lowerConcat,
  slice: lowerSlice,
  pad: lowerMove,
  crop: lowerMove,
  resize: lowerResize,
  flatten: lowerFlatten,
};

/** An operation → the kernel calls that do it. */
export function lower(operation: Operation, context: LowerContext): LoweredStep[] {
  const { layer, output, curve, clip } = operation;
  const { channelTile: tile, activations } = context.kernels.constants;
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
  const inPlace = { output: { value: output }, input: { value: output }, count: height * width * place.outChannels };
  if (curve && layer.kind !== 'activation') calls.push(activate(curve, inPlace, activations));
  if (clip) calls.push({ kernel: 'clamp_f32', args: { ...inPlace, min: clip[0], max: clip[1] } });
  return calls.map((call) => ({ layer: output, ...call }));
}

function callsOf(layer: ResolvedLayer, place: Place): readonly KernelCall[] {
  return (lowerings[layer.kind] as Lowering)(layer, place);
}

/** A copy of the picture with its channels rounded up as those of every other map. */
function padPicture({ height, width, channels }: Shape, context: LowerContext): { value: string; call: KernelCall } {
  const stored = storedChannels('', channels, context.kernels.constants.channelTile);
  const value = context.scratch('picture', 4 * height * width * stored);
  const call: KernelCall = {
    kernel: 'move_f32',
    args: {
      output: { value },
      input: { value: NETWORK_INPUT },
      inHeight: height,
      inWidth: width,
      channels,
      inStride: channels,
      outStride: stored,
      outWidth: width,
      rowStart: 0,
      rowEnd: height,
      top: 0,
      left: 0,
      value: 0,
    },
  };
  return { value, call };
}
