import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UsageError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { printable } from '../errors/printable.js';
import { widenHalf } from '../weights/half.js';
import { MOST_HEADER_BYTES, type NpyHeader, type NpyType, npyTypes, readNpyHeader } from './npy-header.js';

/** A `.npy` file of vectors that is open for reading. */
export interface NpyFile {
  readonly rows: number;
  readonly columns: number;
  /** `count` rows from `first` on, one after the other. */
  read(first: number, count: number): Float32Array;
  /** All rows in order, a few at a time. */
  blocks(): Generator<Float32Array>;
  close(): void;
}

/** What `blocks` reads at once. */
const BLOCK_BYTES = 1024 * 1024;

/**
 * Opens a matrix of floats that numpy or `writeNpy` wrote: two dimensions, C order, '<f2', '<f4' or '<f8' (rounded to single
 * precision).
 * @throws UsageError where it cannot be read, is something else, or is not as long as its header says
 */
export function openNpy(path: string): NpyFile {
  let file: number | undefined;
  let header: NpyHeader;
  try {
    // A pipe is refused before it is opened, which could hang.
    if (!statSync(path).isFile()) throw new UsageError({ where: printable(path), problem: 'not a regular file' });
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const head = new Uint8Array(Math.min(MOST_HEADER_BYTES, size));
    readAll(file, head, 0, path);
    header = readNpyHeader(head, size, path);
  } catch (cause) {
    if (file !== undefined) closeSync(file);
    if (cause instanceof UsageError) throw cause;
    throw new UsageError({ where: printable(path), problem: describeReadError(cause) }, { cause });
  }
  const { rows, columns, type, start } = header;
  const descriptor = file;
  const rowBytes = columns * npyTypes[type];
  const read = (first: number, count: number): Float32Array => {
    if (!(first >= 0 && count >= 0 && first + count <= rows))
      throw new RangeError(`rows ${first} to ${first + count} of ${rows}`);
    const bytes = new Uint8Array(count * rowBytes);
    readAll(descriptor, bytes, start + first * rowBytes, path);
    return toFloats(bytes, type);
  };
  return {
    rows,
    columns,
    read,
    *blocks() {
      const step = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
      for (let first = 0; first < rows; first += step) yield read(first, Math.min(step, rows - first));
    },
    close: () => closeSync(descriptor),
  };
}

function toFloats({ buffer }: Uint8Array<ArrayBuffer>, type: NpyType): Float32Array {
  if (type === '<f4') return new Float32Array(buffer);
  if (type === '<f8') return Float32Array.from(new Float64Array(buffer));
  const halves = new Uint16Array(buffer);
  const floats = new Float32Array(halves.length);
  widenHalf(halves, floats);
  return floats;
}

function readAll(file: number, bytes: Uint8Array, position: number, path: string): void {
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(file, bytes, at, bytes.length - at, position + at);
    if (count === 0) throw new UsageError({ where: printable(path), problem: 'became shorter while it was read' });
    at += count;
  }
}
