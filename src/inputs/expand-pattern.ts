import { lstat } from 'node:fs/promises';
import { formatError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { compileGlob, expandBraces, fixedPart, UnfinishedPattern } from './glob.js';
import { isGlob, isOfFolders } from './glob-signs.js';
import { inputOf, nameBytes } from './name.js';
import type { Input } from './types.js';
import {
  type Entry,
  type FailedInput,
  joinNames,
  leadsToFolder,
  list,
  unlisted,
  type WalkOptions,
  walk,
} from './walk.js';

/** How folders are walked, with what is wanted of them. */
type FilteredWalk = WalkOptions & Required<Pick<WalkOptions, 'accepts' | 'enters'>>;

/** More names than anybody means. */
const MOST_NAMES = 1e6;

/**
 * The names that one with a range in braces stands for, such as `data-{000..099}.tar`: with as many digits as its ends are
 * written with. Of several ranges the first; undefined where there is none. Throws UsageError for more than MOST_NAMES.
 */
export function expandRange(name: string): Iterable<string> | undefined {
  const [, before, from, to, after] = /^((?:|.*?[^\\]))\{(\d{1,15})\.\.(\d{1,15})\}(.*)$/s.exec(name) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const [first, last] = [Number(from), Number(to)];
  if (Math.abs(last - first) >= MOST_NAMES) {
    throw new UsageError({ where: printable(name), problem: `expands to more than ${MOST_NAMES} names` });
  }
  // As in a shell: zeros in front of one end are for all.
  const digits = [from, to].some((end) => /^0\d/.test(end)) ? Math.max(from.length, to.length) : 0;
  const step = first <= last ? 1 : -1;
  return Array.from(
    { length: Math.abs(last - first) + 1 },
    (_, at) => `${before}${`${first + step * at}`.padStart(digits, '0')}${after}`,
  );
}

/** A name such as `a[1.jpg` is a pattern too, if none that can be used: of a file that is gone it must not end a batch. */
export async function* expandOrRefuse(name: string, walking: WalkOptions): AsyncGenerator<Input> {
  const pattern = process.platform === 'win32' ? name.replaceAll('\\', '/') : name;
  try {
    for (const part of expandBraces(pattern).flatMap((each) => each.split('/'))) compileGlob(part);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const details = error instanceof UnfinishedPattern ? { problem: 'no such file' } : error.details;
    const message = formatError({ ...details, where: printable(name) });
    yield { file: name, path: name, lost: 'root', error: { code: 'not-found', message } };
    return;
  }
  yield* expandPattern(pattern, { accepts: () => true, enters: () => true, ...walking });
}

/**
 * A pattern that the shell left alone, as the shell would have given it: files, and folders, which are walked. One that fits
 * nothing is an input that does not exist.
 */
async function* expandPattern(pattern: string, whole: FilteredWalk): AsyncGenerator<Input> {
  let found = false;
  for (const each of expandBraces(pattern)) {
    const base = fixedPart(each);
    const parts = each
      .slice(base.length)
      .split('/')
      .filter((part, at, all) => part !== '' && !(part === '**' && all[at + 1] === '**'));
    const matching = { whole, foldersAlone: isOfFolders(each), seen: new Set<string>() };
    for await (const input of match({ file: base, path: base }, '', parts, matching)) {
      found = true;
      yield input;
    }
  }
  if (found) return;
  const message = formatError({ where: printable(pattern), problem: 'nothing matches this pattern' });
  yield { file: pattern, path: pattern, lost: 'root', error: { code: 'not-found', message } };
}

interface Matching {
  readonly whole: FilteredWalk;
  readonly foldersAlone: boolean;
  /** Folders with the parts that were left: several `**` lead there in many ways. */
  readonly seen: Set<string>;
}

/** What fits the parts of a pattern below a folder; `below` is its name from where the pattern begins. */
async function* match(
  folder: Input,
  below: string,
  parts: readonly string[],
  matching: Matching,
): AsyncGenerator<Input> {
  const { whole, foldersAlone, seen } = matching;
  const { accepts, enters, hidden = false } = whole;
  const [part, ...rest] = parts;
  const key = `${parts.length} ${nameBytes(folder).toString('latin1')}`;
  if (seen.has(key)) return;
  seen.add(key);
  if (part === undefined) {
    yield* walk(folder, whole);
    return;
  }
  const isAnyDepth = part === '**';
  if (isAnyDepth && rest.length === 0) {
    const isWanted = (test: (name: string) => boolean) => (name: string) => test(`${below}${name}`);
    const found = walk(folder, { hidden, accepts: isWanted(accepts), enters: isWanted(enters) });
    // The pattern names them.
    for await (const { isFound: _, ...input } of found) yield input;
    return;
  }
  if (isAnyDepth) yield* match(folder, below, rest, matching);
  for await (const entry of entriesFor(isAnyDepth ? '*' : part, folder)) {
    if ('error' in entry) {
      yield entry;
      continue;
    }
    const { name, input, isFolder, isLink } = entry;
    if (name.startsWith('.') && !hidden && !part.startsWith('.')) continue;
    const relative = `${below}${name}`;
    if (isAnyDepth) {
      if (isFolder && enters(relative)) yield* match(input, `${relative}/`, parts, matching);
    } else if (isFolder || (isLink && (await leadsToFolder(input)))) {
      if (enters(relative)) yield* match(input, `${relative}/`, rest, matching);
    } else if (rest.length === 0 && !foldersAlone && accepts(relative)) yield input;
  }
}

/** Those of a folder that fit one part; one that is no pattern is looked for by its name. */
async function* entriesFor(part: string, folder: Input): AsyncGenerator<Entry | FailedInput> {
  if (!isGlob(part) && !part.includes('\\')) {
    const input = inputOf(joinNames(nameBytes(folder), Buffer.from(part)));
    const isThere = await lstat(input.path).catch(() => undefined);
    if (isThere) yield { name: part, input, isFolder: isThere.isDirectory(), isLink: isThere.isSymbolicLink() };
    return;
  }
  const fits = compileGlob(part);
  try {
    for (const entry of await list(folder)) if (fits(entry.name)) yield entry;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') yield unlisted(folder, error);
  }
}
