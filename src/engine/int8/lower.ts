import type { LayerKind } from '../../networks/types.js';
import type { Operation } from '../fuse.js';
import type { KernelCall, LayerOf, LoweredStep } from '../kernel-calls.js';
import { lowerInFloats } from './conversions.js';
import { type IntegerContext, type IntegerPlace, placeIntegers } from './integer-place.js';
import { lowerAdd, lowerCopy, lowerGlobalAveragePool, lowerScale } from './lower-elements.js';
import { lowerLinear } from './lower-linear.js';
import { lowerConv, lowerDepthwise } from './lower-windows.js';

/** Undefined where there is no integer kernel for it. */
type Lowering<Kind extends LayerKind = LayerKind> = (
  layer: LayerOf<Kind>,
  place: IntegerPlace,
) => readonly KernelCall[] | undefined;

const lowerings: { readonly [Kind in LayerKind]?: Lowering<Kind> } = {
  conv: lowerConv,
  pointwise: (layer, place) => (layer.stride > 1 ? lowerConv(layer, place) : lowerLinear(place)),
  dense: (_, place) => lowerLinear(place),
  depthwise: lowerDepthwise,
  activation: lowerCopy,
  add: lowerAdd,
  scale: lowerScale,
  globalAveragePool: lowerGlobalAveragePool,
};

/** An operation → the kernel calls that do it, in integers as far as there are kernels, else in floats between conversions. */
export function lowerIntegers(operation: Operation, context: IntegerContext): LoweredStep[] {
  const { layer, output } = operation;
  const place = placeIntegers(operation, context);
  const inIntegers = lowerings[layer.kind] as Lowering | undefined;
  const calls = inIntegers?.(layer, place) ?? lowerInFloats(place);
  return calls.map((call) => ({ ...call, layer: output }));
}
