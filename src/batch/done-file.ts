import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../errors/errors.js';
import { describeWriteError } from '../errors/file-errors.js';
import { printable } from '../errors/printable.js';
import { openReplacement } from '../files/replacement.js';
import { isJsonObject } from '../untrusted-data/json-object.js';

/** What `FILE.done` says of the finished file of rows beside it. */
export interface DoneRecord {
  /** All inputs of the run: classified, failed, and files in folders that are not images. */
  readonly inputs: number;
  readonly classified: number;
  readonly failed: number;
  readonly notImages: number;
  /** Of the file, those that an earlier run left in it among them. */
  readonly rows: number;
  readonly bytes: number;
  /** `3/64`; null where the command took all inputs. */
  readonly shard: string | null;
  /** Options that decide which rows there are and what they say. */
  readonly options: Readonly<Record<string, unknown>>;
  /** SHA-256 of `options` as JSON, in hexadecimal digits. */
  readonly digest: string;
  /** Of the package that wrote the rows. */
  readonly version: string;
}

/** Nothing that we write is longer. */
const MOST_BYTES = 2 ** 20;
/** Longer values of options, such as thousands of names, are kept as their SHA-256. */
const MOST_VALUE_LENGTH = 1000;

export function donePath(output: string): string {
  return `${output}.done`;
}

/** What a run does before it changes `output`, which is not finished from now on. Throws UsageError. */
export function removeDone(output: string): void {
  removeBeside(output, donePath(output));
}

/** Removes a file beside `output` that no longer describes it. Throws UsageError where it cannot be removed. */
export function removeBeside(output: string, path: string): void {
  try {
    if (existsSync(path)) rmSync(path, { force: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem = code === 'ERR_FS_EISDIR' ? 'is a folder' : `cannot be removed (${code})`;
    throw new UsageError(
      { where: `--output ${printable(output)}`, problem: `${printable(path)} ${problem}` },
      { cause },
    );
  }
}

/**
 * Says that all rows are in `output`; nothing where that is no regular file.
 * @param onProblem told in one line where the file cannot be written: the rows are there all the same
 * @returns whether the file was written
 */
export function writeDone(
  output: string,
  record: Omit<DoneRecord, 'bytes' | 'digest'>,
  onProblem: (problem: string) => void,
): boolean {
  try {
    const written = statSync(output);
    if (written.isFile()) replaceDone(output, record, written.size);
    return written.isFile();
  } catch (error) {
    onProblem(`${donePath(output)}: ${describeWriteError(error)}`);
    return false;
  }
}

function replaceDone(output: string, record: Omit<DoneRecord, 'bytes' | 'digest'>, bytes: number): void {
  const options = recordedOptions(record.options);
  const digest = hash(JSON.stringify(options));
  const done: DoneRecord = { ...record, bytes, options, digest };
  replaceJson(donePath(output), done);
}

/** Throws as `openSync` does. */
export function replaceJson(path: string, value: unknown): void {
  const file = openReplacement(path);
  try {
    file.write(`${JSON.stringify(value, null, 2)}\n`);
    file.commit();
  } finally {
    file.abandon();
  }
}

/** As they are written to files: sorted by name, long values as hashes. */
export function recordedOptions(options: DoneRecord['options']): DoneRecord['options'] {
  return Object.fromEntries(
    Object.entries(options)
      .map(([name, value]) => [name, shorten(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Names of options that are not the same. */
export function unequalOptions(one: DoneRecord['options'], other: DoneRecord['options']): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}

/** An option's value, for messages. */
export function optionValue(options: DoneRecord['options'], name: string): string {
  return JSON.stringify(options[name]) ?? 'not given';
}

function shorten(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length > MOST_VALUE_LENGTH ? `sha256 ${hash(text)}` : value;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Undefined where there is none that can be read. */
export function readDone(output: string): DoneRecord | undefined {
  const done = readSmallJson(donePath(output));
  return isDone(done) ? done : undefined;
}

/** Undefined where there is none that can be read. */
export function readSmallJson(path: string): unknown {
  try {
    return statSync(path).size > MOST_BYTES ? undefined : JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isDone(done: unknown): done is DoneRecord {
  return (
    isJsonObject(done) &&
    [done.inputs, done.classified, done.failed, done.notImages, done.rows, done.bytes].every(Number.isSafeInteger) &&
    (done.shard === null || (typeof done.shard === 'string' && /^\d{1,6}\/\d{1,6}$/.test(done.shard))) &&
    isJsonObject(done.options) &&
    typeof done.digest === 'string' &&
    typeof done.version === 'string'
  );
}

/**
 * Why files of rows are not all of `expected` parts, each a line for people: parts that are missing, not finished, changed
 * since they were finished, or made with other options than the first.
 */
export function findIncomplete(parts: readonly string[], expected: number): readonly string[] {
  const problems: string[] = [];
  const shards = new Map<number, string>();
  let first: { readonly part: string; readonly done: DoneRecord } | undefined;
  const seen = new Set<string>();
  for (const part of parts) {
    const name = printable(part);
    if (!existsSync(part)) {
      problems.push(`${name}: no such file`);
      continue;
    }
    const path = realpathSync(part);
    if (seen.has(path)) {
      problems.push(`${name}: given more than once`);
      continue;
    }
    seen.add(path);
    const done = readDone(part);
    if (!done) {
      problems.push(`${name}: not finished (there is no valid ${printable(donePath(part))})`);
      continue;
    }
    first ??= { part, done };
    problems.push(...differences(part, done, first));
    if (done.shard === null) continue;
    const [shard, count] = done.shard.split('/').map(Number) as [number, number];
    if (count !== expected) problems.push(`${name}: shard ${done.shard}; expected a shard of ${expected}`);
    else if (shards.has(shard)) problems.push(`${name}: shard ${done.shard}, like ${printable(shards.get(shard)!)}`);
    else shards.set(shard, part);
  }
  return [...problems, ...missing(parts, expected, shards)];
}

function differences(
  part: string,
  done: DoneRecord,
  first: { readonly part: string; readonly done: DoneRecord },
): readonly string[] {
  const name = printable(part);
  const other = printable(first.part);
  const found: string[] = [];
  const { size } = statSync(part);
  if (size !== done.bytes) {
    const change = size < done.bytes ? 'rows are missing' : 'it has changed since it was finished';
    found.push(`${name}: ${change}: ${size} bytes, but ${done.bytes} (${done.rows} rows) when it was finished`);
  }
  if (done.version !== first.done.version) {
    found.push(`${name}: written by version ${done.version}, but ${other} by ${first.done.version}`);
  }
  if ((done.shard === null) !== (first.done.shard === null)) {
    found.push(`${name}: made ${done.shard === null ? 'without' : 'with'} --shard, unlike ${other}`);
  }
  if (done.digest !== first.done.digest) {
    const values = unequalOptions(done.options, first.done.options).map((option) => {
      const [here, there] = [done, first.done].map(({ options }) => optionValue(options, option));
      return `${option} is ${here}, there ${there}`;
    });
    found.push(printable(`${name}: made with other options than ${other}: ${values.join('; ')}`));
  }
  return found;
}

function missing(parts: readonly string[], expected: number, shards: ReadonlyMap<number, string>): readonly string[] {
  if (shards.size === 0) {
    return parts.length === expected
      ? []
      : [`${parts.length} ${parts.length === 1 ? 'part was' : 'parts were'} given; expected ${expected}`];
  }
  const absent = Array.from({ length: expected }, (_, index) => index + 1).filter((shard) => !shards.has(shard));
  return absent.map((shard) => `shard ${shard}/${expected}: no finished part was given`);
}
