import type { FailedRecord, Origin, PictureFacts, Timing } from '../domain/classification.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { type ErrorDetails, UsageError } from '../errors/errors.js';
import { isJsonObject } from '../untrusted-data/json-object.js';

/** What a file of names, or of vectors in JSON lines, says of a picture that has a vector. */
export interface VectorRow extends Origin, PictureFacts {
  readonly ms: Timing;
  /** Of a row in a file of names: `vectorCheck` of its vector in the `.npy` file. */
  readonly check?: string;
  /** Upright size in pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** The file of names that belongs to a `.npy` file: a line with the space, then one for each picture, in order. */
export function namesFileOf(npy: string): string {
  return `${npy.replace(/\.npy$/i, '')}.names.jsonl`;
}

/** Throws UsageError for a line that does not begin a file of names. */
export function parseSpaceLine(text: string, where: string): VectorSpace {
  const { space } = parseLine(text, where) as { readonly space?: unknown };
  if (!isSpace(space)) throw notOurs(where, 'does not say what the vectors are');
  return space;
}

/** A picture's row in a file of names. Throws UsageError for what is none. */
export function parseNameRow(text: string, where: string): VectorRow | FailedRecord {
  const row = parseLine(text, where);
  if (!isOrigin(row)) throw notOurs(where, 'not the row of an image');
  if (isError(row) || typeof row.check === 'string') return row as object as VectorRow | FailedRecord;
  throw notOurs(where, 'neither the check of a vector nor an error');
}

/** A row that has its vector and its space. Throws UsageError for what is none. */
export function parseVectorLine(text: string, where: string): (VectorRow | FailedRecord) & { space: VectorSpace } {
  const row = parseLine(text, where);
  if (!isOrigin(row) || !isSpace(row.space)) throw notOurs(where, 'not the row of an image');
  if (!isError(row) && !Array.isArray(row.vector)) throw notOurs(where, 'neither a vector nor an error');
  return row as object as (VectorRow | FailedRecord) & { space: VectorSpace };
}

/** Throws UsageError where vectors cannot stand beside those of `space` in one file. */
export function checkSpace(found: VectorSpace, space: VectorSpace, where: string): void {
  const difference = differenceOf(found, space);
  if (difference) throw new UsageError({ where, ...difference });
}

function differenceOf(found: VectorSpace, space: VectorSpace): Pick<ErrorDetails, 'problem' | 'expected'> | undefined {
  const expected = describeSpace(space);
  if (found.id !== space.id || found.length !== space.length) {
    return { problem: 'vectors of another model, layer, dtype or resolution', expected };
  }
  if (found.normalised !== space.normalised) {
    return { problem: 'vectors are normalised in one run and not in the other', expected };
  }
  if (found.fullDecode !== space.fullDecode) return otherOption('--full-decode', space.fullDecode);
  if (found.deterministic !== space.deterministic) return otherOption('--deterministic', space.deterministic);
  return undefined;
}

function otherOption(name: string, isGiven = false): Pick<ErrorDetails, 'problem' | 'expected'> {
  const [found, wanted] = isGiven ? ['without', 'with'] : ['with', 'without'];
  return { problem: `vectors made ${found} ${name}`, expected: `vectors made ${wanted} it` };
}

/** `normalised output of layer avg_pool of efficientnet_b0 (f32, 224 × 224)` */
export function describeSpace(space: VectorSpace): string {
  return `${space.normalised ? 'normalised' : 'raw'} ${describeOutput(space)}`;
}

/** The same for readers that normalise vectors themselves. */
export function describeOutput({ model, layer }: VectorSpace): string {
  const { weights, dtype, resolution } = model;
  return `output of layer ${layer} of ${weights} (${dtype}, ${resolution} × ${resolution})`;
}

function parseLine(text: string, where: string): Readonly<Record<string, unknown>> {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (cause) {
    throw new UsageError({ where, problem: 'not JSON', expected: 'a line of mobilenet embed' }, { cause });
  }
  if (!isJsonObject(line)) throw notOurs(where, 'not an object');
  return line;
}

function notOurs(where: string, problem: string): UsageError {
  return new UsageError({ where, problem, expected: 'a line of mobilenet embed' });
}

function isSpace(value: unknown): value is VectorSpace {
  if (!isJsonObject(value) || !isJsonObject(value.model)) return false;
  const { id, layer, length, normalised, model } = value;
  return (
    typeof id === 'string' &&
    typeof layer === 'string' &&
    Number.isInteger(length) &&
    typeof normalised === 'boolean' &&
    ['network', 'weights', 'dtype'].every((name) => typeof model[name] === 'string') &&
    Number.isInteger(model.resolution)
  );
}

function isOrigin(row: Readonly<Record<string, unknown>>): boolean {
  return typeof row.file === 'string' && ['undefined', 'string'].includes(typeof row.fileBase64);
}

function isError({ error }: Readonly<Record<string, unknown>>): boolean {
  return isJsonObject(error) && typeof error.code === 'string' && typeof error.message === 'string';
}
