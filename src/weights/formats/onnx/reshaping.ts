import type { OnnxNode } from './graph.js';
import { padsOf, permutationOf } from './infer-shapes.js';
import type { OnnxImporter } from './onnx-importer.js';

/** The same values in a map or a row of other dimensions. */
export function importReshape(importer: OnnxImporter, node: OnnxNode): void {
  importer.reshape(node, importer.map(node), importer.outputDims(node));
}

/** Between the two orders of axes a map stays the same map. */
export function importTranspose(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const { dims } = value;
  const axes = permutationOf(node, dims.length);
  const wanted = value.order === 'CHW' ? '0,2,3,1' : '0,3,1,2';
  if (dims.length !== 4 || axes?.join() !== wanted || value.pads !== undefined) {
    throw importer.unsupported(`Transpose of ${dims.join('×')} by ${axes?.join() ?? 'no order'}, expected ${wanted}`);
  }
  importer.alias(node, value, importer.outputDims(node), value.order === 'CHW' ? 'HWC' : 'CHW');
}

const MAX_PAD = 1024;

/** Zeros around a map. */
export function importPad(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const mode = node.attributes.get('mode')?.text ?? 'constant';
  const filler = importer.has(node, 2)
    ? importer.list(node, 2, "Pad's value", 1)[0]
    : (node.attributes.get('value')?.float ?? 0);
  const pads = padsOf(node, importer.known(node), 4);
  const [batch, channels, rows, columns] = pads ?? [];
  if (mode !== 'constant' || (filler ?? 0) !== 0 || !batch || !channels || !rows || !columns) {
    throw importer.unsupported('Pad with anything but zeros on four axes, expected those');
  }
  if ([...batch, ...channels].some((count) => count !== 0)) {
    throw importer.unsupported('Pad of the batch or the channels, expected height and width only');
  }
  const counts = [...rows, ...columns];
  if (counts.every((count) => count === 0)) {
    importer.alias(node, value);
    return;
  }
  if (Math.min(...counts) < 0 || Math.max(...counts) > MAX_PAD || value.pads !== undefined) {
    throw importer.unsupported(`Pad by ${counts.join()}, expected 0 to ${MAX_PAD}, once`);
  }
  const [[top, bottom], [left, right]] = [rows, columns];
  const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
  importer.define(node, { ...value, dims: importer.outputDims(node), readers, pads: { top, bottom, left, right } });
}

export function importIdentity(importer: OnnxImporter, node: OnnxNode): void {
  importer.alias(node, importer.map(node));
}

const FLOAT_TYPES = [1, 10, 11, 16];

/** Floats stay floats, whatever their width. */
export function importCast(importer: OnnxImporter, node: OnnxNode): void {
  const to = importer.attribute(node, 'to', 1);
  if (!FLOAT_TYPES.includes(to)) {
    throw importer.unsupported(`Cast of a map to data type ${to}, expected a floating-point one`);
  }
  importIdentity(importer, node);
}
