import { isFloatType } from './constants.js';
import type { OnnxNode } from './graph.js';

/** A function of one number, with the parameters that the operator's attributes give. */
type Scalar = (x: number) => number;

const sigmoid: Scalar = (x) => 1 / (1 + Math.exp(-x));
const softplus: Scalar = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** The error function: a series near 0, a continued fraction beyond. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (size + fraction);
  const rest = Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction));
  return Math.sign(x) * (1 - rest);
}

export const gelu: Scalar = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
export const geluTanh: Scalar = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** What an operator with one input does to each value; undefined for one that does anything else. */
export function scalarFunction({ operator, attributes }: OnnxNode): Scalar | undefined {
  const parameter = (name: string, usual: number) => attributes.get(name)?.float ?? usual;
  switch (operator) {
    case 'Abs':
      return Math.abs;
    case 'Elu': {
      const alpha = parameter('alpha', 1);
      return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
    }
    case 'Erf':
      return erf;
    case 'Exp':
      return Math.exp;
    case 'Gelu':
      return attributes.get('approximate')?.text === 'tanh' ? geluTanh : gelu;
    case 'HardSigmoid': {
      const [alpha, beta] = [parameter('alpha', 0.2), parameter('beta', 0.5)];
      return (x) => Math.min(Math.max(alpha * x + beta, 0), 1);
    }
    case 'HardSwish':
      return (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6;
    case 'Cast':
      return isFloatType(attributes.get('to')?.integer ?? 0) ? (x) => x : undefined;
    case 'Clip': {
      const [low, high] = [parameter('min', Number.NEGATIVE_INFINITY), parameter('max', Number.POSITIVE_INFINITY)];
      return (x) => Math.min(Math.max(x, low), high);
    }
    case 'Dropout':
    case 'Identity':
      return (x) => x;
    case 'LeakyRelu': {
      const alpha = parameter('alpha', 0.01);
      return (x) => (x < 0 ? alpha * x : x);
    }
    case 'Log':
      return Math.log;
    case 'Mish':
      return (x) => x * Math.tanh(softplus(x));
    case 'Neg':
      return (x) => -x;
    case 'Reciprocal':
      return (x) => 1 / x;
    case 'Relu':
      return (x) => Math.max(x, 0);
    case 'Selu': {
      const [alpha, gamma] = [parameter('alpha', SELU_ALPHA), parameter('gamma', SELU_SCALE)];
      return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
    }
    case 'Sigmoid':
      return sigmoid;
    case 'Softplus':
      return softplus;
    case 'Softsign':
      return (x) => x / (1 + Math.abs(x));
    case 'Sqrt':
      return Math.sqrt;
    case 'Swish': {
      const alpha = parameter('alpha', 1);
      return (x) => x * sigmoid(alpha * x);
    }
    case 'Tanh':
      return Math.tanh;
    default:
      return undefined;
  }
}

type Several = (...values: readonly number[]) => number;

/** What an operator with two or three inputs does to their values; conditions are 0 or 1. */
export const JOINT_FUNCTIONS: ReadonlyMap<string, Several> = new Map<string, Several>([
  ['Add', (a = 0, b = 0) => a + b],
  ['Div', (a = 0, b = 0) => a / b],
  ['Greater', (a = 0, b = 0) => Number(a > b)],
  ['GreaterOrEqual', (a = 0, b = 0) => Number(a >= b)],
  ['Less', (a = 0, b = 0) => Number(a < b)],
  ['LessOrEqual', (a = 0, b = 0) => Number(a <= b)],
  ['Max', Math.max],
  ['Min', Math.min],
  ['Mul', (a = 0, b = 0) => a * b],
  ['Pow', (a = 0, b = 0) => a ** b],
  ['Sub', (a = 0, b = 0) => a - b],
  ['Where', (condition = 0, a = 0, b = 0) => (condition === 0 ? b : a)],
]);
