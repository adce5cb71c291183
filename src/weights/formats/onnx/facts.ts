import { ModelError } from '../../../errors/errors.js';
import { multiply } from '../../graph/value.js';
import { makeConstant, type OnnxConstant } from './constants.js';
import { foldConstants, isFreeOfWork } from './fold.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import { inferShapes, type KnownInputs } from './infer-shapes.js';
import type { Dims } from './infer-windows.js';
import { countValues, DATA_TYPE, type ExternalData, type OnnxTensor, readValues } from './tensor.js';

/** Lists that shapes and axes are computed with. */
const LONGEST_LIST = 256;
const MAX_RANK = 8;

/**
 * What a map is stored with that is quantised at run time: here its values stay real numbers, so that the scale is 1
 * and the zero point 0.
 */
const EXACT_SCALE = [makeConstant(DATA_TYPE.float, [], [1]), makeConstant(DATA_TYPE.uint8, [], [0])] as const;

export interface FactsOptions {
  /** Dimensions of the graph's inputs, where they are known better than the file says. */
  readonly inputs: ReadonlyMap<string, readonly number[]>;
  /** The bytes of a file beside the model; without it, what lies there is constant but not read. */
  readonly open?: ((external: ExternalData) => Uint8Array) | undefined;
  /** Computed constants of more values are known to be constant, but not their values. */
  readonly largestComputed: number;
}

/**
 * What follows from a graph alone, operator by operator: the shape of each name, and the value of what is computed from
 * constants (exporters leave the arithmetic on shapes in the graph, and weights that are turned or dequantised first).
 */
export class OnnxFacts {
  readonly #where: string;
  readonly #options: FactsOptions;
  readonly #dims = new Map<string, Dims>();
  readonly #constants = new Map<string, OnnxConstant>();
  /** Values that may still be computed; hostile graphs compute the same again and again. */
  #valuesLeft: number;

  constructor(graph: OnnxGraph, where: string, options: FactsOptions) {
    this.#where = where;
    this.#options = options;
    let stored = 0;
    for (const [name, tensor] of graph.constants) {
      stored += countValues(tensor);
      this.#define(name, this.constantOfTensor(tensor));
    }
    this.#valuesLeft = 2 * stored + 2 ** 20;
    for (const { name, dims } of graph.inputs) this.#dims.set(name, options.inputs.get(name) ?? dims);
  }

  dimsOf(name: string | undefined): Dims {
    return name === undefined ? undefined : this.#dims.get(name);
  }

  /** Stored in the file, or computed from what is. */
  constantOf(name: string | undefined): OnnxConstant | undefined {
    return name === undefined ? undefined : this.#constants.get(name);
  }

  /** What is known of the node's inputs. */
  inputsOf({ inputs }: OnnxNode): KnownInputs {
    return {
      dims: (index) => this.dimsOf(inputs[index]),
      list: (index) => this.#listOf(inputs[index]),
    };
  }

  /** Goes on over one operator. */
  follow(node: OnnxNode): void {
    const known = this.inputsOf(node);
    const shapes = inferShapes(node, known);
    const constants = this.#compute(node, known, shapes);
    for (const [index, name] of node.outputs.entries()) {
      const constant = constants?.[index];
      if (constant !== undefined) this.#define(name, constant);
      else this.#setDims(name, shapes[index]);
    }
  }

  constantOfTensor(tensor: OnnxTensor): OnnxConstant {
    countValues(tensor);
    const { open } = this.#options;
    if (tensor.external !== undefined && open === undefined) return unread(tensor, tensor.dims);
    let values: ArrayLike<number> | undefined;
    const read = () => {
      if (values !== undefined) return values;
      const numbers = readValues(tensor, (external) => open?.(external) ?? new Uint8Array(0));
      // Short lists are read again and again; long weights once.
      if (numbers.length <= LONGEST_LIST) values = numbers;
      return numbers;
    };
    const { type, dims, name } = tensor;
    return { kind: 'constant', type, dims, read, stored: undefined, name, isUnread: false };
  }

  #define(name: string, constant: OnnxConstant): void {
    this.#constants.set(name, constant);
    this.#setDims(name, constant.dims);
  }

  #setDims(name: string, dims: Dims): void {
    if (dims !== undefined && dims.length > MAX_RANK) {
      throw new ModelError('weights-damaged', {
        where: this.#where,
        problem: `${JSON.stringify(name.slice(0, 80))} has ${dims.length} dimensions`,
        expected: `at most ${MAX_RANK}`,
      });
    }
    this.#dims.set(name, dims);
  }

  #listOf(name: string | undefined): readonly number[] | undefined {
    const constant = this.constantOf(name);
    if (constant?.isUnread !== false || constant.stored !== undefined) return undefined;
    if (multiply(constant.dims) > LONGEST_LIST) return undefined;
    return Array.from(constant.read());
  }

  #compute(
    node: OnnxNode,
    known: KnownInputs,
    shapes: readonly Dims[],
  ): readonly (OnnxConstant | undefined)[] | undefined {
    if (node.operator === 'Constant') return this.#readConstant(node);
    if (node.operator === 'DynamicQuantizeLinear') return [undefined, ...EXACT_SCALE];
    const first = known.dims(0);
    if (node.operator === 'Shape' && first) {
      const { attributes } = node;
      const part = first.slice(attributes.get('start')?.integer ?? 0, attributes.get('end')?.integer);
      return [makeConstant(DATA_TYPE.int64, [part.length], part)];
    }
    if (node.operator === 'Size' && first) return [makeConstant(DATA_TYPE.int64, [], [multiply(first)])];
    const inputs = node.inputs.filter((name) => name !== '').map((name) => this.#constants.get(name));
    const [dims] = shapes;
    if (dims === undefined || inputs.length === 0 || !inputs.every((input) => input !== undefined)) return undefined;
    const filler = node.operator === 'ConstantOfShape' ? node.attributes.get('value')?.tensor : undefined;
    const all = filler === undefined ? inputs : [...inputs, this.constantOfTensor(filler)];
    if (all.some(({ isUnread }) => isUnread) || this.#isTooLarge(node, shapes)) {
      return shapes.map((shape) => unread(all[0], shape ?? []));
    }
    this.#spend(node, shapes, all);
    return foldConstants({ node, inputs: all, known, dims });
  }

  #readConstant({ attributes }: OnnxNode): readonly OnnxConstant[] | undefined {
    const tensor = attributes.get('value')?.tensor;
    if (tensor !== undefined) return [this.constantOfTensor(tensor)];
    for (const [name, type] of [
      ['value_float', DATA_TYPE.float],
      ['value_floats', DATA_TYPE.float],
      ['value_int', DATA_TYPE.int64],
      ['value_ints', DATA_TYPE.int64],
    ] as const) {
      const value = attributes.get(name);
      if (value === undefined) continue;
      const list = type === DATA_TYPE.float ? value.floats : value.integers;
      if (name.endsWith('s')) return [makeConstant(type, [list.length], list)];
      return [makeConstant(type, [], [value.float ?? value.integer ?? 0])];
    }
    return undefined;
  }

  #spend(node: OnnxNode, shapes: readonly Dims[], inputs: readonly OnnxConstant[]): void {
    if (isFreeOfWork(node)) return;
    const read = inputs.reduce((sum, { dims }) => sum + multiply(dims), 0);
    this.#valuesLeft -= Math.max(read, ...shapes.map((shape) => multiply(shape ?? [])));
    if (this.#valuesLeft >= 0) return;
    throw new ModelError('weights-damaged', {
      where: this.#where,
      problem: 'computes more constants than its weights explain',
      remedy: 'simplify the graph first (python -m onnxsim in.onnx out.onnx)',
    });
  }

  #isTooLarge(node: OnnxNode, shapes: readonly Dims[]): boolean {
    if (isFreeOfWork(node)) return false;
    return shapes.some((shape) => multiply(shape ?? []) > this.#options.largestComputed);
  }
}

/** Known to be constant, without its values. */
function unread(source: { readonly type: number; readonly name: string } | undefined, dims: readonly number[]) {
  const read = (): never => {
    throw new RangeError('a constant whose values are not read');
  };
  const { type = 0, name = '' } = source ?? {};
  return { kind: 'constant', type, dims, read, stored: undefined, name, isUnread: true } as const;
}
