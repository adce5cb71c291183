import { type GraphCost, GraphTally, product } from './cost/graph-tally.js';
import { LayerNames } from './weights/imported.js';
import { type OnnxGraph, type OnnxNode, readGraph } from './weights/onnx/graph.js';

/** Outputs have the first input's shape. */
const SAME_SHAPE = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softmax'],
  ...['LogSoftmax', 'Softplus', 'Erf', 'Gelu', 'Mish', 'Identity', 'Dropout', 'BatchNormalization', 'LRN', 'Cast'],
  ...['Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'InstanceNormalization', 'LayerNormalization'],
  ...['QuantizeLinear', 'DequantizeLinear'],
]);
const BROADCAST = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum']);
const POOLS = new Set(['MaxPool', 'AveragePool', 'LpPool']);
/** Without multiply-accumulates, but of a shape that is not followed. */
const SHAPE_UNKNOWN = new Set(['Shape', 'Gather', 'Slice', 'Resize', 'Upsample', 'Split', 'Expand', 'ConstantOfShape']);

type Shape = readonly number[] | undefined;

/**
 * Counts the convolutions and dense layers of any ONNX graph, following shapes as far as they can be; a convolution
 * whose input's size is not known is reported.
 * @param resolution of the input where the file leaves it open
 * @param reason why the file is no network of this project's
 * @throws ModelError `weights-damaged` where the file contradicts itself
 */
export function countOnnx(
  bytes: Uint8Array,
  file: string,
  reason: string,
  options: { readonly resolution?: number; readonly flopsPerMac: 1 | 2 },
): GraphCost {
  const graph = readGraph(bytes, file);
  const shapes = new Map<string, Shape>([...graph.constants].map(([name, { dims }]) => [name, dims]));
  const [input] = graph.inputs;
  const { resolution = 224, flopsPerMac } = options;
  for (const { name, dims } of graph.inputs) {
    shapes.set(
      name,
      dims.map((size, axis) => (size > 0 ? size : axis === 0 ? 1 : resolution)),
    );
  }
  const tally = new GraphTally();
  const names = new LayerNames();
  for (const node of graph.nodes) {
    const shape = count(node, graph, shapes, tally, names);
    for (const output of node.outputs) shapes.set(output, shape);
  }
  const shown = (input && shapes.get(input.name)) ?? [];
  return tally.finish({ file, format: 'onnx', reason, input: shown }, flopsPerMac);
}

/** Counts one operator; gives the shape of its output where that follows. */
function count(
  node: OnnxNode,
  graph: OnnxGraph,
  shapes: ReadonlyMap<string, Shape>,
  tally: GraphTally,
  names: LayerNames,
): Shape {
  const { operator, inputs, outputs } = node;
  const [first, second] = inputs.map((name) => shapes.get(name));
  const isConstant = (name: string | undefined) => name !== undefined && graph.constants.has(name);
  const add = (output: Shape, macs: number | undefined, biasInput: number): Shape => {
    if (output === undefined || macs === undefined) {
      tally.skip(`${operator} (its input’s size is not known)`);
      return undefined;
    }
    const bias = inputs[biasInput];
    tally.add({
      name: names.take(node.name || outputs[0] || operator),
      operator,
      output,
      macs,
      weights: isConstant(inputs[1]) ? product(second!) : 0,
      bias: isConstant(bias) ? product(shapes.get(bias!)!) : 0,
    });
    return output;
  };
  switch (operator) {
    case 'Conv': {
      const output = slide(node, first, second?.slice(2), second?.[0]);
      return add(output, output && product(output) * product(second!.slice(1)), 2);
    }
    case 'ConvTranspose': {
      // Every input is multiplied by its channel's whole window.
      const macs = first && second && product(first) * product(second.slice(1));
      const output = macs === undefined ? undefined : transposed(node, first!, second!);
      return add(output, macs, 2);
    }
    case 'Gemm': {
      if (!first || second?.length !== 2) return add(undefined, undefined, 2);
      const isTurned = node.attributes.get('transB')?.integer === 1;
      const [deep, wide] = isTurned ? [second[1]!, second[0]!] : [second[0]!, second[1]!];
      const rows = node.attributes.get('transA')?.integer === 1 ? first[1] : first[0];
      return rows === undefined ? add(undefined, undefined, 2) : add([rows, wide], rows * wide * deep, 2);
    }
    case 'MatMul': {
      if (!first || !second || first.length < 2 || second.length < 2) return add(undefined, undefined, 2);
      const longer = first.length >= second.length ? first : second;
      const output = [...longer.slice(0, -2), first.at(-2)!, second.at(-1)!];
      return add(output, product(output) * first.at(-1)!, 2);
    }
    case 'Constant':
      return node.attributes.get('value')?.tensor?.dims;
    default:
      return pass(node, graph, [first, second], tally);
  }
}

/** An operator without multiply-accumulates, or one that is not known. */
function pass(node: OnnxNode, graph: OnnxGraph, [first, second]: readonly Shape[], tally: GraphTally): Shape {
  const { operator, inputs } = node;
  const known = () => {
    tally.addWithout(operator);
  };
  if (SAME_SHAPE.has(operator)) {
    known();
    return first;
  }
  if (BROADCAST.has(operator)) {
    known();
    return first && second && broadcast(first, second);
  }
  if (POOLS.has(operator)) {
    known();
    return slide(node, first, node.attributes.get('kernel_shape')?.integers, first?.[1]);
  }
  switch (operator) {
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      known();
      return first?.map((size, axis) => (axis < 2 ? size : 1));
    case 'Flatten': {
      known();
      const axis = node.attributes.get('axis')?.integer ?? 1;
      return first && [product(first.slice(0, axis)), product(first.slice(axis))];
    }
    case 'Transpose': {
      known();
      const order = node.attributes.get('perm')?.integers;
      return first && (order?.length === first.length ? order.map((axis) => first[axis] ?? 1) : first.toReversed());
    }
    case 'Reshape': {
      known();
      // Only what classifiers do: all but the batch in one row.
      const isRow = second?.length === 1 && second[0] === 2 && graph.constants.has(inputs[1]!);
      return first && isRow ? [first[0] ?? 1, product(first.slice(1))] : undefined;
    }
    case 'ReduceMean': {
      known();
      const keeps = node.attributes.get('keepdims')?.integer !== 0;
      return first?.length === 4 ? first.flatMap((size, axis) => (axis < 2 ? [size] : keeps ? [1] : [])) : undefined;
    }
    case 'Squeeze':
      known();
      return first && [first[0] ?? 1, ...first.slice(1).filter((size) => size !== 1)];
    default:
      if (SHAPE_UNKNOWN.has(operator) || operator === 'Unsqueeze' || operator === 'Concat' || operator === 'Pad') {
        known();
      } else tally.skip(operator);
      return undefined;
  }
}

function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    return Math.max(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1);
  });
}

/** Where a window is placed; undefined where something about it is not known. */
function slide(
  { attributes }: OnnxNode,
  input: Shape,
  kernel: Shape,
  channels: number | undefined,
): readonly number[] | undefined {
  if (!input || !kernel || channels === undefined || input.length !== kernel.length + 2) return undefined;
  const strides = attributes.get('strides')?.integers ?? [];
  const dilations = attributes.get('dilations')?.integers ?? [];
  const pads = attributes.get('pads')?.integers ?? [];
  const mode = attributes.get('auto_pad')?.text ?? 'NOTSET';
  const round = attributes.get('ceil_mode')?.integer === 1 ? Math.ceil : Math.floor;
  const sides = kernel.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    const extent = input[axis + 2]!;
    if (mode.startsWith('SAME')) return Math.ceil(extent / stride);
    const reach = (size - 1) * (dilations[axis] ?? 1) + 1;
    const padded = mode === 'VALID' ? 0 : (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0);
    return round((extent + padded - reach) / stride) + 1;
  });
  return sides.every((side) => side >= 1 && Number.isSafeInteger(side)) ? [input[0]!, channels, ...sides] : undefined;
}

function transposed(
  { attributes }: OnnxNode,
  input: readonly number[],
  weights: readonly number[],
): readonly number[] | undefined {
  const group = attributes.get('group')?.integer ?? 1;
  const strides = attributes.get('strides')?.integers ?? [];
  const pads = attributes.get('pads')?.integers ?? [];
  const extra = attributes.get('output_padding')?.integers ?? [];
  const rank = weights.length - 2;
  if (input.length !== rank + 2 || (attributes.get('auto_pad')?.text ?? 'NOTSET') !== 'NOTSET') return undefined;
  const sides = weights.slice(2).map((size, axis) => {
    const padded = (pads[axis] ?? 0) + (pads[axis + rank] ?? 0);
    return (input[axis + 2]! - 1) * (strides[axis] ?? 1) + size - padded + (extra[axis] ?? 0);
  });
  return sides.every((side) => side >= 1) ? [input[0]!, weights[1]! * group, ...sides] : undefined;
}
