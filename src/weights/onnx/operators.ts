import type { Activation } from '../../networks/types.js';
import { type ConstantValue, type MapValue, multiply, readReals } from '../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './importer.js';
import { listOperators } from './lists.js';
import { quantisedOperators } from './quantised.js';
import { readWindow } from './window.js';

export type Handler = (importer: OnnxImporter, node: OnnxNode) => void;

function importConv(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const bias = importer.has(node, 2) ? importer.constant(node, 2, 'a bias') : undefined;
  importer.define(node, makeConv(importer, node, value, importer.constant(node, 1, 'a filter'), bias));
}

/** A convolution with weights [outChannels, inChannels ÷ groups, height, width] and a bias, if any. */
export function makeConv(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  filter: ConstantValue,
  bias: ConstantValue | undefined,
): MapValue {
  const { builder } = importer;
  const [outChannels, perGroup, kernelH, kernelW] = filter.dims as [number, number, number, number];
  if (filter.dims.length !== 4) {
    throw importer.unsupported(`${node.operator} with a filter of ${filter.dims.join('×')}, expected 4 dimensions`);
  }
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const { channels } = value.shape;
  const groups = importer.attribute(node, 'group', 1);
  const target = importer.target(node, [], 'CHW', filter);
  const area = kernelH * kernelW;
  let made: MapValue;
  if (groups === 1 && perGroup === channels) {
    const layout = {
      shape: [kernelH, kernelW, channels, outChannels],
      strides: [kernelW, 1, area, channels * area],
    };
    made = builder.conv(value, filter, layout, outChannels, window, soleReader(target, bias));
  } else if (groups === channels && perGroup === 1 && outChannels === channels) {
    const layout = { shape: [kernelH, kernelW, channels], strides: [kernelW, 1, area] };
    made = builder.depthwise(value, filter, layout, window, soleReader(target, bias));
  } else {
    throw importer.unsupported(
      `${node.operator} of ${groups} groups, filter ${filter.dims.join('×')}, over ${channels} channels, expected one ` +
        'group or one for each channel',
    );
  }
  return withBias(importer, made, bias, target.readers);
}

function soleReader<T extends { readonly readers: number }>(target: T, bias: ConstantValue | undefined): T {
  return bias === undefined ? target : { ...target, readers: 1 };
}

/** Adds a bias to what was made for it, and states the output's dimensions. */
function withBias(importer: OnnxImporter, made: MapValue, bias: ConstantValue | undefined, readers: number): MapValue {
  const { height, width, channels } = made.shape;
  const dims = made.dims.length === 2 ? made.dims : [1, channels, height, width];
  if (bias === undefined) return { ...made, dims };
  if (multiply(bias.dims) !== channels) {
    throw importer.damaged(`${multiply(bias.dims)} biases for ${channels} channels, expected as many`);
  }
  const ones = new Array<number>(channels).fill(1);
  const { layer: name } = made;
  return importer.builder.affine(made, ones, readReals(bias), { name, readers, dims, order: 'CHW' });
}

function importBatchNorm(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  if (importer.attribute(node, 'training_mode', 0) !== 0) {
    throw importer.unsupported('BatchNormalization in training mode, expected inference');
  }
  const { channels } = value.shape;
  const axis = value.dims.length === 4 && value.order === 'CHW' ? 1 : value.dims.length - 1;
  if (value.dims[axis] !== channels) {
    throw importer.unsupported(`BatchNormalization over ${value.dims.join('×')}, expected channels second`);
  }
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => {
    const constant = importer.constant(node, index, 'statistics');
    if (multiply(constant.dims) !== channels) {
      throw importer.damaged(`BatchNormalization with ${constant.dims.join('×')} values, expected ${channels}`);
    }
    return readReals(constant);
  }) as [number[], number[], number[], number[]];
  const epsilon = node.attributes.get('epsilon')?.float ?? 1e-5;
  const scale = gamma.map((factor, c) => factor / Math.sqrt(variance[c]! + epsilon));
  const offset = beta.map((base, c) => base - mean[c]! * scale[c]!);
  importer.define(node, importer.builder.affine(value, scale, offset, importer.target(node, value.dims, value.order)));
}

function importActivation(activation: Activation): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    importer.define(node, importer.builder.activate(value, activation, importer.target(node, value.dims, value.order)));
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
  const target = importer.target(node, value.dims, value.order);
  // The largest float stands for no bound.
  if (minimum === 0 && maximum === 6) importer.define(node, importer.builder.activate(value, 'relu6', target));
  else if (minimum === 0 && maximum > 3e38) importer.define(node, importer.builder.activate(value, 'relu', target));
  else if (Number.isFinite(minimum) && Number.isFinite(maximum)) {
    importer.define(node, importer.builder.clip(value, [minimum, maximum], target));
  } else {
    throw importer.unsupported(`Clip to ${minimum} … ${maximum}, expected two bounds, or 0 and none`);
  }
}

/** A sum, difference, product or quotient: of maps, of a map and a constant, or of two short lists. */
function importArithmetic(importer: OnnxImporter, node: OnnxNode): void {
  const { operator } = node;
  const a = importer.value(node, 0);
  const b = importer.value(node, 1);
  if (a.kind === 'map' && b.kind === 'map') {
    importer.define(node, joinMaps(importer, node, a, b));
  } else if (a.kind === 'map' && b.kind === 'constant') {
    const factors = channelValues(importer, node, a, b);
    const ones = factors.map(() => 1);
    const [scale, offset] =
      operator === 'Add'
        ? [ones, factors]
        : operator === 'Sub'
          ? [ones, factors.map((x) => -x)]
          : [operator === 'Mul' ? factors : factors.map((x) => 1 / x), factors.map(() => 0)];
    importer.define(node, importer.builder.affine(a, scale, offset, importer.target(node, a.dims, a.order)));
  } else if (a.kind === 'constant' && b.kind === 'map') {
    const factors = channelValues(importer, node, b, a);
    if (operator === 'Div') throw importer.unsupported('Div by a map, expected a constant');
    const scale = factors.map((x) => (operator === 'Mul' ? x : operator === 'Sub' ? -1 : 1));
    const offset = factors.map((x) => (operator === 'Mul' ? 0 : x));
    importer.define(node, importer.builder.affine(b, scale, offset, importer.target(node, b.dims, b.order)));
  } else {
    combineLists(importer, node, a as ConstantValue, b as ConstantValue);
  }
}

function joinMaps(importer: OnnxImporter, node: OnnxNode, a: MapValue, b: MapValue): MapValue {
  const { builder } = importer;
  const larger = multiply(a.dims) >= multiply(b.dims) ? a : b;
  const other = larger === a ? b : a;
  const target = importer.target(node, larger.dims, larger.order);
  if (a.dims.length !== b.dims.length || (a.dims.length === 4 && a.order !== b.order)) {
    throw importer.unsupported(`${node.operator} of ${a.dims.join('×')} and ${b.dims.join('×')}, expected alike`);
  }
  if (node.operator === 'Add') return builder.add(a, b, target);
  if (node.operator !== 'Mul') throw importer.unsupported(`${node.operator} of two maps, expected Add or Mul`);
  if (builder.isSigmoidOf(b, a)) return builder.swish(a, b, target);
  if (builder.isSigmoidOf(a, b)) return builder.swish(b, a, target);
  return builder.scale(larger, other, target);
}

/** A constant as one value for each channel, where it broadcasts along the channels and nothing else. */
export function channelValues(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  constant: ConstantValue,
): number[] {
  const { height, width, channels } = value.shape;
  const count = multiply(constant.dims);
  if (count === 1) return new Array<number>(channels).fill(readReals(constant)[0]!);
  const fromEnd = value.dims.length === 4 && value.order === 'CHW' ? 3 : 1;
  const flat = value.dims.length !== 4 && (height !== 1 || width !== 1);
  if (flat || count !== channels || constant.dims.at(-fromEnd) !== channels) {
    throw importer.unsupported(
      `${node.operator} of ${value.dims.join('×')} and a constant ${constant.dims.join('×')}, expected one value for ` +
        'each channel',
    );
  }
  return readReals(constant);
}

function combineLists(importer: OnnxImporter, node: OnnxNode, a: ConstantValue, b: ConstantValue): void {
  const left = importer.listOf(a, node.operator);
  const right = importer.listOf(b, node.operator);
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) {
    throw importer.unsupported(`${node.operator} of lists of ${left.length} and ${right.length}, expected alike`);
  }
  const length = Math.min(left.length, right.length) === 0 ? 0 : Math.max(left.length, right.length);
  const values = Array.from({ length }, (_, i) => {
    const x = left[left.length === 1 ? 0 : i]!;
    const y = right[right.length === 1 ? 0 : i]!;
    if (node.operator === 'Add') return x + y;
    if (node.operator === 'Sub') return x - y;
    if (node.operator === 'Mul') return x * y;
    return Number.isInteger(x) && Number.isInteger(y) ? Math.trunc(x / y) : x / y;
  });
  importer.define(node, importer.makeConstant(left.length >= right.length ? a.dims : b.dims, values));
}

function importGlobalAverage(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, averageAll(importer, node, importer.picture(node), true));
}

export function averageAll(importer: OnnxImporter, node: OnnxNode, value: MapValue, keepDims: boolean): MapValue {
  const { channels } = value.shape;
  const kept = value.order === 'CHW' ? [1, channels, 1, 1] : [1, 1, 1, channels];
  const dims = keepDims ? kept : [1, channels];
  return importer.builder.globalAveragePool(value, importer.target(node, dims, value.order));
}

function importReduceMean(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const stated = importer.has(node, 1)
    ? importer.integers(node, 1, "ReduceMean's axes")
    : (node.attributes.get('axes')?.integers ?? []);
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + value.dims.length : axis)));
  const [row, column] = value.order === 'CHW' ? [2, 3] : [1, 2];
  if (value.dims.length !== 4 || axes.size !== 2 || !axes.has(row!) || !axes.has(column!)) {
    throw importer.unsupported(`ReduceMean over axes ${stated.join(', ')}, expected height and width`);
  }
  importer.define(node, averageAll(importer, node, value, importer.attribute(node, 'keepdims', 1) !== 0));
}

function importAveragePool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const { height, width } = value.shape;
  const kernel = node.attributes.get('kernel_shape')?.integers ?? [];
  const pads = node.attributes.get('pads')?.integers ?? [];
  const whole = kernel.length === 2 && kernel[0] === height && kernel[1] === width && pads.every((pad) => pad === 0);
  const mode = node.attributes.get('auto_pad')?.text ?? 'NOTSET';
  if (!whole || (mode !== 'NOTSET' && mode !== 'VALID')) {
    throw importer.unsupported(
      `AveragePool of ${kernel.join(' × ')} over ${height} × ${width}, expected a window over the whole map`,
    );
  }
  importer.define(node, averageAll(importer, node, value, true));
}

function importMaxPool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const window = readWindow(importer, node, value);
  const made = importer.builder.maxPool(value, window, importer.target(node, [], 'CHW'));
  importer.define(node, withBias(importer, made, undefined, made.readers));
}

function importGemm(importer: OnnxImporter, node: OnnxNode): void {
  const alpha = node.attributes.get('alpha')?.float ?? 1;
  const beta = node.attributes.get('beta')?.float ?? 1;
  if (alpha !== 1 || (beta !== 1 && importer.has(node, 2)) || importer.attribute(node, 'transA', 0) !== 0) {
    throw importer.unsupported('Gemm with alpha, beta or transA, expected 1, 1 and 0');
  }
  const transposed = importer.attribute(node, 'transB', 0) !== 0;
  const bias = importer.has(node, 2) ? importer.constant(node, 2, 'a bias') : undefined;
  importer.define(
    node,
    makeDense(importer, node, importer.map(node), importer.constant(node, 1, 'weights'), bias, transposed),
  );
}

function importMatMul(importer: OnnxImporter, node: OnnxNode): void {
  const weights = importer.constant(node, 1, 'weights');
  importer.define(node, makeDense(importer, node, importer.map(node), weights, undefined, false));
}

/** A matrix [inputs, outputs] (or the other way round, `transposed`) over a row of values. */
export function makeDense(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  weights: ConstantValue,
  bias: ConstantValue | undefined,
  transposed: boolean,
): MapValue {
  const { height, width, channels } = value.shape;
  const inputs = height * width * channels;
  const [first, second] = weights.dims;
  const outputs = transposed ? first : second;
  if (weights.dims.length !== 2 || outputs === undefined || (transposed ? second : first) !== inputs) {
    throw importer.unsupported(
      `${node.operator} with weights ${weights.dims.join('×')} over ${inputs} values, expected a matrix that fits`,
    );
  }
  if (value.dims.at(-1) !== inputs) {
    throw importer.unsupported(`${node.operator} over ${value.dims.join('×')}, expected a row of ${inputs} values`);
  }
  const target = importer.target(node, [...value.dims.slice(0, -1), outputs], value.order, weights);
  const strides = transposed ? { input: 1, output: inputs } : { input: outputs, output: 1 };
  const made = importer.builder.dense(value, weights, strides, outputs, soleReader(target, bias));
  if (bias === undefined) return made;
  const count = multiply(bias.dims);
  if (count !== outputs && count !== 1) {
    throw importer.damaged(`${count} biases for ${outputs} outputs, expected as many`);
  }
  const offsets = count === 1 ? new Array<number>(outputs).fill(readReals(bias)[0]!) : readReals(bias);
  const ones = new Array<number>(outputs).fill(1);
  return importer.builder.affine(made, ones, offsets, { ...target, name: made.layer });
}

function importReshape(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  const wanted = importer.has(node, 1)
    ? importer.integers(node, 1, "Reshape's shape")
    : [...(node.attributes.get('shape')?.integers ?? [])];
  const zeroIsZero = importer.attribute(node, 'allowzero', 0) !== 0;
  const dims = wanted.map((size, axis) => (size === 0 && !zeroIsZero ? (value.dims[axis] ?? 0) : size));
  const count = multiply(value.dims);
  const known = multiply(dims.filter((size) => size !== -1));
  const settled = dims.map((size) => (size === -1 ? count / known : size));
  if (settled.some((size) => !Number.isInteger(size) || size < 1) || settled.length > 8) {
    throw importer.unsupported(`Reshape of ${value.dims.join('×')} to ${wanted.join('×')}, expected as many values`);
  }
  giveShape(importer, node, settled);
}

function importFlatten(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const axis = importer.attribute(node, 'axis', 1);
  const at = axis < 0 ? axis + dims.length : axis;
  giveShape(importer, node, [multiply(dims.slice(0, at)), multiply(dims.slice(at))]);
}

function readAxes(importer: OnnxImporter, node: OnnxNode): readonly number[] | undefined {
  if (importer.has(node, 1)) return importer.integers(node, 1, `${node.operator}'s axes`);
  return node.attributes.get('axes')?.integers;
}

function importSqueeze(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const axes = readAxes(importer, node)?.map((axis) => (axis < 0 ? axis + dims.length : axis));
  if (axes?.some((axis) => dims[axis] !== 1)) {
    throw importer.damaged(`Squeeze of ${dims.join('×')} at ${axes.join()}, expected dimensions of 1`);
  }
  const kept = dims.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis)));
  giveShape(importer, node, kept);
}

function importUnsqueeze(importer: OnnxImporter, node: OnnxNode): void {
  const { dims } = importer.value(node, 0);
  const stated = readAxes(importer, node) ?? [];
  const rank = dims.length + stated.length;
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank > 8 || axes.size !== stated.length) {
    throw importer.damaged(`Unsqueeze of ${dims.join('×')} at ${stated.join()}, expected different axes`);
  }
  const left = [...dims];
  giveShape(
    importer,
    node,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (left.shift() ?? 1))),
  );
}

/** The same values in a map, a row or a list of these dimensions. */
function giveShape(importer: OnnxImporter, node: OnnxNode, dims: readonly number[]): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') {
    importer.reshape(node, value, dims);
  } else if (multiply(dims) !== multiply(value.dims)) {
    throw importer.damaged(`${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected as many values`);
  } else {
    if (value.stored !== undefined && value.stored.scales.length > 1) {
      throw importer.unsupported(`${node.operator} of weights with a scale for each channel, expected one for all`);
    }
    importer.define(node, { ...value, dims });
  }
}

/** Between the two orders of axes a map stays the same map; of a constant only a matrix is turned. */
function importTranspose(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  const { dims } = value;
  const axes = node.attributes.get('perm')?.integers ?? dims.map((_, axis) => dims.length - 1 - axis);
  const turned = axes.map((axis) => dims[axis] ?? 0);
  if (value.kind === 'map') {
    const wanted = value.order === 'CHW' ? '0,2,3,1' : '0,3,1,2';
    if (dims.length !== 4 || axes.join() !== wanted || value.pads !== undefined) {
      throw importer.unsupported(`Transpose of ${dims.join('×')} by ${axes.join()}, expected ${wanted}`);
    }
    importer.alias(node, value, turned, value.order === 'CHW' ? 'HWC' : 'CHW');
    return;
  }
  if (dims.length !== 2 || axes.join() !== '1,0' || (value.stored !== undefined && value.stored.scales.length > 1)) {
    throw importer.unsupported(`Transpose of a constant ${dims.join('×')} by ${axes.join()}, expected a matrix`);
  }
  const [rows, columns] = dims as [number, number];
  const read = () => {
    const source = value.read();
    const result = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) result[column * rows + row] = source[row * columns + column]!;
    }
    return result;
  };
  importer.define(node, { ...value, dims: turned, read });
}

/** Zeros around a map. */
function importPad(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const mode = node.attributes.get('mode')?.text ?? 'constant';
  const filler = importer.has(node, 2)
    ? importer.list(node, 2, "Pad's value", 1)[0]
    : (node.attributes.get('value')?.float ?? 0);
  const counts = importer.has(node, 1)
    ? importer.integers(node, 1, "Pad's counts")
    : (node.attributes.get('pads')?.integers ?? []);
  const [n0, c0, top, left, n1, c1, bottom, right] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (mode !== 'constant' || (filler ?? 0) !== 0 || counts.length !== 8 || importer.has(node, 3)) {
    throw importer.unsupported('Pad with anything but zeros on four axes, expected those');
  }
  if (n0 !== 0 || n1 !== 0 || c0 !== 0 || c1 !== 0) {
    throw importer.unsupported('Pad of the batch or the channels, expected height and width only');
  }
  if (Math.min(top, bottom, left, right) < 0 || Math.max(top, bottom, left, right) > 1024 || value.pads !== undefined) {
    throw importer.unsupported(`Pad by ${counts.join()}, expected 0 to 1024, once`);
  }
  if (top === 0 && bottom === 0 && left === 0 && right === 0) {
    importer.alias(node, value);
    return;
  }
  const { channels, height, width } = value.shape;
  const readers = value.readers - 1 + importer.readers(node.outputs[0] ?? '');
  const dims = [1, channels, height + top + bottom, width + left + right];
  importer.define(node, { ...value, dims, readers, pads: { top, bottom, left, right } });
}

function importSoftmax(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const { opset } = importer.graph;
  const stated = importer.attribute(node, 'axis', opset < 13 ? 1 : -1);
  const axis = stated < 0 ? stated + value.dims.length : stated;
  if (value.dims[axis] !== multiply(value.dims)) {
    throw importer.unsupported(`Softmax over axis ${stated} of ${value.dims.join('×')}, expected the classes`);
  }
  importer.define(node, importer.builder.softmax(value, importer.target(node, value.dims, value.order)));
}

function importIdentity(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') importer.alias(node, value);
  else importer.define(node, value);
}

/** Floats stay floats, whatever their width; lists stay numbers. */
function importCast(importer: OnnxImporter, node: OnnxNode): void {
  const to = importer.attribute(node, 'to', 1);
  const value = importer.value(node, 0);
  if (value.kind === 'map' && ![1, 10, 11, 16].includes(to)) {
    throw importer.unsupported(`Cast of a map to data type ${to}, expected a floating-point one`);
  }
  importIdentity(importer, node);
}

function importConstant(importer: OnnxImporter, node: OnnxNode): void {
  const { attributes } = node;
  const tensor = attributes.get('value')?.tensor;
  if (tensor !== undefined) {
    importer.define(node, importer.constantOf(tensor));
    return;
  }
  const single = attributes.get('value_float')?.float ?? attributes.get('value_int')?.integer;
  const list = attributes.get('value_floats')?.floats ?? attributes.get('value_ints')?.integers;
  if (single !== undefined) importer.define(node, importer.makeConstant([], [single]));
  else if (list !== undefined) importer.define(node, importer.makeConstant([list.length], list));
  else throw importer.unsupported('Constant of texts or sparse values, expected numbers');
}

/** The operators that are understood, by their names. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['Add', importArithmetic],
  ['AveragePool', importAveragePool],
  ['BatchNormalization', importBatchNorm],
  ['Cast', importCast],
  ['Clip', importClip],
  ['Constant', importConstant],
  ['Conv', importConv],
  ['Div', importArithmetic],
  ['Dropout', importIdentity],
  ['Flatten', importFlatten],
  ['Gemm', importGemm],
  ['GlobalAveragePool', importGlobalAverage],
  ['Identity', importIdentity],
  ['MatMul', importMatMul],
  ['MaxPool', importMaxPool],
  ['Mul', importArithmetic],
  ['Pad', importPad],
  ['ReduceMean', importReduceMean],
  ['Relu', importActivation('relu')],
  ['Reshape', importReshape],
  ['Sigmoid', importActivation('sigmoid')],
  ['Softmax', importSoftmax],
  ['Squeeze', importSqueeze],
  ['Sub', importArithmetic],
  ['Transpose', importTranspose],
  ['Unsqueeze', importUnsqueeze],
  ...quantisedOperators,
  ...listOperators,
]);
