import type { Activation, Shape } from '../../../networks/types.js';
import type { LayerWeights } from '../../types.js';
import { countElements } from './constants.js';
import type { Operation, TfliteTensor } from './graph.js';
import {
  ADD_OPTIONS,
  CONV_OPTIONS,
  DEPTHWISE_OPTIONS,
  FULLY_CONNECTED_OPTIONS,
  OPTIONS_TYPE,
  SOFTMAX_OPTIONS,
} from './schema.js';
import { type Importer, NO_PADS, type Value } from './tflite-importer.js';
import { readConvWindow, readPool, requireOptions } from './window.js';

type Handler = (importer: Importer, operation: Operation) => void;

/** The operators that are understood, by their names in the schema. */
export const operators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['ADD', importAdd],
  ['AVERAGE_POOL_2D', importAveragePool],
  ['CONV_2D', importConv],
  ['DEPTHWISE_CONV_2D', importDepthwise],
  ['DEQUANTIZE', importRequantise],
  ['FULLY_CONNECTED', importFullyConnected],
  ['LOGISTIC', (importer, operation) => importActivation(importer, operation, 'sigmoid')],
  ['MAX_POOL_2D', importMaxPool],
  ['MEAN', importMean],
  ['PAD', importPad],
  ['QUANTIZE', importRequantise],
  ['RELU', (importer, operation) => importActivation(importer, operation, 'relu')],
  ['RELU6', (importer, operation) => importActivation(importer, operation, 'relu6')],
  ['RESHAPE', importReshape],
  ['SOFTMAX', importSoftmax],
  ['SQUEEZE', importReshape],
]);

function importConv(importer: Importer, operation: Operation): void {
  const { graph } = importer;
  const options = requireOptions(importer, operation, OPTIONS_TYPE.conv);
  const value = importer.windowed(operation.inputs[0], operation);
  const filter = importer.constant(operation.inputs[1], operation, 'a filter');
  const { height, width, pads, kernelSize, stride } = readConvWindow(
    importer,
    operation,
    value,
    filter,
    options,
    CONV_OPTIONS,
  );
  const [outChannels, , , inChannels] = filter.shape as [number, number, number, number];
  if (inChannels !== value.shape.channels) {
    throw graph.unsupported(
      `CONV_2D of ${inChannels} channels over a map of ${value.shape.channels}, expected as many (no groups)`,
    );
  }
  const activation = importer.readActivation(operation, options, CONV_OPTIONS.activation);
  const bare = kernelSize === 1 && value.pads === undefined;
  const shape = bare ? [inChannels, outChannels] : [kernelSize, kernelSize, inChannels, outChannels];
  const weights = readLinear(importer, operation, filter, 0, shape, outChannels);
  const common = { outChannels, batchNorm: false, bias: weights.bias !== undefined, activation };
  const outputShape = { height, width, channels: outChannels };
  if (!bare) {
    importer.emit(operation, [value], { kind: 'conv', ...common, kernelSize, stride, padding: pads }, outputShape, {
      weights,
    });
  } else if (value.shape.height === 1 && value.shape.width === 1) {
    importer.emit(operation, [value], { kind: 'dense', ...common }, outputShape, { weights });
  } else {
    importer.emit(operation, [value], { kind: 'pointwise', ...common, stride }, outputShape, { weights });
  }
}

function importDepthwise(importer: Importer, operation: Operation): void {
  const { graph } = importer;
  const options = requireOptions(importer, operation, OPTIONS_TYPE.depthwise);
  const value = importer.windowed(operation.inputs[0], operation);
  const filter = importer.constant(operation.inputs[1], operation, 'a filter');
  const { height, width, pads, kernelSize, stride } = readConvWindow(
    importer,
    operation,
    value,
    filter,
    options,
    DEPTHWISE_OPTIONS,
  );
  const { channels } = value.shape;
  if (filter.shape[0] !== 1 || filter.shape[3] !== channels) {
    throw graph.unsupported(
      `DEPTHWISE_CONV_2D with filters ${filter.shape.join('×')} over ${channels} channels, expected ` +
        `1×${kernelSize}×${kernelSize}×${channels} (depth multiplier 1)`,
    );
  }
  const activation = importer.readActivation(operation, options, DEPTHWISE_OPTIONS.activation);
  const weights = readLinear(importer, operation, filter, 3, [kernelSize, kernelSize, channels], channels);
  const bias = weights.bias !== undefined;
  importer.emit(
    operation,
    [value],
    { kind: 'depthwise', kernelSize, stride, padding: pads, batchNorm: false, bias, activation },
    { height, width, channels },
    { weights },
  );
}

/** Over a flattened map it is a convolution whose window is the whole map. */
function importFullyConnected(importer: Importer, operation: Operation): void {
  const { graph } = importer;
  const options = operation.options(OPTIONS_TYPE.fullyConnected);
  if ((options?.int8(FULLY_CONNECTED_OPTIONS.weightsFormat, 0) ?? 0) !== 0) {
    throw graph.unsupported('FULLY_CONNECTED with shuffled weights, expected the plain order');
  }
  const value = importer.unpadded(operation.inputs[0], operation);
  const filter = importer.constant(operation.inputs[1], operation, 'weights');
  const { height, width, channels } = value.shape;
  const [outChannels, inputs] = filter.shape;
  if (filter.shape.length !== 2 || outChannels === undefined || inputs !== height * width * channels) {
    throw graph.unsupported(
      `FULLY_CONNECTED with weights ${filter.shape.join('×')} over ${height * width * channels} values, expected ` +
        'outputs×inputs',
    );
  }
  const activation = importer.readActivation(operation, options, FULLY_CONNECTED_OPTIONS.activation);
  const single = height === 1 && width === 1;
  if (!single && !(value.flat && height === width)) {
    throw graph.unsupported(`FULLY_CONNECTED over ${height} × ${width} pixels, expected a square map, flattened`);
  }
  const shape = single ? [channels, outChannels] : [height, width, channels, outChannels];
  const weights = readLinear(importer, operation, filter, 0, shape, outChannels);
  const common = { outChannels, batchNorm: false, bias: weights.bias !== undefined, activation };
  const outputShape = { height: 1, width: 1, channels: outChannels };
  if (single) {
    importer.emit(operation, [value], { kind: 'dense', ...common }, outputShape, { weights });
  } else {
    const layer = { kind: 'conv', ...common, kernelSize: height, stride: 1, padding: NO_PADS } as const;
    importer.emit(operation, [value], layer, outputShape, { weights });
  }
}

function importAdd(importer: Importer, operation: Operation): void {
  const a = importer.map(operation.inputs[0], operation);
  const b = importer.map(operation.inputs[1], operation);
  const options = operation.options(OPTIONS_TYPE.add);
  const activation = importer.readActivation(operation, options, ADD_OPTIONS.activation);
  const { height, width, channels } = a.shape;
  if (height !== b.shape.height || width !== b.shape.width || channels !== b.shape.channels) {
    throw importer.graph.unsupported('ADD of maps of two shapes, expected one shape (no broadcasting)');
  }
  importer.emit(operation, [a, b], { kind: 'add' }, a.shape, { activation });
}

function importAveragePool(importer: Importer, operation: Operation): void {
  const { value, window, placed, activation } = readPool(importer, operation);
  // With SAME padding only what lies inside of the map is counted, so a larger window is the same mean.
  const whole = window.kernelH >= value.shape.height && window.kernelW >= value.shape.width;
  if (window.kernelH === 1 && window.kernelW === 1 && window.stride === 1) {
    passOn(importer, operation, value, activation);
  } else if (whole && placed.height === 1 && placed.width === 1) {
    importGlobalAverage(importer, operation, value, activation);
  } else {
    throw importer.graph.unsupported(
      `AVERAGE_POOL_2D of ${window.kernelH} × ${window.kernelW} over ${value.shape.height} × ${value.shape.width}, ` +
        'expected a window over the whole map',
    );
  }
}

function importMaxPool(importer: Importer, operation: Operation): void {
  const { value, window, placed, activation } = readPool(importer, operation);
  const { height, width, pads } = placed;
  if (window.kernelH !== window.kernelW) {
    throw importer.graph.unsupported(`MAX_POOL_2D of ${window.kernelH} × ${window.kernelW}, expected a square window`);
  }
  importer.emit(
    operation,
    [value],
    { kind: 'maxPool', kernelSize: window.kernelH, stride: window.stride, padding: pads },
    { height, width, channels: value.shape.channels },
    { activation, bounded: true },
  );
}

function importMean(importer: Importer, operation: Operation): void {
  const value = importer.map(operation.inputs[0], operation);
  const list = importer.constant(operation.inputs[1], operation, 'axes');
  const axes = importer.constants.readIntegers(list, 4, "MEAN's axes");
  const rank = operation.inputs[0]!.shape.length;
  const named = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank !== 4 || named.size !== 2 || !named.has(1) || !named.has(2)) {
    throw importer.graph.unsupported(`MEAN over axes ${axes.join(', ')}, expected height and width (1, 2)`);
  }
  importGlobalAverage(importer, operation, value, 'linear');
}

function importGlobalAverage(importer: Importer, operation: Operation, value: Value, activation: Activation): void {
  const shape: Shape = { height: 1, width: 1, channels: value.shape.channels };
  importer.emit(operation, [value], { kind: 'globalAveragePool' }, shape, { activation, bounded: true });
}

/** Zeros before a convolution; quantised maps are padded with their zero point, which stands for 0 too. */
function importPad(importer: Importer, operation: Operation): void {
  const { graph } = importer;
  const value = importer.map(operation.inputs[0], operation);
  const list = importer.constant(operation.inputs[1], operation, 'pads');
  const counts = importer.constants.readIntegers(list, 8, "PAD's counts");
  if (list.shape.join() !== '4,2') {
    throw graph.unsupported(`PAD with counts ${list.shape.join('×')}, expected 4×2 (batch, height, width, channels)`);
  }
  const [before, after, top, bottom, left, right, first, last] = counts as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  if (before !== 0 || after !== 0 || first !== 0 || last !== 0) {
    throw graph.unsupported('PAD of the batch or the channels, expected height and width only');
  }
  if (Math.min(top, bottom, left, right) < 0 || Math.max(top, bottom, left, right) > 1024) {
    throw graph.damaged(`PAD by ${[top, bottom, left, right].join(', ')}, expected 0 to 1024`);
  }
  importer.alias(operation, { ...value, pads: { top, bottom, left, right } });
}

/** A reshape that keeps a map, or lays its values in a row. */
function importReshape(importer: Importer, operation: Operation): void {
  const value = importer.unpadded(operation.inputs[0], operation);
  const { shape } = importer.result(operation);
  const { height, width, channels } = value.shape;
  const count = height * width * channels;
  const kept = shape.join() === `1,${height},${width},${channels}`;
  const row = countElements(shape) === count && Math.max(...shape) === count;
  if (!kept && !row) {
    throw importer.graph.unsupported(
      `${operation.name} of ${height} × ${width} × ${channels} to ${shape.join('×')}, expected all values in a row`,
    );
  }
  importer.alias(operation, { ...value, flat: !kept });
}

function importSoftmax(importer: Importer, operation: Operation): void {
  const beta = operation.options(OPTIONS_TYPE.softmax)?.float32(SOFTMAX_OPTIONS.beta, 0) ?? 0;
  if (beta !== 1) throw importer.graph.unsupported(`SOFTMAX with beta ${beta}, expected 1`);
  const value = importer.map(operation.inputs[0], operation);
  if (value.shape.height !== 1 || value.shape.width !== 1) {
    throw importer.graph.unsupported('SOFTMAX over a map of pixels, expected a 1 × 1 map of classes');
  }
  // Not clipped: 255/256, the most that 8 bits hold, is a matter of their storage and not of the network.
  importer.emit(operation, [value], { kind: 'softmax' }, value.shape, { clip: false });
}

function importActivation(importer: Importer, operation: Operation, activation: Activation): void {
  const value = importer.map(operation.inputs[0], operation);
  importer.emit(operation, [value], { kind: 'activation', activation }, value.shape, {
    clip: activation !== 'sigmoid',
  });
}

/** QUANTIZE and DEQUANTIZE change how numbers are stored; what the new type cannot represent is clipped. */
function importRequantise(importer: Importer, operation: Operation): void {
  const [tensor] = operation.inputs;
  const constant = tensor === undefined ? undefined : importer.constant(tensor, operation, 'its input');
  if (constant?.constant !== undefined) {
    if (operation.name !== 'DEQUANTIZE') {
      throw importer.graph.unsupported('QUANTIZE of a constant, expected a map');
    }
    importer.aliasConstant(operation, constant);
    return;
  }
  passOn(importer, operation, importer.map(tensor, operation), 'linear');
}

/** The output is `value`, but for an activation or a narrower range: those take a layer of their own. */
function passOn(importer: Importer, operation: Operation, value: Value, activation: Activation): void {
  if (activation === 'linear' && !importer.clips(operation, value)) {
    importer.alias(operation, value);
  } else {
    importer.emit(operation, [value], { kind: 'activation', activation }, value.shape, {
      bounded: activation === 'linear',
    });
  }
}

/** A filter and the bias beside it, if any. */
function readLinear(
  importer: Importer,
  operation: Operation,
  filter: TfliteTensor,
  channelAxis: number,
  shape: readonly number[],
  channels: number,
): LayerWeights {
  const { constants } = importer;
  const weights = constants.readWeights(filter, channelAxis, shape, `the filter of ${operation.name}`);
  if (filter.quantisation !== undefined) importer.quantised = true;
  if (operation.inputs[2] === undefined) return { weights };
  const tensor = importer.constant(operation.inputs[2], operation, 'its bias');
  return { weights, bias: constants.readBias(tensor, operation.inputs[0]!, filter, channels, operation.name) };
}
