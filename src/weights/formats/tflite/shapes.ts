import type { Coordinates } from '../../graph/builder.js';
import { isRow, type MapValue, multiply, readReals } from '../../graph/value.js';
import { applyActivation, readActivation } from './fused-activation.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { requireOptions } from './options.js';
import { CONCATENATION_OPTIONS, OPTIONS_TYPE, RESIZE_BILINEAR_OPTIONS, RESIZE_NEAREST_OPTIONS } from './schema.js';

/** QUANTIZE, DEQUANTIZE and CAST change how numbers are stored; what the new type cannot represent is clipped. */
export function importRequantise(importer: TfliteImporter, node: TfliteNode): void {
  if (importer.value(node, 0).kind === 'constant') {
    if (node.operator === 'QUANTIZE') throw importer.unsupported('QUANTIZE of a constant, expected a map');
    importer.widen(node);
    return;
  }
  const value = importer.map(node);
  // What is not known to reach beyond the new type's ends is stored by it as it is.
  const isKnown = value.bounds !== undefined;
  const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
  importer.settle(node, { ...value, readers }, { clip: isKnown });
}

/** The same values in their order by the dimensions that the file declares. */
export function importReshape(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.value(node, 0);
  const { shape } = importer.result(node);
  if (value.kind === 'map') {
    importer.reshape(node, value, shape);
  } else if (multiply(shape) !== multiply(value.dims)) {
    throw importer.damaged(
      `${node.operator} of ${value.dims.join('×')} to ${shape.join('×')}, expected as many values`,
    );
  } else {
    importer.define(node, { ...value, dims: shape });
  }
}

/** Zeros before a convolution; quantised maps are padded with their zero point, which stands for 0 too. */
export function importPad(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.picture(node);
  const counts = importer.integers(node, 1, `${node.operator}'s counts`);
  if (counts.length !== 8) {
    throw importer.unsupported(
      `${node.operator} with ${counts.length} counts, expected 4×2 (batch, height, width, channels)`,
    );
  }
  const [before, after, top, bottom, left, right, first, last] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (before !== 0 || after !== 0 || first !== 0 || last !== 0) {
    throw importer.unsupported(`${node.operator} of the batch or the channels, expected height and width only`);
  }
  const pads = { top, bottom, left, right };
  if (node.operator === 'MIRROR_PAD' && Object.values(pads).some((count) => count !== 0)) {
    throw importer.unsupported('MIRROR_PAD of a map, expected zeros (PAD)');
  }
  const padValue = node.operator === 'PADV2' && importer.has(node, 2) ? importer.list(node, 2, 'PADV2', 1)[0]! : 0;
  const target = importer.target(node, importer.result(node).shape);
  const { bounds } = value;
  const within = bounds && ([Math.min(bounds[0], padValue), Math.max(bounds[1], padValue)] as const);
  importer.settle(node, importer.builder.pad(value, pads, padValue, target), { clip: false, bounds: within });
}

/** Only between the two orders of a map, or of dimensions of 1. */
export function importTranspose(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.map(node);
  const permutation = importer.integers(node, 1, "TRANSPOSE's permutation");
  const { dims, order } = value;
  if (permutation.length !== dims.length || new Set(permutation).size !== dims.length) {
    throw importer.damaged(`TRANSPOSE of ${dims.join('×')} by ${permutation.join()}, expected each dimension once`);
  }
  const moved = permutation.map((axis) => dims[axis] ?? Number.NaN);
  const large = (axes: readonly number[]) => axes.filter((axis) => dims[axis] !== 1).join();
  const kept = large(permutation) === large([...permutation].sort((a, b) => a - b));
  const swaps = dims.length === 4 && permutation.join() === (order === 'CHW' ? '0,2,3,1' : '0,3,1,2');
  if ((!kept && !swaps) || (!kept && isRow(value))) {
    throw importer.unsupported(
      `TRANSPOSE of ${dims.join('×')} by ${permutation.join(', ')}, expected channels first to last or back`,
    );
  }
  const other = order === 'CHW' ? 'HWC' : 'CHW';
  const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
  importer.settle(node, { ...value, dims: moved, order: swaps ? other : order, readers });
}

export function importConcatenation(importer: TfliteImporter, node: TfliteNode): void {
  const options = requireOptions(importer.graph, node.operator, node.options, OPTIONS_TYPE.concatenation);
  const stated = options.int32(CONCATENATION_OPTIONS.axis, 0);
  if (node.inputs.every((_, index) => importer.value(node, index).kind === 'constant')) {
    const lists = node.inputs.map((_, index) => importer.list(node, index, 'CONCATENATION'));
    importer.define(node, importer.makeConstant([lists.flat().length], lists.flat()));
    return;
  }
  const maps = node.inputs.map((_, index) => importer.map(node, index));
  const [first] = maps;
  const axis = first !== undefined && stated < 0 ? stated + first.dims.length : stated;
  for (const map of maps) {
    const channels = map.order === 'CHW' && map.dims.length === 4 ? 1 : map.dims.length - 1;
    if (axis !== channels || map.dims.length !== first?.dims.length || map.order !== first.order) {
      throw importer.unsupported(
        `CONCATENATION along axis ${stated} of ${map.dims.join('×')}, expected the channels of maps of one size`,
      );
    }
  }
  const activation = readActivation(importer, node, options, CONCATENATION_OPTIONS.activation);
  const { shape } = importer.result(node);
  const inner = importer.innerTarget(node, shape, 'concat', activation);
  const joined = importer.builder.concat(maps, { ...inner, order: first!.order });
  const made = applyActivation(importer, joined, activation, importer.target(node, shape, first!.order));
  importer.settle(node, made, { bounds: unite(maps) });
}

/** The bounds of values of which each lies within one of the maps'. */
function unite(maps: readonly MapValue[]): readonly [number, number] | undefined {
  const bounds = maps.map((map) => map.bounds);
  if (bounds.some((each) => each === undefined)) return undefined;
  return [Math.min(...bounds.map((each) => each![0])), Math.max(...bounds.map((each) => each![1]))];
}

export function importResize(importer: TfliteImporter, node: TfliteNode, method: 'bilinear' | 'nearest'): void {
  const value = importer.picture(node);
  const [height = 0, width = 0] = importer.integers(node, 1, `${node.operator}'s size`);
  const [type, slots] =
    method === 'bilinear'
      ? ([OPTIONS_TYPE.resizeBilinear, RESIZE_BILINEAR_OPTIONS] as const)
      : ([OPTIONS_TYPE.resizeNearest, RESIZE_NEAREST_OPTIONS] as const);
  const options = node.options(type);
  const alignCorners = (options?.uint8(slots.alignCorners, 0) ?? 0) !== 0;
  const halfPixel = (options?.uint8(slots.halfPixelCenters, 0) ?? 0) !== 0;
  if (alignCorners && halfPixel) {
    throw importer.unsupported(`${node.operator} with align_corners and half_pixel_centers, expected one of them`);
  }
  const coordinates: Coordinates = alignCorners ? 'alignCorners' : halfPixel ? 'halfPixel' : 'asymmetric';
  const target = importer.target(node, importer.result(node).shape);
  const made = importer.builder.resize(value, height, width, method, coordinates, target);
  importer.settle(node, made, { bounds: value.bounds });
}

/** Parts of the channels: SPLIT into equal ones, SPLIT_V into those of a list. */
export function importSplit(importer: TfliteImporter, node: TfliteNode): void {
  const isEqual = node.operator === 'SPLIT';
  const value = importer.map(node, isEqual ? 1 : 0);
  const [stated = 0] = importer.integers(node, isEqual ? 0 : 2, `${node.operator}'s axis`);
  const axis = stated < 0 ? stated + value.dims.length : stated;
  const channelAxis = value.order === 'CHW' && value.dims.length === 4 ? 1 : value.dims.length - 1;
  const { channels } = value.shape;
  const count = node.outputs.length;
  const sizes = isEqual
    ? new Array<number>(count).fill(channels / count)
    : importer.integers(node, 1, `${node.operator}'s sizes`);
  const rest = channels - sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const settled = sizes.map((size) => (size === -1 ? rest : size));
  if (axis !== channelAxis || isRow(value) || settled.length !== count) {
    throw importer.unsupported(`${node.operator} of ${value.dims.join('×')} at axis ${stated}, expected its channels`);
  }
  let from = 0;
  for (const [output, size] of settled.entries()) {
    const dims = value.dims.map((whole, each) => (each === axis ? size : whole));
    const target = importer.outputTarget(node, output, dims, value.order);
    const readers = value.readers + count - 1;
    const part = importer.builder.slice({ ...value, readers }, from, from + size, target);
    importer.settle(node, part, { bounds: value.bounds }, output);
    from += size;
  }
}

/** A few numbers as those of another type. */
export function importCast(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') {
    importer.settleAlias(node, value);
    return;
  }
  importer.define(node, importer.makeConstant(value.dims, readReals(value).map(Math.trunc)));
}
