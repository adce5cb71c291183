import { type ConstantValue, multiply } from '../graph/value.js';
import { broadcastStrides, copyStrided } from '../strided.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';

const UNARY: ReadonlyMap<string, (x: number) => number> = new Map([
  ['Exp', Math.exp],
  ['Inv', (x: number) => 1 / x],
  ['Neg', (x: number) => -x],
  ['Reciprocal', (x: number) => 1 / x],
  ['Rsqrt', (x: number) => 1 / Math.sqrt(x)],
  ['Sqrt', Math.sqrt],
  ['Square', (x: number) => x * x],
]);

/** Division is left to the operator itself, which knows that of integers. */
const BINARY: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['Add', (a: number, b: number) => a + b],
  ['AddV2', (a: number, b: number) => a + b],
  ['Maximum', Math.max],
  ['Minimum', Math.min],
  ['Mul', (a: number, b: number) => a * b],
  ['Pow', (a: number, b: number) => a ** b],
  ['Sub', (a: number, b: number) => a - b],
]);

const MAX_RANK = 4;
/** Batch norms have as many values as channels; weights are not computed. */
const MOST_VALUES = 4 * 1024 * 1024;

export function isFoldable(operator: string): boolean {
  return UNARY.has(operator) || BINARY.has(operator);
}

/** The value of an operator that reads constants alone; undefined for all others. */
export function foldConstants(importer: TensorflowImporter, node: TensorflowNode): ConstantValue | undefined {
  const [unary, binary] = [UNARY.get(node.operator), BINARY.get(node.operator)];
  if (node.inputs.length !== (unary ? 1 : 2) || !isFoldable(node.operator)) return undefined;
  const inputs = node.inputs.map((_, index) => importer.value(node, index));
  const [a, b] = inputs;
  if (a?.kind !== 'constant' || (b !== undefined && b.kind !== 'constant')) return undefined;
  const dims = broadcast([a.dims, b?.dims ?? []]);
  if (dims === undefined || multiply(dims) > MOST_VALUES) {
    throw importer.unsupported(`${node.operator} of constants of ${a.dims.join('×')} and ${b?.dims.join('×') ?? ''}`);
  }
  const left = spread(a, dims);
  const right = b && spread(b, dims);
  const values = new Float64Array(multiply(dims));
  for (let i = 0; i < values.length; i++) values[i] = unary?.(left[i]!) ?? binary!(left[i]!, right![i]!);
  return { kind: 'constant', dims, read: () => values, stored: undefined, name: node.name };
}

/** The shape that shapes broadcast to, undefined where they do not fit. */
function broadcast(shapes: readonly (readonly number[])[]): readonly number[] | undefined {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  if (rank > MAX_RANK) return undefined;
  const result: number[] = [];
  for (let fromEnd = 1; fromEnd <= rank; fromEnd++) {
    const sizes = shapes.map((dims) => dims.at(-fromEnd) ?? 1).filter((size) => size !== 1);
    if (new Set(sizes).size > 1) return undefined;
    result.unshift(sizes[0] ?? 1);
  }
  return result;
}

function spread(constant: ConstantValue, dims: readonly number[]): ArrayLike<number> {
  const values = constant.read();
  if (constant.dims.join() === dims.join()) return values;
  return copyStrided(values, new Float64Array(multiply(dims)), dims, broadcastStrides(constant.dims, dims));
}
