import type { Target } from '../../../graph/builder.js';
import type { MapValue } from '../../../graph/value.js';
import { type KerasCall, type LayerHandler, passOn, refuseLayer, showSetting } from '../layer-handler.js';

export type Merge = 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum';

/** Two tensors value by value; a product also with one factor for each channel. */
export function merge(call: KerasCall, how: Merge, a: MapValue, b: MapValue, target: Target): MapValue {
  const dims =
    a.dims.length > b.dims.length || (a.dims.length === b.dims.length && sizeOf(a) >= sizeOf(b)) ? a.dims : b.dims;
  const { builder } = call.graph;
  return how === 'add' ? builder.add(a, b, { ...target, dims }) : builder.combine(how, a, b, { ...target, dims });
}

/** Any number of tensors, from the first to the last. */
export function merging(how: Merge): LayerHandler {
  return (call) => mergeAll(call, how, call.target);
}

export const average: LayerHandler = (call) => {
  const sum = mergeAll(call, 'add', { ...call.target, readers: 1 });
  return call.graph.affineAlike(sum, 1 / call.inputs.length, 0, { ...call.target, dims: sum.dims });
};

export const concatenate: LayerHandler = (call) => {
  return concat(call, call.inputs, call.layer.config.axis ?? call.layer.config.concat_axis ?? -1);
};

/** Tensors one after the other along their channels. */
export function concat(call: KerasCall, values: readonly MapValue[], axis: unknown): MapValue {
  const [first] = values;
  const rank = first?.dims.length;
  const { builder } = call.graph;
  if (first === undefined || (rank !== 2 && rank !== 4) || values.some(({ dims }) => dims.length !== rank)) {
    throw refuseLayer(call, 'joins tensors of other kinds than maps or rows of values');
  }
  if (axis !== -1 && axis !== rank - 1)
    throw refuseLayer(call, `joins along axis ${showSetting(axis)}, expected the last one`);
  const channels = values.reduce((sum, { dims }) => sum + dims.at(-1)!, 0);
  return builder.concat(values, { ...call.target, dims: [...first.dims.slice(0, -1), channels] });
}

function mergeAll(call: KerasCall, how: Merge, target: Target): MapValue {
  const { inputs } = call;
  if (how === 'subtract' && inputs.length !== 2)
    throw refuseLayer(call, `reads ${inputs.length} tensors, expected two`);
  const [first, ...others] = inputs;
  if (others.length === 0) return passOn(first!, target);
  return others.reduce(
    (sum, next, index) => merge(call, how, sum, next, index === others.length - 1 ? target : { ...target, readers: 1 }),
    first!,
  );
}

function sizeOf({ shape: { height, width, channels } }: MapValue): number {
  return height * width * channels;
}
