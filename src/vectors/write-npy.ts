import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { OutputError, UsageError } from '../errors/errors.js';
import { describeWriteError } from '../errors/file-errors.js';
import { printable } from '../errors/printable.js';
import { HEADER_BYTES, npyHeader, npyTypes } from './npy-header.js';

/** A `.npy` file that rows are appended to as they come. */
export interface NpyWriter {
  /** Rows so far, with those that are not flushed yet. */
  readonly rows: number;
  /** Keeps a copy; written when enough have come. */
  append(row: Float32Array): void;
  /** Afterwards the file is whole: it holds all rows so far and its header says how many. */
  flush(): void;
  /** Flushes, and waits until the medium has it. */
  close(): void;
  /** Closes the file without writing what is left; it holds the rows of the last flush, perhaps more behind them. */
  abandon(): void;
}

const FLOAT = npyTypes['<f4'];
const BUFFER_BYTES = 1024 * 1024;

/**
 * Opens a matrix of 32-bit floats for writing. A new file, or one that `writeNpy` began: the first `keep` rows of it stay, all
 * after them are cut off.
 * @throws UsageError where the file cannot be opened, or is another than `keep` rows were written to; OutputError where it
 *   cannot be written
 */
export function writeNpy(
  path: string,
  { columns, keep = 0 }: { readonly columns: number; readonly keep?: number },
): NpyWriter {
  const where = printable(path);
  const rowBytes = columns * FLOAT;
  let file: number;
  try {
    file = openSync(path, keep > 0 ? 'r+' : 'w');
  } catch (cause) {
    throw new UsageError({ where, problem: describeWriteError(cause) }, { cause });
  }
  let rows = keep;
  let written = keep;
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.floor(BUFFER_BYTES / rowBytes)) * rowBytes);
  const writing = <T>(write: () => T): T => {
    try {
      return write();
    } catch (cause) {
      throw new OutputError({ where, problem: describeWriteError(cause) }, { cause });
    }
  };
  const spill = () => {
    writeAll(file, buffer.subarray(0, (rows - written) * rowBytes), HEADER_BYTES + written * rowBytes);
    written = rows;
  };
  const flush = () =>
    writing(() => {
      spill();
      writeAll(file, npyHeader(rows, columns), 0);
    });
  try {
    if (keep > 0) cutOff(file, keep, columns, where);
    flush();
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    get rows() {
      return rows;
    },
    append(row) {
      if (row.length !== columns) throw new RangeError(`a row of ${row.length} numbers, expected ${columns}`);
      buffer.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), (rows - written) * rowBytes);
      rows++;
      if ((rows - written) * rowBytes === buffer.length) writing(spill);
    },
    flush,
    close() {
      try {
        flush();
        writing(() => fsyncSync(file));
      } finally {
        closeSync(file);
      }
    },
    abandon: () => closeSync(file),
  };
}

/** The header may be of fewer rows than are there: it is written after them. */
function cutOff(file: number, keep: number, columns: number, where: string): void {
  const head = Buffer.alloc(HEADER_BYTES);
  const length = readSync(file, head, 0, HEADER_BYTES, 0);
  const rows = /\((\d{1,15}), /.exec(head.toString('latin1'))?.[1];
  const isOurs = length === HEADER_BYTES && rows !== undefined && head.equals(npyHeader(Number(rows), columns));
  const end = HEADER_BYTES + keep * columns * FLOAT;
  if (!isOurs || fstatSync(file).size < end) {
    throw new UsageError({
      where,
      problem: 'not the file that was being written',
      expected: `${keep} or more rows of ${columns} floats`,
    });
  }
  ftruncateSync(file, end);
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}
