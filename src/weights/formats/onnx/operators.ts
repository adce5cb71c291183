import type { Activation } from '../../../networks/types.js';
import { type Arithmetic, importArithmetic } from '../../graph/arithmetic.js';
import { multiply } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import { importBatchNorm, importConv, importGemm, importMatMul } from './linear.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';
import { importAveragePool, importGlobalAverage, importMaxPool, importReduceMean } from './pooling.js';
import { quantisedOperators } from './quantised-operators.js';
import { importCast, importIdentity, importPad, importReshape, importTranspose } from './reshaping.js';

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

function importActivation(activation: Activation): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    importer.define(node, importer.builder.activate(value, activation, importer.outputTarget(node, value.order)));
  };
}

function importClip(importer: OnnxImporter, node: OnnxNode): void {
  const bound = (index: number, name: string, fallback: number): number => {
    if (importer.has(node, index)) return importer.list(node, index, `Clip's ${name}`, 1)[0] ?? fallback;
    return node.attributes.get(name)?.float ?? fallback;
  };
  const value = importer.map(node);
  const minimum = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const maximum = bound(2, 'max', Number.POSITIVE_INFINITY);
  const target = importer.outputTarget(node, value.order);
  // The largest float stands for no bound.
  if (minimum === 0 && maximum === 6) importer.define(node, importer.builder.activate(value, 'relu6', target));
  else if (minimum === 0 && maximum > 3e38) importer.define(node, importer.builder.activate(value, 'relu', target));
  else if (Number.isFinite(minimum) && Number.isFinite(maximum)) {
    importer.define(node, importer.builder.clip(value, [minimum, maximum], target));
  } else {
    throw importer.unsupported(`Clip to ${minimum} … ${maximum}, expected two bounds, or 0 and none`);
  }
}

function importSoftmax(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const { opset } = importer;
  const stated = importer.attribute(node, 'axis', opset < 13 ? 1 : -1);
  const axis = stated < 0 ? stated + value.dims.length : stated;
  if (value.dims[axis] !== multiply(value.dims)) {
    throw importer.unsupported(`Softmax over axis ${stated} of ${value.dims.join('×')}, expected the classes`);
  }
  importer.define(node, importer.builder.softmax(value, importer.outputTarget(node, value.order)));
}

/** The operators that become layers, by their names. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['Add', arithmetic('Add')],
  ['AveragePool', importAveragePool],
  ['BatchNormalization', importBatchNorm],
  ['Cast', importCast],
  ['Clip', importClip],
  ['Conv', importConv],
  ['Div', arithmetic('Div')],
  ['Dropout', importIdentity],
  ['Flatten', importReshape],
  ['Gemm', importGemm],
  ['GlobalAveragePool', importGlobalAverage],
  ['Identity', importIdentity],
  ['MatMul', importMatMul],
  ['MaxPool', importMaxPool],
  ['Mul', arithmetic('Mul')],
  ['Pad', importPad],
  ['ReduceMean', importReduceMean],
  ['Relu', importActivation('relu')],
  ['Reshape', importReshape],
  ['Sigmoid', importActivation('sigmoid')],
  ['Softmax', importSoftmax],
  ['Squeeze', importReshape],
  ['Sub', arithmetic('Sub')],
  ['Transpose', importTranspose],
  ['Unsqueeze', importReshape],
  ...quantisedOperators,
]);
