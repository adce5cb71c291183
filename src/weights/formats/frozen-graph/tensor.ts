import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { countElements } from '../../../untrusted-data/byte-reader.js';
import type { Message } from '../../../untrusted-data/protobuf.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import { toFloat32, widenBfloat16 } from '../../half.js';

/** A TensorProto (TensorFlow's tensor.proto) with its numbers still as stored. */
export interface FrozenTensor {
  /** `DT_FLOAT`, …; `type 21` for one that holds no numbers. */
  readonly type: string;
  readonly dims: readonly number[];
  /** Little-endian, a view of the file; undefined where the numbers are in a list. */
  readonly content: Uint8Array | undefined;
  /** Holds the numbers otherwise: all, or fewer, where the last one is meant for all that follow. */
  readonly message: Message;
  readonly where: string;
}

const TYPES: Readonly<Record<number, string>> = {
  1: 'DT_FLOAT',
  2: 'DT_DOUBLE',
  3: 'DT_INT32',
  4: 'DT_UINT8',
  5: 'DT_INT16',
  6: 'DT_INT8',
  7: 'DT_STRING',
  9: 'DT_INT64',
  10: 'DT_BOOL',
  14: 'DT_BFLOAT16',
  17: 'DT_UINT16',
  19: 'DT_HALF',
};

const TENSOR = { type: 1, shape: 2, content: 4, float: 5, double: 6, int: 7, int64: 10, bool: 11, half: 13 } as const;
const INTEGER_LISTS: ReadonlySet<number> = new Set([TENSOR.int, TENSOR.int64, TENSOR.bool, TENSOR.half]);
const SHAPE = { dimension: 2, unknownRank: 3, size: 1 } as const;
const MAX_RANK = 8;
/** Weights of a size are bytes, not lists; a short list can stand for any number of values. */
const MOST_LISTED = 4 * 1024 * 1024;

/** A number of DataType (types.proto) by its name. */
export function typeName(type: number): string {
  return TYPES[type] ?? `type ${type}`;
}

/** −1 for a size that is only decided at run time; undefined for an unknown number of dimensions. */
export function readTensorShape(message: Message): readonly number[] | undefined {
  const dims: number[] = [];
  let isUnknown = false;
  for (const field of message.fields()) {
    if (field.number === SHAPE.unknownRank) isUnknown = field.integer() !== 0;
    if (field.number !== SHAPE.dimension) continue;
    let size = 0;
    for (const part of field.message().fields()) if (part.number === SHAPE.size) size = part.integer();
    dims.push(size);
    if (dims.length > MAX_RANK) throw damagedWeights(message.where, `a shape of more than ${MAX_RANK} dimensions`);
  }
  return isUnknown ? undefined : dims;
}

export function readTensor(message: Message): FrozenTensor {
  let type = 'DT_INVALID';
  let dims: readonly number[] = [];
  let content: Uint8Array | undefined;
  for (const field of message.fields()) {
    if (field.number === TENSOR.type) type = typeName(field.integer());
    else if (field.number === TENSOR.shape) dims = readTensorShape(field.message()) ?? [];
    else if (field.number === TENSOR.content) content = field.bytes();
  }
  return { type, dims, content, message, where: message.where };
}

const ITEM_BYTES: Readonly<Record<string, number>> = {
  DT_FLOAT: 4,
  DT_DOUBLE: 8,
  DT_INT32: 4,
  DT_UINT8: 1,
  DT_INT16: 2,
  DT_INT8: 1,
  DT_INT64: 8,
  DT_BOOL: 1,
  DT_BFLOAT16: 2,
  DT_UINT16: 2,
  DT_HALF: 2,
};

/** Whether its values are real numbers, not whole ones. */
export function isFloat({ type }: FrozenTensor): boolean {
  return type === 'DT_FLOAT' || type === 'DT_HALF' || type === 'DT_BFLOAT16' || type === 'DT_DOUBLE';
}

/** Elements of a tensor of numbers, after a look at its type and length. `name`: for messages. */
export function countValues(tensor: FrozenTensor, name: string): number {
  const { type, dims, content, where } = tensor;
  const itemBytes = ITEM_BYTES[type];
  if (itemBytes === undefined) {
    throw new ModelError('weights-dtype', {
      where,
      problem: `${quoted(name)} is ${type}`,
      expected: Object.keys(ITEM_BYTES).join(', '),
    });
  }
  const count = countElements(dims, MAX_FILE_BYTES / 4);
  if (count === undefined) throw damagedWeights(where, `${quoted(name)} has an impossible shape`);
  if (content !== undefined && content.length > 0) {
    if (content.length !== count * itemBytes) {
      throw damagedWeights(where, `${quoted(name)} has ${content.length} bytes, expected ${count * itemBytes}`);
    }
  } else if (count > MOST_LISTED) {
    throw damagedWeights(where, `${quoted(name)} has ${count} values in a list, expected ${MOST_LISTED} at most`);
  }
  return count;
}

/** The numbers of a tensor that `countValues` has looked at. */
export function readValues(tensor: FrozenTensor, name: string): ArrayLike<number> {
  const count = countValues(tensor, name);
  const { content, type } = tensor;
  if (content !== undefined && content.length > 0) return decode(content, type, count);
  const list = readList(tensor, count);
  // What is left out is as the last one is, and 0 where there is none.
  const last = list.at(-1) ?? 0;
  return Float64Array.from({ length: count }, (_, index) => list[index] ?? last);
}

function readList({ message, type }: FrozenTensor, count: number): readonly number[] {
  const list: number[] = [];
  for (const field of message.fields()) {
    if (field.number === TENSOR.float) field.addFloats(list, count);
    else if (field.number === TENSOR.double) field.addDoubles(list, count);
    else if (INTEGER_LISTS.has(field.number)) field.addIntegers(list, count);
  }
  // Half precision lies in a list of integers as its bits.
  if (type === 'DT_HALF') return Array.from(toFloat32(Uint16Array.from(list)));
  if (type === 'DT_BFLOAT16') return Array.from(widenBfloat16(Uint16Array.from(list)));
  return list;
}

function decode(content: Uint8Array, type: string, count: number): ArrayLike<number> {
  // A copy, since the file's numbers need not lie at multiples of their size.
  const { buffer } = new Uint8Array(content);
  switch (type) {
    case 'DT_FLOAT':
      return new Float32Array(buffer);
    case 'DT_DOUBLE':
      return new Float64Array(buffer);
    case 'DT_INT32':
      return new Int32Array(buffer);
    case 'DT_INT64':
      return Float64Array.from({ length: count }, (_, index) => Number(new BigInt64Array(buffer, 8 * index, 1)[0]));
    case 'DT_INT16':
      return new Int16Array(buffer);
    case 'DT_INT8':
      return new Int8Array(buffer);
    case 'DT_UINT16':
      return new Uint16Array(buffer);
    case 'DT_HALF':
      return toFloat32(new Uint16Array(buffer));
    case 'DT_BFLOAT16':
      return widenBfloat16(new Uint16Array(buffer));
    default:
      return new Uint8Array(buffer);
  }
}
