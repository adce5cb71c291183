import { type GraphCost, GraphTally, product } from './cost/graph-tally.js';
import { ModelError } from './errors.js';
import { LayerNames } from './weights/imported.js';
import { type Operation, TfliteGraph } from './weights/tflite/graph.js';

/** Of the operators without multiply-accumulates those that classifiers have; all others are reported. */
const WITHOUT = new Set([
  ...['ADD', 'SUB', 'MUL', 'DIV', 'MAXIMUM', 'MINIMUM', 'NEG', 'ABS', 'EXP', 'LOG', 'SQRT', 'RSQRT', 'POW', 'SQUARE'],
  ...['AVERAGE_POOL_2D', 'MAX_POOL_2D', 'L2_POOL_2D', 'MEAN', 'SUM', 'REDUCE_MAX', 'REDUCE_MIN', 'ARG_MAX', 'TOPK_V2'],
  ...['RELU', 'RELU6', 'RELU_N1_TO_1', 'LEAKY_RELU', 'PRELU', 'ELU', 'TANH', 'LOGISTIC', 'HARD_SWISH', 'SOFTMAX'],
  ...['LOG_SOFTMAX', 'QUANTIZE', 'DEQUANTIZE', 'CAST', 'SHAPE', 'RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE'],
  ...['CONCATENATION', 'SPLIT', 'SPLIT_V', 'SLICE', 'STRIDED_SLICE', 'GATHER', 'PACK', 'UNPACK', 'PAD', 'PADV2'],
  ...['MIRROR_PAD', 'TILE', 'RESIZE_NEAREST_NEIGHBOR', 'SPACE_TO_DEPTH', 'DEPTH_TO_SPACE', 'FILL', 'RANGE'],
  ...['LOCAL_RESPONSE_NORMALIZATION', 'L2_NORMALIZATION'],
]);

/**
 * Counts the convolutions and dense layers of any TFLite graph from its tensors' shapes.
 * @param reason why the file is no network of this project's
 * @throws ModelError `weights-damaged` where the file contradicts itself
 */
export function countTflite(bytes: Uint8Array, file: string, reason: string, flopsPerMac: 1 | 2): GraphCost {
  const graph = new TfliteGraph(bytes, file);
  const tally = new GraphTally();
  const names = new LayerNames();
  for (let index = 0; index < graph.operatorCount; index++) {
    let operation: Operation;
    try {
      operation = graph.operation(index);
    } catch (error) {
      // An operator with more tensors than any that is understood.
      if (!(error instanceof ModelError && error.code === 'operator-unsupported')) throw error;
      tally.skip(error.message.slice(file.length + 2));
      continue;
    }
    count(operation, tally, names);
  }
  return tally.finish({ file, format: 'tflite', reason, input: inputOf(graph) }, flopsPerMac);
}

function inputOf(graph: TfliteGraph): readonly number[] {
  try {
    return graph.input().shape;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'operator-unsupported') return [];
    throw error;
  }
}

function count({ name: operator, inputs, outputs }: Operation, tally: GraphTally, names: LayerNames): void {
  if (WITHOUT.has(operator)) {
    tally.addWithout(operator);
    return;
  }
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
  tally.add({
    name: names.take(output.name),
    operator,
    output: output.shape,
    // A transposed convolution multiplies for each of its inputs.
    macs: perOutput * product(isTransposed ? data.shape : output.shape),
    weights: weights.constant ? product(weights.shape) : 0,
    bias: bias ? product(bias.shape) : 0,
  });
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
