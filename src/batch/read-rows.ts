import { accessSync, constants, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { ModelFacts, Origin, RowRecord } from '../domain/classification.js';
import { UsageError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { printable } from '../errors/printable.js';
import { endWith, openStream } from '../inputs/stream.js';
import { isJsonObject } from '../untrusted-data/json-object.js';

/** No row is longer: a name, a message, and predictions for all of ImageNet. */
const MOST_ROW_BYTES = 2 ** 24;

/** The lines of a file of rows, `-` for stdin; one that does not end was being written when its process was killed. Throws UsageError, where `until` comes too. */
export async function* readRows(
  path: string,
  until?: AbortSignal,
): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of path === '-' ? openStdin(until) : await openStream(path, until)) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a, from)) {
        yield { text: rest.toString('utf8', from, at), isWhole: true };
        from = at + 1;
      }
      rest = rest.subarray(from);
      if (rest.length > MOST_ROW_BYTES)
        throw new UsageError({
          where: printable(path),
          problem: `a line of more than ${MOST_ROW_BYTES / 2 ** 20} MiB`,
          expected: 'JSONL',
        });
    }
  } catch (cause) {
    throw cause instanceof UsageError ? cause : unreadable(path, cause);
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), isWhole: false };
}

function openStdin(until: AbortSignal | undefined): Readable {
  endWith(process.stdin, until);
  return process.stdin;
}

/** Throws UsageError, as reading it would, for a file that may not be read. */
export function checkRows(path: string): void {
  if (path === '-') return;
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  return new UsageError({ where: printable(path), problem: describeReadError(cause) }, { cause });
}

/** A row's own fields, those that are not known here among them. */
export type Row = RowRecord & { readonly model: ModelFacts };

/** Throws UsageError for a line that is no row, or does not name its model; `where` names file and line. */
export function parseRow(text: string, where: string): Row {
  const row = parseAnyRow(text, where);
  if (hasModel(row)) return row;
  throw new UsageError({
    where,
    problem: 'the row does not name its model',
    expected: 'rows written without --no-model',
  });
}

/** The same for rows that need not name their model. */
export function parseAnyRow(text: string, where: string): RowRecord & Partial<Row> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      { where, problem: 'not JSON', expected: 'a row of mobilenet classify --format jsonl' },
      { cause },
    );
  }
  if (isRow(row)) return row;
  throw new UsageError({ where, problem: 'not a result', expected: 'a row of mobilenet classify --format jsonl' });
}

function hasModel(row: RowRecord & Partial<Row>): row is Row {
  return row.model !== undefined;
}

/** Rows of earlier versions have no `trainedResolution`, which alone makes no other model. */
export function isSameModel(one: ModelFacts, other: ModelFacts): boolean {
  const [{ trainedResolution, ...facts }, { trainedResolution: otherTrained, ...otherFacts }] = [one, other];
  const isOlder = trainedResolution === undefined || otherTrained === undefined;
  return (isOlder || trainedResolution === otherTrained) && isDeepStrictEqual(facts, otherFacts);
}

/** The bytes of a row's name. */
export function rowName({ file, fileBase64 }: Pick<Origin, 'file' | 'fileBase64'>): Buffer {
  return fileBase64 === undefined ? Buffer.from(file) : Buffer.from(fileBase64, 'base64');
}

function isRow(row: unknown): row is RowRecord & Partial<Row> {
  if (!isJsonObject(row) || typeof row.file !== 'string') return false;
  if (!['undefined', 'string'].includes(typeof row.fileBase64)) return false;
  if (row.model !== undefined && !(isJsonObject(row.model) && typeof row.model.network === 'string')) return false;
  if ('error' in row) {
    return isJsonObject(row.error) && typeof row.error.code === 'string' && typeof row.error.message === 'string';
  }
  return Array.isArray(row.predictions) && row.predictions.every(isPrediction) && isUnknownOrNot(row.unknown);
}

function isUnknownOrNot(value: unknown): boolean {
  return (
    value === undefined || (isJsonObject(value) && Number.isFinite(value.distance) && Number.isFinite(value.threshold))
  );
}

function isPrediction(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { index, id, label, probability, rank, classes } = value;
  return (
    (isWhole(index) || (index === null && isWhole(classes))) &&
    (id === null || typeof id === 'string') &&
    typeof label === 'string' &&
    Number.isFinite(probability) &&
    (rank === undefined || isWhole(rank))
  );
}

function isWhole(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
