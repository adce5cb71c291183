import { lstat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { UsageError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { printable, quoted } from '../errors/printable.js';
import { inputOf } from './name.js';
import { openStream } from './stream.js';
import { className } from './truth.js';
import type { Input } from './types.js';
import { joinNames } from './walk.js';

/** Some millions of rows. */
const MOST_TABLE_BYTES = 2 ** 28;

/** A row of a table of files and classes. */
export interface TruthRow {
  /** The bytes of the name. */
  readonly file: Buffer;
  readonly truth: string;
  /** File and row, for messages. */
  readonly where: string;
}

const FILE_HEADING = /^(files?|path|(file|image|picture|photo)[ _-]?(name|path|id|file)?|img|id)$/i;
const CLASS_HEADING =
  /^(labels?|class|category|truth|target|species|breed|synset|wnid|y|(class|label|category|true|synset)[ _-]?(name|label|class|id)|ground[ _-]?truth)$/i;

/**
 * A table of files and classes: cells with commas, semicolons or tabs between them (RFC 4180), or lines with one space. A
 * heading may name the two columns among others; without one there are two, the file first.
 * @throws UsageError for a file that cannot be read, or is no such table
 */
export async function readTruthTable(path: string, until?: AbortSignal): Promise<readonly TruthRow[]> {
  const where = printable(path);
  const text = (await readText(path, until)).replace(/^\xef\xbb\xbf/, '');
  if (text.includes('\0')) throw new UsageError({ where, problem: 'not a table', expected: 'CSV with file,class' });
  const firstLine = text.slice(0, text.search(/[\r\n]|$/));
  const delimiter = [',', ';', '\t'].find((each) => firstLine.includes(each)) ?? ' ';
  const { default: csv } = await import('papaparse');
  const { data, errors } = csv.parse<string[]>(text, { delimiter });
  const [error] = errors;
  if (error) {
    throw new UsageError({
      where: `${where}, row ${(error.row ?? 0) + 1}`,
      problem: 'a quote that does not end where its cell ends',
    });
  }
  const rows = data
    .map((cells, at) => ({ cells, where: `${where}, row ${at + 1}` }))
    .filter(({ cells }) => !isEmpty(cells));
  const columns = rows[0] && columnsOf(rows[0].cells);
  const body = columns ? rows.slice(1) : rows;
  if (body.length === 0) throw new UsageError({ where, problem: 'no rows', expected: 'CSV with file,class' });
  const { file, truth, count } = columns ?? { file: 0, truth: 1, count: 2 };
  return body.map(({ cells, where: row }) => {
    if (cells.length !== count) {
      throw new UsageError({
        where: row,
        problem: cells.length === 1 ? '1 cell' : `${cells.length} cells`,
        expected: columns ? `${count}, as in the heading` : 'two, file and class, or a heading that names them',
        ...(cells.length > count && { remedy: 'a cell that has commas in it stands in quotes' }),
      });
    }
    const name = bytesOf(cells[file]!);
    const label = className(bytesOf(cells[truth]!));
    if (name.length === 0 || label === '')
      throw new UsageError({ where: row, problem: name.length === 0 ? 'no file' : 'no class' });
    return { file: name, truth: label, where: row };
  });
}

function isEmpty(cells: readonly string[]): boolean {
  return cells.every((cell) => cell.trim() === '');
}

/** Which cells of a heading are which; undefined where it is none. */
function columnsOf(
  heading: readonly string[],
): { readonly file: number; readonly truth: number; readonly count: number } | undefined {
  const cells = heading.map((cell) => cell.trim());
  const file = cells.findIndex((cell) => FILE_HEADING.test(cell));
  const truth = cells.findIndex((cell, at) => at !== file && CLASS_HEADING.test(cell));
  return file < 0 || truth < 0 ? undefined : { file, truth, count: cells.length };
}

/** A character for each byte, as names need not be UTF-8; what delimits cells is ASCII. */
async function readText(path: string, until: AbortSignal | undefined): Promise<string> {
  const where = printable(path);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of await openStream(path, until)) {
      bytes += chunk.length;
      if (bytes > MOST_TABLE_BYTES) {
        throw new UsageError({
          where,
          problem: `more than ${MOST_TABLE_BYTES / 2 ** 20} MiB`,
          expected: 'CSV with file,class',
        });
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError({ where, problem: describeReadError(cause) }, { cause });
  }
  return Buffer.concat(chunks).toString('latin1');
}

function bytesOf(cell: string): Buffer {
  return Buffer.from(cell, 'latin1');
}

/**
 * The files of a table, with their classes. A relative name is one in a folder of `folders` that has it, or else in the
 * table's own folder. A file that is there nowhere is an input that cannot be opened.
 * @throws UsageError as `readTruthTable`, and for a file that has two classes
 */
export async function* inputsOfTable(
  table: string,
  folders: readonly string[],
  keyOf: (input: Input) => string,
  until?: AbortSignal,
): AsyncGenerator<Input> {
  const known = new Map<string, TruthRow>();
  const places = [...folders, dirname(table)].map((folder) => Buffer.from(folder === '.' ? '' : folder));
  for (const row of await readTruthTable(table, until)) {
    const input: Input = { ...(await findFile(row.file, places)), truth: row.truth };
    const key = keyOf(input);
    const before = known.get(key);
    if (before && before.truth !== row.truth) {
      throw new UsageError({
        where: row.where,
        problem: `${quoted(input.file)} is ${quoted(row.truth)} here and ${quoted(before.truth)} in ${before.where}`,
        expected: 'one class for each file',
      });
    }
    known.set(key, row);
    yield input;
  }
}

async function findFile(file: Buffer, places: readonly Buffer[]): Promise<Input> {
  if (isAbsolute(file.toString('latin1'))) return inputOf(file);
  for (const place of places) {
    const input = inputOf(joinNames(place, file));
    if (await lstat(input.path).catch(() => undefined)) return input;
  }
  return inputOf(joinNames(places[0]!, file));
}
