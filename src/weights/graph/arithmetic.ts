import type { GraphImporter, Operation } from './graph-importer.js';
import { type ConstantValue, type MapValue, multiply, readReals } from './value.js';

export type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div';

/** A sum, difference, product or quotient: of maps, of a map and a constant, or of two short lists. */
export function importArithmetic(importer: GraphImporter, node: Operation, operator: Arithmetic): void {
  const a = importer.value(node, 0);
  const b = importer.value(node, 1);
  if (a.kind === 'map' && b.kind === 'map') {
    importer.define(node, joinMaps(importer, node, operator, a, b));
  } else if (a.kind === 'map' && b.kind === 'constant') {
    const factors = channelValues(importer, node, a, b);
    const ones = factors.map(() => 1);
    const [scale, offset] =
      operator === 'Add'
        ? [ones, factors]
        : operator === 'Sub'
          ? [ones, factors.map((x) => -x)]
          : [operator === 'Mul' ? factors : factors.map((x) => 1 / x), factors.map(() => 0)];
    importer.define(node, importer.builder.affine(a, scale, offset, importer.target(node, a.dims, a.order)));
  } else if (a.kind === 'constant' && b.kind === 'map') {
    const factors = channelValues(importer, node, b, a);
    if (operator === 'Div') throw importer.unsupported('Div by a map, expected a constant');
    const scale = factors.map((x) => (operator === 'Mul' ? x : operator === 'Sub' ? -1 : 1));
    const offset = factors.map((x) => (operator === 'Mul' ? 0 : x));
    importer.define(node, importer.builder.affine(b, scale, offset, importer.target(node, b.dims, b.order)));
  } else {
    combineLists(importer, node, operator, a as ConstantValue, b as ConstantValue);
  }
}

function joinMaps(importer: GraphImporter, node: Operation, operator: Arithmetic, a: MapValue, b: MapValue): MapValue {
  const { builder } = importer;
  const larger = multiply(a.dims) >= multiply(b.dims) ? a : b;
  const target = importer.target(node, larger.dims, larger.order);
  if (a.dims.length !== b.dims.length || (a.dims.length === 4 && a.order !== b.order)) {
    throw importer.unsupported(`${node.operator} of ${a.dims.join('×')} and ${b.dims.join('×')}, expected alike`);
  }
  if (operator === 'Add') return builder.add(a, b, target);
  if (operator === 'Mul') return builder.combine('multiply', a, b, target);
  throw importer.unsupported(`${node.operator} of two maps, expected Add or Mul`);
}

/** A constant as one value for each channel, where it broadcasts along the channels and nothing else. */
export function channelValues(
  importer: GraphImporter,
  node: Operation,
  value: MapValue,
  constant: ConstantValue,
): number[] {
  const { height, width, channels } = value.shape;
  const count = multiply(constant.dims);
  if (count === 1) return new Array<number>(channels).fill(readReals(constant)[0]!);
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

function combineLists(
  importer: GraphImporter,
  node: Operation,
  operator: Arithmetic,
  a: ConstantValue,
  b: ConstantValue,
): void {
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
  importer.define(node, importer.makeConstant(left.length >= right.length ? a.dims : b.dims, values));
}
