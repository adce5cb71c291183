import type { ConstantValue } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import { makeConv, makeDense } from './linear.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';
import { readScales, withScales } from './quantised-operators.js';

/**
 * Maps that are quantised at run time, by what is in them. Here they stay real numbers: their scale is 1 and their zero
 * point 0 (see `OnnxFacts`), and what is left of the arithmetic is the scale of the weights.
 */
function importDynamicQuantize(importer: OnnxImporter, node: OnnxNode): void {
  const [, scale, zeroPoint] = node.outputs;
  const [multiplied, read] = [importer.readersOf(scale), importer.readersOf(zeroPoint)];
  const isAsWritten =
    multiplied.every(({ operator }) => operator === 'Mul' || operator.startsWith('com.microsoft.')) &&
    read.every(({ operator }) => operator.endsWith('Integer') || operator.startsWith('com.microsoft.'));
  if (!isAsWritten) {
    throw importer.unsupported('DynamicQuantizeLinear whose scale is read by something else than a multiplication');
  }
  importer.quantised = true;
  importer.alias(node, importer.map(node));
}

/** Integers are only what they stand for where they were quantised at run time. */
function requireDynamic(importer: OnnxImporter, node: OnnxNode): void {
  if (importer.sourceOf(node.inputs[0])?.operator === 'DynamicQuantizeLinear') return;
  throw importer.unsupported(`${node.operator} of integers that are not made by DynamicQuantizeLinear`);
}

/** Weights less their zero points, in units of a scale that is multiplied later. */
function shiftedWeights(importer: OnnxImporter, node: OnnxNode, axis: number): ConstantValue {
  const weights = importer.constant(node, 1, 'weights');
  if (!importer.has(node, 3)) return weights;
  const zeroPoints = importer.list(node, 3, `${node.operator}'s zero points`, 1_000_000);
  return withScales(importer, node, weights, { axis, scales: zeroPoints.map(() => 1), zeroPoints });
}

/** (x, w, x zero point, w zero point) */
function importConvInteger(importer: OnnxImporter, node: OnnxNode): void {
  requireDynamic(importer, node);
  const filter = shiftedWeights(importer, node, 0);
  importer.define(node, makeConv(importer, node, importer.picture(node), filter, undefined));
}

/** (a, b, a zero point, b zero point) */
function importMatMulInteger(importer: OnnxImporter, node: OnnxNode): void {
  requireDynamic(importer, node);
  const weights = shiftedWeights(importer, node, importer.constant(node, 1, 'weights').dims.length - 1);
  importer.define(node, makeDense(importer, node, importer.map(node), weights, undefined, false));
}

/** (a, b, b scale, b zero point, bias), with `a` as real numbers */
function importDynamicMatMul(importer: OnnxImporter, node: OnnxNode): void {
  const constant = importer.constant(node, 1, 'weights');
  const weights = withScales(importer, node, constant, readScales(importer, node, 2, constant.dims.length - 1));
  const bias = importer.has(node, 4) ? importer.constant(node, 4, 'a bias') : undefined;
  importer.define(node, makeDense(importer, node, importer.map(node), weights, bias, false));
}

/** (a, b, a scale, b scale, a zero point, b zero point, bias) */
function importMatMulToFloat(importer: OnnxImporter, node: OnnxNode): void {
  requireDynamic(importer, node);
  const constant = importer.constant(node, 1, 'weights');
  const axis = constant.dims.length - 1;
  const scales = importer.list(node, 3, 'scales', 1_000_000);
  const stated = importer.has(node, 5) ? importer.list(node, 5, 'zero points', 1_000_000) : [0];
  const zeroPoints = stated.length === 1 ? scales.map(() => stated[0] ?? 0) : stated;
  const weights = withScales(importer, node, constant, { axis, scales, zeroPoints });
  const bias = importer.has(node, 6) ? importer.constant(node, 6, 'a bias') : undefined;
  importer.define(node, makeDense(importer, node, importer.map(node), weights, bias, false));
}

/** What onnxruntime's dynamic quantisation writes. */
export const dynamicOperators: readonly (readonly [string, Handler])[] = [
  ['ConvInteger', importConvInteger],
  ['DynamicQuantizeLinear', importDynamicQuantize],
  ['MatMulInteger', importMatMulInteger],
  ['com.microsoft.DynamicQuantizeMatMul', importDynamicMatMul],
  ['com.microsoft.MatMulIntegerToFloat', importMatMulToFloat],
];
