import type { ModelError } from '../../errors/errors.js';
import type { GraphBuilder, Target } from './builder.js';
import {
  type AxisOrder,
  type ConstantValue,
  type MapValue,
  mapOf,
  multiply,
  NO_PADS,
  readReals,
  type Value,
} from './value.js';

/** One operation of a graph; '' for an optional input that is left out. */
export interface Operation {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Lists that shapes and axes are computed with. */
export const MAX_LIST = 256;

/** The state of an import from any format: what each name of the graph has become. */
export class GraphImporter<N extends Operation = Operation> {
  readonly builder: GraphBuilder;
  readonly #order: AxisOrder;
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, number>();

  /** `order` is the format's own; `outputs` are the names that the graph gives. */
  constructor(builder: GraphBuilder, order: AxisOrder, nodes: readonly N[], outputs: readonly string[]) {
    this.builder = builder;
    this.#order = order;
    for (const node of nodes) {
      // Shapes are known here: they keep nothing from being joined.
      if (!/^shape$/i.test(node.operator)) for (const name of node.inputs) this.#count(name);
    }
    for (const name of outputs) this.#count(name);
  }

  #count(name: string): void {
    this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  readers(name: string): number {
    return this.#readers.get(name) ?? 0;
  }

  define(node: N, value: Value, output = 0): void {
    const name = node.outputs[output];
    if (name === undefined || name === '') throw this.damaged(`${node.operator} without its output, expected one`);
    this.defineName(name, value);
  }

  defineName(name: string, value: Value): void {
    if (this.#values.has(name)) throw this.damaged(`${quote(name)} is computed twice`);
    this.#values.set(name, value);
  }

  has(node: N, index: number): boolean {
    const name = node.inputs[index];
    return name !== undefined && name !== '';
  }

  value(node: N, index: number): Value {
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

  map(node: N, index = 0): MapValue {
    const value = this.value(node, index);
    if (value.kind !== 'map') throw this.unsupported(`${node.operator} on a constant, expected a map that is computed`);
    return value;
  }

  /** A map of four dimensions, in the format's own order. */
  picture(node: N, index = 0): MapValue {
    const value = this.map(node, index);
    if (value.order !== this.#order || !isPlainMap(value)) {
      const expected = this.#order === 'CHW' ? '1×channels×height×width' : '1×height×width×channels';
      throw this.unsupported(`${node.operator} over ${value.dims.join('×')}, expected ${expected}`);
    }
    return value;
  }

  constant(node: N, index: number, what: string): ConstantValue {
    const value = this.value(node, index);
    if (value.kind !== 'constant') {
      throw this.unsupported(`${node.operator} with ${what} that is computed, expected a constant`);
    }
    return value;
  }

  /** A few numbers: axes, shapes, scales. */
  list(node: N, index: number, what: string, longest = MAX_LIST): number[] {
    return this.listOf(this.constant(node, index, what), what, longest);
  }

  listOf(constant: ConstantValue, what: string, longest = MAX_LIST): number[] {
    const count = multiply(constant.dims);
    if (count > longest) throw this.unsupported(`${what} of ${count} values, expected at most ${longest}`);
    return readReals(constant);
  }

  /** Sizes or axes; whole numbers. */
  integers(node: N, index: number, what: string): number[] {
    const list = this.list(node, index, what);
    if (!list.every((value) => Number.isInteger(value)))
      throw this.damaged(`${what} ${list.join()}, expected integers`);
    return list;
  }

  /** What a layer made by `node` is called and who reads it; `dims` as the graph sees its output. */
  target(node: N, dims: readonly number[], order: MapValue['order'], weights?: ConstantValue): Target {
    const name = weights?.name.match(/^(.+)\.weight$/)?.[1] ?? (node.name || (node.outputs[0] ?? ''));
    return { name: name.replace(/^\/+/, ''), readers: this.readers(node.outputs[0] ?? ''), dims, order };
  }

  /** The same values under another name, perhaps with other dimensions. */
  alias(node: N, value: MapValue, dims = value.dims, order = value.order): void {
    const readers = value.readers - 1 + this.readers(node.outputs[0] ?? '');
    this.define(node, { ...value, dims, order, readers });
  }

  /** The same values in their order by other dimensions: where those are the map's own, or lay all values in a row. */
  reshape(node: N, value: MapValue, dims: readonly number[]): void {
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
      const own = this.#order === 'CHW' ? 1 : 3;
      const other = this.#order === 'CHW' ? 'HWC' : 'CHW';
      const order = dims.length !== 4 ? value.order : dims[own] === count ? this.#order : other;
      this.alias(node, value, dims, order);
    } else if (keepsChannels(value, dims)) {
      this.alias(node, value, dims);
    } else {
      throw this.unsupported(
        `${node.operator} of ${from} to ${dims.join('×')} is not supported, expected all values in a row`,
      );
    }
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
}

/** What comes from the file is shown in a message without control characters. */
export function quote(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80));
}

/** Whether the dimensions are the map's own: batch, height, width and channels in the map's order. */
function isPlainMap({ dims, order, shape, pads = NO_PADS }: MapValue): boolean {
  const map = dims.length === 4 ? mapOf(dims, order) : undefined;
  if (map === undefined || map.channels !== shape.channels) return false;
  const padded = { height: pads.top + pads.bottom, width: pads.left + pads.right };
  return [0, padded.height].includes(map.height - shape.height) && [0, padded.width].includes(map.width - shape.width);
}

/** Whether `dims` are the map's, but for ones and for pixels that lie in one dimension instead of two. */
function keepsChannels({ shape, order }: MapValue, dims: readonly number[]): boolean {
  const { height, width, channels } = shape;
  const large = (sizes: readonly number[]) => sizes.filter((size) => size !== 1).join();
  const [apart, together] =
    order === 'CHW'
      ? [
          [channels, height, width],
          [channels, height * width],
        ]
      : [
          [height, width, channels],
          [height * width, channels],
        ];
  return large(dims) === large(apart) || large(dims) === large(together);
}
