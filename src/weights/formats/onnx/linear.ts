import type { Target } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, NO_PADS, readReals } from '../../graph/value.js';
import { channelDimension } from './axes.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';
import { readWindow } from './window.js';

export function importConv(importer: OnnxImporter, node: OnnxNode): void {
  const bias = importer.has(node, 2) ? importer.constant(node, 2, 'a bias') : undefined;
  const value = importer.picture(node);
  importer.define(node, makeConv(importer, node, value, importer.constant(node, 1, 'a filter'), bias));
}

/** A convolution with weights [outChannels, inChannels ÷ groups, height, width] and a bias, if any. */
export function makeConv(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  filter: ConstantValue,
  bias: ConstantValue | undefined,
  target = importer.outputTarget(node, 'CHW', filter),
): MapValue {
  const { builder } = importer;
  const [outChannels = 0, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = filter.dims;
  if (filter.dims.length !== 4) {
    throw importer.unsupported(`${node.operator} with a filter of ${filter.dims.join('×')}, expected 4 dimensions`);
  }
  const { isCeiled: _, ...window } = readWindow(importer, node, value, [kernelHeight, kernelWidth]);
  const { channels } = value.shape;
  const groups = importer.attribute(node, 'group', 1);
  if (perGroup * groups !== channels || outChannels % groups !== 0) {
    throw importer.damaged(
      `${node.operator} of ${groups} groups, filter ${filter.dims.join('×')}, over ${channels} channels, expected them to fit`,
    );
  }
  const area = kernelHeight * kernelWidth;
  const sole = soleReader(target, bias);
  if (groups === channels && groups > 1) {
    const layout = { shape: [kernelHeight, kernelWidth, outChannels], strides: [kernelWidth, 1, area] };
    const made = builder.depthwise(value, filter, layout, window, sole, outChannels / channels);
    return addBias(importer, made, bias, target);
  }
  const layout = {
    shape: [kernelHeight, kernelWidth, perGroup, outChannels],
    strides: [kernelWidth, 1, area, perGroup * area],
  };
  return addBias(importer, builder.conv(value, filter, layout, outChannels, window, sole, groups), bias, target);
}

function soleReader<T extends { readonly readers: number }>(target: T, bias: ConstantValue | undefined): T {
  return bias === undefined ? target : { ...target, readers: 1 };
}

function addBias(importer: OnnxImporter, made: MapValue, bias: ConstantValue | undefined, target: Target): MapValue {
  if (bias === undefined) return made;
  const { channels } = made.shape;
  const ones = new Array<number>(channels).fill(1);
  const offsets = biasValues(importer, bias, channels);
  return importer.builder.affine(made, ones, offsets, { ...target, name: made.layer });
}

/** One for each channel. */
function biasValues(importer: OnnxImporter, bias: ConstantValue, channels: number): readonly number[] {
  const count = multiply(bias.dims);
  if (count !== channels && count !== 1) {
    throw importer.damaged(`${count} biases for ${channels} channels, expected as many`);
  }
  const values = readReals(bias);
  return count === channels ? values : new Array<number>(channels).fill(values[0] ?? 0);
}

export function importBatchNorm(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  if (importer.attribute(node, 'training_mode', 0) !== 0) {
    throw importer.unsupported('BatchNormalization in training mode, expected inference');
  }
  const channels = value.dims[1] ?? 0;
  if (channelDimension(value) !== 1 && value.dims.length !== 2) {
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
  importer.define(node, importer.builder.affine(value, scale, offset, importer.outputTarget(node, value.order)));
}

/** alpha × a × b + beta × c */
export function importGemm(importer: OnnxImporter, node: OnnxNode): void {
  const { builder } = importer;
  const alpha = node.attributes.get('alpha')?.float ?? 1;
  const beta = node.attributes.get('beta')?.float ?? 1;
  if (importer.attribute(node, 'transA', 0) !== 0) throw importer.unsupported('Gemm with transA, expected 0');
  const transposed = importer.attribute(node, 'transB', 0) !== 0;
  const bias = importer.has(node, 2) ? importer.constant(node, 2, 'a bias') : undefined;
  const [value, weights] = [importer.map(node), importer.constant(node, 1, 'weights')];
  if (alpha === 1 && beta === 1) {
    importer.define(node, makeDense(importer, node, value, weights, bias, transposed));
    return;
  }
  const target = importer.outputTarget(node, value.order, weights);
  const made = makeDense(importer, node, value, weights, undefined, transposed, { ...target, readers: 1 });
  const { channels } = made.shape;
  const offsets = bias
    ? biasValues(importer, bias, channels).map((x) => beta * x)
    : new Array<number>(channels).fill(0);
  const scales = new Array<number>(channels).fill(alpha);
  importer.define(node, builder.affine(made, scales, offsets, { ...target, name: made.layer }));
}

export function importMatMul(importer: OnnxImporter, node: OnnxNode): void {
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
  target = importer.outputTarget(node, value.order, weights),
): MapValue {
  const matrix = weights.dims.slice(-2);
  const [inputs = 0, outputs = 0] = transposed ? matrix.toReversed() : matrix;
  if (matrix.length !== 2 || multiply(weights.dims) !== inputs * outputs || value.dims.at(-1) !== inputs) {
    throw importer.unsupported(
      `${node.operator} of ${value.dims.join('×')} with weights ${weights.dims.join('×')}, expected a matrix that fits`,
    );
  }
  const strides = transposed ? { input: 1, output: inputs } : { input: outputs, output: 1 };
  const sole = soleReader(target, bias);
  const { height, width, channels } = value.shape;
  if (inputs === height * width * channels) {
    return addBias(importer, importer.builder.dense(value, weights, strides, outputs, sole), bias, target);
  }
  if (channelDimension(value) !== value.dims.length - 1) {
    throw importer.unsupported(`${node.operator} over ${value.dims.join('×')}, expected a row of ${inputs} values`);
  }
  // Every pixel by itself.
  const layout = { shape: [1, 1, inputs, outputs], strides: [0, 0, strides.input, strides.output] };
  const window = { kernelSize: 1, stride: 1, pads: NO_PADS };
  return addBias(importer, importer.builder.conv(value, weights, layout, outputs, window, sole), bias, target);
}
