import { ModelError } from '../../../errors/errors.js';
import { countElements } from '../../../untrusted-data/byte-reader.js';
import type { Message } from '../../../untrusted-data/protobuf.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import { toFloat32, widenBfloat16 } from '../../half.js';

/** A TensorProto with its numbers still as stored. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** As in `DATA_TYPE`. */
  readonly type: number;
  /** Little-endian, a view of the file; undefined where the numbers are in lists or in another file. */
  readonly raw: Uint8Array | undefined;
  /** The packed list that holds the numbers otherwise. */
  readonly list: Uint8Array | undefined;
  /** Where `raw` lies in a file beside this one. */
  readonly external: ExternalData | undefined;
  readonly where: string;
}

export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

export const DATA_TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

const TYPE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(DATA_TYPE).map(([name, type]) => [type, name]),
);

const TENSOR = {
  dims: 1,
  type: 2,
  segment: 3,
  floats: 4,
  int32s: 5,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  external: 13,
  location: 14,
} as const;
const ENTRY = { key: 1, value: 2 } as const;
const LOCATION_EXTERNAL = 1;
const MAX_NAME_BYTES = 512;
const MAX_RANK = 8;

export function readTensor(message: Message): OnnxTensor {
  const { where } = message;
  const dims: number[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | undefined;
  let list: Uint8Array | undefined;
  let isExternal = false;
  const entries = new Map<string, string>();
  for (const field of message.fields()) {
    switch (field.number) {
      case TENSOR.dims:
        field.addIntegers(dims, MAX_RANK);
        break;
      case TENSOR.type:
        type = field.integer();
        break;
      case TENSOR.segment:
        throw new ModelError('operator-unsupported', { where, problem: 'weights in segments', expected: 'whole ones' });
      case TENSOR.name:
        name = field.text(MAX_NAME_BYTES);
        break;
      case TENSOR.raw:
        raw = field.bytes();
        break;
      case TENSOR.floats:
      case TENSOR.int32s:
      case TENSOR.int64s:
      case TENSOR.doubles:
        if (list !== undefined) {
          throw new ModelError('operator-unsupported', {
            where,
            problem: 'numbers in a field each',
            expected: 'them packed',
          });
        }
        list = field.bytes();
        break;
      case TENSOR.external: {
        let key = '';
        let value = '';
        for (const part of field.message().fields()) {
          if (part.number === ENTRY.key) key = part.text(MAX_NAME_BYTES);
          else if (part.number === ENTRY.value) value = part.text(MAX_NAME_BYTES);
        }
        if (entries.size < 16) entries.set(key, value);
        break;
      }
      case TENSOR.location:
        isExternal = field.integer() === LOCATION_EXTERNAL;
        break;
    }
  }
  const external = isExternal ? readExternal(entries, where) : undefined;
  return { name, dims, type, raw, list, external, where };
}

function readExternal(entries: ReadonlyMap<string, string>, where: string): ExternalData {
  const size = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || !Number.isSafeInteger(value)) {
      throw new ModelError('weights-damaged', {
        where,
        problem: `${key} ${JSON.stringify(text.slice(0, 40))}`,
        expected: 'a size',
      });
    }
    return value;
  };
  return { location: entries.get('location') ?? '', offset: size('offset') ?? 0, length: size('length') };
}

const ITEM_BYTES: Readonly<Record<number, number>> = {
  [DATA_TYPE.float]: 4,
  [DATA_TYPE.uint8]: 1,
  [DATA_TYPE.int8]: 1,
  [DATA_TYPE.int32]: 4,
  [DATA_TYPE.int64]: 8,
  [DATA_TYPE.bool]: 1,
  [DATA_TYPE.float16]: 2,
  [DATA_TYPE.double]: 8,
  [DATA_TYPE.bfloat16]: 2,
};

/** Values that a tensor has; every size is checked against the most that a file can hold. */
export function countValues({ dims, where, name }: OnnxTensor): number {
  const count = countElements(dims as number[], MAX_FILE_BYTES);
  if (count === undefined) {
    throw new ModelError('weights-damaged', {
      where,
      problem: `${JSON.stringify(name.slice(0, 80))} has an impossible shape`,
    });
  }
  return count;
}

/**
 * The stored numbers: a view where the bytes lie well, otherwise a copy.
 * @param open the bytes of a file beside the model
 * @throws ModelError where there are not exactly as many as the shape says
 */
export function readValues(tensor: OnnxTensor, open: (external: ExternalData) => Uint8Array): ArrayLike<number> {
  const { type, where, name } = tensor;
  const count = countValues(tensor);
  const quoted = JSON.stringify(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 80));
  const width = ITEM_BYTES[type];
  if (width === undefined) {
    throw new ModelError('weights-dtype', {
      where,
      problem: `${quoted} is of data type ${type}`,
      expected: Object.values(TYPE_NAMES).join(', '),
    });
  }
  const raw = tensor.external === undefined ? tensor.raw : open(tensor.external);
  if (raw === undefined) return readList(tensor, count, quoted);
  if (raw.length !== count * width) {
    throw new ModelError('weights-damaged', {
      where,
      problem: `${quoted} has ${raw.length} bytes`,
      expected: `${count * width}`,
    });
  }
  return decode(raw, type, width, count);
}

function decode(raw: Uint8Array, type: number, width: number, count: number): ArrayLike<number> {
  const aligned = raw.byteOffset % width === 0 ? raw : new Uint8Array(raw);
  const { buffer, byteOffset } = aligned;
  switch (type) {
    case DATA_TYPE.float:
      return new Float32Array(buffer, byteOffset, count);
    case DATA_TYPE.int8:
      return new Int8Array(buffer, byteOffset, count);
    case DATA_TYPE.int32:
      return new Int32Array(buffer, byteOffset, count);
    case DATA_TYPE.int64:
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case DATA_TYPE.double:
      return new Float64Array(buffer, byteOffset, count);
    case DATA_TYPE.float16:
      return toFloat32(new Uint16Array(buffer, byteOffset, count));
    case DATA_TYPE.bfloat16:
      return widenBfloat16(new Uint16Array(buffer, byteOffset, count));
    default:
      return aligned;
  }
}

/** Floats and doubles have fixed widths; every integer type is a list of varints. */
function readList({ type, list, where }: OnnxTensor, count: number, quoted: string): ArrayLike<number> {
  const bytes = list ?? new Uint8Array(0);
  const width = type === DATA_TYPE.float ? 4 : type === DATA_TYPE.double ? 8 : 0;
  const wrong = (found: string) =>
    new ModelError('weights-damaged', { where, problem: `${quoted} has ${found}`, expected: `${count} values` });
  if (width > 0) {
    if (bytes.length !== count * width) throw wrong(`${bytes.length} bytes`);
    return decode(bytes, type, width, count);
  }
  if (bytes.length < count) throw wrong(`${bytes.length} bytes`);
  const values = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw wrong('a damaged list');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7n;
    }
    values[i] = Number(BigInt.asIntN(64, value));
  }
  if (at !== bytes.length) throw wrong('more');
  if (type === DATA_TYPE.float16) return toFloat32(Uint16Array.from(values));
  if (type === DATA_TYPE.bfloat16) return widenBfloat16(Uint16Array.from(values));
  return values;
}
