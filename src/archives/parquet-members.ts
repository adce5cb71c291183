import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type RowGroup,
} from 'hyparquet';
import { type ArchiveEntry, ArchiveError, type ArchiveWishes, checkRatio } from './archive-types.js';
import { type OpenFile, openFile } from './open-file.js';
import { findColumns, plainValue, type TableColumns } from './parquet-columns.js';
import { compressors, MOST_PAGE_BYTES } from './parquet-compressors.js';

/** Of a row group: so many rows are made, whatever it holds. */
const MOST_ROWS = 2 ** 22;

/**
 * The images in a column of a Parquet file, a row group at a time: a column of structs with `bytes` and `path`, as Hugging
 * Face's datasets have, or one of binary values. A name is the number of the row, from 0, and the path where there is one.
 * @param wishes what is read of other columns
 */
export async function* parquetMembers(path: string | Buffer, wishes: ArchiveWishes): AsyncGenerator<ArchiveEntry> {
  const file = await openFile(path);
  try {
    const buffer = bufferOf(file);
    const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    const columns = findColumns(metadata, wishes);
    let row = 0;
    let unpacked = 0;
    for (const group of metadata.row_groups) {
      const start = row;
      const rows = Number(group.num_rows);
      if (rows < 0) throw new Error(`${rows} rows in a row group`);
      row += rows;
      try {
        checkRows(rows, group, columns);
        const bytes = imageBytes(group, columns);
        unpacked += bytes;
        checkRatio(unpacked, file.size);
        yield* membersOf(await readRows({ buffer, metadata, columns, start, end: row }), columns, start);
      } catch (error) {
        yield { at: start, flaw: { problem: `rows ${start} to ${row - 1}: ${damaged(error).flaw.problem}` } };
      }
    }
    const expected = Number(metadata.num_rows);
    if (row !== expected) {
      yield { flaw: { problem: `${row} rows, expected ${expected}`, remedy: 'rows may be missing' } };
    }
  } catch (error) {
    throw damaged(error);
  } finally {
    file.close();
  }
}

/** Columns of single values have one in each row. Throws ArchiveError. */
function checkRows(rows: number, { columns }: RowGroup, { image }: TableColumns): void {
  if (rows > MOST_ROWS) {
    throw new ArchiveError({ problem: `${rows} rows in one row group`, expected: `at most ${MOST_ROWS}` });
  }
  for (const { meta_data: facts } of columns) {
    if (!facts || !image) continue;
    const [name, child = 'bytes', ...more] = facts.path_in_schema;
    const values = Number(facts.num_values);
    if (name === image.name && child === 'bytes' && more.length === 0 && values !== rows) {
      throw new ArchiveError({ problem: `damaged Parquet file (${values} images for ${rows} rows)` });
    }
  }
}

/** Unpacked, of a row group. Throws ArchiveError for more than can be held. */
function imageBytes({ columns }: RowGroup, { image }: TableColumns): number {
  let bytes = 0;
  for (const { meta_data: facts } of columns) {
    if (facts && image && facts.path_in_schema[0] === image.name) bytes += Number(facts.total_uncompressed_size);
  }
  if (bytes <= MOST_PAGE_BYTES) return bytes;
  throw new ArchiveError({
    problem: `${bytes} bytes of images in one row group`,
    expected: `at most ${MOST_PAGE_BYTES / 2 ** 20} MiB`,
  });
}

interface Rows {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: TableColumns;
  readonly start: number;
  readonly end: number;
}

function readRows({ buffer, metadata, columns, start, end }: Rows): Promise<Record<string, unknown>[]> {
  const { image, truth, fields } = columns;
  const names = new Set([...(image ? [image.name] : []), ...(truth ? [truth.name] : []), ...fields]);
  if (names.size === 0) return Promise.resolve(Array.from({ length: end - start }, () => ({})));
  return parquetReadObjects({
    ...{ file: buffer, metadata, columns: [...names], rowStart: start, rowEnd: end, compressors },
    // Bytes without a type are bytes.
    ...{ utf8: false, geoparquet: false },
  });
}

function* membersOf(
  rows: Record<string, unknown>[],
  { image, truth, fields, wanted }: TableColumns,
  start: number,
): Generator<ArchiveEntry> {
  for (const [at, row] of rows.entries()) {
    // Nobody needs it any more once it has been read.
    delete rows[at];
    const { bytes, path } = image ? image.read(row[image.name]) : { bytes: new Uint8Array(0), path: undefined };
    const label = truth?.read(row[truth.name]);
    yield {
      name: Buffer.from(path === undefined ? `${start + at}` : `${start + at}/${path}`),
      at: start + at,
      size: bytes.length,
      isRow: true,
      ...(label !== undefined && { truth: label }),
      ...(wanted && {
        fields: Object.fromEntries(wanted.map((name) => [name, fields.has(name) ? plainValue(row[name]) : null])),
      }),
      read: async () => new Uint8Array(bytes),
    };
  }
}

/** Whole slices in memory; what the file says of their lengths is not believed. */
function bufferOf(file: OpenFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const length = end - start;
      if (!(start >= 0 && length >= 0 && end <= file.size)) throw new ArchiveError({ problem: 'the file ends early' });
      if (length > MOST_PAGE_BYTES) throw new ArchiveError({ problem: `${length} bytes in one piece` });
      const bytes = new Uint8Array(length);
      await file.read(bytes, start);
      return bytes.buffer;
    },
  };
}

/** What cannot be read is no damage. */
function damaged(cause: unknown): ArchiveError {
  if (cause instanceof ArchiveError) return cause;
  if (!(cause instanceof Error) || 'syscall' in cause) throw cause;
  // Of the reader's own code they say nothing to anyone.
  const isProgrammatic = cause instanceof TypeError || cause instanceof RangeError;
  return new ArchiveError({ problem: `damaged Parquet file${isProgrammatic ? '' : ` (${cause.message})`}` }, { cause });
}
