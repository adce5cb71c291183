import type { Activation } from '../../../networks/types.js';
import { type Arithmetic, computeArithmetic } from '../../graph/arithmetic.js';
import { isRow, type MapValue, multiply, type Range, readReals } from '../../graph/value.js';
import { applyActivation, readActivation } from './fused-activation.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { ARITHMETIC_OPTIONS, GELU_OPTIONS, LEAKY_RELU_OPTIONS, OPTIONS_TYPE, SOFTMAX_OPTIONS } from './schema.js';

/** The largest f32: what stands for no bound. */
const LARGEST = 3.4028234663852886e38;

const OPTIONS_OF: Readonly<Record<Arithmetic, number>> = {
  Add: OPTIONS_TYPE.add,
  Sub: OPTIONS_TYPE.subtract,
  Mul: OPTIONS_TYPE.multiply,
  Div: OPTIONS_TYPE.divide,
};

export function importArithmetic(importer: TfliteImporter, node: TfliteNode, operator: Arithmetic): void {
  const options = node.options(OPTIONS_OF[operator]);
  const activation = readActivation(importer, node, options, ARITHMETIC_OPTIONS.activation);
  const inner = importer.innerTarget(node, [], operator.toLowerCase(), activation);
  const made = computeArithmetic(importer, node, operator, inner.name);
  if (made.kind === 'constant') {
    importer.define(node, made);
    return;
  }
  importer.settle(node, applyActivation(importer, made, activation, importer.target(node, made.dims, made.order)));
}

export function importActivation(
  importer: TfliteImporter,
  node: TfliteNode,
  activation: Activation,
  parameters?: readonly number[],
): void {
  const value = importer.map(node);
  const target = importer.target(node, value.dims, value.order);
  const made = importer.builder.activate(value, activation, target, parameters);
  importer.settle(node, made, { clip: activation !== 'sigmoid' });
}

export function importLeakyRelu(importer: TfliteImporter, node: TfliteNode): void {
  const slope = node.options(OPTIONS_TYPE.leakyRelu)?.float32(LEAKY_RELU_OPTIONS.alpha, 0) ?? 0;
  importActivation(importer, node, 'leakyRelu', [slope]);
}

export function importGelu(importer: TfliteImporter, node: TfliteNode): void {
  const approximate = node.options(OPTIONS_TYPE.gelu)?.uint8(GELU_OPTIONS.approximate, 0) ?? 0;
  importActivation(importer, node, approximate === 0 ? 'gelu' : 'geluTanh');
}

/** e^x; after a LOG_SOFTMAX it gives the probabilities again. */
export function importExp(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.map(node);
  if (importer.builder.isLogarithm(value)) importer.settleAlias(node, value);
  else importActivation(importer, node, 'exponential');
}

export function importClip(importer: TfliteImporter, node: TfliteNode, range: Range): void {
  const value = importer.map(node);
  importer.settle(node, importer.builder.clip(value, range, importer.target(node, value.dims, value.order)));
}

/** MAXIMUM and MINIMUM: with a number a clip, with another map value by value. */
export function importExtreme(importer: TfliteImporter, node: TfliteNode, operator: 'maximum' | 'minimum'): void {
  const [a, b] = [importer.value(node, 0), importer.value(node, 1)];
  const map = a.kind === 'map' ? a : b;
  if (map.kind !== 'map') throw importer.unsupported(`${node.operator} on constants, expected a map`);
  const target = importer.target(node, map.dims, map.order);
  const other = map === a ? b : a;
  if (other.kind === 'map') {
    if (other.order !== map.order || other.dims.join() !== map.dims.join()) {
      throw importer.unsupported(`${node.operator} of ${map.dims.join('×')} and ${other.dims.join('×')}`);
    }
    importer.settle(node, importer.builder.combine(operator, map, other, target));
    return;
  }
  const numbers = readReals(other);
  const [bound] = numbers;
  if (bound === undefined || numbers.some((number) => number !== bound)) {
    throw importer.unsupported(`${node.operator} with ${numbers.length} bounds, expected one for all channels`);
  }
  if (operator === 'maximum' && bound === 0) importer.settle(node, importer.builder.activate(map, 'relu', target));
  else {
    const range: Range = operator === 'maximum' ? [bound, LARGEST] : [-LARGEST, bound];
    importer.settle(node, importer.builder.clip(map, range, target));
  }
}

export function importNegative(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.map(node);
  const { channels } = value.shape;
  const all = (factor: number) => new Array<number>(channels).fill(factor);
  const target = importer.target(node, value.dims, value.order);
  importer.settle(node, importer.builder.affine(value, all(-1), all(0), target));
}

/** One slope for each channel, or for each value of the map. */
export function importPrelu(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.map(node);
  const slopes = importer.constant(node, 1, 'slopes');
  const { height, width, channels } = value.shape;
  const sizes = slopes.dims.filter((size) => size !== 1).join();
  const fits = [
    '',
    ...(value.order === 'HWC' && !isRow(value)
      ? [[channels], [height, width, channels]].map((dims) => dims.filter((size) => size !== 1).join())
      : []),
  ];
  if (!fits.includes(sizes) || multiply(slopes.dims) > height * width * channels) {
    throw importer.unsupported(
      `PRELU of ${value.dims.join('×')} with slopes ${slopes.dims.join('×')}, expected one for each channel`,
    );
  }
  const list = readReals(slopes);
  const target = importer.target(node, value.dims, value.order);
  const each = list.length === 1 ? new Array<number>(channels).fill(list[0]!) : list;
  importer.settle(node, importer.builder.prelu(value, each, target));
}

export function importSoftmax(importer: TfliteImporter, node: TfliteNode): void {
  const beta = node.options(OPTIONS_TYPE.softmax)?.float32(SOFTMAX_OPTIONS.beta, 0) ?? 0;
  let value = requireClasses(importer, node);
  const target = importer.target(node, value.dims, value.order);
  if (beta !== 1) {
    const all = (factor: number) => new Array<number>(value.shape.channels).fill(factor);
    value = importer.builder.affine(value, all(beta), all(0), { ...target, name: `${target.name}/beta`, readers: 1 });
  }
  // Not clipped: 255/256, the most that 8 bits hold, is a matter of their storage and not of the network.
  importer.settle(node, importer.builder.softmax(value, target), { clip: false });
}

export function importLogSoftmax(importer: TfliteImporter, node: TfliteNode): void {
  const value = requireClasses(importer, node);
  const target = importer.target(node, value.dims, value.order);
  importer.settle(node, importer.builder.logSoftmax(value, target), { clip: false });
}

function requireClasses(importer: TfliteImporter, node: TfliteNode): MapValue {
  const value = importer.map(node);
  if (value.dims.at(-1) !== multiply(value.dims)) {
    throw importer.unsupported(`${node.operator} over a map of pixels, expected a 1 × 1 map of classes`);
  }
  return value;
}
