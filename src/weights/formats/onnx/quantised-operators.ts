import type { Activation } from '../../../networks/types.js';
import type { Target } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, type Range, type StoredScales } from '../../graph/value.js';
import { channelDimension } from './axes.js';
import type { OnnxNode } from './graph.js';
import { fromFront } from './infer-shapes.js';
import { makeConv, makeDense } from './linear.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';
import { averagePool } from './pooling.js';
import { DATA_TYPE } from './tensor.js';

const INT8_RANGE: Range = [-128, 127];
const UINT8_RANGE: Range = [0, 255];
const MAX_CHANNELS = 1_000_000;

/** Scales and zero points at two inputs of an operator. */
export function readScales(importer: OnnxImporter, node: OnnxNode, at: number, axis: number): StoredScales {
  importer.quantised = true;
  const scales = importer.list(node, at, `${node.operator}'s scales`, MAX_CHANNELS);
  const zeroPoints = importer.has(node, at + 1)
    ? importer.list(node, at + 1, `${node.operator}'s zero points`, MAX_CHANNELS)
    : [];
  if (!scales.every((scale) => scale > 0 && Number.isFinite(scale))) {
    throw importer.damaged(`${node.operator} with a scale that is not above 0, expected finite ones`);
  }
  if (scales.length === 0 || (zeroPoints.length > 1 && zeroPoints.length !== scales.length)) {
    throw importer.damaged(`${node.operator} with ${zeroPoints.length} zero points for ${scales.length} scales`);
  }
  const whole = zeroPoints.length === 1 ? scales.map(() => zeroPoints[0]!) : zeroPoints;
  return { axis, scales, zeroPoints: whole };
}

/** The values that a map of 8 bits can hold: its zero point's type says which. */
function readRange(importer: OnnxImporter, node: OnnxNode, at: number): Range {
  const { scales, zeroPoints } = readScales(importer, node, at, 0);
  if (scales.length !== 1) throw importer.unsupported(`${node.operator} with a scale for each channel, expected one`);
  const [low, high] = isSigned(importer, node, at + 1) ? INT8_RANGE : UINT8_RANGE;
  const zeroPoint = zeroPoints[0] ?? 0;
  if (!(zeroPoint >= low && zeroPoint <= high)) {
    throw importer.damaged(`${node.operator} with a zero point of ${zeroPoint}, expected ${low} to ${high}`);
  }
  return [(low - zeroPoint) * scales[0]!, (high - zeroPoint) * scales[0]!];
}

function isSigned(importer: OnnxImporter, node: OnnxNode, index: number): boolean {
  return importer.typeOf(node, index) === DATA_TYPE.int8;
}

/** A constant with its scales: along `axis` where there are several. */
export function withScales(
  importer: OnnxImporter,
  node: OnnxNode,
  constant: ConstantValue,
  stored: StoredScales,
): ConstantValue {
  const axis = stored.axis < 0 ? stored.axis + constant.dims.length : stored.axis;
  if (stored.scales.length !== 1 && constant.dims[axis] !== stored.scales.length) {
    throw importer.damaged(
      `${node.operator} with ${stored.scales.length} scales for ${constant.dims.join('×')}, expected one for each channel`,
    );
  }
  return { ...constant, stored: { ...stored, axis } };
}

/** Real numbers to integers: as layers compute in real numbers, only what 8 bits cannot hold is cut off. */
function importQuantize(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const range = readRange(importer, node, 1);
  importer.define(node, clip(importer, node, value, range));
}

function clip(importer: OnnxImporter, node: OnnxNode, value: MapValue, range: Range): MapValue {
  if (value.layer === 'input') {
    const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
    return { ...value, readers };
  }
  return importer.builder.clip(value, range, importer.outputTarget(node, value.order));
}

function importDequantize(importer: OnnxImporter, node: OnnxNode): void {
  readScales(importer, node, 1, importer.attribute(node, 'axis', 1));
  importer.alias(node, importer.map(node));
}

/** (x, x scale, x zero point, w, w scale, w zero point, y scale, y zero point, bias) */
function importQLinearConv(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const stored = readScales(importer, node, 4, 0);
  const filter = withScales(importer, node, importer.constant(node, 3, 'a filter'), stored);
  const bias = importer.has(node, 8) ? readBias(importer, node, 8, 1, stored) : undefined;
  const made = makeConv(importer, node, value, filter, bias, soleTarget(importer, node, filter));
  finish(importer, node, made, 6);
}

/** (a, a scale, a zero point, b, b scale, b zero point, y scale, y zero point) */
function importQLinearMatMul(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const weights = withScales(importer, node, importer.constant(node, 3, 'weights'), readScales(importer, node, 4, 1));
  const made = makeDense(importer, node, value, weights, undefined, false, soleTarget(importer, node, weights));
  finish(importer, node, made, 6);
}

/** (a, a scale, a zero point, b, b scale, b zero point, c, y scale, y zero point) */
function importQGemm(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const transposed = importer.attribute(node, 'transB', 0) !== 0;
  if ((node.attributes.get('alpha')?.float ?? 1) !== 1 || importer.attribute(node, 'transA', 0) !== 0) {
    throw importer.unsupported('QGemm with alpha or transA, expected 1 and 0');
  }
  const stored = readScales(importer, node, 4, transposed ? 0 : 1);
  const weights = withScales(importer, node, importer.constant(node, 3, 'weights'), stored);
  const bias = importer.has(node, 6) ? readBias(importer, node, 6, 1, stored) : undefined;
  const made = makeDense(importer, node, value, weights, bias, transposed, soleTarget(importer, node, weights));
  if (importer.has(node, 7)) finish(importer, node, made, 7);
  else importer.define(node, { ...made, readers: importer.readers(node.outputs[0] ?? '') });
}

/** (a, a scale, a zero point, b, b scale, b zero point, y scale, y zero point); a constant may take the place of b. */
function importQLinearAdd(importer: OnnxImporter, node: OnnxNode): void {
  const a = importer.map(node, 0);
  const b = importer.value(node, 3);
  if (b.kind === 'map') {
    const target = soleTarget(importer, node);
    finish(importer, node, importer.builder.add(a, b, target), 6);
    return;
  }
  const real = withScales(importer, node, b, readScales(importer, node, 4, 0));
  const offsets = importer.listOf(real, 'QLinearAdd', MAX_CHANNELS);
  if (offsets.length !== a.shape.channels || a.dims.at(-1) !== offsets.length) {
    throw importer.unsupported('QLinearAdd of a constant, expected one value for each output');
  }
  const target = soleTarget(importer, node);
  finish(
    importer,
    node,
    importer.builder.affine(
      a,
      offsets.map(() => 1),
      offsets,
      target,
    ),
    6,
  );
}

/** As QLinearAdd. */
function importQLinearMul(importer: OnnxImporter, node: OnnxNode): void {
  const [a, b] = [importer.map(node, 0), importer.map(node, 3)];
  finish(importer, node, importer.builder.combine('multiply', a, b, soleTarget(importer, node)), 6);
}

/** (y scale, y zero point, then each map with its scale and zero point) */
function importQLinearConcat(importer: OnnxImporter, node: OnnxNode): void {
  const maps = node.inputs.flatMap((_, index) => (index % 3 === 2 ? [importer.map(node, index)] : []));
  const axis = importer.attribute(node, 'axis', 1);
  if (!maps.every((map) => channelDimension(map) === fromFront(axis, map.dims.length))) {
    throw importer.unsupported(`QLinearConcat along axis ${axis}, expected the channels`);
  }
  finish(importer, node, importer.builder.concat(maps, soleTarget(importer, node)), 0);
}

/** (x, x scale, x zero point, y scale, y zero point) */
function importQLinearActivation(activation: Activation): Handler {
  return (importer, node) => {
    const slope = activation === 'leakyRelu' ? [node.attributes.get('alpha')?.float ?? 0.01] : undefined;
    const made = importer.builder.activate(importer.map(node), activation, soleTarget(importer, node), slope);
    finish(importer, node, made, 3);
  };
}

/** (x, x scale, x zero point, y scale, y zero point) */
function importQLinearSoftmax(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const axis = fromFront(importer.attribute(node, 'axis', -1), value.dims.length);
  if (value.dims[axis] !== multiply(value.dims)) {
    throw importer.unsupported(`QLinearSoftmax over ${value.dims.join('×')}, expected the classes`);
  }
  importer.define(node, importer.builder.softmax(value, importer.outputTarget(node, value.order)));
}

/** (x, x scale, x zero point, y scale, y zero point) */
function importQLinearAveragePool(importer: OnnxImporter, node: OnnxNode): void {
  if (importer.attribute(node, 'channels_last', 0) !== 0) {
    throw importer.unsupported('QLinearAveragePool with channels last, expected them second');
  }
  finish(importer, node, averagePool(importer, node, soleTarget(importer, node)), 3);
}

/** (x, x scale, x zero point, y scale, y zero point) */
function importQLinearAverage(importer: OnnxImporter, node: OnnxNode): void {
  if (importer.attribute(node, 'channels_last', 0) !== 0) {
    throw importer.unsupported('QLinearGlobalAveragePool with channels last, expected them second');
  }
  const made = importer.builder.globalAveragePool(importer.picture(node), soleTarget(importer, node));
  finish(importer, node, made, 3);
}

/** For an output that only the clip after it reads. */
function soleTarget(importer: OnnxImporter, node: OnnxNode, weights?: ConstantValue): Target {
  return { ...importer.outputTarget(node, 'CHW', weights), readers: 1 };
}

function finish(importer: OnnxImporter, node: OnnxNode, made: MapValue, at: number): void {
  const range = readRange(importer, node, at);
  importer.define(node, clip(importer, node, { ...made, readers: 1 }, range));
}

/** int32 in units of input scale × weight scale. */
function readBias(
  importer: OnnxImporter,
  node: OnnxNode,
  at: number,
  inputAt: number,
  weights: StoredScales,
): ConstantValue {
  const constant = importer.constant(node, at, 'a bias');
  const [inputScale = 1] = importer.list(node, inputAt, `${node.operator}'s input scale`, 1);
  const scales = weights.scales.map((scale) => scale * inputScale);
  if (scales.length !== 1 && scales.length !== multiply(constant.dims)) {
    throw importer.damaged(`${node.operator} with ${multiply(constant.dims)} biases for ${scales.length} scales`);
  }
  return { ...constant, stored: { axis: 0, scales, zeroPoints: [] } };
}

export const quantisedOperators: readonly (readonly [string, Handler])[] = [
  ['DequantizeLinear', importDequantize],
  ['QLinearConv', importQLinearConv],
  ['QLinearMatMul', importQLinearMatMul],
  ['QuantizeLinear', importQuantize],
  ['com.microsoft.QGemm', importQGemm],
  ['com.microsoft.QLinearAdd', importQLinearAdd],
  ['com.microsoft.QLinearAveragePool', importQLinearAveragePool],
  ['com.microsoft.QLinearConcat', importQLinearConcat],
  ['com.microsoft.QLinearGlobalAveragePool', importQLinearAverage],
  ['com.microsoft.QLinearLeakyRelu', importQLinearActivation('leakyRelu')],
  ['com.microsoft.QLinearMul', importQLinearMul],
  ['com.microsoft.QLinearSigmoid', importQLinearActivation('sigmoid')],
  ['com.microsoft.QLinearSoftmax', importQLinearSoftmax],
];
