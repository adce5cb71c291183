import { formatShape } from '../../graph/imported-model.js';
import { multiply, NO_PADS } from '../../graph/value.js';
import type { Operation } from './graph.js';
import { requireFilter, requireSameScale, requireSameType, requireShape } from './integer-checks.js';
import type { QuantisedReader, QuantisedValue } from './integer-reader.js';
import { placeConv, placeWindowOf } from './integer-windows.js';
import { requireOptions } from './options.js';
import {
  ARITHMETIC_OPTIONS,
  CONV_OPTIONS,
  DEPTHWISE_OPTIONS,
  FULLY_CONNECTED_OPTIONS,
  OPTIONS_TYPE,
  POOL_OPTIONS,
  SOFTMAX_OPTIONS,
} from './schema.js';

type Handler = (reader: QuantisedReader, operation: Operation) => void;

const UNBOUNDED = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const MAX_PAD = 1024;

/** The operators that are understood in integers, by their names in the schema. */
export const quantisedOperators: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['ADD', readAdd],
  ['AVERAGE_POOL_2D', (reader, operation) => readPool(reader, operation, 'averagePool')],
  ['CONV_2D', readConv],
  ['DEPTHWISE_CONV_2D', readDepthwise],
  ['FULLY_CONNECTED', readFullyConnected],
  ['MAX_POOL_2D', (reader, operation) => readPool(reader, operation, 'maxPool')],
  ['MEAN', readMean],
  ['PAD', readPad],
  ['QUANTIZE', readQuantize],
  ['RELU', (reader, operation) => readActivation(reader, operation, Number.POSITIVE_INFINITY)],
  ['RELU6', (reader, operation) => readActivation(reader, operation, 6)],
  ['RESHAPE', readReshape],
  ['SOFTMAX', readSoftmax],
  ['SQUEEZE', readReshape],
]);

function readConv(reader: QuantisedReader, operation: Operation): void {
  const options = requireOptions(reader.graph, operation.name, operation.options, OPTIONS_TYPE.conv);
  const value = reader.read(operation, 0);
  const filter = requireFilter(reader, operation);
  const { height, width, pads, kernelSize, stride } = placeConv(
    reader,
    operation,
    value,
    filter,
    options,
    CONV_OPTIONS,
  );
  const [outChannels, , , inChannels] = filter.shape as [number, number, number, number];
  if (inChannels !== value.shape.channels) {
    throw reader.graph.unsupported(
      `CONV_2D of ${inChannels} channels over a map of ${value.shape.channels}, expected as many (no groups)`,
    );
  }
  reader.emit(
    operation,
    [value],
    { height, width, channels: outChannels },
    {
      kind: 'conv',
      ...{ kernelHeight: kernelSize, kernelWidth: kernelSize, stride, pads },
      ...readLinear(reader, operation, value, 0, outChannels),
      range: reader.readRange(operation, options, CONV_OPTIONS.activation),
    },
  );
}

function readDepthwise(reader: QuantisedReader, operation: Operation): void {
  const options = requireOptions(reader.graph, operation.name, operation.options, OPTIONS_TYPE.depthwise);
  const value = reader.read(operation, 0);
  const filter = requireFilter(reader, operation);
  const { height, width, pads, kernelSize, stride } = placeConv(
    reader,
    operation,
    value,
    filter,
    options,
    DEPTHWISE_OPTIONS,
  );
  const { channels } = value.shape;
  if (filter.shape[0] !== 1 || filter.shape[3] !== channels) {
    throw reader.graph.unsupported(
      `DEPTHWISE_CONV_2D with filters ${filter.shape.join('×')} over ${channels} channels, expected ` +
        `1×${kernelSize}×${kernelSize}×${channels} (depth multiplier 1)`,
    );
  }
  reader.emit(
    operation,
    [value],
    { height, width, channels },
    {
      kind: 'depthwise',
      ...{ kernelHeight: kernelSize, kernelWidth: kernelSize, stride, pads },
      ...readLinear(reader, operation, value, 3, channels),
      range: reader.readRange(operation, options, DEPTHWISE_OPTIONS.activation),
    },
  );
}

function readFullyConnected(reader: QuantisedReader, operation: Operation): void {
  const options = operation.options(OPTIONS_TYPE.fullyConnected);
  if ((options?.int8(FULLY_CONNECTED_OPTIONS.weightsFormat, 0) ?? 0) !== 0) {
    throw reader.graph.unsupported('FULLY_CONNECTED with shuffled weights, expected the plain order');
  }
  const value = reader.readUnpadded(operation, 0);
  const filter = requireFilter(reader, operation);
  const { height, width, channels } = value.shape;
  const [outChannels, inputs] = filter.shape;
  if (filter.shape.length !== 2 || outChannels === undefined || inputs !== height * width * channels) {
    throw reader.graph.unsupported(
      `FULLY_CONNECTED with weights ${filter.shape.join('×')} over ${height * width * channels} values, expected ` +
        'outputs×inputs',
    );
  }
  reader.emit(
    operation,
    [value],
    { height: 1, width: 1, channels: outChannels },
    {
      kind: 'conv',
      ...{ kernelHeight: height, kernelWidth: width, stride: 1, pads: NO_PADS },
      ...readLinear(reader, operation, value, 0, outChannels),
      range: reader.readRange(operation, options, FULLY_CONNECTED_OPTIONS.activation),
    },
  );
}

/** Weights, bias, and what sums are multiplied by to become stored values of the output. */
function readLinear(
  reader: QuantisedReader,
  operation: Operation,
  value: QuantisedValue,
  channelAxis: number,
  channels: number,
) {
  const input = reader.maps[value.map]!;
  const output = reader.describe(reader.result(operation));
  requireSameType(reader, operation, input.signed, output.signed);
  const filter = requireFilter(reader, operation);
  const described = reader.describeWeights(filter, channelAxis, input.signed, `the filter of ${operation.name}`);
  const { weightScales } = described;
  // Convolutions of signed maps take the double-precision path even where the filter has one scale.
  const single = weightScales.length === 1 && (!input.signed || operation.name === 'FULLY_CONNECTED');
  const multipliers = weightScales.map((scale) => {
    const product = input.scale * scale;
    return (single ? Math.fround(product) : product) / output.scale;
  });
  return { ...described, multipliers, bias: reader.readBias(operation.inputs[2], channels, operation.name) };
}

function readAdd(reader: QuantisedReader, operation: Operation): void {
  const [a, b] = [reader.readPlain(operation, 0), reader.readPlain(operation, 1)];
  const options = operation.options(OPTIONS_TYPE.add);
  if (formatShape(a.shape) !== formatShape(b.shape)) {
    throw reader.graph.unsupported('ADD of maps of two shapes, expected one shape (no broadcasting)');
  }
  const { signed } = reader.describe(reader.result(operation));
  for (const { map } of [a, b]) requireSameType(reader, operation, reader.maps[map]!.signed, signed);
  reader.emit(operation, [a, b], a.shape, {
    kind: 'add',
    range: reader.readRange(operation, options, ARITHMETIC_OPTIONS.activation),
  });
}

function readPool(reader: QuantisedReader, operation: Operation, kind: 'averagePool' | 'maxPool'): void {
  const options = requireOptions(reader.graph, operation.name, operation.options, OPTIONS_TYPE.pool);
  const value = reader.readPlain(operation, 0);
  const kernelHeight = options.int32(POOL_OPTIONS.filterH, 0);
  const kernelWidth = options.int32(POOL_OPTIONS.filterW, 0);
  const kernel = [kernelHeight, kernelWidth] as const;
  const { height, width, pads, stride } = placeWindowOf(reader, operation, value, kernel, options, POOL_OPTIONS);
  requireSameScale(reader, operation, value, 1e-6);
  reader.emit(
    operation,
    [value],
    { height, width, channels: value.shape.channels },
    {
      kind,
      ...{ kernelHeight, kernelWidth, stride, pads },
      range: reader.readRange(operation, options, POOL_OPTIONS.activation),
    },
  );
}

function readMean(reader: QuantisedReader, operation: Operation): void {
  const value = reader.readPlain(operation, 0);
  const axes = reader.readIntegers(operation.inputs[1], 4, "MEAN's axes");
  const rank = operation.inputs[0]!.shape.length;
  const named = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank !== 4 || named.size !== 2 || !named.has(1) || !named.has(2)) {
    throw reader.graph.unsupported(`MEAN over axes ${axes.join(', ')}, expected height and width (1, 2)`);
  }
  requireSameType(reader, operation, reader.maps[value.map]!.signed, reader.describe(reader.result(operation)).signed);
  reader.emit(operation, [value], { height: 1, width: 1, channels: value.shape.channels }, { kind: 'mean' });
}

/** Stored as the zero point, which stands for 0 as what lies outside of a convolution's input does. */
function readPad(reader: QuantisedReader, operation: Operation): void {
  const { graph } = reader;
  const value = reader.readPlain(operation, 0);
  const counts = reader.readIntegers(operation.inputs[1], 8, "PAD's counts");
  const [before, after, top, bottom, left, right, first, last] = counts as [number, number, number, number] &
    [...unknown[], number, number, number, number];
  if (counts.length !== 8 || before !== 0 || after !== 0 || first !== 0 || last !== 0) {
    throw graph.unsupported(`PAD by ${counts.join(', ')}, expected four pairs, of height and width only`);
  }
  const pads = { top, bottom, left, right } as { top: number; bottom: number; left: number; right: number };
  if (Math.min(...Object.values(pads)) < 0 || Math.max(...Object.values(pads)) > MAX_PAD) {
    throw graph.damaged(`PAD by ${Object.values(pads).join(', ')}, expected 0 to ${MAX_PAD}`);
  }
  requireSameScale(reader, operation, value);
  const padded = {
    height: value.shape.height + pads.top + pads.bottom,
    width: value.shape.width + pads.left + pads.right,
    channels: value.shape.channels,
  };
  requireShape(reader, operation, padded);
  reader.alias(reader.result(operation), { ...value, pads });
}

function readReshape(reader: QuantisedReader, operation: Operation): void {
  const value = reader.readUnpadded(operation, 0);
  const tensor = reader.result(operation);
  const { height, width, channels } = value.shape;
  const count = height * width * channels;
  const kept = tensor.shape.join() === `1,${height},${width},${channels}`;
  const row = multiply(tensor.shape) === count && Math.max(...tensor.shape) === count;
  if (!kept && !row) {
    throw reader.graph.unsupported(
      `${operation.name} of ${formatShape(value.shape)} to ${tensor.shape.join('×')}, expected all values in a row`,
    );
  }
  requireSameScale(reader, operation, value);
  reader.alias(tensor, { ...value, flat: !kept && height * width > 1 });
}

function readSoftmax(reader: QuantisedReader, operation: Operation): void {
  const { graph } = reader;
  const beta = operation.options(OPTIONS_TYPE.softmax)?.float32(SOFTMAX_OPTIONS.beta, 0) ?? 0;
  if (beta !== 1) throw graph.unsupported(`SOFTMAX with beta ${beta}, expected 1`);
  const value = reader.readPlain(operation, 0);
  if (value.shape.height !== 1 || value.shape.width !== 1) {
    throw graph.unsupported('SOFTMAX over a map of pixels, expected a 1 × 1 map of classes');
  }
  const { scale, zeroPoint, signed } = reader.describe(reader.result(operation));
  requireSameType(reader, operation, reader.maps[value.map]!.signed, signed);
  if (scale !== 1 / 256 || zeroPoint !== (signed ? -128 : 0)) {
    throw graph.unsupported(
      `SOFTMAX to scale ${scale} and zero point ${zeroPoint}, expected 1/256 and the least value`,
    );
  }
  reader.emit(operation, [value], value.shape, { kind: 'softmax' });
}

function readQuantize(reader: QuantisedReader, operation: Operation): void {
  const value = reader.readPlain(operation, 0);
  const tensor = reader.result(operation);
  const multiplier = reader.maps[value.map]!.scale / reader.describe(tensor).scale;
  reader.emit(operation, [value], value.shape, {
    kind: 'rescale',
    multiplier,
    range: reader.limit(tensor, UNBOUNDED),
  });
}

function readActivation(reader: QuantisedReader, operation: Operation, maximum: number): void {
  const value = reader.readPlain(operation, 0);
  const tensor = reader.result(operation);
  const input = reader.maps[value.map]!;
  const output = reader.describe(tensor);
  requireSameType(reader, operation, input.signed, output.signed);
  // The quotient of two single-precision scales is rounded to single precision here.
  const multiplier = Math.fround(input.scale / output.scale);
  reader.emit(operation, [value], value.shape, {
    kind: 'rescale',
    multiplier,
    range: reader.limit(tensor, [0, maximum]),
  });
}
