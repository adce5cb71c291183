import { type ConstantValue, type MapValue, multiply } from '../graph/value.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';

export function importPad(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const counts = importer.integers(node, 1, "Pad's counts");
  const [n0, n1, top, bottom, left, right, c0, c1] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (counts.length !== 8 || n0 !== 0 || n1 !== 0 || c0 !== 0 || c1 !== 0) {
    throw importer.unsupported(`${node.operator} by ${counts.join()}, expected height and width only`);
  }
  const [padValue = 0] = node.operator === 'PadV2' ? importer.list(node, 2, "PadV2's value", 1) : [];
  const [, height, width, channels] = value.dims as [number, number, number, number];
  const dims = [1, height + top + bottom, width + left + right, channels];
  const pads = { top, bottom, left, right };
  importer.define(node, importer.builder.pad(value, pads, padValue, importer.target(node, dims)));
}

export function importReshape(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.value(node, 0);
  const wanted = importer.integers(node, 1, "Reshape's shape");
  const known = multiply(wanted.filter((size) => size !== -1));
  const dims = wanted.map((size) => (size === -1 ? multiply(value.dims) / known : size));
  if (dims.some((size) => !Number.isInteger(size) || size < 1) || dims.length > 8) {
    throw importer.unsupported(`Reshape of ${value.dims.join('×')} to ${wanted.join('×')}, expected as many values`);
  }
  giveShape(importer, node, value, dims);
}

export function importSqueeze(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.value(node, 0);
  const rank = value.dims.length;
  const stated = importer.integersOf(node, 'squeeze_dims');
  const axes = stated.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.some((axis) => value.dims[axis] !== 1)) {
    throw importer.damaged(`Squeeze of ${value.dims.join('×')} at ${stated.join()}, expected dimensions of 1`);
  }
  const kept = value.dims.filter((size, axis) => (axes.length === 0 ? size !== 1 : !axes.includes(axis)));
  giveShape(importer, node, value, kept);
}

export function importExpandDims(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.value(node, 0);
  const [axis = 0] = importer.integers(node, 1, "ExpandDims's axis");
  const at = axis < 0 ? axis + value.dims.length + 1 : axis;
  giveShape(importer, node, value, [...value.dims.slice(0, at), 1, ...value.dims.slice(at)]);
}

function giveShape(
  importer: TensorflowImporter,
  node: TensorflowNode,
  value: MapValue | ConstantValue,
  dims: readonly number[],
): void {
  if (value.kind === 'map') {
    importer.reshape(node, value, dims);
  } else if (multiply(dims) !== multiply(value.dims)) {
    throw importer.damaged(`${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected as many values`);
  } else {
    importer.define(node, { ...value, dims });
  }
}

export function importIdentity(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') importer.alias(node, value);
  else importer.define(node, value);
}

export function importShape(importer: TensorflowImporter, node: TensorflowNode): void {
  importer.define(node, importer.constantFrom(importer.value(node, 0).dims));
}

/** One item of a list, or a part of it. */
export function importStridedSlice(importer: TensorflowImporter, node: TensorflowNode): void {
  const list = importer.integers(node, 0, 'a list');
  const [[begin = 0], [end = 0], [step = 1]] = [1, 2, 3].map((index) =>
    importer.integers(node, index, "StridedSlice's ends"),
  ) as [number[], number[], number[]];
  const mask = (name: string) => importer.integerOf(node, name, 0);
  if (step !== 1 || mask('ellipsis_mask') !== 0 || mask('new_axis_mask') !== 0) {
    throw importer.unsupported('StridedSlice in steps or with new axes, expected a part of a list');
  }
  if (mask('shrink_axis_mask') === 1) {
    const item = list[begin < 0 ? begin + list.length : begin];
    if (item === undefined) throw importer.damaged(`StridedSlice takes item ${begin} of ${list.length}`);
    importer.define(node, importer.constantFrom([item], []));
    return;
  }
  const from = mask('begin_mask') === 1 ? 0 : begin;
  const to = mask('end_mask') === 1 ? list.length : end;
  importer.define(node, importer.constantFrom(list.slice(from, to)));
}

export function importPack(importer: TensorflowImporter, node: TensorflowNode): void {
  const items = node.inputs.map((_, index) => {
    const list = importer.list(node, index, "Pack's item", 1);
    if (list.length !== 1 || importer.value(node, index).dims.length !== 0) {
      throw importer.unsupported('Pack of lists, expected it on single numbers');
    }
    return list[0]!;
  });
  importer.define(node, importer.constantFrom(items));
}

/** A constant for each channel stays one: what reads it spreads it. */
export function importBroadcast(importer: TensorflowImporter, node: TensorflowNode): void {
  const constant = importer.constant(node, 0, 'values');
  importer.integers(node, 1, "BroadcastTo's shape");
  importer.define(node, constant);
}

/** Maps one after the other along their channels, or short lists. */
export function importConcat(importer: TensorflowImporter, node: TensorflowNode): void {
  const count = node.inputs.length - 1;
  // The older operator has its axis first.
  const isOld = node.operator === 'Concat';
  const [axis = -1] = importer.integers(node, isOld ? 0 : count, `${node.operator}'s axis`);
  const values = Array.from({ length: count }, (_, index) => importer.value(node, isOld ? index + 1 : index));
  const maps = values.filter((value) => value.kind === 'map');
  const [first] = maps;
  if (first === undefined) {
    importer.define(
      node,
      importer.constantFrom(values.flatMap((_, index) => importer.list(node, isOld ? index + 1 : index, 'a list'))),
    );
    return;
  }
  const rank = first.dims.length;
  const isAlongChannels = axis === -1 || axis === rank - 1;
  if (maps.length !== count || !isAlongChannels || maps.some(({ dims }) => dims.length !== rank)) {
    throw importer.unsupported(`${node.operator} along axis ${axis}, expected maps along their channels`);
  }
  const channels = maps.reduce((sum, { dims }) => sum + dims.at(-1)!, 0);
  const target = importer.target(node, [...first.dims.slice(0, -1), channels]);
  importer.define(node, importer.builder.concat(maps, target));
}

/** With an order that changes nothing. */
export function importTranspose(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const order = importer.integers(node, 1, "Transpose's order");
  const moved = order.filter((axis) => value.dims[axis] !== 1);
  const dims = order.map((axis) => value.dims[axis]);
  if (dims.join() !== value.dims.join() || moved.some((axis, place) => place > 0 && axis < moved[place - 1]!)) {
    throw importer.unsupported(`Transpose to ${order.join()}, expected an order that changes nothing`);
  }
  importer.alias(node, value);
}

export function importResize(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const [height = 0, width = 0] = importer.integers(node, 1, `${node.operator}'s size`);
  if (value.shape.height === height && value.shape.width === width) {
    importer.alias(node, value);
    return;
  }
  const method = node.operator === 'ResizeBilinear' ? 'bilinear' : 'nearest';
  const alignCorners = importer.flagOf(node, 'align_corners');
  const coordinates = alignCorners
    ? 'alignCorners'
    : importer.flagOf(node, 'half_pixel_centers')
      ? 'halfPixel'
      : 'asymmetric';
  const target = importer.target(node, [1, height, width, value.shape.channels]);
  importer.define(node, importer.builder.resize(value, height, width, method, coordinates, target));
}
