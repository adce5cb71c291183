import type { OnnxGraph, OnnxNode } from '../../weights/formats/onnx/graph.js';
import { DATA_TYPE, type OnnxTensor, readValues } from '../../weights/formats/onnx/tensor.js';
import { product } from './tally.js';

/** Undefined where it does not follow from the file. */
export type Shape = readonly number[] | undefined;

/** Outputs have the first input's shape. */
const SAME_SHAPE = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softmax'],
  ...['LogSoftmax', 'Softplus', 'Erf', 'Gelu', 'Mish', 'Identity', 'Dropout', 'BatchNormalization', 'LRN', 'Cast'],
  ...['Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'InstanceNormalization', 'LayerNormalization'],
  ...['QuantizeLinear', 'DequantizeLinear', 'GroupNormalization'],
]);
const BROADCAST = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum']);
/** Of stored numbers they give stored numbers. */
const CONVERSIONS = new Set(['DequantizeLinear', 'Cast', 'Identity', 'Transpose']);
/** A shape's arithmetic is on lists as long as a shape. */
const LONGEST_LIST = 16;

/** Follows shapes through a graph, and the short lists of integers that exporters compute shapes with. */
export class OnnxShapes {
  readonly #constants: Set<string>;
  readonly #shapes = new Map<string, Shape>();
  readonly #lists = new Map<string, readonly number[]>();

  /** @param resolution of the input where the file leaves it open */
  constructor(graph: OnnxGraph, resolution: number) {
    this.#constants = new Set(graph.constants.keys());
    for (const [name, tensor] of graph.constants) this.#define(name, tensor);
    for (const { name, dims } of graph.inputs) {
      this.#shapes.set(
        name,
        dims.map((size, axis) => (size > 0 ? size : axis === 0 ? 1 : resolution)),
      );
    }
  }

  of(name: string | undefined): Shape {
    return name === undefined ? undefined : this.#shapes.get(name);
  }

  /** Stored in the file, or stored in other numbers and converted first. */
  isConstant(name: string | undefined): boolean {
    return name !== undefined && this.#constants.has(name);
  }

  /** Goes on over one operator; gives the shape of its first output. */
  follow(node: OnnxNode): Shape {
    const { operator, inputs, outputs } = node;
    if (operator === 'Constant') {
      const tensor = node.attributes.get('value')?.tensor;
      if (tensor && outputs[0] !== undefined) {
        this.#define(outputs[0], tensor);
        this.#constants.add(outputs[0]);
      }
      return this.of(outputs[0]);
    }
    if (CONVERSIONS.has(operator) && this.isConstant(inputs[0])) this.#constants.add(outputs[0]!);
    const list = this.#listOf(node);
    if (list && outputs[0] !== undefined) this.#lists.set(outputs[0], list);
    const shapes =
      operator === 'Split'
        ? this.#split(node)
        : [
            this.#shapeOf(
              node,
              inputs.map((name) => this.of(name)),
            ),
          ];
    for (const [index, name] of outputs.entries()) this.#shapes.set(name, shapes[index]);
    return shapes[0];
  }

  #define(name: string, tensor: OnnxTensor): void {
    this.#shapes.set(name, tensor.dims);
    const isIndex = tensor.type === DATA_TYPE.int64 || tensor.type === DATA_TYPE.int32;
    if (!isIndex || tensor.external || tensor.dims.length > 1 || product(tensor.dims) > LONGEST_LIST) return;
    this.#lists.set(name, Array.from(readValues(tensor, () => new Uint8Array(0))));
  }

  #integers(node: OnnxNode, index: number, name: string): readonly number[] | undefined {
    const input = node.inputs[index];
    return input ? this.#lists.get(input) : node.attributes.get(name)?.integers;
  }

  /** What arithmetic on shapes gives. */
  #listOf(node: OnnxNode): readonly number[] | undefined {
    const { operator, inputs, attributes } = node;
    const own = inputs.map((name) => this.#lists.get(name));
    switch (operator) {
      case 'Shape': {
        const shape = this.of(inputs[0]);
        return shape?.slice(attributes.get('start')?.integer ?? 0, attributes.get('end')?.integer);
      }
      case 'Gather': {
        const picked = own[1]?.map((index) => own[0]?.at(index));
        return picked?.every((value) => value !== undefined) ? picked : undefined;
      }
      case 'Concat':
        return own.every((list) => list !== undefined) ? own.flat().slice(0, LONGEST_LIST) : undefined;
      case 'Slice': {
        const [start, end] = [this.#integers(node, 1, 'starts'), this.#integers(node, 2, 'ends')];
        const step = this.#integers(node, 4, 'steps')?.[0] ?? 1;
        return start?.length === 1 && end?.length === 1 && step === 1 ? own[0]?.slice(start[0], end[0]) : undefined;
      }
      case 'Unsqueeze':
      case 'Squeeze':
      case 'Cast':
      case 'Identity':
        return own[0];
      default: {
        const [a, b] = own;
        const calculate = ARITHMETIC[operator];
        if (!calculate || !a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
        return Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
          calculate(a[a.length === 1 ? 0 : index]!, b[b.length === 1 ? 0 : index]!),
        );
      }
    }
  }

  #shapeOf(node: OnnxNode, [first, second]: readonly Shape[]): Shape {
    const { operator, attributes } = node;
    if (SAME_SHAPE.has(operator)) return first;
    if (BROADCAST.has(operator)) return first && second && broadcast(first, second);
    switch (operator) {
      case 'Conv':
        return slide(node, first, second?.slice(2), second?.[0]);
      case 'ConvTranspose':
        return first && second && transposed(node, first, second);
      case 'MaxPool':
      case 'AveragePool':
      case 'LpPool':
        return slide(node, first, attributes.get('kernel_shape')?.integers, first?.[1]);
      case 'Gemm': {
        if (!first || second?.length !== 2) return undefined;
        const rows = attributes.get('transA')?.integer === 1 ? first[1] : first[0];
        const wide = attributes.get('transB')?.integer === 1 ? second[0]! : second[1]!;
        return rows === undefined ? undefined : [rows, wide];
      }
      case 'MatMul': {
        if (!first || !second || first.length < 2 || second.length < 2) return undefined;
        const longer = first.length >= second.length ? first : second;
        return [...longer.slice(0, -2), first.at(-2)!, second.at(-1)!];
      }
      case 'GlobalAveragePool':
      case 'GlobalMaxPool':
        return first?.map((size, axis) => (axis < 2 ? size : 1));
      case 'Flatten': {
        const axis = attributes.get('axis')?.integer ?? 1;
        return first && [product(first.slice(0, axis)), product(first.slice(axis))];
      }
      case 'Transpose': {
        const order = attributes.get('perm')?.integers;
        return first && (order?.length === first.length ? order.map((axis) => first[axis] ?? 1) : first.toReversed());
      }
      case 'Reshape':
        return first && reshape(first, this.#integers(node, 1, 'shape'), attributes.get('allowzero')?.integer === 1);
      case 'ReduceMean':
      case 'ReduceSum':
      case 'ReduceMax':
        return first && reduce(node, first, this.#integers(node, 1, 'axes'));
      case 'Squeeze': {
        const axes = this.#integers(node, 1, 'axes')?.map((axis) => (axis < 0 ? axis + (first?.length ?? 0) : axis));
        return first?.filter((size, axis) => (axes?.length ? !axes.includes(axis) : size !== 1));
      }
      case 'Unsqueeze': {
        const axes = this.#integers(node, 1, 'axes');
        return first && axes && unsqueeze(first, axes);
      }
      case 'Concat':
        return this.#concatenate(node);
      case 'Slice': {
        const [starts, ends] = [this.#integers(node, 1, 'starts'), this.#integers(node, 2, 'ends')];
        const axes = this.#integers(node, 3, 'axes') ?? starts?.map((_, index) => index);
        return first && starts && ends && axes && cut(first, starts, ends, axes, this.#integers(node, 4, 'steps'));
      }
      case 'Pad':
        return first && pad(first, this.#integers(node, 1, 'pads'), node.inputs[3]);
      default:
        return undefined;
    }
  }

  #concatenate(node: OnnxNode): Shape {
    const shapes = node.inputs.map((name) => this.of(name));
    const [first] = shapes;
    const axis = node.attributes.get('axis')?.integer ?? 0;
    if (!first || !shapes.every((shape) => shape?.length === first.length)) return undefined;
    const place = axis < 0 ? axis + first.length : axis;
    return first.map((size, index) =>
      index === place ? shapes.reduce((sum, shape) => sum + shape![place]!, 0) : size,
    );
  }

  #split(node: OnnxNode): readonly Shape[] {
    const shape = this.of(node.inputs[0]);
    if (!shape) return [];
    const axis = node.attributes.get('axis')?.integer ?? 0;
    const place = axis < 0 ? axis + shape.length : axis;
    const count = node.outputs.length;
    const given = this.#integers(node, 1, 'split');
    const even = Math.ceil((shape[place] ?? 0) / count);
    const parts = given?.length
      ? given
      : Array.from({ length: count }, (_, index) => Math.min(even, (shape[place] ?? 0) - index * even));
    return parts.map((part) => shape.map((size, index) => (index === place ? part : size)));
  }
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
};

function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    return Math.max(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1);
  });
}

/** 0 keeps a size, −1 is what is left. */
function reshape(input: readonly number[], wanted: readonly number[] | undefined, allowsZero: boolean): Shape {
  if (!wanted) return undefined;
  const sizes = wanted.map((size, axis) => (size === 0 && !allowsZero ? (input[axis] ?? 0) : size));
  const known = product(sizes.filter((size) => size !== -1));
  const rest = known === 0 ? 0 : product(input) / known;
  const shape = sizes.map((size) => (size === -1 ? rest : size));
  return shape.every((size) => Number.isSafeInteger(size) && size >= 1) && product(shape) === product(input)
    ? shape
    : undefined;
}

function reduce({ attributes }: OnnxNode, input: readonly number[], given: readonly number[] | undefined): Shape {
  const axes = (given?.length ? given : input.map((_, axis) => axis)).map((axis) =>
    axis < 0 ? axis + input.length : axis,
  );
  const keeps = attributes.get('keepdims')?.integer !== 0;
  return input.flatMap((size, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [size]));
}

function unsqueeze(input: readonly number[], axes: readonly number[]): Shape {
  const rank = input.length + axes.length;
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = input.values();
  return Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : (rest.next().value ?? 1)));
}

function cut(
  input: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps: readonly number[] = [],
): Shape {
  const sizes = [...input];
  for (const [index, axis] of axes.entries()) {
    const place = axis < 0 ? axis + input.length : axis;
    const [size, start, end, step] = [input[place], starts[index], ends[index], steps[index] ?? 1];
    if (size === undefined || start === undefined || end === undefined || step < 1) return undefined;
    const inside = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    sizes[place] = Math.ceil((inside(end) - inside(start)) / step);
  }
  return sizes.every((size) => size >= 1) ? sizes : undefined;
}

function pad(input: readonly number[], pads: readonly number[] | undefined, axes: string | undefined): Shape {
  if (pads?.length !== 2 * input.length || axes) return undefined;
  return input.map((size, axis) => size + pads[axis]! + pads[axis + input.length]!);
}

/** Where a window is placed; undefined where something about it is not known. */
function slide({ attributes }: OnnxNode, input: Shape, kernel: Shape, channels: number | undefined): Shape {
  if (!input || !kernel || channels === undefined || input.length !== kernel.length + 2) return undefined;
  const strides = attributes.get('strides')?.integers ?? [];
  const dilations = attributes.get('dilations')?.integers ?? [];
  const pads = attributes.get('pads')?.integers ?? [];
  const mode = attributes.get('auto_pad')?.text ?? 'NOTSET';
  const isCeiled = attributes.get('ceil_mode')?.integer === 1;
  const sides = kernel.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    const extent = input[axis + 2]!;
    if (mode.startsWith('SAME')) return Math.ceil(extent / stride);
    const reach = (size - 1) * (dilations[axis] ?? 1) + 1;
    const [before, after] = mode === 'VALID' ? [0, 0] : [pads[axis] ?? 0, pads[axis + kernel.length] ?? 0];
    const room = extent + before + after - reach;
    if (!isCeiled) return Math.floor(room / stride) + 1;
    const side = Math.ceil(room / stride) + 1;
    // A window that would begin in the padding behind the map is left out, as the operator's definition says.
    return (side - 1) * stride >= extent + before ? side - 1 : side;
  });
  return sides.every((side) => side >= 1 && Number.isSafeInteger(side)) ? [input[0]!, channels, ...sides] : undefined;
}

function transposed({ attributes }: OnnxNode, input: readonly number[], weights: readonly number[]): Shape {
  const group = attributes.get('group')?.integer ?? 1;
  const strides = attributes.get('strides')?.integers ?? [];
  const pads = attributes.get('pads')?.integers ?? [];
  const dilations = attributes.get('dilations')?.integers ?? [];
  const extra = attributes.get('output_padding')?.integers ?? [];
  const rank = weights.length - 2;
  if (input.length !== rank + 2 || (attributes.get('auto_pad')?.text ?? 'NOTSET') !== 'NOTSET') return undefined;
  const sides = weights.slice(2).map((size, axis) => {
    const padded = (pads[axis] ?? 0) + (pads[axis + rank] ?? 0);
    const reach = (size - 1) * (dilations[axis] ?? 1) + 1;
    return (input[axis + 2]! - 1) * (strides[axis] ?? 1) + reach - padded + (extra[axis] ?? 0);
  });
  return sides.every((side) => side >= 1) ? [input[0]!, weights[1]! * group, ...sides] : undefined;
}
