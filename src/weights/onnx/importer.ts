import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ModelError } from '../../errors.js';
import { MAX_FILE_BYTES, readModelFile } from '../file.js';
import { GraphBuilder, type Target } from '../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, readReals, type Value } from '../graph/value.js';
import { type OnnxGraph, type OnnxNode, quote } from './graph.js';
import { countValues, DATA_TYPE, type ExternalData, type OnnxTensor, readValues } from './tensor.js';

const MAX_EXTERNAL_FILES = 64;
/** Lists that shapes and axes are computed with. */
const MAX_LIST = 256;

/** The state of an import: what each name of the graph has become. */
export class OnnxImporter {
  readonly graph: OnnxGraph;
  readonly builder: GraphBuilder;
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, number>();
  readonly #folder: string | undefined;
  readonly #files = new Map<string, Uint8Array>();
  readonly #fileBytes: number;
  #externalBytes = 0;

  /** `folder` is where files beside the model lie; undefined where there can be none. */
  constructor(graph: OnnxGraph, where: string, fileBytes: number, folder: string | undefined) {
    this.graph = graph;
    this.#folder = folder;
    this.#fileBytes = fileBytes;
    this.builder = new GraphBuilder(where, 4 * (fileBytes + this.#measureExternal(graph, where)));
    const names = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs];
    for (const name of names) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    for (const [name, tensor] of graph.constants) this.#values.set(name, this.constantOf(tensor));
  }

  readers(name: string): number {
    return this.#readers.get(name) ?? 0;
  }

  define(node: OnnxNode, value: Value, output = 0): void {
    const name = node.outputs[output];
    if (name === undefined || name === '') throw this.damaged(`${node.operator} without its output, expected one`);
    this.defineName(name, value);
  }

  defineName(name: string, value: Value): void {
    if (this.#values.has(name)) throw this.damaged(`${quote(name)} is computed twice`);
    this.#values.set(name, value);
  }

  has(node: OnnxNode, index: number): boolean {
    const name = node.inputs[index];
    return name !== undefined && name !== '';
  }

  value(node: OnnxNode, index: number): Value {
    const name = node.inputs[index];
    if (name === undefined || name === '') {
      throw this.damaged(`${node.operator} without its input ${index}, expected one`);
    }
    const value = this.#values.get(name);
    if (value === undefined) {
      throw this.damaged(`${node.operator} reads ${quote(name)}, expected a name that is computed before it`);
    }
    return value;
  }

  map(node: OnnxNode, index = 0): MapValue {
    const value = this.value(node, index);
    if (value.kind !== 'map') throw this.unsupported(`${node.operator} on a constant, expected a map that is computed`);
    return value;
  }

  /** A map whose four dimensions are 1 × C × H × W. */
  picture(node: OnnxNode, index = 0): MapValue {
    const value = this.map(node, index);
    if (value.dims.length !== 4 || value.order !== 'CHW') {
      throw this.unsupported(`${node.operator} over ${value.dims.join('×')}, expected 1×channels×height×width`);
    }
    return value;
  }

  constant(node: OnnxNode, index: number, what: string): ConstantValue {
    const value = this.value(node, index);
    if (value.kind !== 'constant') {
      throw this.unsupported(`${node.operator} with ${what} that is computed, expected a constant`);
    }
    return value;
  }

  /** A few numbers: axes, shapes, scales. */
  list(node: OnnxNode, index: number, what: string, longest = MAX_LIST): number[] {
    return this.listOf(this.constant(node, index, what), what, longest);
  }

  listOf(constant: ConstantValue, what: string, longest = MAX_LIST): number[] {
    const count = multiply(constant.dims);
    if (count > longest) throw this.unsupported(`${what} of ${count} values, expected at most ${longest}`);
    return readReals(constant);
  }

  /** Sizes or axes; whole numbers. */
  integers(node: OnnxNode, index: number, what: string): number[] {
    const list = this.list(node, index, what);
    if (!list.every((value) => Number.isInteger(value)))
      throw this.damaged(`${what} ${list.join()}, expected integers`);
    return list;
  }

  attribute(node: OnnxNode, name: string, fallback: number): number {
    return node.attributes.get(name)?.integer ?? fallback;
  }

  /** What a layer made by `node` is called and who reads it; `dims` as the graph sees its output. */
  target(node: OnnxNode, dims: readonly number[], order: MapValue['order'], weights?: ConstantValue): Target {
    const name = weights?.name.match(/^(.+)\.weight$/)?.[1] ?? (node.name || (node.outputs[0] ?? ''));
    return { name: name.replace(/^\/+/, ''), readers: this.readers(node.outputs[0] ?? ''), dims, order };
  }

  /** The same values under another name, perhaps with other dimensions. */
  alias(node: OnnxNode, value: MapValue, dims = value.dims, order = value.order): void {
    const readers = value.readers - 1 + this.readers(node.outputs[0] ?? '');
    this.define(node, { ...value, dims, order, readers });
  }

  reshape(node: OnnxNode, value: MapValue, dims: readonly number[]): void {
    if (value.pads !== undefined) throw this.unsupported(`${node.operator} after a Pad, expected a convolution`);
    const { height, width, channels } = value.shape;
    const count = height * width * channels;
    const from = value.dims.join('×');
    if (multiply(dims) !== count || dims.length === 0) {
      throw this.unsupported(`${node.operator} of ${from} to ${dims.join('×')}, expected as many values`);
    }
    if (dims.join() === value.dims.join()) {
      this.alias(node, value);
    } else if (Math.max(...dims) === count) {
      // A row of values: four dimensions again only where it is known which one the channels are.
      const single = height === 1 && width === 1;
      if (dims.length === 4 && !single) {
        throw this.unsupported(`${node.operator} of ${from} to ${dims.join('×')}, expected a row of values`);
      }
      const order = dims.length === 4 ? (dims[1] === count ? 'CHW' : 'HWC') : value.order;
      this.alias(node, value, dims, order);
    } else {
      throw this.unsupported(`${node.operator} of ${from} to ${dims.join('×')}, expected all values in a row`);
    }
  }

  constantOf(tensor: OnnxTensor): ConstantValue {
    countValues(tensor);
    if (tensor.type === DATA_TYPE.int8 || tensor.type === DATA_TYPE.uint8) this.quantised = true;
    let values: ArrayLike<number> | undefined;
    const read = () => {
      if (values !== undefined) return values;
      const numbers = readValues(tensor, (external) => this.#openExternal(external));
      // Short lists are read again and again; long weights once.
      if (numbers.length <= MAX_LIST) values = numbers;
      return numbers;
    };
    return { kind: 'constant', dims: tensor.dims, read, stored: undefined, name: tensor.name };
  }

  makeConstant(dims: readonly number[], values: readonly number[]): ConstantValue {
    return { kind: 'constant', dims, read: () => values, stored: undefined, name: 'a list' };
  }

  damaged(what: string): ModelError {
    return this.builder.damaged(what);
  }

  unsupported(what: string): ModelError {
    return this.builder.unsupported(what);
  }

  /** Bytes that files beside the model may add, as the graph states them; they are checked when they are read. */
  #measureExternal(graph: OnnxGraph, where: string): number {
    let total = 0;
    for (const { external } of graph.constants.values()) {
      if (external === undefined) continue;
      this.#checkLocation(external.location, where);
      total += external.length ?? 0;
    }
    return Math.min(total, MAX_FILE_BYTES);
  }

  /** Plain names, in folders below the model's at most. */
  #checkLocation(location: string, where: string): void {
    const parts = location.split('/');
    if (parts.length > 4 || !parts.every((part) => /^[\w@+-][\w.@+-]{0,254}$/.test(part))) {
      throw new ModelError(
        'weights-unsafe',
        `${where}: weights in ${quote(location)}, expected a file in the model's own folder`,
      );
    }
  }

  #openExternal({ location, offset, length }: ExternalData): Uint8Array {
    const { where } = this.builder;
    this.#checkLocation(location, where);
    let bytes = this.#files.get(location);
    if (bytes === undefined) {
      bytes = this.#readExternal(location, where);
      this.#files.set(location, bytes);
    }
    const end = length === undefined ? bytes.length : offset + length;
    if (offset > end || end > bytes.length) {
      throw this.damaged(`bytes ${offset} to ${end} of ${quote(location)}, expected at most ${bytes.length}`);
    }
    return bytes.subarray(offset, end);
  }

  #readExternal(location: string, where: string): Uint8Array {
    if (this.#folder === undefined || this.#files.size >= MAX_EXTERNAL_FILES) {
      throw new ModelError('weights-missing', `${where}: weights in ${quote(location)}, expected them in one file`);
    }
    const path = join(this.#folder, location);
    let root: string;
    let real: string;
    try {
      root = realpathSync(this.#folder);
      real = realpathSync(path);
    } catch (cause) {
      throw new ModelError('weights-missing', `${where}: ${quote(location)} beside it is missing`, { cause });
    }
    // A symbolic link may lead out of the folder.
    if (
      !dirname(real)
        .concat(sep)
        .startsWith(root.endsWith(sep) ? root : root + sep)
    ) {
      throw new ModelError('weights-unsafe', `${where}: ${quote(location)} leads out of the model's folder`);
    }
    const bytes = readModelFile(path, MAX_FILE_BYTES - Math.min(this.#externalBytes + this.#fileBytes, MAX_FILE_BYTES));
    this.#externalBytes += bytes.length;
    return bytes;
  }
}

/** The picture's map, where the input is one: sizes left open are 1 for the batch and `resolution` for the sides. */
export function openSizes(dims: readonly number[], resolution: number): { dims: number[]; order: MapValue['order'] } {
  const order = dims.length === 4 && (dims[3] === 3 || dims[3] === 1) && dims[1] !== 3 && dims[1] !== 1 ? 'HWC' : 'CHW';
  const channelAxis = order === 'CHW' ? 1 : 3;
  const settled = dims.map((size, axis) => {
    if (size !== -1) return size;
    if (axis === 0) return 1;
    return dims.length === 4 ? (axis === channelAxis ? 3 : resolution) : size;
  });
  return { dims: settled, order };
}
