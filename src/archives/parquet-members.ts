import type { RowGroup } from 'hyparquet';
import {
  type ArchiveEntry,
  ArchiveError,
  type ArchiveWishes,
  checkMemberSize,
  checkRatio,
  FEW_BYTES,
  START_BYTES,
} from './archive-types.js';
import { findColumns, plainValue, type TableColumns } from './parquet-columns.js';
import { MOST_PAGE_BYTES } from './parquet-limits.js';
import type { ParquetRow } from './parquet-messages.js';
import { ParquetReader } from './parquet-reader.js';

/** Of a row group: so many rows are made, whatever it holds. */
const MOST_ROWS = 2 ** 22;

/**
 * The images in a column of a Parquet file, a row group at a time: a column of structs with `bytes` and `path`, as Hugging
 * Face's datasets have, or one of binary values. A name is the number of the row, from 0, and the path where there is one.
 * @param wishes what is read of other columns
 * @param patience milliseconds for the metadata, and for a row group besides those that its bytes take
 */
export async function* parquetMembers(
  path: string | Buffer,
  wishes: ArchiveWishes,
  patience?: number,
): AsyncGenerator<ArchiveEntry> {
  const reader = new ParquetReader(path, patience);
  try {
    const { metadata, size } = await reader.readFacts();
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
        checkRatio(unpacked, size);
        yield* membersOf(await readRows(reader, { group, columns, start, end: row }), columns, start);
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
    reader.close();
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
  readonly group: RowGroup;
  readonly columns: TableColumns;
  readonly start: number;
  readonly end: number;
}

async function readRows(reader: ParquetReader, { group, columns, start, end }: Rows): Promise<ParquetRow[]> {
  const { image, truth, fields } = columns;
  const names = new Set([...(image ? [image.name] : []), ...(truth ? [truth.name] : []), ...fields]);
  if (names.size === 0) return Array.from({ length: end - start }, () => ({}));
  const bytes = Math.min(Math.max(0, Number(group.total_byte_size) || 0), MOST_PAGE_BYTES);
  return reader.readRows({ columns: [...names], start, end }, bytes);
}

function* membersOf(
  rows: ParquetRow[],
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
      async read(isWanted) {
        const start = bytes.subarray(0, START_BYTES);
        if (isWanted && bytes.length > FEW_BYTES && !isWanted(start)) return new Uint8Array(start);
        checkMemberSize(bytes.length);
        return new Uint8Array(bytes);
      },
    };
  }
}

/** What cannot be read is no damage. */
function damaged(cause: unknown): ArchiveError {
  if (cause instanceof ArchiveError) return cause;
  if (!(cause instanceof Error) || 'syscall' in cause) throw cause;
  if (/footer != PAR1/.test(cause.message)) {
    return new ArchiveError(
      { problem: 'the Parquet file is cut off: it has no metadata at its end', remedy: 'download or copy it again' },
      { cause },
    );
  }
  // Of the reader's own code they say nothing to anyone.
  const isProgrammatic = cause instanceof TypeError || cause instanceof RangeError;
  return new ArchiveError({ problem: `damaged Parquet file${isProgrammatic ? '' : ` (${cause.message})`}` }, { cause });
}
