import { lstat, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';
import { compileGlob, expandBraces, fixedPart, isGlob } from './glob.js';
import { checkList, readNames } from './list.js';
import { inputOf } from './name.js';
import { type Shard, shardFilter } from './shard.js';
import type { Input } from './types.js';
import { type Entry, leadsToFolder, list, unlisted, walk } from './walk.js';

export interface InputOptions {
  /** Into folders below a folder; on where nothing is said. */
  readonly recursive?: boolean;
  readonly hidden?: boolean;
  /** Patterns; of those found in folders only what fits one of them is taken. Without a `/`, of the last part of a name. */
  readonly include?: readonly string[];
  /** Patterns of what is left out, folders too. */
  readonly exclude?: readonly string[];
  /** Lists of files: paths, or `-` for stdin. */
  readonly filesFrom?: readonly string[];
  /** What ends a name in a list. */
  readonly separator?: 'nul' | 'newline';
  readonly shard?: Shard;
  /** What `-` stands for. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Fetches an argument that is an address, or throws ImageError; left out, addresses are refused. */
  readonly fetch?: (address: string) => Promise<Uint8Array>;
}

const ADDRESS = /^https?:\/\//i;

/** Of one picture on stdin. */
const MOST_STDIN_BYTES = 2 ** 28;

/**
 * What the arguments and lists name, in order: files as they are, folders walked, patterns that match no file by name
 * expanded, `-` read from stdin. The same path comes once. Names in lists are files, never folders or patterns.
 * Throws UsageError for a pattern that is none, a list that cannot be read, or a name that Node.js has lost.
 */
export async function* findInputs(names: readonly string[], options: InputOptions = {}): AsyncGenerator<Input> {
  const seen = new Set<string>();
  for (const list of options.filesFrom ?? []) if (list !== '-') await checkList(list);
  const isInShard = options.shard && (await shardFilter(options.shard));
  for await (const input of allInputs(names, options)) {
    const key = keyOf(input);
    if (seen.has(key)) continue;
    seen.add(key);
    if (!isInShard || isInShard(input)) yield input;
  }
}

/** The absolute path, of a file; links are not resolved, so two names of one file are two inputs. */
function keyOf({ path, bytes, fetch }: Input): string {
  if (bytes || fetch) return `\0${path}`;
  if (typeof path === 'string') return resolve(path);
  // A character for each byte, in the folder's name too.
  return `\0\0${resolve(Buffer.from(process.cwd()).toString('latin1'), path.toString('latin1'))}`;
}

async function* allInputs(names: readonly string[], options: InputOptions): AsyncGenerator<Input> {
  const { filesFrom = [], separator = 'newline', stdin } = options;
  for (const name of names) yield* fromArgument(name, options);
  for (const list of filesFrom) {
    if (list === '-' && !stdin) throw new UsageError('--files-from -: no stdin here, expected a file');
    for await (const name of readNames(list === '-' ? stdin! : list, separator)) yield inputOf(name);
  }
}

async function* fromArgument(name: string, options: InputOptions): AsyncGenerator<Input> {
  if (name === '-' && options.stdin) {
    yield { file: '-', path: '-', bytes: await readAll(options.stdin) };
    return;
  }
  const { fetch } = options;
  if (fetch && ADDRESS.test(name)) {
    yield { file: name, path: name, fetch: () => fetch(name) };
    return;
  }
  const kind = await kindOf(name);
  const input: Input = { file: name, path: name };
  if (kind === 'folder') yield* walk(input, walkOptions(options));
  else if (kind === 'missing' && name.includes('\ufffd')) {
    throw new UsageError(
      `${printable(name)}: the name is not UTF-8 and Node.js has lost its bytes, expected its folder, or a list by --files-from`,
    );
  } else if (kind === 'missing' && ADDRESS.test(name)) {
    throw new UsageError(`${printable(name)}: an address, expected --allow-url to fetch it, or a file`);
  } else if (kind === 'missing' && isGlob(name)) {
    const flaw = flawOf(name);
    if (flaw === undefined) yield* expand(name, options);
    else yield { ...input, fault: { code: 'not-found', message: flaw } };
  } else yield input;
}

/** What is wrong with a pattern. A name such as `a[1.jpg` is one too, and of a file that is gone it must not end a batch. */
function flawOf(pattern: string): string | undefined {
  try {
    for (const part of partsOf(pattern)) compileGlob(part);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** The parts of the patterns that one stands for, one after the other. A set in brackets ends with its part, as in a shell. */
function partsOf(pattern: string): readonly string[] {
  return expandBraces(pattern).flatMap((each) => each.split('/'));
}

async function kindOf(name: string): Promise<'folder' | 'missing' | 'other'> {
  try {
    return (await stat(name)).isDirectory() ? 'folder' : 'other';
  } catch {
    // A link to nowhere is there.
    return (await lstat(name).catch(() => undefined)) ? 'other' : 'missing';
  }
}

function walkOptions({ recursive, hidden, include = [], exclude = [] }: InputOptions) {
  const included = include.map((pattern) => (isOfFolders(pattern) ? compileInside(pattern) : compileFor(pattern)));
  const excluded = exclude.filter((pattern) => !isOfFolders(pattern)).map(compileFor);
  const closed = exclude.filter(isOfFolders).map((pattern) => compileFor(withoutSlash(pattern)));
  const fitsOneOf = (tests: typeof excluded, name: string) => tests.some((fits) => fits(name));
  return {
    ...(recursive !== undefined && { recursive }),
    ...(hidden !== undefined && { hidden }),
    accepts: (name: string) => (included.length === 0 || fitsOneOf(included, name)) && !fitsOneOf(excluded, name),
    enters: (name: string) => !fitsOneOf(excluded, name) && !fitsOneOf(closed, name),
  };
}

/** `photos/`: folders and no files. */
function isOfFolders(pattern: string): boolean {
  return pattern.endsWith('/');
}

function withoutSlash(pattern: string): string {
  return pattern.replace(/\/+$/, '');
}

/** `./a` and `/a` are `a`, in the folder itself. */
function withoutDotSlash(pattern: string): string {
  return pattern.replace(/^(?:\.?\/+)+/, '');
}

/** A pattern of names below a folder; without a `/` in it, of the last part of a name. */
function compileFor(pattern: string): (name: string) => boolean {
  const fits = compileGlob(withoutDotSlash(pattern));
  return pattern.includes('/') ? fits : (name) => fits(name.slice(name.lastIndexOf('/') + 1));
}

/** Of what is in the folders that a pattern fits. */
function compileInside(pattern: string): (name: string) => boolean {
  const folders = withoutSlash(pattern);
  return compileGlob(`${folders.includes('/') ? '' : '**/'}${withoutDotSlash(folders)}/**`);
}

/**
 * A pattern that the shell left alone, as the shell would have given it: files, and folders, which are walked. One that fits
 * nothing is an input that does not exist.
 */
async function* expand(pattern: string, options: InputOptions): AsyncGenerator<Input> {
  const whole = walkOptions(options);
  let found = false;
  for (const each of expandBraces(process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern)) {
    const base = fixedPart(each);
    const parts = each
      .slice(base.length)
      .split('/')
      .filter((part) => part !== '');
    const folder = { file: base || '.', path: base || '.' };
    for await (const input of match(folder, '', parts, { whole, foldersAlone: isOfFolders(each) })) {
      found = true;
      yield base === '' && typeof input.path === 'string' ? withoutDot(input.path) : input;
    }
  }
  if (!found) yield { file: pattern, path: pattern };
}

interface Matching {
  readonly whole: ReturnType<typeof walkOptions>;
  readonly foldersAlone: boolean;
}

/** What fits the parts of a pattern below a folder; `below` is its name from where the pattern begins. */
async function* match(
  folder: Input,
  below: string,
  [part, ...rest]: readonly string[],
  matching: Matching,
): AsyncGenerator<Input> {
  const { whole, foldersAlone } = matching;
  const { accepts, enters, hidden = false } = whole;
  if (part === undefined) {
    yield* walk(folder, whole);
    return;
  }
  const isAnyDepth = part === '**';
  if (isAnyDepth && rest.length === 0) {
    const isWanted = (test: (name: string) => boolean) => (name: string) => test(`${below}${name}`);
    yield* walk(folder, { hidden, accepts: isWanted(accepts), enters: isWanted(enters) });
    return;
  }
  if (isAnyDepth) yield* match(folder, below, rest, matching);
  const fits = compileGlob(isAnyDepth ? '*' : part);
  let entries: readonly Entry[];
  try {
    entries = await list(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') yield unlisted(folder, error);
    return;
  }
  for (const { name, input, isFolder, isLink } of entries) {
    if (!fits(name) || (name.startsWith('.') && !hidden && !part.startsWith('.'))) continue;
    const relative = `${below}${name}`;
    if (isAnyDepth) {
      if (isFolder && enters(relative)) yield* match(input, `${relative}/`, [part, ...rest], matching);
    } else if (isFolder || (isLink && (await leadsToFolder(input)))) {
      if (enters(relative)) yield* match(input, `${relative}/`, rest, matching);
    } else if (rest.length === 0 && !foldersAlone && accepts(relative)) yield input;
  }
}

/** `*.jpg` gives `a.jpg`, not `./a.jpg`. */
function withoutDot(path: string): Input {
  const name = path.replace(/^\.[\\/]/, '');
  return { file: name, path: name };
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    bytes += chunk.length;
    if (bytes > MOST_STDIN_BYTES) {
      throw new UsageError(`-: more than ${MOST_STDIN_BYTES} bytes on stdin, expected one picture`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
