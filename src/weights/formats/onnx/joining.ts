import type { MapValue } from '../../graph/value.js';
import { axesOf, channelDimension, dimsOfMap, sizeOf } from './axes.js';
import type { OnnxNode } from './graph.js';
import { type Cut, fromFront, slicesOf, splitSizes } from './infer-shapes.js';
import type { OnnxImporter } from './onnx-importer.js';

/** More channels than pictures have are not put in another order one by one. */
const MAX_PICKED = 64;

/** Maps side by side along the channels. */
export function importConcat(importer: OnnxImporter, node: OnnxNode): void {
  const values = node.inputs.map((_, index) => importer.map(node, index));
  const [first] = values;
  const axis = fromFront(importer.attribute(node, 'axis', 1), first?.dims.length ?? 0);
  // A row of a map's values goes on as a row.
  const isAlongRow = values.every(({ dims }) => axis === dims.length - 1 && Math.max(...dims) === dims[axis]);
  const areAlike = values.every(
    (value) => value.order === first?.order && (isAlongRow || channelDimension(value) === axis),
  );
  if (first === undefined || !areAlike) {
    const shapes = values.map(({ dims }) => dims.join('×')).join(', ');
    throw importer.unsupported(`Concat of ${shapes} along axis ${axis}, expected the channels`);
  }
  importer.define(node, importer.builder.concat(values, importer.outputTarget(node, first.order)));
}

export function importSplit(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const axis = fromFront(importer.attribute(node, 'axis', 0), value.dims.length);
  const parts = splitSizes(node, importer.known(node), value.dims[axis] ?? 0);
  if (parts === undefined || channelDimension(value) !== axis) {
    throw importer.unsupported(`Split of ${value.dims.join('×')} along axis ${axis}, expected the channels`);
  }
  let from = 0;
  for (const [index, name] of node.outputs.entries()) {
    const part = parts[index] ?? 0;
    if (name !== '') {
      const target = importer.outputTarget(node, value.order, undefined, index);
      importer.define(node, importer.builder.slice(value, from, from + part, target), index);
    }
    from += part;
  }
}

/** Channels, rows or columns of a map. */
export function importSlice(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const cuts = slicesOf(node, importer.known(node), value.dims);
  const groups = axesOf(value);
  if (cuts === undefined || groups === undefined) {
    throw importer.unsupported(`Slice of ${value.dims.join('×')} whose ends are only known at run time`);
  }
  const effective = cuts.filter(({ axis, start, step, count }) => {
    return start !== 0 || step !== 1 || count !== value.dims[axis];
  });
  if (effective.length === 0) {
    importer.alias(node, value);
    return;
  }
  const target = importer.outputTarget(node, value.order);
  let made = value;
  for (const [index, cut] of effective.entries()) {
    const isLast = index === effective.length - 1;
    made = cutAxis(importer, node, made, groups[cut.axis] ?? [], cut, isLast ? target : undefined);
  }
  importer.define(node, made);
}

type Target = ReturnType<OnnxImporter['outputTarget']>;

function cutAxis(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  group: readonly string[],
  cut: Cut,
  last: Target | undefined,
): MapValue {
  const { builder } = importer;
  const { order } = value;
  const shape = sizeOf(value);
  const [axis] = group.filter((name) => shape[name as keyof typeof shape] !== 1);
  const { start, step, count } = cut;
  const extents = { ...shape, ...(axis && { [axis]: count }) };
  const target = last ?? { ...importer.outputTarget(node, order), readers: 1, dims: dimsOfMap(extents, order) };
  if (axis === undefined || group.length > 1) {
    throw importer.unsupported(
      `Slice of ${value.dims.join('×')} along axis ${cut.axis}, expected rows, columns or channels`,
    );
  }
  if (axis === 'channels') {
    if (step === 1) return builder.slice(value, start, start + count, target);
    const picked = Array.from({ length: Math.min(count, MAX_PICKED + 1) }, (_, index) => start + index * step);
    return pickChannels(importer, node, value, picked, target);
  }
  if (step < 1) throw importer.unsupported(`Slice in steps of ${step}, expected 1 or more`);
  const extent = shape[axis as keyof typeof shape];
  const end = extent - (start + (count - 1) * step + 1);
  const pads =
    axis === 'height' ? { top: start, bottom: end, left: 0, right: 0 } : { top: 0, bottom: 0, left: start, right: end };
  if (step === 1) return builder.crop(value, pads, target);
  const left = { ...shape, [axis]: (count - 1) * step + 1 };
  const cropped = builder.crop(value, pads, { ...target, readers: 1, dims: dimsOfMap(left, order) });
  // Every so manieth row or column is the maximum of itself.
  const strides = axis === 'height' ? { stride: step, strideWidth: 1 } : { stride: 1, strideWidth: step };
  return builder.maxPool(
    cropped,
    { kernelSize: 1, ...strides, pads: { top: 0, bottom: 0, left: 0, right: 0 } },
    target,
  );
}

/** Channels in another order (red and blue exchanged), or some of them. */
export function importGather(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  // GatherND with an index of one number takes from the first axis.
  const axis = fromFront(node.operator === 'GatherND' ? 0 : importer.attribute(node, 'axis', 0), value.dims.length);
  const size = value.dims[axis] ?? 0;
  importer.outputDims(node);
  const picked = importer.integers(node, 1, "Gather's indices").map((index) => fromFront(index, size));
  if (picked.every((index, place) => index === place) && picked.length === size) {
    importer.alias(node, value, importer.outputDims(node));
    return;
  }
  if (channelDimension(value) !== axis || picked.some((index) => index < 0 || index >= size)) {
    throw importer.unsupported(`Gather from ${value.dims.join('×')} along axis ${axis}, expected some of the channels`);
  }
  importer.define(node, pickChannels(importer, node, value, picked, importer.outputTarget(node, value.order)));
}

function pickChannels(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  picked: readonly number[],
  target: Target,
): MapValue {
  const { builder } = importer;
  if (picked.length > MAX_PICKED) {
    throw importer.unsupported(`${node.operator} of more than ${MAX_PICKED} channels in another order`);
  }
  const runs: [from: number, to: number][] = [];
  for (const channel of picked) {
    const run = runs.at(-1);
    if (run?.[1] === channel) run[1]++;
    else runs.push([channel, channel + 1]);
  }
  const [only] = runs;
  if (runs.length === 1 && only) return builder.slice(value, ...only, target);
  const parts = runs.map(([from, to]) => {
    const dims = dimsOfMap({ ...sizeOf(value), channels: to - from }, value.order);
    return builder.slice(value, from, to, { ...target, readers: 1, dims });
  });
  return builder.concat(parts, target);
}
