import type { Activation } from '../../networks/types.js';
import { type Arithmetic, importArithmetic } from '../graph/arithmetic.js';
import type { Combination } from '../graph/element-wise.js';
import { type MapValue, multiply, readReals } from '../graph/value.js';
import {
  importBatchNorm,
  importBiasAdd,
  importConv,
  importDepthwise,
  importMatMul,
  importNormalization,
} from './linear-operators.js';
import { importAveragePool, importMaxPool, importReduction } from './pooling-operators.js';
import {
  importBroadcast,
  importConcat,
  importExpandDims,
  importIdentity,
  importPack,
  importPad,
  importReshape,
  importResize,
  importShape,
  importSqueeze,
  importStridedSlice,
  importTranspose,
} from './shape-operators.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';

type Handler = (importer: TensorflowImporter, node: TensorflowNode) => void;

/** The ends of single precision: a clip on one side only. */
const LARGEST = 3.4028234663852886e38;
const DEFAULT_LEAKY_SLOPE = 0.2;

function activation(kind: Activation): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    importer.define(node, importer.builder.activate(value, kind, importer.target(node, value.dims)));
  };
}

function importLeakyRelu(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const slope = importer.floatOf(node, 'alpha', DEFAULT_LEAKY_SLOPE);
  importer.define(node, importer.builder.activate(value, 'leakyRelu', importer.target(node, value.dims), [slope]));
}

function importPrelu(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const slopes = readReals(importer.constant(node, 1, 'slopes'));
  importer.define(node, importer.builder.prelu(value, slopes, importer.target(node, value.dims)));
}

function importClip(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const [low = Number.NaN] = importer.list(node, 1, 'a limit', 1);
  const [high = Number.NaN] = importer.list(node, 2, 'a limit', 1);
  importer.define(node, importer.builder.clip(value, [low, high], importer.target(node, value.dims)));
}

/** The larger or smaller of two maps, or of a map and a number. */
function limit(how: Extract<Combination, 'maximum' | 'minimum'>): Handler {
  return (importer, node) => {
    const [a, b] = [importer.value(node, 0), importer.value(node, 1)];
    const map = a.kind === 'map' ? a : importer.map(node, 1);
    const target = importer.target(node, map.dims);
    if (a.kind === 'map' && b.kind === 'map') {
      importer.define(node, importer.builder.combine(how, a, b, target));
      return;
    }
    const [bound = Number.NaN] = importer.list(node, a.kind === 'map' ? 1 : 0, 'a limit', 1);
    const range = how === 'maximum' ? ([bound, LARGEST] as const) : ([-LARGEST, bound] as const);
    importer.define(node, importer.builder.clip(map, range, target));
  };
}

function importNegative(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const all = (factor: number) => new Array<number>(value.shape.channels).fill(factor);
  importer.define(node, importer.builder.affine(value, all(-1), all(0), importer.target(node, value.dims)));
}

function importSquare(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.map(node);
  const twice = { ...value, readers: value.readers + 1 };
  importer.define(node, importer.builder.combine('multiply', twice, twice, importer.target(node, value.dims)));
}

function importCast(importer: TensorflowImporter, node: TensorflowNode): void {
  const type = importer.typeOf(node, 'DstT');
  if (importer.value(node, 0).kind === 'map' && type !== 'DT_FLOAT') {
    throw importer.unsupported(`Cast to ${type}, expected floats`);
  }
  importIdentity(importer, node);
}

function importSoftmax(importer: TensorflowImporter, node: TensorflowNode): void {
  const value: MapValue = importer.map(node);
  if (value.dims.at(-1) !== multiply(value.dims)) {
    throw importer.unsupported(`${node.operator} over ${value.dims.join('×')}, expected a row of classes`);
  }
  const target = importer.target(node, value.dims);
  const { builder } = importer;
  importer.define(
    node,
    node.operator === 'Softmax' ? builder.softmax(value, target) : builder.logSoftmax(value, target),
  );
}

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

/** The operators that are understood, by TensorFlow's names; Const and Placeholder have no handler. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['Add', arithmetic('Add')],
  ['AddV2', arithmetic('Add')],
  ['AvgPool', importAveragePool],
  ['BatchNormWithGlobalNormalization', importNormalization],
  ['BiasAdd', importBiasAdd],
  ['BroadcastTo', importBroadcast],
  ['Cast', importCast],
  ['CheckNumerics', importIdentity],
  ['ClipByValue', importClip],
  ['Concat', importConcat],
  ['ConcatV2', importConcat],
  ['Conv2D', importConv],
  ['DepthwiseConv2dNative', importDepthwise],
  ['Div', arithmetic('Div')],
  ['Elu', activation('elu')],
  ['Exp', activation('exponential')],
  ['ExpandDims', importExpandDims],
  ['FusedBatchNorm', importBatchNorm],
  ['FusedBatchNormV2', importBatchNorm],
  ['FusedBatchNormV3', importBatchNorm],
  ['FusedDepthwiseConv2dNative', importDepthwise],
  ['Identity', importIdentity],
  ['LeakyRelu', importLeakyRelu],
  ['LogSoftmax', importSoftmax],
  ['MatMul', importMatMul],
  ['Max', importReduction],
  ['MaxPool', importMaxPool],
  ['Maximum', limit('maximum')],
  ['Mean', importReduction],
  ['Minimum', limit('minimum')],
  ['Mul', arithmetic('Mul')],
  ['Neg', importNegative],
  ['Pack', importPack],
  ['Pad', importPad],
  ['PadV2', importPad],
  ['PlaceholderWithDefault', importIdentity],
  ['Prelu', importPrelu],
  ['PreventGradient', importIdentity],
  ['RealDiv', arithmetic('Div')],
  ['Relu', activation('relu')],
  ['Relu6', activation('relu6')],
  ['Reshape', importReshape],
  ['ResizeBilinear', importResize],
  ['ResizeNearestNeighbor', importResize],
  ['Selu', activation('selu')],
  ['Shape', importShape],
  ['Sigmoid', activation('sigmoid')],
  ['Softmax', importSoftmax],
  ['Softplus', activation('softplus')],
  ['Softsign', activation('softsign')],
  ['Square', importSquare],
  ['Squeeze', importSqueeze],
  ['StopGradient', importIdentity],
  ['StridedSlice', importStridedSlice],
  ['Sub', arithmetic('Sub')],
  ['Tanh', activation('tanh')],
  ['Transpose', importTranspose],
  ['_FusedConv2D', importConv],
  ['_FusedMatMul', importMatMul],
]);
