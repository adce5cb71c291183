import { rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ModelFacts } from '../domain/classification.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { isJsonObject } from '../untrusted-data/json-object.js';
import {
  type DoneRecord,
  optionValue,
  readDone,
  readSmallJson,
  recordedOptions,
  removeBeside,
  removeDone,
  replaceJson,
  unequalOptions,
} from './done-file.js';
import { isSameModel } from './read-rows.js';
import { hashFile } from './tasks-to-do.js';

type Options = DoneRecord['options'] & { readonly model: ModelFacts };

/** What decides the rows of a run. */
export interface BegunRun {
  /** Those of a `DoneRecord`. */
  readonly options: Options;
  /** Names of those that a run which resumes may change. */
  readonly changeable: readonly string[];
}

/** `FILE.options` records the options of a run until its rows are complete; then `FILE.done` does. */
export function begunPath(output: string): string {
  return `${output}.options`;
}

export interface BegunRows {
  /** Names of options that differ from those of the rows that stay; undefined where these are not known. */
  readonly changed: readonly string[] | undefined;
  /** When `noteOptions` is to be called, so that the file never has rows of other options than those that are noted. */
  readonly note: 'at once' | 'with the first row' | 'never';
}

/**
 * What a run does before it changes `output`: compares its options with those of the rows that stay, and takes away the mark of
 * a finished file.
 * @param resumes whether the rows that are there stay
 * @throws UsageError where rows that stay were made with other options
 */
export function beginRows(output: string, run: BegunRun, resumes: boolean): BegunRows {
  const hasRows = (statSync(output, { throwIfNoEntry: false })?.size ?? 0) > 0;
  if (!hasRows || !resumes) {
    // Otherwise rows of this run would be taken for rows with the options of an earlier one.
    removeBeside(output, begunPath(output));
    removeDone(output);
    return { changed: [], note: hasRows ? 'with the first row' : 'at once' };
  }
  const finished = readDone(output)?.options;
  const known = finished ?? readBegun(output);
  const changed = known && compare(output, known, { ...run, options: recordedOptions(run.options) as Options });
  if (finished) replaceBegun(output, finished);
  removeDone(output);
  return { changed, note: known ? 'at once' : 'never' };
}

/** From now on, the rows of `output` are those of the run. */
export function noteOptions(output: string, { options }: BegunRun): void {
  const file = statSync(output, { throwIfNoEntry: false });
  if (!file || file.isFile()) replaceBegun(output, recordedOptions(options));
}

function replaceBegun(output: string, options: DoneRecord['options']): void {
  try {
    replaceJson(begunPath(output), { options });
  } catch {
    // A folder that cannot be written: FILE.done cannot be written either, which is reported at the end.
  }
}

/** Called when FILE.done is there. */
export function removeBegun(output: string): void {
  try {
    rmSync(begunPath(output), { force: true });
  } catch {
    // A leftover does no harm: FILE.done is read first.
  }
}

function readBegun(output: string): DoneRecord['options'] | undefined {
  const begun = readSmallJson(begunPath(output));
  return isJsonObject(begun) && isJsonObject(begun.options) ? begun.options : undefined;
}

function compare(output: string, known: DoneRecord['options'], { options, changeable }: BegunRun): readonly string[] {
  const names = unequalOptions(known, options);
  const refused = names.filter((name) => name !== 'model' && !changeable.includes(name));
  const model = isJsonObject(known.model) ? known.model : undefined;
  const isOtherModel = model && !isSameModel(model as unknown as ModelFacts, options.model);
  if (refused.length === 0 && !isOtherModel) return names;
  const changes = changesOf(refused, known, options);
  if (isOtherModel) {
    const facts = { ...options.model };
    changes.push(...changesOf(unequalOptions(model, facts), model, facts));
  }
  throw new UsageError({
    where: '--resume',
    problem: printable(`the rows in ${output} were made with other options: ${changes.join('; ')}`),
    remedy: 'use the same options, or --overwrite to start again',
  });
}

function changesOf(names: readonly string[], old: DoneRecord['options'], own: DoneRecord['options']): string[] {
  return names.map((name) => `${name} was ${optionValue(old, name)} and is ${optionValue(own, name)}`);
}

/** Options whose values name files that decide the rows. */
const FILE_OPTIONS = ['--weights', '--labels'];

/** The same options with what is in files, wherever they lie, in place of their paths. */
export async function withContents(options: DoneRecord['options']): Promise<DoneRecord['options']> {
  const entries = Object.entries(options).map(async ([name, value]) => {
    if (!FILE_OPTIONS.includes(name)) return [name, value] as const;
    return [name, await (Array.isArray(value) ? Promise.all(value.map(contentOf)) : contentOf(value))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function contentOf(path: unknown): Promise<unknown> {
  if (typeof path !== 'string') return path;
  try {
    return statSync(path).isFile() ? `${basename(path)}, sha256 ${await hashFile(path)}` : path;
  } catch {
    return path;
  }
}
