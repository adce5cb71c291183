import { CUT_OFF, damagedWeights, ModelError } from '../../../errors/errors.js';
import { countElements } from '../../../untrusted-data/byte-reader.js';
import type { OpenedParts } from '../../../untrusted-data/regular-file.js';
import { widenBfloat16 } from '../../half.js';
import type { NamedTensors, Tensor } from '../../types.js';

const LENGTH_BYTES = 8;
/** The format allows 100 MB; a thousand tensors take a hundredth of this. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
/** The largest networks that people classify with have some thousands. */
const MAX_TENSORS = 20_000;
const ALIGNMENT = 8;

/** Bytes of an element by dtype; floating-point numbers are kept, integers are counters. */
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  ...{ F32: 4, F16: 2, BF16: 2 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 },
};

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The tensors of a safetensors file: an 8-byte header length, a JSON header, then the data without holes or overlaps.
 * F32 and F16 (as bit patterns) are views of `bytes` where alignment allows it, BF16 is widened; integers are left out,
 * but weights of 8 bits are refused: the format has no place for their scales, and writers do not agree on one.
 * @param where the file's name, for messages
 * @throws ModelError `weights-damaged`; `weights-dtype` for another number format
 */
export function readSafetensors(bytes: Uint8Array, where: string): NamedTensors {
  const start = LENGTH_BYTES + headerBytesOf(bytes, where);
  const data = bytes.subarray(start);
  return tensorsOf(readHeader(bytes.subarray(LENGTH_BYTES, start), data.length, where), data, where);
}

/**
 * The same where only some tensors are wanted at once: the others' place in `bytes` is left as it is. Reads the parts of
 * `safetensorsPlaces` alone, one or several at a time.
 * @param bytes as many as the file has
 */
export function readSafetensorsParts(
  file: Pick<OpenedParts, 'read'>,
  bytes: Uint8Array,
  where: string,
  isWanted: (name: string) => boolean,
): NamedTensors {
  const read = (from: number, to: number) => file.read(bytes.subarray(from, to), from);
  read(0, Math.min(LENGTH_BYTES, bytes.length));
  const start = LENGTH_BYTES + headerBytesOf(bytes, where);
  read(LENGTH_BYTES, start);
  const data = bytes.subarray(start);
  const entries = readHeader(bytes.subarray(LENGTH_BYTES, start), data.length, where);
  let run = { start: 0, end: 0 };
  for (const entry of entries.filter(({ name }) => isWanted(name)).toSorted((a, b) => a.start - b.start)) {
    if (entry.start !== run.end) {
      read(start + run.start, start + run.end);
      run = { start: entry.start, end: entry.start };
    }
    run.end = entry.end;
  }
  read(start + run.start, start + run.end);
  return tensorsOf(entries, data, where);
}

function headerBytesOf(bytes: Uint8Array, where: string): number {
  if (bytes.length < LENGTH_BYTES) throw damagedWeights(where, `${bytes.length} bytes, expected a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > bytes.length - LENGTH_BYTES) {
    throw damagedWeights(where, `header of ${headerBytes} bytes, expected at most ${bytes.length - LENGTH_BYTES}`);
  }
  return headerBytes;
}

function tensorsOf(entries: readonly Entry[], data: Uint8Array, where: string): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, start, end } of entries) {
    if ((dtype === 'I8' || dtype === 'U8') && shape.length >= 2) {
      throw new ModelError('weights-dtype', {
        where,
        problem: `${JSON.stringify(name)} holds ${dtype} weights, whose scales the format does not define`,
        expected: 'F32, F16 or BF16',
      });
    }
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') continue;
    const width = DTYPE_BYTES[dtype]!;
    const part = data.subarray(start, end);
    const aligned: Uint8Array = part.byteOffset % width === 0 ? part : part.slice();
    const { buffer, byteOffset } = aligned;
    const count = (end - start) / width;
    const values =
      dtype === 'F32' ? new Float32Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count);
    const kept = dtype === 'BF16' ? widenBfloat16(values as Uint16Array) : values;
    tensors.set(name, { shape, data: kept });
  }
  return tensors;
}

/**
 * Where parts of a file begin that are read by themselves: the header's length, the header, neighbouring tensors in single
 * precision (small ones, such as biases), each other tensor.
 * @throws ModelError `weights-damaged`
 */
export function safetensorsPlaces(bytes: Uint8Array, where: string): number[] {
  const start = LENGTH_BYTES + headerBytesOf(bytes, where);
  const entries = readHeader(bytes.subarray(LENGTH_BYTES, start), bytes.length - start, where);
  const inOrder = entries.filter((entry) => entry.end > entry.start).toSorted((a, b) => a.start - b.start);
  const firsts = inOrder.filter(({ dtype }, index) => dtype !== 'F32' || inOrder[index - 1]?.dtype !== 'F32');
  return [0, LENGTH_BYTES, ...firsts.map((entry) => start + entry.start)];
}

/** The free text by name in a header, or undefined where there is none that can be read. */
export function readMetadata(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > bytes.length - LENGTH_BYTES) return undefined;
  try {
    const { __metadata__: metadata } = JSON.parse(
      utf8.decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes)),
    );
    return typeof metadata === 'object' && metadata !== null ? metadata : undefined;
  } catch {
    return undefined;
  }
}

function readHeader(bytes: Uint8Array, dataBytes: number, where: string): Entry[] {
  let header: unknown;
  try {
    if (bytes[0] !== 0x7b) throw new SyntaxError('no object');
    header = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new ModelError(
      'weights-damaged',
      { where, problem: 'header is not JSON', expected: 'a safetensors file' },
      { cause },
    );
  }
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header as object)) {
    if (entries.length >= MAX_TENSORS) throw damagedWeights(where, `more than ${MAX_TENSORS} tensors`);
    if (name !== '__metadata__') entries.push(readEntry(name, value, dataBytes, `${where}: ${JSON.stringify(name)}`));
  }
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start !== end)
      throw damagedWeights(where, `${JSON.stringify(entry.name)} begins at ${entry.start}, expected ${end}`);
    end = entry.end;
  }
  if (end !== dataBytes) throw damagedWeights(where, `${dataBytes} bytes of data, expected ${end}`);
  return entries;
}

function readEntry(name: string, value: unknown, dataBytes: number, where: string): Entry {
  if (typeof value !== 'object' || value === null) throw damagedWeights(where, 'no tensor');
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string') throw damagedWeights(where, 'no dtype');
  const width = Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (width === undefined) {
    throw new ModelError('weights-dtype', {
      where,
      problem: `dtype ${JSON.stringify(dtype)}`,
      expected: 'F32, F16 or BF16',
    });
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(Number.isSafeInteger)) {
    throw damagedWeights(where, 'no offsets');
  }
  const [start, end] = offsets as [number, number];
  if (end > dataBytes) {
    throw damagedWeights(
      where,
      `bytes ${start} to ${end}, but the file has only ${dataBytes} bytes of data; ${CUT_OFF}`,
    );
  }
  const count = countElements(shape, dataBytes);
  if (count === undefined) throw damagedWeights(where, 'impossible shape');
  if (start < 0 || end - start !== count * width) {
    throw damagedWeights(where, `bytes ${start} to ${end}, expected ${count * width} within the data`);
  }
  return { name, dtype, shape: shape as number[], start, end };
}

/**
 * A safetensors file: F32 before F16, by name, so that all data is aligned and equal tensors give equal bytes.
 * @param metadata free text by name, for the header's `__metadata__`
 */
export function writeSafetensors(tensors: NamedTensors, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const width = (tensor: Tensor): number => tensor.data.BYTES_PER_ELEMENT;
  const sorted = [...tensors].toSorted(([a, x], [b, y]) => width(y) - width(x) || (a < b ? -1 : 1));
  const header: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    if (countElements(shape, data.length) !== data.length) throw new RangeError(`${name}: shape does not fit its data`);
    const dtype = data instanceof Float32Array ? 'F32' : 'F16';
    header.push([name, { dtype, shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  bytes.set(json, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}
