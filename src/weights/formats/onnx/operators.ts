import { type Arithmetic, importArithmetic } from '../../graph/arithmetic.js';
import { multiply } from '../../graph/value.js';
import { activationOperators } from './activations.js';
import { dynamicOperators } from './dynamic-operators.js';
import type { OnnxNode } from './graph.js';
import { fromFront } from './infer-shapes.js';
import { importConcat, importGather, importSlice, importSplit } from './joining.js';
import { importBatchNorm, importConv, importGemm, importMatMul } from './linear.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';
import {
  importAveragePool,
  importGlobalAverage,
  importGlobalMaximum,
  importMaxPool,
  importReduction,
} from './pooling.js';
import { quantisedOperators } from './quantised-operators.js';
import { importCast, importExpand, importIdentity, importPad, importReshape, importTranspose } from './reshaping.js';
import { importResize } from './resizing.js';

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

function importNegative(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const factors = new Array<number>(value.shape.channels).fill(-1);
  const offsets = factors.map(() => 0);
  importer.define(node, importer.builder.affine(value, factors, offsets, importer.outputTarget(node, value.order)));
}

/** Any number of maps. */
function importSum(importer: OnnxImporter, node: OnnxNode): void {
  const [first, ...others] = node.inputs.map((_, index) => importer.map(node, index));
  const last = others.length - 1;
  if (first === undefined) throw importer.damaged('Sum of nothing, expected maps');
  if (last < 0) {
    importer.alias(node, first);
    return;
  }
  const target = importer.outputTarget(node, first.order);
  const total = others.reduce(
    (sum, other, index) => importer.builder.add(sum, other, index === last ? target : { ...target, readers: 1 }),
    first,
  );
  importer.define(node, total);
}

/** Squares; x¹ is x. */
function importPower(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const [exponent] = importer.list(node, 1, "Pow's exponent", 1);
  if (exponent === 1) importer.alias(node, value);
  else if (exponent === 2) {
    const twice = { ...value, readers: value.readers + 1 };
    const target = importer.outputTarget(node, value.order);
    importer.define(node, importer.builder.combine('multiply', twice, twice, target));
  } else throw importer.unsupported(`Pow of a map by ${exponent}, expected 1 or 2`);
}

/** `isLogarithm`: of the probabilities; they themselves come out. */
function importSoftmax(isLogarithm: boolean): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    const { opset, builder } = importer;
    const axis = fromFront(importer.attribute(node, 'axis', opset < 13 ? 1 : -1), value.dims.length);
    // Before opset 13 everything from the axis on is one row.
    const classes = opset < 13 ? multiply(value.dims.slice(axis)) : value.dims[axis];
    if (classes !== multiply(value.dims)) {
      throw importer.unsupported(`${node.operator} over axis ${axis} of ${value.dims.join('×')}, expected the classes`);
    }
    const target = importer.outputTarget(node, value.order);
    importer.define(node, isLogarithm ? builder.logSoftmax(value, target) : builder.softmax(value, target));
  };
}

/** The operators that become layers, by their names. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['Add', arithmetic('Add')],
  ['AveragePool', importAveragePool],
  ['BatchNormalization', importBatchNorm],
  ['Cast', importCast],
  ['Concat', importConcat],
  ['Conv', importConv],
  ['Div', arithmetic('Div')],
  ['Dropout', importIdentity],
  ['Expand', importExpand],
  ['Flatten', importReshape],
  ['Gather', importGather],
  ['GatherND', importGather],
  ['Gemm', importGemm],
  ['GlobalAveragePool', importGlobalAverage],
  ['GlobalMaxPool', importGlobalMaximum],
  ['Identity', importIdentity],
  ['LogSoftmax', importSoftmax(true)],
  ['MatMul', importMatMul],
  ['MaxPool', importMaxPool],
  ['Mul', arithmetic('Mul')],
  ['Neg', importNegative],
  ['Pad', importPad],
  ['Pow', importPower],
  ['ReduceMax', importReduction('maximum')],
  ['ReduceMean', importReduction('mean')],
  ['ReduceSum', importReduction('sum')],
  ['Reshape', importReshape],
  ['Resize', importResize],
  ['Slice', importSlice],
  ['Softmax', importSoftmax(false)],
  ['Split', importSplit],
  ['Squeeze', importReshape],
  ['Sub', arithmetic('Sub')],
  ['Sum', importSum],
  ['Tile', importExpand],
  ['Transpose', importTranspose],
  ['Unsqueeze', importReshape],
  ['Upsample', importResize],
  ...activationOperators,
  ...quantisedOperators,
  ...dynamicOperators,
]);
