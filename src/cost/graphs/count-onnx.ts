import { elementAt } from '../../errors/element-at.js';
import { OnnxFacts } from '../../weights/formats/onnx/facts.js';
import { type OnnxGraph, type OnnxNode, readGraph } from '../../weights/formats/onnx/graph.js';
import type { Dims } from '../../weights/formats/onnx/infer-windows.js';
import { LayerNames } from '../../weights/graph/imported-model.js';
import type { DescribeOptions } from '../describe.js';
import { type GraphCost, GraphTally, type GraphWork, NO_WORK, product } from './tally.js';

const LINEAR = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const ACTIVATIONS = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softplus'],
  ...['Gelu', 'Mish', 'Erf'],
]);
const AVERAGES = new Set(['AveragePool', 'GlobalAveragePool', 'ReduceMean']);
const MAXIMA = new Set(['MaxPool', 'GlobalMaxPool']);
const NORMALISATIONS = new Set([
  'BatchNormalization',
  'InstanceNormalization',
  'LayerNormalization',
  'GroupNormalization',
]);
/** Without multiply-accumulates, and in nobody's count. */
const WITHOUT = new Set([
  ...['Softmax', 'LogSoftmax', 'Identity', 'Dropout', 'LRN', 'Cast', 'Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal'],
  ...['QuantizeLinear', 'DequantizeLinear', 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'LpPool'],
  ...['Flatten', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Concat', 'Pad', 'ReduceSum', 'ReduceMax', 'Shape'],
  ...['Gather', 'Slice', 'Resize', 'Upsample', 'Split', 'Expand', 'ConstantOfShape', 'Range', 'Constant'],
]);
export interface CountOnnxOptions extends DescribeOptions {
  /** Of the input where the file leaves it open. */
  readonly resolution?: number;
}

/**
 * Counts any ONNX graph, following shapes as far as they can be; a convolution whose input's size is not known is
 * reported.
 * @param reason why the file is no network of this project's
 * @throws ModelError `weights-damaged` where the file contradicts itself
 */
export function countOnnx(bytes: Uint8Array, file: string, reason: string, options: CountOnnxOptions = {}): GraphCost {
  const graph = readGraph(bytes, file);
  const facts = readFacts(graph, file, options.resolution ?? 224);
  const tally = new GraphTally(options);
  const names = new LayerNames();
  const counted = new Set<string>();
  /** Numbers in a constant tensor; 0 where another operator had it before, since what is shared is stored once. */
  const own: Own = (tensor) => {
    const constant = facts.constantOf(tensor);
    if (tensor === undefined || constant === undefined || counted.has(tensor)) return 0;
    counted.add(tensor);
    return product(constant.dims);
  };
  for (const node of graph.nodes) {
    const name = names.take(node.name || node.outputs[0] || node.operator);
    count(node, name, facts, own, tally);
  }
  const [input] = graph.inputs;
  return tally.finish({ file, format: 'onnx', reason, input: facts.dimsOf(input?.name) ?? [] });
}

/** A shape's arithmetic is on lists as long as a shape; no weights are computed. */
const LARGEST_LIST = 256;

function readFacts(graph: OnnxGraph, file: string, resolution: number): OnnxFacts {
  const inputs = graph.inputs.map(({ name, dims }) => {
    return [name, dims.map((size, axis) => (size > 0 ? size : axis === 0 ? 1 : resolution))] as const;
  });
  return new OnnxFacts(graph, file, { inputs: new Map(inputs), largestComputed: LARGEST_LIST });
}

type Own = (tensor: string | undefined) => number;

function count(node: OnnxNode, name: string, facts: OnnxFacts, own: Own, tally: GraphTally): void {
  const { operator, inputs } = node;
  facts.follow(node);
  const input = facts.dimsOf(inputs[0]);
  const output = facts.dimsOf(node.outputs[0]);
  if (!LINEAR.has(operator)) {
    pass(node, name, [input, output], own, tally);
    return;
  }
  const weights = facts.dimsOf(inputs[1]);
  const macs = output && input && weights && countMacs(node, input, weights, output);
  if (!input || !output || !weights || macs === undefined) {
    tally.skip(`${operator} (its input’s size is not known)`);
    return;
  }
  // A convolution of one pixel is a dense layer, as it is in this project's networks.
  const isDense = operator === 'Gemm' || operator === 'MatMul' || (isPixel(input) && isPixel(output));
  tally.add({
    ...NO_WORK,
    ...{ name, operator, output, macs, isDense },
    weights: own(inputs[1]),
    bias: own(inputs[2]),
    biased: inputs[2] ? product(output) : 0,
    convolved: isDense ? 0 : product(output),
  });
}

type Known = readonly number[];

function isPixel(shape: Known): boolean {
  return product(shape.slice(2)) === 1;
}

function countMacs(
  { operator, attributes }: OnnxNode,
  input: Known,
  weights: Known,
  output: Known,
): number | undefined {
  switch (operator) {
    case 'Conv':
      return product(output) * product(weights.slice(1));
    case 'ConvTranspose':
      // Every input is multiplied by its channel's whole window.
      return product(input) * product(weights.slice(1));
    case 'Gemm':
      return product(output) * elementAt(weights, attributes.get('transB')?.integer === 1 ? 1 : 0);
    case 'MatMul':
      return product(output) * input.at(-1)!;
    default:
      return undefined;
  }
}

/** An operator without multiply-accumulates, or one that is not known. */
function pass(
  { operator, inputs }: OnnxNode,
  name: string,
  [input, output]: readonly [Dims, Dims],
  own: Own,
  tally: GraphTally,
): void {
  const elements = (shape: Dims) => shape && product(shape);
  const work: GraphWork = { ...NO_WORK, name, operator, output: output ?? [] };
  if (ACTIVATIONS.has(operator)) tally.addWithout(work, 'activated', elements(output));
  else if (AVERAGES.has(operator)) tally.addWithout(work, 'averaged', elements(input));
  else if (MAXIMA.has(operator)) tally.addWithout(work, 'maximised', elements(input));
  else if (NORMALISATIONS.has(operator)) {
    const channels = own(inputs[1]);
    // Scale and offset; a batch norm has a mean and a variance besides.
    const normTotal = operator === 'BatchNormalization' ? 4 * channels : 2 * channels;
    tally.addWithout({ ...work, normTrained: 2 * channels, normTotal }, 'normalised', elements(output));
  } else if (WITHOUT.has(operator)) tally.addUncounted(operator);
  else tally.skip(operator);
}
