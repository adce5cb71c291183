import type { Activation } from '../../../networks/types.js';
import type { Arithmetic } from '../../graph/arithmetic.js';
import type { Range } from '../../graph/value.js';
import {
  importActivation,
  importArithmetic,
  importClip,
  importExp,
  importExtreme,
  importGelu,
  importLeakyRelu,
  importLogSoftmax,
  importNegative,
  importPrelu,
  importSoftmax,
} from './element-wise.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { importConv, importDepthwise, importFullyConnected } from './linear.js';
import { importPack, importShape, importStridedSlice } from './lists.js';
import { importAveragePool, importMaxPool, importMean, importReduceMax, importSum } from './pooling.js';
import {
  importCast,
  importConcatenation,
  importPad,
  importRequantise,
  importReshape,
  importResize,
  importSplit,
  importTranspose,
} from './shapes.js';

type Handler = (importer: TfliteImporter, node: TfliteNode) => void;

/** The operators that are understood, by their names in the schema. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['ADD', arithmetic('Add')],
  ['AVERAGE_POOL_2D', importAveragePool],
  ['CAST', importCast],
  ['CONCATENATION', importConcatenation],
  ['CONV_2D', importConv],
  ['DEPTHWISE_CONV_2D', importDepthwise],
  ['DEQUANTIZE', importRequantise],
  ['DIV', arithmetic('Div')],
  ['ELU', activation('elu')],
  ['EXP', importExp],
  ['EXPAND_DIMS', importReshape],
  ['FULLY_CONNECTED', importFullyConnected],
  ['GELU', importGelu],
  ['HARD_SWISH', activation('hardSwish')],
  ['LEAKY_RELU', importLeakyRelu],
  ['LOGISTIC', activation('sigmoid')],
  ['LOG_SOFTMAX', importLogSoftmax],
  ['MAXIMUM', (importer, node) => importExtreme(importer, node, 'maximum')],
  ['MAX_POOL_2D', importMaxPool],
  ['MEAN', importMean],
  ['MINIMUM', (importer, node) => importExtreme(importer, node, 'minimum')],
  ['MIRROR_PAD', importPad],
  ['MUL', arithmetic('Mul')],
  ['NEG', importNegative],
  ['PACK', importPack],
  ['PAD', importPad],
  ['PADV2', importPad],
  ['PRELU', importPrelu],
  ['QUANTIZE', importRequantise],
  ['REDUCE_MAX', importReduceMax],
  ['RELU', activation('relu')],
  ['RELU6', activation('relu6')],
  ['RELU_0_TO_1', clip([0, 1])],
  ['RELU_N1_TO_1', clip([-1, 1])],
  ['RESHAPE', importReshape],
  ['RESIZE_BILINEAR', (importer, node) => importResize(importer, node, 'bilinear')],
  ['RESIZE_NEAREST_NEIGHBOR', (importer, node) => importResize(importer, node, 'nearest')],
  ['SHAPE', importShape],
  ['SOFTMAX', importSoftmax],
  ['SPLIT', importSplit],
  ['SPLIT_V', importSplit],
  ['SQUEEZE', importReshape],
  ['STRIDED_SLICE', importStridedSlice],
  ['SUB', arithmetic('Sub')],
  ['SUM', importSum],
  ['TANH', activation('tanh')],
  ['TRANSPOSE', importTranspose],
]);

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

function activation(name: Activation): Handler {
  return (importer, node) => importActivation(importer, node, name);
}

function clip(range: Range): Handler {
  return (importer, node) => importClip(importer, node, range);
}
