import { stat } from 'node:fs/promises';
import {
  type ArchiveFacts,
  type ModelFacts,
  type Origin,
  type RecordError,
  SKIPPED,
} from '../domain/classification.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { openReplacement, type Replacement } from '../files/replacement.js';
import { isJsonObject } from '../untrusted-data/json-object.js';
import { isSameModel, parseRow, readRows, rowName } from './read-rows.js';
import { type Done, keyOf, readMeta } from './tasks-to-do.js';
import type { Meta } from './types.js';

/** Errors that may be gone the next time without any change to the file. */
const PASSING = new Set(['unreadable', 'timeout', 'decoder-crashed', 'not-fetched']);

export interface KeepOptions {
  /** Rows of errors go as well. */
  readonly retry?: boolean;
  /** Rows without a SHA-256 go. */
  readonly hash?: boolean;
  /** Whether this run takes files that end early. */
  readonly lenient?: boolean;
  /** Names of options that are not those of the earlier run; left out where those are not known. */
  readonly changed?: readonly string[] | undefined;
}

/** A row of an earlier run, as far as it tells whether it still holds. */
export interface KnownRow {
  readonly key: string;
  readonly path: string | Buffer;
  readonly meta: Meta | undefined;
  readonly error: RecordError | undefined;
  readonly truncated: boolean;
}

/** Decides, row by row, which of an earlier run still hold: of two for one name the first. */
export class RowSelection {
  readonly done = new Map<string, RecordError | undefined>();
  readonly #options: KeepOptions;

  constructor(options: KeepOptions) {
    this.#options = options;
  }

  /** Whether it is one of those that stay. */
  async keeps(row: KnownRow): Promise<boolean> {
    if (this.done.has(row.key) || !(await holds(row, this.#options))) return false;
    this.done.set(row.key, row.error);
    return true;
  }
}

/**
 * Reads the rows of an earlier run and leaves in the file only those that still hold: an incomplete last line goes, and
 * rows of files that have changed since, or whose error may have passed. Of two rows for one name the first stays.
 * @param read throws UsageError where a row is none of ours, or another model's
 */
export async function keepValidRows(
  output: string,
  read: (text: string, where: string) => KnownRow,
  options: KeepOptions = {},
): Promise<Done> {
  const selection = new RowSelection(options);
  if ((await sizeOf(output)) === 0) return selection.done;
  const kept = beginReplacement(output);
  try {
    let line = 0;
    for await (const { text, isWhole } of readRows(output)) {
      line++;
      if (!isWhole) break;
      if (await selection.keeps(read(text, `${printable(output)}:${line}`))) kept.write(`${text}\n`);
    }
    kept.commit();
  } finally {
    kept.abandon();
  }
  return selection.done;
}

/** Beside the file that a run resumes. Throws UsageError. */
export function beginReplacement(output: string): Replacement {
  try {
    return openReplacement(output);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      {
        where: `--output ${printable(output)}`,
        problem: `--resume cannot create a file beside it (${code})`,
      },
      { cause },
    );
  }
}

/** A row of `model`. Throws UsageError. */
export function readRow(text: string, where: string, model: ModelFacts): KnownRow {
  const row = parseRow(text, where);
  if (!isSameModel(row.model, model)) {
    throw new UsageError({
      where,
      problem: 'the result of another model',
      expected: `one of ${model.weights} at ${model.resolution}×${model.resolution} in ${model.dtype}`,
    });
  }
  return knownRow(row);
}

/** Fields beside those of a row's origin may be anything. */
export function knownRow(row: Origin & { readonly error?: RecordError; readonly truncated?: unknown }): KnownRow {
  const path = row.fileBase64 === undefined ? row.file : rowName(row);
  const { size, mtime, sha256, archive } = row as { readonly [Field in keyof Meta]?: unknown };
  const meta =
    typeof size === 'number' && typeof mtime === 'number'
      ? { size, mtime, ...(typeof sha256 === 'string' && { sha256 }), ...(isArchive(archive) && { archive }) }
      : undefined;
  return { key: keyOf(path), path, meta, error: row.error, truncated: !row.error && row.truncated === true };
}

/** Of a file that is gone the row stays, if it was there then. */
async function holds({ path, meta, error, truncated }: KnownRow, options: KeepOptions): Promise<boolean> {
  const { retry = false, hash = false, lenient = false, changed } = options;
  // What ends early is an error or a row, as this run is asked to.
  if (lenient ? error?.code === 'corrupt' : truncated) return false;
  if (error?.code === 'too-large' && (!changed || changed.includes('--max-pixels'))) return false;
  if (error && error.code !== SKIPPED && (retry || PASSING.has(error.code))) return false;
  if (hash && meta && meta.sha256 === undefined) return false;
  // What an archive has follows from the archive alone.
  if (meta?.archive) {
    const { archive } = meta;
    const whole = await readMeta(archive.fileBase64 === undefined ? archive.file : rowName(archive), false);
    return whole === undefined || isSame(whole, archive);
  }
  const now = await readMeta(path, meta?.sha256 !== undefined);
  return now === undefined || isSame(now, meta);
}

function isSame(now: Meta, then: Meta | undefined): boolean {
  if (then === undefined || now.size !== then.size) return false;
  return now.sha256 !== undefined && then.sha256 !== undefined ? now.sha256 === then.sha256 : now.mtime === then.mtime;
}

function isArchive(value: unknown): value is ArchiveFacts {
  if (!isJsonObject(value)) return false;
  return typeof value.file === 'string' && typeof value.size === 'number' && typeof value.mtime === 'number';
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
