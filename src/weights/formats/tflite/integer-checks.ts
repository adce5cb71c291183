import type { Shape } from '../../../networks/types.js';
import { formatShape } from '../../graph/imported-model.js';
import type { Operation, TfliteTensor } from './graph.js';
import type { QuantisedReader, QuantisedValue } from './integer-reader.js';
import { TENSOR_TYPE } from './schema.js';

export function requireFilter(reader: QuantisedReader, operation: Operation): TfliteTensor {
  const filter = operation.inputs[1];
  if (filter === undefined) throw reader.graph.damaged(`${operation.name} without a filter, expected it`);
  return filter;
}

export function requireSameType(reader: QuantisedReader, operation: Operation, input: boolean, output: boolean): void {
  if (input === output) return;
  const [from, to] = [input, output].map((signed) => (signed ? 'INT8' : 'UINT8'));
  throw reader.graph.unsupported(`${operation.name} from ${from} to ${to}, expected one type`);
}

/** `tolerance` is the interpreter's. */
export function requireSameScale(
  reader: QuantisedReader,
  operation: Operation,
  value: QuantisedValue,
  tolerance = 0,
): void {
  const input = reader.maps[value.map]!;
  const { quantisation, type } = reader.result(operation);
  const output = quantisation?.count === 1 ? quantisation : undefined;
  const signed = type === TENSOR_TYPE.int8;
  if (
    output === undefined ||
    Math.abs(output.scale(0) - input.scale) > tolerance ||
    output.zeroPoint(0) !== input.zeroPoint ||
    signed !== input.signed
  ) {
    throw reader.graph.unsupported(`${operation.name} to another scale or zero point, expected its input's`);
  }
}

export function requireShape(reader: QuantisedReader, operation: Operation, expected: Shape): void {
  const { shape } = reader.result(operation);
  if (shape.join() !== `1,${expected.height},${expected.width},${expected.channels}`) {
    throw reader.graph.damaged(
      `${operation.name} declares an output of ${shape.join('×')}, expected 1 × ${formatShape(expected)}`,
    );
  }
}
