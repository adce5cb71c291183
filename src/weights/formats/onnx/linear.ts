import type { Target } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, multiply, readReals } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';
import { readWindow } from './window.js';

export function importConv(importer: OnnxImporter, node: OnnxNode): void {
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
  target = importer.outputTarget(node, 'CHW', filter),
): MapValue {
  const { builder } = importer;
  const [outChannels, perGroup, kernelH, kernelW] = filter.dims as [number, number, number, number];
  if (filter.dims.length !== 4) {
    throw importer.unsupported(`${node.operator} with a filter of ${filter.dims.join('×')}, expected 4 dimensions`);
  }
  const window = readWindow(importer, node, value, [kernelH, kernelW]);
  const { channels } = value.shape;
  const groups = importer.attribute(node, 'group', 1);
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
  return addBias(importer, made, bias, target);
}

function soleReader<T extends { readonly readers: number }>(target: T, bias: ConstantValue | undefined): T {
  return bias === undefined ? target : { ...target, readers: 1 };
}

function addBias(importer: OnnxImporter, made: MapValue, bias: ConstantValue | undefined, target: Target): MapValue {
  if (bias === undefined) return made;
  const { channels } = made.shape;
  if (multiply(bias.dims) !== channels) {
    throw importer.damaged(`${multiply(bias.dims)} biases for ${channels} channels, expected as many`);
  }
  const ones = new Array<number>(channels).fill(1);
  return importer.builder.affine(made, ones, readReals(bias), { ...target, name: made.layer });
}

export function importBatchNorm(importer: OnnxImporter, node: OnnxNode): void {
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
  importer.define(node, importer.builder.affine(value, scale, offset, importer.outputTarget(node, value.order)));
}

export function importGemm(importer: OnnxImporter, node: OnnxNode): void {
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
