import { UsageError } from '../errors/errors.js';
import { printable, quoted } from '../errors/printable.js';

/** Numbers in a `.npy` file that are read: IEEE 754 in little-endian order, of 2, 4 or 8 bytes. */
export const npyTypes = { '<f2': 2, '<f4': 4, '<f8': 8 } as const;

export type NpyType = keyof typeof npyTypes;

/** A matrix of floats in C order. */
export interface NpyHeader {
  readonly rows: number;
  readonly columns: number;
  readonly type: NpyType;
  /** The byte that the numbers begin at. */
  readonly start: number;
}

/**
 * Length of the headers written here: what numpy itself writes for any matrix, so that the number of rows can be filled in
 * when it is known.
 */
export const HEADER_BYTES = 128;
/** More than numpy writes for two dimensions. Bounds what is read of a damaged file. */
export const MOST_HEADER_BYTES = 4096;

const MAGIC = '\x93NUMPY';
const MOST_COLUMNS = 65536;

/** The header of a matrix of 32-bit floats, in version 1.0 of the format. */
export function npyHeader(rows: number, columns: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const length = HEADER_BYTES - 10;
  const start = `${MAGIC}\x01\x00${String.fromCharCode(length, 0)}`;
  return Buffer.from(`${start}${text.padEnd(length - 1)}\n`, 'latin1');
}

/**
 * Reads the header at the start of a file.
 * @param head the first bytes of the file, `MOST_HEADER_BYTES` where it has as many
 * @param size bytes of the whole file
 * @throws UsageError where it is no matrix of floats in C order, or the file is shorter or longer than the header says
 */
export function readNpyHeader(head: Uint8Array, size: number, path: string): NpyHeader {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  const refuse = (problem: string, expected?: string, remedy?: string) =>
    new UsageError({ where: printable(path), problem, expected, remedy });
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC) throw refuse('not a .npy file');
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw refuse(`version ${version} of the .npy format`, '1, 2 or 3');
  const start = version === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  if (start > bytes.length) throw refuse('damaged .npy header');
  const text = bytes.toString('latin1', version === 1 ? 10 : 12, start);
  const { type, isFortran, shape } = readFields(text, () => refuse('damaged .npy header'));
  if (!Object.hasOwn(npyTypes, type))
    throw refuse(`numbers of type ${quoted(type)}`, `floats (${Object.keys(npyTypes).join(', ')})`);
  if (shape.length !== 2) throw refuse(`an array of ${shape.length} dimensions`, '2: a vector in each row');
  if (isFortran) throw refuse('Fortran order', 'C order', 'save it with numpy.ascontiguousarray');
  const [rows, columns] = shape as [number, number];
  if (!Number.isSafeInteger(rows) || !(columns >= 1 && columns <= MOST_COLUMNS)) {
    throw refuse(`a shape of ${rows} × ${columns}`, `vectors of 1 to ${MOST_COLUMNS} numbers`);
  }
  const expected = start + rows * columns * npyTypes[type as NpyType];
  if (size !== expected) {
    throw refuse(
      `${size} bytes, but its header says ${rows} × ${columns} numbers: ${expected} bytes`,
      undefined,
      size > expected ? 'the program that wrote it was probably interrupted' : 'it is probably truncated',
    );
  }
  return { rows, columns, type: type as NpyType, start };
}

/** The three fields of the Python literal, in any order, nothing else. */
function readFields(text: string, damaged: () => UsageError) {
  const literal = /^\{(.*?),?\s*\}\s*$/s.exec(text)?.[1];
  if (literal === undefined) throw damaged();
  const take = (name: string, value: string): string => {
    const found = [...literal.matchAll(new RegExp(`(?:^|,)\\s*'${name}':\\s*(?:${value})\\s*(?=,|$)`, 'g'))];
    if (found.length !== 1) throw damaged();
    return found[0]![1]!;
  };
  const type = take('descr', `'([^']*)'`);
  const isFortran = take('fortran_order', '(True|False)') === 'True';
  const shape = take('shape', String.raw`\(([\d,\s]*)\)`);
  return {
    type,
    isFortran,
    shape: shape
      .split(',')
      .filter((extent) => extent.trim() !== '')
      .map(Number),
  };
}
