import type { GraphImporter, Operation } from './graph-importer.js';
import type { Target } from './layer-collection.js';
import { type ConstantValue, isRow, type MapValue, multiply, readReals, type Value } from './value.js';

export type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div';

/** A sum, difference, product or quotient: of maps, of a map and a constant, or of two short lists. */
export function importArithmetic<N extends Operation>(importer: GraphImporter<N>, node: N, operator: Arithmetic): void {
  importer.define(node, computeArithmetic(importer, node, operator));
}

/** What `importArithmetic` defines. `name`: of the layer, where the node's own name belongs to what follows. */
export function computeArithmetic<N extends Operation>(
  importer: GraphImporter<N>,
  node: N,
  operator: Arithmetic,
  name?: string,
): Value {
  const [a, b] = [importer.value(node, 0), importer.value(node, 1)];
  const target = (value: MapValue) => ({
    ...importer.target(node, value.dims, value.order),
    ...(name !== undefined && { name }),
  });
  if (a.kind === 'map' && b.kind === 'map') return joinMaps(importer, node, operator, a, b, target);
  if (a.kind === 'map' && b.kind === 'constant') {
    const { scale, offset } = affineOf(operator, channelValues(importer, node, a, b));
    return importer.builder.affine(a, scale, offset, target(a));
  }
  if (a.kind === 'constant' && b.kind === 'map') {
    if (operator === 'Div') throw importer.unsupported('Div by a map, expected a constant');
    const { scale, offset } = affineFrom(operator, channelValues(importer, node, b, a));
    return importer.builder.affine(b, scale, offset, target(b));
  }
  return combineLists(importer, node, operator, a as ConstantValue, b as ConstantValue);
}

/** What a constant on the right of an operator does to each channel. */
export function affineOf(operator: Arithmetic, factors: readonly number[]) {
  const isSum = operator === 'Add' || operator === 'Sub';
  return {
    scale: factors.map((x) => (isSum ? 1 : operator === 'Mul' ? x : 1 / x)),
    offset: factors.map((x) => (operator === 'Add' ? x : operator === 'Sub' ? -x : 0)),
  };
}

/** What a constant on the left of an operator does to each channel. */
export function affineFrom(operator: Exclude<Arithmetic, 'Div'>, factors: readonly number[]) {
  return {
    scale: factors.map((x) => (operator === 'Mul' ? x : operator === 'Sub' ? -1 : 1)),
    offset: factors.map((x) => (operator === 'Mul' ? 0 : x)),
  };
}

function joinMaps<N extends Operation>(
  importer: GraphImporter<N>,
  node: N,
  operator: Arithmetic,
  a: MapValue,
  b: MapValue,
  targetOf: (value: MapValue) => Target,
): MapValue {
  const { builder } = importer;
  const target = targetOf(multiply(a.dims) >= multiply(b.dims) ? a : b);
  if (a.dims.length !== b.dims.length || (a.dims.length === 4 && a.order !== b.order)) {
    throw importer.unsupported(`${node.operator} of ${a.dims.join('×')} and ${b.dims.join('×')}, expected alike`);
  }
  if (operator === 'Add') return builder.add(a, b, target);
  if (operator === 'Mul') return builder.combine('multiply', a, b, target);
  if (operator === 'Sub') return builder.combine('subtract', a, b, target);
  throw importer.unsupported('Div of two maps, expected Add, Sub or Mul');
}

/** A constant as one value for each channel, where it broadcasts along the channels and nothing else. */
export function channelValues<N extends Operation>(
  importer: GraphImporter<N>,
  node: N,
  value: MapValue,
  constant: ConstantValue,
): number[] {
  const { height, width, channels } = value.shape;
  const count = multiply(constant.dims);
  if (count === 1) return new Array<number>(channels).fill(readReals(constant)[0]!);
  if (isRow(value) && count === height * width * channels && constant.dims.at(-1) === value.dims.at(-1)) {
    return readReals(constant);
  }
  const fromEnd = value.dims.length === 4 && value.order === 'CHW' ? 3 : 1;
  const flat = value.dims.length !== 4 && (height !== 1 || width !== 1);
  if (flat || count !== channels || constant.dims.at(-fromEnd) !== channels) {
    throw importer.unsupported(
      `${node.operator} of ${value.dims.join('×')} and a constant ${constant.dims.join('×')}, expected one value for ` +
        'each channel',
    );
  }
  return readReals(constant);
}

function combineLists<N extends Operation>(
  importer: GraphImporter<N>,
  node: N,
  operator: Arithmetic,
  a: ConstantValue,
  b: ConstantValue,
): ConstantValue {
  const left = importer.listOf(a, node.operator);
  const right = importer.listOf(b, node.operator);
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) {
    throw importer.unsupported(`${node.operator} of lists of ${left.length} and ${right.length}, expected alike`);
  }
  const length = Math.min(left.length, right.length) === 0 ? 0 : Math.max(left.length, right.length);
  const values = Array.from({ length }, (_, i) => {
    const x = left[left.length === 1 ? 0 : i]!;
    const y = right[right.length === 1 ? 0 : i]!;
    if (operator === 'Add') return x + y;
    if (operator === 'Sub') return x - y;
    if (operator === 'Mul') return x * y;
    return Number.isInteger(x) && Number.isInteger(y) ? Math.trunc(x / y) : x / y;
  });
  return importer.makeConstant(left.length >= right.length ? a.dims : b.dims, values);
}
