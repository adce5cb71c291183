import { multiply } from '../../graph/value.js';
import { copyStrided, stridesOf } from '../../strided.js';
import { allocateNumbers, isFloatType, makeConstant, type OnnxConstant, valuesOf } from './constants.js';
import { foldElementwise, isElementwise, spread } from './fold-elementwise.js';
import type { OnnxNode } from './graph.js';
import { fromFront, type KnownInputs, permutationOf, reducedAxes, slicesOf, splitSizes } from './infer-shapes.js';
import { DATA_TYPE } from './tensor.js';

/** An operator whose inputs are all constants. */
export interface ConstantOperation {
  readonly node: OnnxNode;
  /** Those that are there, in their order. */
  readonly inputs: readonly OnnxConstant[];
  readonly known: KnownInputs;
  /** Of the first output. */
  readonly dims: readonly number[];
}

type Fold = (operation: ConstantOperation) => OnnxConstant | undefined;

/**
 * What an operator on constants gives, or undefined for one that is not computed ahead. New dimensions and scales cost
 * nothing; everything else computes as many values as the output has.
 */
export function foldConstants(operation: ConstantOperation): readonly OnnxConstant[] | undefined {
  const { node, inputs, dims } = operation;
  if (node.operator === 'Split') return foldSplit(operation);
  const fold = FOLDS.get(node.operator);
  const result = fold ? fold(operation) : foldElementwise(node, inputs, dims);
  return result && [result];
}

/** Whether an operator is computed ahead where its inputs are constants. */
export function isFoldable(operator: string): boolean {
  return FOLDS.has(operator) || isElementwise(operator) || SOURCES.has(operator);
}

/** Whether the operator gives the values of its input under other dimensions. */
export function isFreeOfWork({ operator }: OnnxNode): boolean {
  return RENAMING.has(operator) || operator === 'DequantizeLinear';
}

function giveDims({ inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  if (source === undefined || multiply(source.dims) !== multiply(dims)) return undefined;
  // Scales along an axis need the axis.
  if (source.stored === undefined || source.stored.scales.length === 1) return { ...source, dims };
  return makeConstant(DATA_TYPE.float, dims, valuesOf(source));
}

function cast({ node, inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  const type = node.attributes.get('to')?.integer ?? DATA_TYPE.float;
  if (source === undefined) return undefined;
  if (isFloatType(type) && source.stored !== undefined) return source;
  if (isFloatType(type) && isFloatType(source.type)) return { ...source, type };
  const values = valuesOf(source);
  const result = allocateNumbers(type, multiply(dims));
  for (let i = 0; i < result.length; i++) {
    const value = values[i] ?? 0;
    result[i] = type === DATA_TYPE.bool ? Number(value !== 0) : isFloatType(type) ? value : Math.trunc(value);
  }
  return { ...makeConstant(type, dims, result), name: source.name };
}

function transpose({ node, inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  const order = source && permutationOf(node, source.dims.length);
  if (source === undefined || order === undefined) return undefined;
  const strides = stridesOf(source.dims);
  const scales = source.stored;
  const stored = scales && { ...scales, axis: order.indexOf(scales.axis) };
  const result = allocateNumbers(source.type, multiply(dims));
  const turned = copyStrided(
    source.read(),
    result,
    dims,
    order.map((axis) => strides[axis] ?? 0),
  );
  return { ...makeConstant(source.type, dims, turned), name: source.name, stored };
}

function gather({ node, inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source, indices] = inputs;
  if (source === undefined || indices === undefined) return undefined;
  const axis = fromFront(node.attributes.get('axis')?.integer ?? 0, source.dims.length);
  const size = source.dims[axis] ?? 0;
  const inner = multiply(source.dims.slice(axis + 1));
  const picked = Array.from(valuesOf(indices), (index) => fromFront(index, size));
  if (!picked.every((index) => Number.isInteger(index) && index >= 0 && index < size)) return undefined;
  const values = valuesOf(source);
  const result = allocateNumbers(typeOf(source), multiply(dims));
  let to = 0;
  for (let outer = 0; outer < multiply(source.dims.slice(0, axis)); outer++) {
    for (const index of picked) {
      const from = (outer * size + index) * inner;
      for (let i = 0; i < inner; i++) result[to++] = values[from + i] ?? 0;
    }
  }
  return makeConstant(typeOf(source), dims, result);
}

function slice({ node, inputs, known, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  const cuts = source && slicesOf(node, known, source.dims);
  if (source === undefined || cuts === undefined) return undefined;
  const strides = stridesOf(source.dims);
  let offset = 0;
  for (const { axis, start, step } of cuts) {
    const stride = strides[axis] ?? 0;
    offset += start * stride;
    strides[axis] = stride * step;
  }
  const result = allocateNumbers(typeOf(source), multiply(dims));
  return makeConstant(typeOf(source), dims, copyStrided(valuesOf(source), result, dims, strides, offset));
}

function foldSplit({ node, inputs, known }: ConstantOperation): readonly OnnxConstant[] | undefined {
  const [source] = inputs;
  if (source === undefined) return undefined;
  const axis = fromFront(node.attributes.get('axis')?.integer ?? 0, source.dims.length);
  const parts = splitSizes(node, known, source.dims[axis] ?? 0);
  const strides = stridesOf(source.dims);
  const values = valuesOf(source);
  let start = 0;
  return parts?.map((part) => {
    const dims = source.dims.map((size, index) => (index === axis ? part : size));
    const result = allocateNumbers(typeOf(source), multiply(dims));
    const offset = start * (strides[axis] ?? 0);
    start += part;
    return makeConstant(typeOf(source), dims, copyStrided(values, result, dims, strides, offset));
  });
}

function concatenate({ node, inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const axis = fromFront(node.attributes.get('axis')?.integer ?? 1, dims.length);
  const type = inputs[0] ? typeOf(inputs[0]) : DATA_TYPE.float;
  const result = allocateNumbers(type, multiply(dims));
  const outer = multiply(dims.slice(0, axis));
  const row = multiply(dims.slice(axis));
  let before = 0;
  for (const input of inputs) {
    const values = valuesOf(input);
    const inner = multiply(input.dims.slice(axis));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) result[o * row + before + i] = values[o * inner + i] ?? 0;
    }
    before += inner;
  }
  return makeConstant(type, dims, result);
}

/** Real numbers to integers: to the nearest, of two the even one. */
function quantise({ node, inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source, scale, zeroPoint] = inputs;
  if (source === undefined || scale === undefined) return undefined;
  const type = zeroPoint?.type ?? DATA_TYPE.uint8;
  if (type !== DATA_TYPE.int8 && type !== DATA_TYPE.uint8) return undefined;
  const axis = fromFront(node.attributes.get('axis')?.integer ?? 1, dims.length);
  const inner = multiply(dims.slice(axis + 1));
  const [values, scales, zeros] = [valuesOf(source), valuesOf(scale), zeroPoint ? valuesOf(zeroPoint) : [0]];
  if (scales.length !== 1 && scales.length !== dims[axis]) return undefined;
  const [low, high] = type === DATA_TYPE.int8 ? [-128, 127] : [0, 255];
  const result = allocateNumbers(type, multiply(dims));
  for (let i = 0; i < result.length; i++) {
    const channel = scales.length === 1 ? 0 : Math.floor(i / inner) % scales.length;
    const rounded = roundToEven((values[i] ?? 0) / (scales[channel] ?? 1));
    result[i] = Math.min(Math.max(rounded + (zeros[zeros.length === 1 ? 0 : channel] ?? 0), low), high);
  }
  return { ...makeConstant(type, dims, result), name: source.name };
}

function roundToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

function dequantise({ node, inputs }: ConstantOperation): OnnxConstant | undefined {
  const [source, scale, zeroPoint] = inputs;
  if (source === undefined || scale === undefined || source.stored !== undefined) return undefined;
  const scales = Array.from(valuesOf(scale));
  const zeros = zeroPoint ? Array.from(valuesOf(zeroPoint)) : [];
  const axis = fromFront(node.attributes.get('axis')?.integer ?? 1, source.dims.length);
  if (scales.length > 1 && source.dims[axis] !== scales.length) return undefined;
  if (zeros.length > 1 && zeros.length !== scales.length) return undefined;
  const zeroPoints = zeros.length === 1 ? scales.map(() => zeros[0] ?? 0) : zeros;
  return { ...source, stored: { axis, scales, zeroPoints } };
}

/** A list of one value; `inputs` are the dimensions and, where it is not 0, the value. */
function fill({ inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [, filler] = inputs;
  const type = filler?.type ?? DATA_TYPE.float;
  const value = filler ? (valuesOf(filler)[0] ?? 0) : 0;
  return makeConstant(type, dims, allocateNumbers(type, multiply(dims)).fill(value));
}

function range({ inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [start, , step] = inputs.map((input) => valuesOf(input)[0] ?? 0);
  if (start === undefined || step === undefined) return undefined;
  const type = inputs[0]?.type ?? DATA_TYPE.int64;
  const result = allocateNumbers(type, multiply(dims));
  for (let i = 0; i < result.length; i++) result[i] = start + i * step;
  return makeConstant(type, dims, result);
}

function expand({ inputs, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  return source && makeConstant(typeOf(source), dims, spread(source, dims));
}

const REDUCTIONS: Readonly<Record<string, readonly [start: number, join: (a: number, b: number) => number]>> = {
  ReduceMax: [Number.NEGATIVE_INFINITY, Math.max],
  ReduceMean: [0, (a, b) => a + b],
  ReduceMin: [Number.POSITIVE_INFINITY, Math.min],
  ReduceProd: [1, (a, b) => a * b],
  ReduceSum: [0, (a, b) => a + b],
};

function reduce({ node, inputs, known, dims }: ConstantOperation): OnnxConstant | undefined {
  const [source] = inputs;
  const rule = REDUCTIONS[node.operator];
  const axes = source && reducedAxes(node, known, source.dims.length);
  if (source === undefined || rule === undefined || axes === undefined) return undefined;
  const [start, join] = rule;
  const kept = source.dims.map((size, axis) => (axes.has(axis) ? 1 : size));
  const strides = stridesOf(kept).map((stride, axis) => (axes.has(axis) ? 0 : stride));
  const values = valuesOf(source);
  const places = copyStrided(indices(multiply(kept)), new Float64Array(values.length), source.dims, strides);
  const result = new Float64Array(multiply(kept)).fill(start);
  for (let i = 0; i < values.length; i++) {
    const at = places[i] ?? 0;
    result[at] = join(result[at] ?? 0, values[i] ?? 0);
  }
  const share = node.operator === 'ReduceMean' ? result.length / Math.max(values.length, 1) : 1;
  return makeConstant(
    typeOf(source),
    dims,
    result.map((value) => value * share),
  );
}

function indices(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => index);
}

/** Of the values that `valuesOf` gives. */
function typeOf(constant: OnnxConstant): number {
  return constant.stored === undefined ? constant.type : DATA_TYPE.float;
}

/** They need no constants. */
const SOURCES = new Set(['Constant', 'Shape', 'Size', 'Split']);
const RENAMING = new Set(['Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ...[...RENAMING].map((name) => [name, giveDims] as const),
  ...Object.keys(REDUCTIONS).map((name) => [name, reduce] as const),
  ['Cast', cast],
  ['Concat', concatenate],
  ['ConstantOfShape', fill],
  ['DequantizeLinear', dequantise],
  ['Expand', expand],
  ['Gather', gather],
  ['QuantizeLinear', quantise],
  ['Range', range],
  ['Slice', slice],
  ['Transpose', transpose],
]);
