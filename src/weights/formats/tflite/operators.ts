import type { Activation } from '../../../networks/types.js';
import type { Arithmetic } from '../../graph/arithmetic.js';
import { importActivation, importArithmetic, importSoftmax } from './element-wise.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { importConv, importDepthwise, importFullyConnected } from './linear.js';
import { importAveragePool, importMaxPool, importMean } from './pooling.js';
import { importPad, importRequantise, importReshape } from './shapes.js';

type Handler = (importer: TfliteImporter, node: TfliteNode) => void;

/** The operators that are understood, by their names in the schema. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['ADD', arithmetic('Add')],
  ['AVERAGE_POOL_2D', importAveragePool],
  ['CONV_2D', importConv],
  ['DEPTHWISE_CONV_2D', importDepthwise],
  ['DEQUANTIZE', importRequantise],
  ['FULLY_CONNECTED', importFullyConnected],
  ['LOGISTIC', activation('sigmoid')],
  ['MAX_POOL_2D', importMaxPool],
  ['MEAN', importMean],
  ['PAD', importPad],
  ['QUANTIZE', importRequantise],
  ['RELU', activation('relu')],
  ['RELU6', activation('relu6')],
  ['RESHAPE', importReshape],
  ['SOFTMAX', importSoftmax],
  ['SQUEEZE', importReshape],
]);

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

function activation(name: Activation): Handler {
  return (importer, node) => importActivation(importer, node, name);
}
