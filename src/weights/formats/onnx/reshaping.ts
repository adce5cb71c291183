import type { Target } from '../../graph/builder.js';
import type { AxisOrder, MapValue } from '../../graph/value.js';
import { axesOf, dimsOfMap, type MapAxis, sizeOf } from './axes.js';
import { isFloatType } from './constants.js';
import type { OnnxNode } from './graph.js';
import { padsOf, permutationOf } from './infer-shapes.js';
import type { OnnxImporter } from './onnx-importer.js';
import { DATA_TYPE } from './tensor.js';

/** The same values in a map or a row of other dimensions. */
export function importReshape(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const dims = importer.outputDims(node);
  const wanted = { ...value, dims };
  const isPixel = value.shape.height * value.shape.width === 1;
  const isKnown = !isPixel && value.pads === undefined && isKnownForm(wanted);
  // Pixels in a row, or a map again of what was laid out in its own order.
  if (isKnown) importer.alias(node, value, dims, placedOrder(value, dims));
  else importer.reshape(node, value, dims);
}

/** Of one channel, both orders are the same values: the places of the sizes decide. */
function placedOrder(value: MapValue, dims: readonly number[]): AxisOrder {
  if (value.shape.channels !== 1) return value.order;
  const orders: readonly AxisOrder[] = ['CHW', 'HWC'];
  return orders.find((order) => dimsOfMap(value.shape, order).join() === dims.join()) ?? value.order;
}

/** Whether the dimensions hold the map's axes in its own order, with channels by themselves. */
function isKnownForm(value: MapValue): boolean {
  const groups = axesOf(value)?.map((group) => group.filter((axis) => value.shape[axis] !== 1));
  return groups?.every((group) => !group.includes('channels') || group.length === 1) ?? false;
}

/** Between the two orders of axes a map stays the same map. */
export function importTranspose(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const { dims } = value;
  const shape = sizeOf(value);
  const order = permutationOf(node, dims.length);
  const groups = axesOf(value);
  const turned = order?.flatMap((axis) => groups?.[axis] ?? []).filter((axis) => shape[axis] !== 1);
  const placed = turned && orderOf(turned, importer.outputDims(node), value);
  if (order === undefined || groups === undefined || placed === undefined) {
    throw importer.unsupported(
      `Transpose of ${dims.join('×')} by ${order?.join() ?? 'no order'}, expected channels to move and nothing else`,
    );
  }
  importer.alias(node, value, importer.outputDims(node), placed);
}

/** The order that the axes of more than one value lie in. */
function orderOf(axes: readonly MapAxis[], dims: readonly number[], value: MapValue): AxisOrder | undefined {
  const shape = sizeOf(value);
  const orders: readonly (readonly [AxisOrder, readonly MapAxis[]])[] = [
    ['CHW', ['channels', 'height', 'width']],
    ['HWC', ['height', 'width', 'channels']],
  ];
  const fitting = orders
    .filter(([, all]) => all.filter((axis) => shape[axis] !== 1).join() === axes.join())
    .map(([name]) => name);
  // Of one pixel or one channel both are right: the places of the sizes decide.
  const placed = fitting.find((name) => dimsOfMap(shape, name).join() === dims.join());
  return placed ?? (fitting.includes(value.order) ? value.order : fitting[0]);
}

const MAX_PAD = 1024;

/** Values around a map; negative counts cut. */
export function importPad(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const mode = node.attributes.get('mode')?.text ?? 'constant';
  const [filler = 0] = importer.has(node, 2)
    ? importer.list(node, 2, "Pad's value", 1)
    : [node.attributes.get('value')?.float ?? 0];
  const counts = padsOf(node, importer.known(node), value.dims.length);
  const groups = axesOf(value);
  if (counts === undefined || groups === undefined) {
    throw importer.unsupported(`Pad of ${value.dims.join('×')} by counts that are only known at run time`);
  }
  if (counts.every(([before, after]) => before === 0 && after === 0)) {
    importer.alias(node, value);
    return;
  }
  const along = (axis: MapAxis) =>
    counts[groups.findIndex((group) => group.length === 1 && group[0] === axis)] ?? [0, 0];
  const [[top, bottom], [left, right]] = [along('height'), along('width')];
  const isElsewhere = counts.some((pair, axis) => {
    const [only, ...others] = groups[axis] ?? [];
    return pair.some((count) => count !== 0) && (others.length > 0 || (only !== 'height' && only !== 'width'));
  });
  if (mode !== 'constant' || isElsewhere || Math.max(top, bottom, left, right) > MAX_PAD) {
    throw importer.unsupported(
      `Pad of ${value.dims.join('×')} by ${counts.flat().join()} (${mode}), expected constant values around the pixels`,
    );
  }
  const target = importer.outputTarget(node, value.order);
  importer.define(node, surround(importer, value, { top, bottom, left, right }, filler, target));
}

function surround(
  { builder }: OnnxImporter,
  value: MapValue,
  counts: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number },
  filler: number,
  target: Target,
): MapValue {
  const { top, bottom, left, right } = counts;
  const part = (f: (count: number) => number) => ({ top: f(top), bottom: f(bottom), left: f(left), right: f(right) });
  const [added, cut] = [part((count) => Math.max(count, 0)), part((count) => Math.max(-count, 0))];
  if (Math.max(...Object.values(cut)) === 0) return builder.pad(value, added, filler, target);
  if (Math.max(...Object.values(added)) === 0) return builder.crop(value, cut, target);
  const cropped = builder.crop(value, cut, { ...target, readers: 1 });
  return builder.pad(cropped, added, filler, target);
}

export function importIdentity(importer: OnnxImporter, node: OnnxNode): void {
  importer.alias(node, importer.map(node));
}

/** Repeats nothing: the map has these dimensions. */
export function importExpand(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const dims = importer.outputDims(node);
  if (dims.join() !== value.dims.join()) {
    throw importer.unsupported(`${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected no change`);
  }
  importer.alias(node, value);
}

/** Floats stay floats, whatever their width; bytes of the picture become floats. */
export function importCast(importer: OnnxImporter, node: OnnxNode): void {
  const to = importer.attribute(node, 'to', DATA_TYPE.float);
  if (!isFloatType(to)) {
    throw importer.unsupported(`Cast of a map to data type ${to}, expected a floating-point one`);
  }
  importIdentity(importer, node);
}
