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

/** `FILE.options` has the options of a file of rows until it is finished: then `FILE.done` has them. */
export function begunPath(output: string): string {
  return `${output}.options`;
}

/**
 * What a run does before it changes `output`: notes its options, so that one which resumes it can tell whether it would give the
 * same rows, and takes away the mark of a finished file.
 * @param resumes whether the rows that are there stay
 * @returns names of options that have changed since those rows; undefined where nothing says how they were made
 * @throws UsageError where rows that stay were made with other options
 */
export function beginRows(output: string, run: BegunRun, resumes: boolean): readonly string[] | undefined {
  const options = recordedOptions(run.options);
  const old = statSync(output, { throwIfNoEntry: false });
  const hasRows = resumes && old !== undefined && old.size > 0;
  const known = hasRows ? (readDone(output)?.options ?? readBegun(output)) : undefined;
  const changed = known && compare(output, known, { ...run, options: options as Options });
  if (!old || old.isFile()) {
    try {
      // Without them nothing is known of rows that were made before.
      if (!hasRows || known) replaceJson(begunPath(output), { options });
    } catch {
      // In a folder that is not ours; the mark at the end cannot be made either, and that is said.
    }
  }
  removeDone(output);
  return hasRows ? changed : [];
}

/** The file that says it is finished is there now, or nothing needs to be known of it. */
export function removeBegun(output: string): void {
  try {
    rmSync(begunPath(output), { force: true });
  } catch {
    // A leftover does no harm: the other file comes first.
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
