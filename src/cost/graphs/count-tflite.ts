import { formatError, ModelError } from '../../errors/errors.js';
import { type Operation, TfliteGraph, type TfliteTensor } from '../../weights/formats/tflite/graph.js';
import {
  ARITHMETIC_OPTIONS,
  CONV_OPTIONS,
  DEPTHWISE_OPTIONS,
  FULLY_CONNECTED_OPTIONS,
  OPTIONS_TYPE,
  POOL_OPTIONS,
} from '../../weights/formats/tflite/schema.js';
import { LayerNames } from '../../weights/graph/imported-model.js';
import type { DescribeOptions } from '../describe.js';
import { type GraphCost, GraphTally, type GraphWork, NO_WORK, product } from './tally.js';

const ACTIVATIONS = new Set([
  ...['RELU', 'RELU6', 'RELU_N1_TO_1', 'LEAKY_RELU', 'PRELU', 'ELU', 'TANH', 'LOGISTIC', 'HARD_SWISH', 'GELU'],
]);
const AVERAGES = new Set(['AVERAGE_POOL_2D', 'MEAN']);
const MAXIMA = new Set(['MAX_POOL_2D']);
/** Of the operators without multiply-accumulates those that classifiers have; all others are reported. */
const WITHOUT = new Set([
  ...['ADD', 'SUB', 'MUL', 'DIV', 'MAXIMUM', 'MINIMUM', 'NEG', 'ABS', 'EXP', 'LOG', 'SQRT', 'RSQRT', 'POW', 'SQUARE'],
  ...['L2_POOL_2D', 'SUM', 'REDUCE_MAX', 'REDUCE_MIN', 'ARG_MAX', 'TOPK_V2', 'SOFTMAX'],
  ...['LOG_SOFTMAX', 'QUANTIZE', 'DEQUANTIZE', 'CAST', 'SHAPE', 'RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE'],
  ...['CONCATENATION', 'SPLIT', 'SPLIT_V', 'SLICE', 'STRIDED_SLICE', 'GATHER', 'PACK', 'UNPACK', 'PAD', 'PADV2'],
  ...['MIRROR_PAD', 'TILE', 'RESIZE_NEAREST_NEIGHBOR', 'RESIZE_BILINEAR', 'SPACE_TO_DEPTH', 'DEPTH_TO_SPACE'],
  ...['FILL', 'RANGE', 'LOCAL_RESPONSE_NORMALIZATION', 'L2_NORMALIZATION'],
]);
const CONVERSIONS = new Set(['DEQUANTIZE', 'QUANTIZE', 'CAST', 'RESHAPE', 'TRANSPOSE', 'DENSIFY']);
/** Where an operator's options say which activation is fused into it; 0 is none. */
const FUSED: Readonly<Record<string, readonly [options: number, slot: number]>> = {
  CONV_2D: [OPTIONS_TYPE.conv, CONV_OPTIONS.activation],
  DEPTHWISE_CONV_2D: [OPTIONS_TYPE.depthwise, DEPTHWISE_OPTIONS.activation],
  FULLY_CONNECTED: [OPTIONS_TYPE.fullyConnected, FULLY_CONNECTED_OPTIONS.activation],
  ADD: [OPTIONS_TYPE.add, ARITHMETIC_OPTIONS.activation],
  AVERAGE_POOL_2D: [OPTIONS_TYPE.pool, POOL_OPTIONS.activation],
  MAX_POOL_2D: [OPTIONS_TYPE.pool, POOL_OPTIONS.activation],
};

/**
 * Counts any TFLite graph from its tensors' shapes.
 * @param reason why the file is no network of this project's
 * @throws ModelError `weights-damaged` where the file contradicts itself
 */
export function countTflite(bytes: Uint8Array, file: string, reason: string, options: DescribeOptions = {}): GraphCost {
  const graph = new TfliteGraph(bytes, file);
  const tally = new GraphTally(options);
  const names = new LayerNames();
  const constants = new Set<number>();
  for (let index = 0; index < graph.operatorCount; index++) {
    let operation: Operation;
    try {
      operation = graph.operation(index);
    } catch (error) {
      // An operator with more tensors than any that is understood.
      if (!(error instanceof ModelError && error.code === 'operator-unsupported')) throw error;
      tally.skip(formatError({ ...error.details, where: undefined }));
      continue;
    }
    for (const { index: tensor } of convertedFrom(operation, constants)) constants.add(tensor);
    count(operation, tally, names, constants);
  }
  return tally.finish({ file, format: 'tflite', reason, input: inputOf(graph) });
}

function inputOf(graph: TfliteGraph): readonly number[] {
  try {
    return graph.input().shape;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'operator-unsupported') return [];
    throw error;
  }
}

/** Of stored numbers the operators that only store them otherwise give stored numbers. */
function convertedFrom({ name, inputs, outputs }: Operation, constants: ReadonlySet<number>): readonly TfliteTensor[] {
  const [source] = inputs;
  return CONVERSIONS.has(name) && source && isConstant(source, constants) ? outputs : [];
}

function isConstant({ constant, index }: TfliteTensor, constants: ReadonlySet<number>): boolean {
  return constant !== undefined || constants.has(index);
}

function count(operation: Operation, tally: GraphTally, names: LayerNames, constants: ReadonlySet<number>): void {
  const { name: operator, inputs, outputs } = operation;
  const [output] = outputs;
  const elements = output && product(output.shape);
  const work: GraphWork = {
    ...NO_WORK,
    name: output ? names.take(output.name) : operator,
    operator,
    output: output?.shape ?? [],
    activated: hasActivation(operation) ? (elements ?? 0) : 0,
  };
  const input = inputs[0] && product(inputs[0].shape);
  if (ACTIVATIONS.has(operator)) tally.addWithout(work, 'activated', elements);
  else if (AVERAGES.has(operator)) tally.addWithout(work, 'averaged', input);
  else if (MAXIMA.has(operator)) tally.addWithout(work, 'maximised', input);
  else if (work.activated > 0 && WITHOUT.has(operator)) tally.addWithout(work, 'activated', elements);
  else if (WITHOUT.has(operator)) tally.addUncounted(operator);
  else countLinear(operation, work, tally, constants);
}

function countLinear(
  { name: operator, inputs, outputs }: Operation,
  work: GraphWork,
  tally: GraphTally,
  constants: ReadonlySet<number>,
): void {
  const [output] = outputs;
  const isTransposed = operator === 'TRANSPOSE_CONV';
  const weights = inputs[1];
  const data = isTransposed ? inputs[2] : inputs[0];
  const perOutput = macsPerOutput(operator, weights?.shape);
  if (!output || !data || !weights || perOutput === undefined) {
    tally.skip(operator);
    return;
  }
  const bias = inputs[isTransposed ? 3 : 2];
  const elements = product(output.shape);
  const isPixel = (shape: readonly number[]) => product(shape.slice(1, -1)) === 1;
  // A convolution of one pixel is a dense layer, as it is in this project's networks.
  const isDense = operator === 'FULLY_CONNECTED' || (isPixel(data.shape) && isPixel(output.shape));
  tally.add({
    ...work,
    // A transposed convolution multiplies for each of its inputs.
    macs: perOutput * (isTransposed ? product(data.shape) : elements),
    weights: isConstant(weights, constants) ? product(weights.shape) : 0,
    bias: bias ? product(bias.shape) : 0,
    biased: bias ? elements : 0,
    convolved: isDense ? 0 : elements,
    isDense,
  });
}

function hasActivation(operation: Operation): boolean {
  const [type, slot] = FUSED[operation.name] ?? [];
  return type !== undefined && (operation.options(type)?.int8(slot!, 0) ?? 0) !== 0;
}

function macsPerOutput(operator: string, weights: readonly number[] | undefined): number | undefined {
  if (operator === 'FULLY_CONNECTED') return weights?.length === 2 ? weights[1] : undefined;
  if (weights?.length !== 4) return undefined;
  const [outChannels, height, width, inChannels] = weights as [number, number, number, number];
  switch (operator) {
    case 'CONV_2D':
      return height * width * inChannels;
    case 'DEPTHWISE_CONV_2D':
      return height * width;
    case 'TRANSPOSE_CONV':
      return height * width * outChannels;
    default:
      return undefined;
  }
}
