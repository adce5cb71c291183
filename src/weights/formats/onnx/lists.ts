import { multiply } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';

/**
 * The arithmetic on shapes that exporters leave in graphs (Shape → Gather → Concat → Reshape), carried out at once.
 * Only short lists take part: of dimensions 0 and 1.
 */
export type ListHandler = (importer: OnnxImporter, node: OnnxNode) => void;

export const listOperators: ReadonlyMap<string, ListHandler> = new Map<string, ListHandler>([
  ['Concat', concatenate],
  ['ConstantOfShape', fill],
  ['Gather', gather],
  ['Range', range],
  ['Shape', readShape],
  ['Slice', slice],
]);

function readShape(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  const { dims } = value;
  const start = importer.attribute(node, 'start', 0);
  const end = importer.attribute(node, 'end', dims.length);
  const part = dims.slice(start, end);
  importer.define(node, importer.makeConstant([part.length], part));
}

function gather(importer: OnnxImporter, node: OnnxNode): void {
  const source = importer.constant(node, 0, 'a list');
  const list = importer.listOf(source, `${node.operator}'s list`);
  const picked = importer.constant(node, 1, 'indices');
  if (source.dims.length !== 1 || picked.dims.length > 1 || importer.attribute(node, 'axis', 0) !== 0) {
    throw importer.unsupported(`${node.operator} of ${source.dims.join('×')}, expected a list`);
  }
  const values = importer.listOf(picked, 'indices').map((index) => {
    const value = list[index < 0 ? index + list.length : index];
    if (value === undefined) throw importer.damaged(`${node.operator} takes item ${index} of ${list.length}`);
    return value;
  });
  importer.define(node, importer.makeConstant(picked.dims, values));
}

function concatenate(importer: OnnxImporter, node: OnnxNode): void {
  const values: number[] = [];
  for (let index = 0; index < node.inputs.length; index++) {
    const value = importer.value(node, index);
    if (value.kind === 'map') throw importer.unsupported('Concat of maps, expected it on shapes only');
    if (value.dims.length !== 1) {
      throw importer.unsupported(`Concat of ${value.dims.join('×')}, expected lists`);
    }
    values.push(...importer.listOf(value, 'Concat'));
  }
  importer.define(node, importer.makeConstant([values.length], values));
}

function slice(importer: OnnxImporter, node: OnnxNode): void {
  const source = importer.constant(node, 0, 'a list');
  const list = importer.listOf(source, "Slice's list");
  const read = (index: number, name: string): readonly number[] | undefined =>
    importer.has(node, index) ? importer.integers(node, index, `Slice's ${name}`) : node.attributes.get(name)?.integers;
  const [start = 0] = read(1, 'starts') ?? [];
  const [end = list.length] = read(2, 'ends') ?? [];
  const axes = read(3, 'axes') ?? [0];
  const [step = 1] = read(4, 'steps') ?? [];
  if (source.dims.length !== 1 || axes.length > 1 || (axes[0] ?? 0) !== 0 || step !== 1) {
    throw importer.unsupported(`Slice of ${source.dims.join('×')} by ${step}, expected a list in steps of 1`);
  }
  const part = list.slice(start, end);
  importer.define(node, importer.makeConstant([part.length], part));
}

function range(importer: OnnxImporter, node: OnnxNode): void {
  const [start = 0, limit = 0, step = 0] = [0, 1, 2].map((index) => importer.list(node, index, "Range's ends", 1)[0]);
  const values: number[] = [];
  for (let value = start; step > 0 && value < limit && values.length < 64; value += step) values.push(value);
  importer.define(node, importer.makeConstant([values.length], values));
}

function fill(importer: OnnxImporter, node: OnnxNode): void {
  const dims = importer.integers(node, 0, "ConstantOfShape's shape");
  const count = multiply(dims);
  if (!(count >= 0 && count <= 64) || dims.some((size) => size < 0)) {
    throw importer.unsupported(`ConstantOfShape of ${dims.join('×')}, expected a short list`);
  }
  const tensor = node.attributes.get('value')?.tensor;
  const [value = 0] = tensor === undefined ? [] : importer.listOf(importer.constantOf(tensor), 'a value', 1);
  importer.define(node, importer.makeConstant(dims, new Array<number>(count).fill(value)));
}
