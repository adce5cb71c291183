import { multiply } from '../../graph/value.js';
import { broadcastStrides, copyStrided } from '../../strided.js';
import { allocateNumbers, isFloatType, makeConstant, type OnnxConstant, valuesOf } from './constants.js';
import type { OnnxNode } from './graph.js';
import { DATA_TYPE } from './tensor.js';

const truth = (value: boolean): number => (value ? 1 : 0);

const UNARY: ReadonlyMap<string, (x: number) => number> = new Map(
  Object.entries({
    Abs: Math.abs,
    Ceil: Math.ceil,
    Exp: Math.exp,
    Floor: Math.floor,
    Log: Math.log,
    Neg: (x) => -x,
    Not: (x) => truth(x === 0),
    Reciprocal: (x) => 1 / x,
    Sign: Math.sign,
    Sqrt: Math.sqrt,
  } satisfies Record<string, (x: number) => number>),
);

const BINARY: ReadonlyMap<string, (a: number, b: number) => number> = new Map(
  Object.entries({
    Add: (a, b) => a + b,
    And: (a, b) => truth(a !== 0 && b !== 0),
    Div: (a, b) => a / b,
    Equal: (a, b) => truth(a === b),
    Greater: (a, b) => truth(a > b),
    GreaterOrEqual: (a, b) => truth(a >= b),
    Less: (a, b) => truth(a < b),
    LessOrEqual: (a, b) => truth(a <= b),
    Max: Math.max,
    Min: Math.min,
    Mod: (a, b) => a - b * Math.floor(a / b),
    Mul: (a, b) => a * b,
    Or: (a, b) => truth(a !== 0 || b !== 0),
    Pow: (a, b) => a ** b,
    Sub: (a, b) => a - b,
  } satisfies Record<string, (a: number, b: number) => number>),
);

const LOGICAL = new Set(['And', 'Or', 'Not', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual']);

export function isElementwise(operator: string): boolean {
  return UNARY.has(operator) || BINARY.has(operator) || operator === 'Where';
}

/** Arithmetic on constants, value by value; undefined for an operator of another kind. */
export function foldElementwise(
  { operator, attributes }: OnnxNode,
  inputs: readonly OnnxConstant[],
  dims: readonly number[],
): OnnxConstant | undefined {
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  const type = LOGICAL.has(operator) ? DATA_TYPE.bool : first.type;
  const result = allocateNumbers(type, multiply(dims));
  const unary = UNARY.get(operator);
  if (unary !== undefined && inputs.length === 1) {
    const source = valuesOf(first);
    for (let i = 0; i < result.length; i++) result[i] = unary(source[i] ?? 0);
    return makeConstant(type, dims, result);
  }
  if (operator === 'Where' && inputs.length === 3) return foldWhere(inputs, dims);
  const binary = BINARY.get(operator);
  // `fmod` takes the dividend's sign.
  if (binary === undefined || second === undefined || attributes.get('fmod')?.integer === 1) return undefined;
  const isWhole = operator === 'Div' && !isFloatType(first.type);
  let left = spread(first, dims);
  for (const other of inputs.slice(1)) {
    const right = spread(other, dims);
    for (let i = 0; i < result.length; i++) {
      const value = binary(left[i] ?? 0, right[i] ?? 0);
      result[i] = isWhole ? Math.trunc(value) : value;
    }
    left = result;
  }
  return makeConstant(type, dims, result);
}

function foldWhere(inputs: readonly OnnxConstant[], dims: readonly number[]): OnnxConstant | undefined {
  const [condition, yes, no] = inputs.map((input) => spread(input, dims));
  const type = inputs[1]?.type ?? DATA_TYPE.float;
  const result = allocateNumbers(type, multiply(dims));
  for (let i = 0; i < result.length; i++) result[i] = (condition?.[i] ? yes?.[i] : no?.[i]) ?? 0;
  return makeConstant(type, dims, result);
}

/** Values broadcast to `dims`. */
export function spread(constant: OnnxConstant, dims: readonly number[]): ArrayLike<number> {
  const values = valuesOf(constant);
  if (constant.dims.join() === dims.join()) return values;
  const result = allocateNumbers(constant.stored ? DATA_TYPE.float : constant.type, multiply(dims));
  return copyStrided(values, result, dims, broadcastStrides(constant.dims, dims));
}
