import type { Activation } from '../../../networks/types.js';
import { channelValues } from '../../graph/arithmetic.js';
import type { ConstantValue, MapValue, Range } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';

/** Stands for "no bound": what is larger is no finite float. */
const NO_BOUND = 3.4e38;

function define(importer: OnnxImporter, node: OnnxNode, activation: Activation, parameters?: readonly number[]): void {
  const value = importer.map(node);
  importer.define(
    node,
    importer.builder.activate(value, activation, importer.outputTarget(node, value.order), parameters),
  );
}

function plain(activation: Activation): Handler {
  return (importer, node) => define(importer, node, activation);
}

function parameter({ attributes }: OnnxNode, name: string, usual: number): number {
  return attributes.get(name)?.float ?? usual;
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6;

function importHardSigmoid(importer: OnnxImporter, node: OnnxNode): void {
  const [slope, offset] = [parameter(node, 'alpha', 0.2), parameter(node, 'beta', 0.5)];
  const isUsual = isNear(slope, 1 / 6) && isNear(offset, 0.5);
  define(importer, node, 'hardSigmoid', isUsual ? undefined : [slope, offset]);
}

function importGelu(importer: OnnxImporter, node: OnnxNode): void {
  define(importer, node, node.attributes.get('approximate')?.text === 'tanh' ? 'geluTanh' : 'gelu');
}

/** gamma × ELU */
function importSelu(importer: OnnxImporter, node: OnnxNode): void {
  const [alpha, gamma] = [parameter(node, 'alpha', 1.67326319), parameter(node, 'gamma', 1.05070102)];
  if (Math.abs(alpha - 1.67326) < 1e-4 && Math.abs(gamma - 1.0507) < 1e-4) {
    define(importer, node, 'selu');
    return;
  }
  const { builder } = importer;
  const value = importer.map(node);
  const target = importer.outputTarget(node, value.order);
  const curved = builder.activate(value, 'elu', { ...target, readers: 1 }, [alpha]);
  const factors = new Array<number>(value.shape.channels).fill(gamma);
  const offsets = factors.map(() => 0);
  importer.define(node, builder.affine(curved, factors, offsets, target));
}

function importCelu(importer: OnnxImporter, node: OnnxNode): void {
  const alpha = parameter(node, 'alpha', 1);
  if (alpha !== 1) throw importer.unsupported(`Celu with alpha ${alpha}, expected 1`);
  define(importer, node, 'elu', [1]);
}

/** x × sigmoid(alpha × x) */
function importSwish(importer: OnnxImporter, node: OnnxNode): void {
  const alpha = parameter(node, 'alpha', node.operator.endsWith('QuickGelu') ? 1.702 : 1);
  if (alpha === 1) {
    define(importer, node, 'swish');
    return;
  }
  const { builder } = importer;
  const value = { ...importer.map(node), readers: 2 };
  const target = { ...importer.outputTarget(node, value.order), readers: 1 };
  const { channels } = value.shape;
  const scales = new Array<number>(channels).fill(alpha);
  const offsets = new Array<number>(channels).fill(0);
  const gate = builder.activate(builder.affine(value, scales, offsets, target), 'sigmoid', target);
  importer.define(node, builder.combine('multiply', value, gate, importer.outputTarget(node, value.order)));
}

function importFastGelu(importer: OnnxImporter, node: OnnxNode): void {
  if (importer.has(node, 1)) throw importer.unsupported(`${node.operator} with a bias, expected none`);
  define(importer, node, node.operator.endsWith('FastGelu') ? 'geluTanh' : 'gelu');
}

function importPrelu(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const slopes = channelValues(importer, node, value, importer.constant(node, 1, 'slopes'));
  importer.define(node, importer.builder.prelu(value, slopes, importer.outputTarget(node, value.order)));
}

function importClip(importer: OnnxImporter, node: OnnxNode): void {
  const bound = (index: number, name: string, fallback: number): number => {
    if (importer.has(node, index)) return importer.list(node, index, `Clip's ${name}`, 1)[0] ?? fallback;
    return node.attributes.get(name)?.float ?? fallback;
  };
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const high = bound(2, 'max', Number.POSITIVE_INFINITY);
  clip(importer, node, importer.map(node), [low, high]);
}

function clip(importer: OnnxImporter, node: OnnxNode, value: MapValue, [low, high]: Range): void {
  const target = importer.outputTarget(node, value.order);
  const { builder } = importer;
  const isBounded = high < NO_BOUND;
  if (low === 0 && high === 6) importer.define(node, builder.activate(value, 'relu6', target));
  else if (low === 0 && !isBounded) importer.define(node, builder.activate(value, 'relu', target));
  else if (low <= -NO_BOUND && !isBounded) importer.alias(node, value);
  else importer.define(node, builder.clip(value, [Math.max(low, -NO_BOUND), Math.min(high, NO_BOUND)], target));
}

/** The largest or smallest of maps, or of maps and numbers. */
function importExtreme(operator: 'maximum' | 'minimum'): Handler {
  return (importer, node) => {
    const values = node.inputs.map((_, index) => importer.value(node, index));
    const maps = values.filter((value) => value.kind === 'map');
    const bounds = values.filter((value) => value.kind === 'constant').map((constant) => numberOf(importer, constant));
    const [first] = maps;
    if (first === undefined) throw importer.unsupported(`${node.operator} of constants`);
    const target = importer.outputTarget(node, first.order);
    const steps = maps.length - 1;
    const joined = maps.slice(1).reduce((joint, map, index) => {
      const isLast = index === steps - 1 && bounds.length === 0;
      return importer.builder.combine(operator, joint, map, isLast ? target : { ...target, readers: 1 });
    }, first);
    if (bounds.length === 0) {
      if (steps > 0) importer.define(node, joined);
      else importer.alias(node, first);
    } else if (operator === 'maximum') clip(importer, node, joined, [Math.max(...bounds), NO_BOUND]);
    else clip(importer, node, joined, [-NO_BOUND, Math.min(...bounds)]);
  };
}

function numberOf(importer: OnnxImporter, constant: ConstantValue): number {
  const [value = 0] = importer.listOf(constant, 'a bound', 1);
  return value;
}

/** Operators that go from value to value. */
export const activationOperators: readonly (readonly [string, Handler])[] = [
  ['Celu', importCelu],
  ['Clip', importClip],
  ['Elu', (importer, node) => define(importer, node, 'elu', [parameter(node, 'alpha', 1)])],
  ['Exp', plain('exponential')],
  ['Gelu', importGelu],
  ['HardSigmoid', importHardSigmoid],
  ['HardSwish', plain('hardSwish')],
  ['LeakyRelu', (importer, node) => define(importer, node, 'leakyRelu', [parameter(node, 'alpha', 0.01)])],
  ['Max', importExtreme('maximum')],
  ['Min', importExtreme('minimum')],
  ['Mish', plain('mish')],
  ['PRelu', importPrelu],
  ['Relu', plain('relu')],
  ['Selu', importSelu],
  ['Sigmoid', plain('sigmoid')],
  ['Softplus', plain('softplus')],
  ['Softsign', plain('softsign')],
  ['Swish', importSwish],
  ['Tanh', plain('tanh')],
  ['com.microsoft.FastGelu', importFastGelu],
  ['com.microsoft.Gelu', importFastGelu],
  ['com.microsoft.QuickGelu', importSwish],
];
