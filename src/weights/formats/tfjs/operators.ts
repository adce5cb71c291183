import type { Activation, Pads } from '../../../networks/types.js';
import { placeAxis } from '../../../networks/windows.js';
import { type Arithmetic, importArithmetic } from '../../graph/arithmetic.js';
import type { Target, Window } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, NO_PADS, readReals } from '../../graph/value.js';
import type { TfjsImporter, TfjsNode } from './tfjs-importer.js';

type Handler = (importer: TfjsImporter, node: TfjsNode) => void;

const MAX_WINDOW = 1024;

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ['Relu', 'relu'],
  ['Relu6', 'relu6'],
  ['Sigmoid', 'sigmoid'],
]);

function importConv(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const filter = importer.constant(node, 1, 'a filter');
  const [kernelH, kernelW, inChannels, outChannels] = filter.dims as [number, number, number, number];
  if (filter.dims.length !== 4 || inChannels !== value.shape.channels) {
    throw importer.unsupported(
      `${node.operator} with a filter of ${filter.dims.join('×')} over ${value.shape.channels} channels, expected as ` +
        'many (no groups)',
    );
  }
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const strides = [kernelW * inChannels * outChannels, inChannels * outChannels, outChannels, 1];
  const layout = { shape: [kernelH, kernelW, inChannels, outChannels], strides };
  finishLinear(importer, node, (target) => importer.builder.conv(value, filter, layout, outChannels, window, target));
}

function importDepthwise(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const filter = importer.constant(node, 1, 'a filter');
  const [kernelH, kernelW, channels, multiplier] = filter.dims as [number, number, number, number];
  if (filter.dims.length !== 4 || channels !== value.shape.channels || multiplier !== 1) {
    throw importer.unsupported(
      `${node.operator} with a filter of ${filter.dims.join('×')} over ${value.shape.channels} channels, expected ` +
        'depth multiplier 1',
    );
  }
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const layout = { shape: [kernelH, kernelW, channels], strides: [kernelW * channels, channels, 1] };
  finishLinear(importer, node, (target) => importer.builder.depthwise(value, filter, layout, window, target));
}

function importMatMul(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.map(node);
  const weights = importer.constant(node, 1, 'weights');
  const transposed = importer.flagOf(node, 'transpose_b');
  const [first, second] = weights.dims as [number, number];
  const [inputs, outputs] = transposed ? [second, first] : [first, second];
  const count = multiply(value.dims);
  if (importer.flagOf(node, 'transpose_a') || weights.dims.length !== 2 || inputs !== count) {
    throw importer.unsupported(
      `${node.operator} with weights ${weights.dims.join('×')} over ${count} values, expected a matrix that fits`,
    );
  }
  if (value.dims.at(-1) !== count) {
    throw importer.unsupported(`${node.operator} over ${value.dims.join('×')}, expected a row of ${count} values`);
  }
  const strides = transposed ? { input: 1, output: inputs } : { input: outputs, output: 1 };
  finishLinear(importer, node, (target) => importer.builder.dense(value, weights, strides, outputs, target), [
    1,
    outputs,
  ]);
}

/** The bias and the activation that are fused into a linear operator. */
function finishLinear(
  importer: TfjsImporter,
  node: TfjsNode,
  make: (target: Target) => MapValue,
  dims?: readonly number[],
): void {
  const fused = importer.textsOf(node, 'fused_ops');
  const target = importer.target(node, []);
  let value = make(fused.length === 0 ? target : { ...target, readers: 1 });
  const { height, width, channels } = value.shape;
  const full = { ...target, name: value.layer, dims: dims ?? [1, height, width, channels] };
  value = { ...value, dims: full.dims };
  for (const [index, name] of fused.entries()) {
    const next = index === fused.length - 1 ? full : { ...full, readers: 1 };
    const activation = ACTIVATIONS.get(name);
    if (name === 'BiasAdd' && index === 0) {
      value = addBias(importer, node, value, importer.constant(node, 2, 'a bias'), next);
    } else if (activation !== undefined) {
      value = importer.builder.activate(value, activation, next);
    } else {
      throw importer.unsupported(`${node.operator} with ${JSON.stringify(name)} fused, expected BiasAdd, Relu, Relu6`);
    }
  }
  importer.define(node, value);
}

function addBias(
  importer: TfjsImporter,
  node: TfjsNode,
  value: MapValue,
  bias: ConstantValue,
  target: Target,
): MapValue {
  const { channels } = value.shape;
  if (multiply(bias.dims) !== channels) {
    throw importer.damaged(`${node.operator} with ${multiply(bias.dims)} biases, expected ${channels}`);
  }
  return importer.builder.affine(value, new Array<number>(channels).fill(1), readReals(bias), target);
}

function importBiasAdd(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.map(node);
  if (value.dims.at(-1) !== value.shape.channels) {
    throw importer.unsupported(`BiasAdd over ${value.dims.join('×')}, expected channels last`);
  }
  const target = importer.target(node, value.dims);
  importer.define(node, addBias(importer, node, value, importer.constant(node, 1, 'a bias'), target));
}

function importBatchNorm(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  if (importer.flagOf(node, 'is_training')) throw importer.unsupported(`${node.operator} in training mode`);
  const { channels } = value.shape;
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => {
    const constant = importer.constant(node, index, 'statistics');
    if (multiply(constant.dims) !== channels) {
      throw importer.damaged(`${node.operator} with ${constant.dims.join('×')} values, expected ${channels}`);
    }
    return readReals(constant);
  }) as [number[], number[], number[], number[]];
  const epsilon = importer.floatOf(node, 'epsilon', 1e-4);
  const scale = gamma.map((factor, c) => factor / Math.sqrt(variance[c]! + epsilon));
  const offset = beta.map((base, c) => base - mean[c]! * scale[c]!);
  importer.define(node, importer.builder.affine(value, scale, offset, importer.target(node, value.dims)));
}

function importActivation(activation: Activation): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    importer.define(node, importer.builder.activate(value, activation, importer.target(node, value.dims)));
  };
}

function arithmetic(operator: Arithmetic): Handler {
  return (importer, node) => importArithmetic(importer, node, operator);
}

function averageAll(importer: TfjsImporter, node: TfjsNode, value: MapValue, keepDims: boolean): void {
  const { channels } = value.shape;
  const dims = keepDims ? [1, 1, 1, channels] : [1, channels];
  importer.define(node, importer.builder.globalAveragePool(value, importer.target(node, dims)));
}

function importMean(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const stated = importer.integers(node, 1, "Mean's axes");
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + 4 : axis)));
  if (axes.size !== 2 || !axes.has(1) || !axes.has(2)) {
    throw importer.unsupported(`Mean over axes ${stated.join(', ')}, expected height and width (1, 2)`);
  }
  averageAll(importer, node, value, importer.flagOf(node, 'keep_dims'));
}

function importAveragePool(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const { height, width } = value.shape;
  const [, kernelH = 0, kernelW = 0] = importer.integersOf(node, 'ksize');
  const same = importer.textOf(node, 'padding', '') === 'SAME';
  // With SAME only what lies inside of the map is counted; a stride that leaves one window makes it the whole map.
  const [, strideH = 1, strideW = 1] = importer.integersOf(node, 'strides');
  const whole = same
    ? kernelH >= 2 * height - 1 && kernelW >= 2 * width - 1 && strideH >= height && strideW >= width
    : kernelH === height && kernelW === width;
  if (!whole) {
    throw importer.unsupported(
      `AvgPool of ${kernelH} × ${kernelW} over ${height} × ${width}, expected a window over the whole map`,
    );
  }
  averageAll(importer, node, value, true);
}

function importMaxPool(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const [, kernelH = 0, kernelW = 0] = importer.integersOf(node, 'ksize');
  const made = importer.builder.maxPool(
    value,
    readWindow(importer, node, value, [kernelH, kernelW]),
    importer.target(node, []),
  );
  const { height, width, channels } = made.shape;
  importer.define(node, { ...made, dims: [1, height, width, channels] });
}

function importSoftmax(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.map(node);
  if (value.dims.at(-1) !== multiply(value.dims)) {
    throw importer.unsupported(`Softmax over ${value.dims.join('×')}, expected a row of classes`);
  }
  importer.define(node, importer.builder.softmax(value, importer.target(node, value.dims)));
}

function importPad(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.picture(node);
  const counts = importer.integers(node, 1, "Pad's counts");
  const [n0, n1, top, bottom, left, right, c0, c1] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (counts.length !== 8 || n0 !== 0 || n1 !== 0 || c0 !== 0 || c1 !== 0 || value.pads !== undefined) {
    throw importer.unsupported(`${node.operator} by ${counts.join()}, expected height and width only, once`);
  }
  if (node.operator === 'PadV2' && importer.list(node, 2, "PadV2's value", 1)[0] !== 0) {
    throw importer.unsupported('PadV2 with anything but zeros, expected those');
  }
  if (Math.min(top, bottom, left, right) < 0 || Math.max(top, bottom, left, right) > MAX_WINDOW) {
    throw importer.damaged(`${node.operator} by ${counts.join()}, expected 0 to ${MAX_WINDOW}`);
  }
  const { height, width, channels } = value.shape;
  const readers = value.readers - 1 + importer.readers(node.name);
  const dims = [1, height + top + bottom, width + left + right, channels];
  importer.define(node, { ...value, dims, readers, pads: { top, bottom, left, right } });
}

function importReshape(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.value(node, 0);
  const wanted = importer.integers(node, 1, "Reshape's shape");
  const known = multiply(wanted.filter((size) => size !== -1));
  const dims = wanted.map((size) => (size === -1 ? multiply(value.dims) / known : size));
  if (dims.some((size) => !Number.isInteger(size) || size < 1) || dims.length > 8) {
    throw importer.unsupported(`Reshape of ${value.dims.join('×')} to ${wanted.join('×')}, expected as many values`);
  }
  giveShape(importer, node, value, dims);
}

function importSqueeze(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.value(node, 0);
  const rank = value.dims.length;
  const stated = importer.integersOf(node, 'squeeze_dims');
  const axes = stated.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.some((axis) => value.dims[axis] !== 1)) {
    throw importer.damaged(`Squeeze of ${value.dims.join('×')} at ${stated.join()}, expected dimensions of 1`);
  }
  const kept = value.dims.filter((size, axis) => (axes.length === 0 ? size !== 1 : !axes.includes(axis)));
  giveShape(importer, node, value, kept);
}

function importExpandDims(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.value(node, 0);
  const [axis = 0] = importer.integers(node, 1, "ExpandDims's axis");
  const at = axis < 0 ? axis + value.dims.length + 1 : axis;
  giveShape(importer, node, value, [...value.dims.slice(0, at), 1, ...value.dims.slice(at)]);
}

function giveShape(
  importer: TfjsImporter,
  node: TfjsNode,
  value: MapValue | ConstantValue,
  dims: readonly number[],
): void {
  if (value.kind === 'map') {
    importer.reshape(node, value, dims);
  } else if (multiply(dims) !== multiply(value.dims)) {
    throw importer.damaged(`${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected as many values`);
  } else {
    importer.define(node, { ...value, dims });
  }
}

function importIdentity(importer: TfjsImporter, node: TfjsNode): void {
  const value = importer.value(node, 0);
  if (value.kind === 'map') importer.alias(node, value);
  else importer.define(node, value);
}

function importShape(importer: TfjsImporter, node: TfjsNode): void {
  importer.define(node, importer.constantFrom(importer.value(node, 0).dims));
}

/** One item of a list, or a part of it. */
function importStridedSlice(importer: TfjsImporter, node: TfjsNode): void {
  const list = importer.integers(node, 0, 'a list');
  const [[begin = 0], [end = 0], [step = 1]] = [1, 2, 3].map((index) =>
    importer.integers(node, index, "StridedSlice's ends"),
  ) as [number[], number[], number[]];
  const mask = (name: string) => importer.integerOf(node, name, 0);
  if (step !== 1 || mask('ellipsis_mask') !== 0 || mask('new_axis_mask') !== 0) {
    throw importer.unsupported('StridedSlice in steps or with new axes, expected a part of a list');
  }
  if (mask('shrink_axis_mask') === 1) {
    const item = list[begin < 0 ? begin + list.length : begin];
    if (item === undefined) throw importer.damaged(`StridedSlice takes item ${begin} of ${list.length}`);
    importer.define(node, importer.constantFrom([item], []));
    return;
  }
  const from = mask('begin_mask') === 1 ? 0 : begin;
  const to = mask('end_mask') === 1 ? list.length : end;
  importer.define(node, importer.constantFrom(list.slice(from, to)));
}

function importPack(importer: TfjsImporter, node: TfjsNode): void {
  const items = node.inputs.map((_, index) => {
    const list = importer.list(node, index, "Pack's item", 1);
    if (list.length !== 1 || importer.value(node, index).dims.length !== 0) {
      throw importer.unsupported('Pack of lists, expected it on single numbers');
    }
    return list[0]!;
  });
  importer.define(node, importer.constantFrom(items));
}

/** A constant for each channel stays one: what reads it spreads it. */
function importBroadcast(importer: TfjsImporter, node: TfjsNode): void {
  const constant = importer.constant(node, 0, 'values');
  importer.integers(node, 1, "BroadcastTo's shape");
  importer.define(node, constant);
}

function readWindow(
  importer: TfjsImporter,
  node: TfjsNode,
  { shape }: MapValue,
  [kernelH, kernelW]: readonly [number, number],
): Window {
  const { operator } = node;
  const [strideN = 1, strideH = 1, strideW = 1, strideC = 1] = importer.integersOf(node, 'strides');
  if (strideH !== strideW || strideN !== 1 || strideC !== 1) {
    throw importer.unsupported(`${operator} with strides ${strideH} and ${strideW}, expected equal ones`);
  }
  if (kernelH !== kernelW) {
    throw importer.unsupported(`${operator} with a window of ${kernelH}×${kernelW}, expected a square one`);
  }
  if (importer.integersOf(node, 'dilations').some((dilation) => dilation !== 1)) {
    throw importer.unsupported(`${operator} with dilations, expected 1`);
  }
  if (importer.textOf(node, 'data_format', 'NHWC') !== 'NHWC') {
    throw importer.unsupported(`${operator} with channels first, expected NHWC`);
  }
  const window = { kernelSize: kernelH, stride: strideH };
  for (const size of [kernelH, strideH]) {
    if (!(size >= 1 && size <= MAX_WINDOW)) {
      throw importer.damaged(`${operator} with a window or stride of ${size}, expected 1 to ${MAX_WINDOW}`);
    }
  }
  return { ...window, pads: readPads(importer, node, shape, window) };
}

function readPads(
  importer: TfjsImporter,
  node: TfjsNode,
  shape: { readonly height: number; readonly width: number },
  window: { readonly kernelSize: number; readonly stride: number },
): Pads {
  const padding = importer.textOf(node, 'padding', '');
  if (padding === 'VALID') return NO_PADS;
  if (padding === 'SAME') {
    const rows = placeAxis(shape.height, window, 'tensorflow');
    const columns = placeAxis(shape.width, window, 'tensorflow');
    return { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after };
  }
  const explicit = importer.integersOf(node, 'explicit_paddings');
  if (padding !== 'EXPLICIT' || explicit.length !== 8) {
    throw importer.unsupported(`${node.operator} with padding ${JSON.stringify(padding)}, expected SAME or VALID`);
  }
  const [, , top, bottom, left, right] = explicit as [number, number, number, number, number, number];
  return { top, bottom, left, right };
}

/** The operators that are understood, by TensorFlow's names; Const and Placeholder have no handler. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['Add', arithmetic('Add')],
  ['AddV2', arithmetic('Add')],
  ['AvgPool', importAveragePool],
  ['BiasAdd', importBiasAdd],
  ['BroadcastTo', importBroadcast],
  ['Conv2D', importConv],
  ['DepthwiseConv2dNative', importDepthwise],
  ['ExpandDims', importExpandDims],
  ['FusedBatchNorm', importBatchNorm],
  ['FusedBatchNormV2', importBatchNorm],
  ['FusedBatchNormV3', importBatchNorm],
  ['FusedDepthwiseConv2dNative', importDepthwise],
  ['Identity', importIdentity],
  ['MatMul', importMatMul],
  ['MaxPool', importMaxPool],
  ['Mean', importMean],
  ['Mul', arithmetic('Mul')],
  ['Pack', importPack],
  ['Pad', importPad],
  ['PadV2', importPad],
  ['RealDiv', arithmetic('Div')],
  ['Relu', importActivation('relu')],
  ['Relu6', importActivation('relu6')],
  ['Reshape', importReshape],
  ['Shape', importShape],
  ['Sigmoid', importActivation('sigmoid')],
  ['Softmax', importSoftmax],
  ['Squeeze', importSqueeze],
  ['StridedSlice', importStridedSlice],
  ['Sub', arithmetic('Sub')],
  ['_FusedConv2D', importConv],
  ['_FusedMatMul', importMatMul],
]);
