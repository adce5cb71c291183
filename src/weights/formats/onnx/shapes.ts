import { multiply } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';

export function importReshape(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  const wanted = importer.has(node, 1)
    ? importer.integers(node, 1, "Reshape's shape")
    : [...(node.attributes.get('shape')?.integers ?? [])];
  const zeroIsZero = importer.attribute(node, 'allowzero', 0) !== 0;
  const dims = wanted.map((size, axis) => (size === 0 && !zeroIsZero ? (value.dims[axis] ?? 0) : size));
  const count = multiply(value.dims);
  const known = multiply(dims.filter((size) => size !== -1));
  const settled = dims.map((size) => (size === -1 ? count / known : size));
  if (settled.some((size) => !Number.isInteger(size) || size < 1) || settled.length > 8) {
    throw importer.unsupported(`Reshape of ${value.dims.join('×')} to ${wanted.join('×')}, expected as many values`);
  }
  giveShape(importer, node, settled);
}

export function importFlatten(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const axis = importer.attribute(node, 'axis', 1);
  const at = axis < 0 ? axis + dims.length : axis;
  giveShape(importer, node, [multiply(dims.slice(0, at)), multiply(dims.slice(at))]);
}

function readAxes(importer: OnnxImporter, node: OnnxNode): readonly number[] | undefined {
  if (importer.has(node, 1)) return importer.integers(node, 1, `${node.operator}'s axes`);
  return node.attributes.get('axes')?.integers;
}

export function importSqueeze(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const axes = readAxes(importer, node)?.map((axis) => (axis < 0 ? axis + dims.length : axis));
  if (axes?.some((axis) => dims[axis] !== 1)) {
    throw importer.damaged(`Squeeze of ${dims.join('×')} at ${axes.join()}, expected dimensions of 1`);
  }
  const kept = dims.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis)));
  giveShape(importer, node, kept);
}

export function importUnsqueeze(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const stated = readAxes(importer, node) ?? [];
  const rank = dims.length + stated.length;
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank > 8 || axes.size !== stated.length) {
    throw importer.damaged(`Unsqueeze of ${dims.join('×')} at ${stated.join()}, expected different axes`);
  }
  const left = [...dims];
  giveShape(
    importer,
    node,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (left.shift() ?? 1))),
  );
}

/** The same values in a map, a row or a list of these dimensions. */
function giveShape(importer: OnnxImporter, node: OnnxNode, dims: readonly number[]): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') {
    importer.reshape(node, value, dims);
  } else if (multiply(dims) !== multiply(value.dims)) {
    throw importer.damaged(`${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected as many values`);
  } else {
    if (value.stored !== undefined && value.stored.scales.length > 1) {
      throw importer.unsupported(`${node.operator} of weights with a scale for each channel, expected one for all`);
    }
    importer.define(node, { ...value, dims });
  }
}

/** Between the two orders of axes a map stays the same map; of a constant only a matrix is turned. */
export function importTranspose(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  const { dims } = value;
  const axes = node.attributes.get('perm')?.integers ?? dims.map((_, axis) => dims.length - 1 - axis);
  const turned = axes.map((axis) => dims[axis] ?? 0);
  if (value.kind === 'map') {
    const wanted = value.order === 'CHW' ? '0,2,3,1' : '0,3,1,2';
    if (dims.length !== 4 || axes.join() !== wanted || value.pads !== undefined) {
      throw importer.unsupported(`Transpose of ${dims.join('×')} by ${axes.join()}, expected ${wanted}`);
    }
    importer.alias(node, value, turned, value.order === 'CHW' ? 'HWC' : 'CHW');
    return;
  }
  if (dims.length !== 2 || axes.join() !== '1,0' || (value.stored !== undefined && value.stored.scales.length > 1)) {
    throw importer.unsupported(`Transpose of a constant ${dims.join('×')} by ${axes.join()}, expected a matrix`);
  }
  const [rows, columns] = dims as [number, number];
  const read = () => {
    const source = value.read();
    const result = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) result[column * rows + row] = source[row * columns + column]!;
    }
    return result;
  };
  importer.define(node, { ...value, dims: turned, read });
}

/** Zeros around a map. */
export function importPad(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const mode = node.attributes.get('mode')?.text ?? 'constant';
  const filler = importer.has(node, 2)
    ? importer.list(node, 2, "Pad's value", 1)[0]
    : (node.attributes.get('value')?.float ?? 0);
  const counts = importer.has(node, 1)
    ? importer.integers(node, 1, "Pad's counts")
    : (node.attributes.get('pads')?.integers ?? []);
  const [n0, c0, top, left, n1, c1, bottom, right] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (mode !== 'constant' || (filler ?? 0) !== 0 || counts.length !== 8 || importer.has(node, 3)) {
    throw importer.unsupported('Pad with anything but zeros on four axes, expected those');
  }
  if (n0 !== 0 || n1 !== 0 || c0 !== 0 || c1 !== 0) {
    throw importer.unsupported('Pad of the batch or the channels, expected height and width only');
  }
  if (Math.min(top, bottom, left, right) < 0 || Math.max(top, bottom, left, right) > 1024 || value.pads !== undefined) {
    throw importer.unsupported(`Pad by ${counts.join()}, expected 0 to 1024, once`);
  }
  if (top === 0 && bottom === 0 && left === 0 && right === 0) {
    importer.alias(node, value);
    return;
  }
  const { channels, height, width } = value.shape;
  const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
  const dims = [1, channels, height + top + bottom, width + left + right];
  importer.define(node, { ...value, dims, readers, pads: { top, bottom, left, right } });
}

export function importIdentity(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') importer.alias(node, value);
  else importer.define(node, value);
}

/** Floats stay floats, whatever their width; lists stay numbers. */
export function importCast(importer: OnnxImporter, node: OnnxNode): void {
  const to = importer.attribute(node, 'to', 1);
  const value = importer.value(node, 0);
  if (value.kind === 'map' && ![1, 10, 11, 16].includes(to)) {
    throw importer.unsupported(`Cast of a map to data type ${to}, expected a floating-point one`);
  }
  importIdentity(importer, node);
}

export function importConstant(importer: OnnxImporter, node: OnnxNode): void {
  const { attributes } = node;
  const tensor = attributes.get('value')?.tensor;
  if (tensor !== undefined) {
    importer.define(node, importer.constantOf(tensor));
    return;
  }
  const single = attributes.get('value_float')?.float ?? attributes.get('value_int')?.integer;
  const list = attributes.get('value_floats')?.floats ?? attributes.get('value_ints')?.integers;
  if (single !== undefined) importer.define(node, importer.makeConstant([], [single]));
  else if (list !== undefined) importer.define(node, importer.makeConstant([list.length], list));
  else throw importer.unsupported('Constant of texts or sparse values, expected numbers');
}
