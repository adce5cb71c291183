import type { WeightLayout } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, NO_PADS, readReals } from '../../graph/value.js';
import { readStored } from './constants.js';
import { applyActivation, readActivation } from './fused-activation.js';
import type { TfliteTensor } from './graph.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { requireOptions } from './options.js';
import { CONV_OPTIONS, DEPTHWISE_OPTIONS, FULLY_CONNECTED_OPTIONS, OPTIONS_TYPE, TENSOR_TYPE } from './schema.js';
import { readWindow } from './window.js';

const WEIGHT_TYPES: readonly number[] = [TENSOR_TYPE.float32, TENSOR_TYPE.float16, TENSOR_TYPE.uint8, TENSOR_TYPE.int8];

export function importConv(importer: TfliteImporter, node: TfliteNode): void {
  const { builder, graph } = importer;
  const options = requireOptions(graph, node.operator, node.options, OPTIONS_TYPE.conv);
  const value = importer.picture(node);
  const { constant, tensor } = readFilter(importer, node, 0);
  const [outChannels, kernelH, kernelW, perGroup] = requireFour(importer, node, tensor);
  const { channels } = value.shape;
  const groups = channels / perGroup;
  if (!Number.isInteger(groups) || outChannels % groups !== 0) {
    throw importer.unsupported(
      `CONV_2D with filters of ${perGroup} channels over a map of ${channels}, expected as many or equal groups`,
    );
  }
  const window = readWindow(graph, node.operator, value, [kernelH, kernelW], options, CONV_OPTIONS);
  const layout: WeightLayout = {
    shape: [kernelH, kernelW, perGroup, outChannels],
    strides: [kernelW * perGroup, perGroup, 1, kernelH * kernelW * perGroup],
  };
  const target = { ...importer.target(node, importer.result(node).shape), readers: 1 };
  const made = builder.conv(value, constant, layout, outChannels, window, target, groups);
  finishLinear(importer, node, made, tensor, readActivation(importer, node, options, CONV_OPTIONS.activation));
}

export function importDepthwise(importer: TfliteImporter, node: TfliteNode): void {
  const { builder, graph } = importer;
  const options = requireOptions(graph, node.operator, node.options, OPTIONS_TYPE.depthwise);
  const value = importer.picture(node);
  const { constant, tensor } = readFilter(importer, node, 3);
  const [first, kernelH, kernelW, outChannels] = requireFour(importer, node, tensor);
  const { channels } = value.shape;
  const multiplier = outChannels / channels;
  if (first !== 1 || !Number.isInteger(multiplier)) {
    throw importer.unsupported(
      `DEPTHWISE_CONV_2D with filters ${tensor.shape.join('×')} over ${channels} channels, expected a multiple`,
    );
  }
  const window = readWindow(graph, node.operator, value, [kernelH, kernelW], options, DEPTHWISE_OPTIONS);
  const layout = { shape: [kernelH, kernelW, outChannels], strides: [kernelW * outChannels, outChannels, 1] };
  const target = { ...importer.target(node, importer.result(node).shape), readers: 1 };
  const made = builder.depthwise(value, constant, layout, window, target, multiplier);
  finishLinear(importer, node, made, tensor, readActivation(importer, node, options, DEPTHWISE_OPTIONS.activation));
}

/** Over a flattened map it is a convolution whose window is the whole map. */
export function importFullyConnected(importer: TfliteImporter, node: TfliteNode): void {
  const options = node.options(OPTIONS_TYPE.fullyConnected);
  if ((options?.int8(FULLY_CONNECTED_OPTIONS.weightsFormat, 0) ?? 0) !== 0) {
    throw importer.unsupported('FULLY_CONNECTED with shuffled weights, expected the plain order');
  }
  const value = importer.map(node);
  const { constant, tensor } = readFilter(importer, node, 0);
  const [outChannels, inputs] = tensor.shape;
  const { height, width, channels } = value.shape;
  const count = height * width * channels;
  const isRow = value.dims.at(-1) === count;
  // Of a map that keeps its dimensions each pixel is a row: a 1×1 convolution.
  const isMap = value.dims.at(-1) === channels && value.order === 'HWC';
  if (tensor.shape.length !== 2 || outChannels === undefined || !(isRow || isMap) || inputs !== value.dims.at(-1)) {
    throw importer.unsupported(
      `FULLY_CONNECTED with weights ${tensor.shape.join('×')} over ${value.dims.join('×')}, expected outputs×inputs`,
    );
  }
  const target = { ...importer.target(node, importer.result(node).shape), readers: 1 };
  const { builder } = importer;
  const layout = { shape: [1, 1, channels, outChannels], strides: [0, 0, 1, channels] };
  const made = isRow
    ? builder.dense(value, constant, { input: 1, output: count }, outChannels, target)
    : builder.conv(value, constant, layout, outChannels, { kernelSize: 1, stride: 1, pads: NO_PADS }, target);
  const activation = readActivation(importer, node, options, FULLY_CONNECTED_OPTIONS.activation);
  finishLinear(importer, node, made, tensor, activation);
}

function requireFour(importer: TfliteImporter, node: TfliteNode, { shape }: TfliteTensor) {
  if (shape.length !== 4) {
    throw importer.unsupported(`${node.operator} with a filter of ${shape.join('×')}, expected 4 dimensions`);
  }
  return shape as readonly [number, number, number, number];
}

/** A filter whose output channels are its axis `channelAxis`. */
function readFilter(
  importer: TfliteImporter,
  node: TfliteNode,
  channelAxis: number,
): { readonly constant: ConstantValue; readonly tensor: TfliteTensor } {
  const what = `the filter of ${node.operator}`;
  const tensor = importer.stored(node, 1, 'the filter');
  if (!WEIGHT_TYPES.includes(tensor.type)) {
    throw importer.unsupported(`${what} is of type ${tensor.type}, expected floats or 8-bit integers`);
  }
  const { quantisation, type } = tensor;
  if (type === TENSOR_TYPE.float32 || type === TENSOR_TYPE.float16) {
    return { constant: importer.constantOf(tensor, what), tensor };
  }
  importer.quantised = true;
  const channels = tensor.shape[channelAxis];
  if (quantisation === undefined) throw importer.damaged(`${what} has integer weights without a scale`);
  if (quantisation.count !== 1 && quantisation.axis !== channelAxis) {
    throw importer.unsupported(
      `${what} has scales along axis ${quantisation.axis}, expected its output channels, axis ${channelAxis}`,
    );
  }
  if (quantisation.count !== 1 && quantisation.count !== channels) {
    throw importer.damaged(
      `${what} has ${quantisation.count} scales, expected 1 or one for each of ${channels} channels`,
    );
  }
  return { constant: importer.constantOf(tensor, what), tensor };
}

function finishLinear(
  importer: TfliteImporter,
  node: TfliteNode,
  linear: MapValue,
  filter: TfliteTensor,
  activation: ReturnType<typeof readActivation>,
): void {
  const { dims, order } = linear;
  let made = linear;
  const target = importer.target(node, dims, order);
  if (node.operands[2] !== undefined) {
    const { channels } = made.shape;
    const bias = readBias(importer, node, filter, channels);
    made = importer.builder.affine(made, new Array<number>(channels).fill(1), bias, { ...target, readers: 1 });
  }
  made = applyActivation(importer, made, activation, { ...target, readers: 1 });
  importer.settle(node, { ...made, readers: target.readers });
}

/** Floats as they are, int32 in units of input scale × weight scale. */
function readBias(importer: TfliteImporter, node: TfliteNode, filter: TfliteTensor, channels: number): number[] {
  const tensor = importer.stored(node, 2, 'the bias');
  const count = multiply(tensor.shape);
  if (count !== channels) throw importer.damaged(`${node.operator} has ${count} biases, expected ${channels}`);
  const what = `the bias of ${node.operator}`;
  if (tensor.type !== TENSOR_TYPE.int32) {
    return readReals(importer.constantOf(tensor, what));
  }
  const stored = readStored(importer.graph, tensor, what);
  const { quantisation: scales } = filter;
  const input = node.operands[0]?.quantisation;
  if (input === undefined || scales === undefined) {
    throw importer.damaged(`${node.operator} has an integer bias, expected quantised input and weights with it`);
  }
  const inputScale = input.scale(0);
  return Array.from(stored, (value, channel) => value * inputScale * scales.scale(scales.count === 1 ? 0 : channel));
}
