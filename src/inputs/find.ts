import { isAbsolute, resolve } from 'node:path';
import type { ArchiveKind } from '../archives/archive-types.js';
import { recogniseArchive } from '../archives/recognise.js';
import { isNamedLikePicture } from '../domain/picture-names.js';
import { formatError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { lstat, stat } from '../files/file-calls.js';
import { isGlob } from './glob-signs.js';
import { checkList, readNames } from './list.js';
import { inputOf, isAddress, nameBytes } from './name.js';
import { SeenNames } from './seen-names.js';
import { type Shard, shardFilter } from './shard.js';
import { classOfName, type TruthSource } from './truth.js';
import type { Input } from './types.js';
import { type WalkOptions, walk } from './walk.js';

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
  /**
   * Where `truth` of each input comes from. With `folder`, arguments are folders of class folders; with a table, its files are
   * the inputs, and arguments are folders that they are in.
   */
  readonly truth?: TruthSource;
  /** What `-` stands for. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** What it is called, instead of `-`. */
  readonly stdinName?: string;
  /** stdin is a sequence of frames with a picture each, and the only source of inputs. */
  readonly frames?: boolean;
  /** Of files: those that are none of the inputs, wherever they are found. */
  readonly omits?: ((input: Input) => boolean) | undefined;
  /** Fields that are wanted of images in archives: of the JSON of their samples, or of the rows of a table. */
  readonly fields?: readonly string[];
  /** Off: of files in archives the names and true classes alone, without their bytes. */
  readonly contents?: boolean;
  /** Told once that there are inputs, be they of other shards. */
  readonly onFirst?: () => void;
  /** Nothing more is wanted: ends what still waits for lists. */
  readonly until?: () => AbortSignal;
  /** Fetches a name that is an address, or throws ImageError; left out, addresses are refused. */
  readonly fetch?: (address: string) => Promise<Uint8Array>;
}

/**
 * What the arguments and lists name, in order: files as they are, folders walked, patterns that match no file by name
 * expanded, `-` read from stdin. The same path comes once. Names in lists are files, never folders or patterns.
 * A root that leads nowhere belongs to every shard: whoever runs a part of them must see it.
 * Throws UsageError for a pattern that is none, a list that cannot be read, or a name that Node.js has lost.
 */
export async function* findInputs(names: readonly string[], options: InputOptions = {}): AsyncGenerator<Input> {
  if (options.frames) {
    yield* inputsOfFrames(options);
    return;
  }
  const seen = new SeenNames();
  for (const list of options.filesFrom ?? []) if (list !== '-') await checkList(list);
  const isInShard = options.shard && (await shardFilter(options.shard));
  const isInPart = (input: Input) => !isInShard || input.lost === 'root' || isInShard(input);
  let isFirst = true;
  /** The input, where it is new and in the part. */
  const take = async (input: Input): Promise<Input | undefined> => {
    const isNew = await seen.add(keyOf(input));
    if (!isNew && !input.member) return undefined;
    const own = isNew ? input : await repeatedMember(input);
    const isOwn = isInPart(own);
    // Looks at the file, so it comes last.
    if (!(isOwn || isFirst) || options.omits?.(input)) return undefined;
    if (isFirst) options.onFirst?.();
    isFirst = false;
    return isOwn ? withTruth(own, options) : undefined;
  };
  for await (const input of allInputs(names, options)) {
    const kind = archiveKind(input, options);
    if (!kind) {
      const taken = await take(input);
      if (taken) yield taken;
    } else if (await seen.add(keyOf(input))) {
      for await (const member of await membersOf(input, kind, isInPart, options)) {
        const taken = await take(member);
        if (taken) yield taken;
      }
    }
  }
}

/** Each frame is an input of its own, whatever its key. */
async function* inputsOfFrames({ stdin, onFirst }: InputOptions): AsyncGenerator<Input> {
  if (!stdin) throw new UsageError({ where: '--stdin-frames', problem: 'stdin is not available' });
  const { readFrames } = await import('./frames.js');
  let isFirst = true;
  for await (const input of readFrames(stdin)) {
    if (isFirst) onFirst?.();
    isFirst = false;
    yield input;
  }
}

/** Of a file that is named. One that is found in a folder is not entered, and the files of a table are images. */
function archiveKind(input: Input, { truth, omits }: InputOptions): ArchiveKind | undefined {
  if (typeof truth === 'object' || !isNamed(input)) return undefined;
  const kind = recogniseArchive(input.path);
  return kind && !omits?.(input) ? kind : undefined;
}

async function membersOf(input: Input, kind: ArchiveKind, isWanted: (input: Input) => boolean, options: InputOptions) {
  // Apart, as few inputs are archives.
  const { walkArchive } = await import('./archive.js');
  const { fields, truth, contents } = options;
  return walkArchive(input, kind, {
    ...(await walkOptions(options)),
    ...{ isWanted, ...(fields && { fields }), ...(truth && { truth }), ...(contents === false && { contents }) },
  });
}

/** A file that may be an archive: what is named like an image is one, or is said not to be. */
function isNamed({ file, isFound, bytes, fetch, error }: Input): boolean {
  return !isFound && !bytes && !fetch && !error && !isNamedLikePicture(file);
}

async function repeatedMember(input: Input): Promise<Input> {
  const { repeated } = await import('./archive.js');
  return repeated(input);
}

/** Other files in a folder, such as a README, are not named after a class. */
function withTruth(input: Input, { truth }: InputOptions): Input {
  const isNamed = truth === 'name' && (!input.isFound || isNamedLikePicture(input.file));
  return isNamed ? { ...input, truth: classOfName(input.file) } : input;
}

/** The absolute path, of a file; links are not resolved, so two names of one file are two inputs. */
function keyOf({ path, bytes, fetch, member }: Input): string {
  if (bytes || fetch || member) return `\0${nameBytes({ path }).toString('latin1')}`;
  if (typeof path === 'string') return resolve(path);
  // A character for each byte, in the folder's name too.
  return `\0\0${resolve(Buffer.from(process.cwd()).toString('latin1'), path.toString('latin1'))}`;
}

async function* allInputs(names: readonly string[], options: InputOptions): AsyncGenerator<Input> {
  const { filesFrom = [], separator = 'newline', stdin, until, truth } = options;
  if (typeof truth === 'object') {
    const archive = names.find((name) => recogniseArchive(name));
    if (archive !== undefined) {
      throw new UsageError({
        where: printable(archive),
        problem: 'is an archive',
        expected: 'a folder that the files of the table are in',
      });
    }
    const { inputsOfTable } = await import('./truth-table.js');
    yield* inputsOfTable(truth.table, names, keyOf, until?.());
    return;
  }
  for (const name of names) yield* fromArgument(name, options);
  for (const list of filesFrom) {
    if (list === '-' && !stdin) throw new UsageError({ where: '--files-from -', problem: 'stdin is not available' });
    for await (const name of readNames(list === '-' ? stdin! : list, separator, until?.())) {
      const input = inputOf(name);
      yield isAddress(input.file) ? inputOfAddress(input.file, options) : input;
    }
  }
}

function inputOfAddress(name: string, { fetch }: InputOptions): Input {
  if (fetch) return { file: name, path: name, fetch: () => fetch(name) };
  const message = formatError({
    where: printable(name),
    problem: 'is a URL',
    remedy: 'add --allow-url to download it',
  });
  return { file: name, path: name, error: { code: 'not-fetched', message } };
}

async function* fromArgument(name: string, options: InputOptions): AsyncGenerator<Input> {
  if (name === '-' && options.stdin) {
    const { stdin, stdinName: file = '-' } = options;
    const { readImage } = await import('./stdin-image.js');
    yield { file, path: file, ...(await readImage(stdin, file)) };
    return;
  }
  if (options.fetch && isAddress(name)) {
    yield inputOfAddress(name, options);
    return;
  }
  const kind = await kindOf(name);
  const input: Input = { file: name, path: name };
  if (kind === 'folder') {
    // Throws where the current folder is gone, which would look like an empty one.
    if (!isAbsolute(name)) process.cwd();
    const walked =
      options.truth === 'folder' ? await classFolders(input, options) : walk(input, await walkOptions(options));
    for await (const found of walked) {
      yield found.error && found.path === name ? { ...found, lost: 'root' as const } : found;
    }
  } else if (kind === 'missing' && name.includes('\ufffd')) {
    throw new UsageError({
      where: printable(name),
      problem: 'the name is not valid UTF-8, and Node.js lost its bytes',
      remedy: 'name its folder, or list it with --files-from',
    });
  } else if (kind === 'missing' && isAddress(name)) {
    throw new UsageError({
      where: printable(name),
      problem: 'is a URL',
      remedy: 'add --allow-url to download it',
    });
  } else if (kind === 'missing' && isGlob(name)) yield* fromPattern(name, options);
  else yield kind === 'other' ? input : { ...input, lost: isNamedLikePicture(name) ? 'picture' : 'root' };
}

/** Apart, as `classify` needs none of it. */
async function classFolders(folder: Input, options: InputOptions): Promise<AsyncGenerator<Input>> {
  const { walkClassFolders } = await import('./class-folders.js');
  return walkClassFolders(folder, await walkOptions(options));
}

/** Apart, as most names are no patterns. */
async function* fromPattern(name: string, options: InputOptions): AsyncGenerator<Input> {
  const { expandOrRefuse, expandRange } = await import('./expand-pattern.js');
  const names = expandRange(name);
  if (names) for (const each of names) yield* fromArgument(each, options);
  else yield* expandOrRefuse(name, await walkOptions(options));
}

async function kindOf(name: string): Promise<'folder' | 'missing' | 'link to nowhere' | 'other'> {
  try {
    return (await stat(name)).isDirectory() ? 'folder' : 'other';
  } catch {
    return (await lstat(name).catch(() => undefined)) ? 'link to nowhere' : 'missing';
  }
}

async function walkOptions({ recursive, hidden, include = [], exclude = [] }: InputOptions): Promise<WalkOptions> {
  // Apart, as most runs take all that there is.
  const filters = include.length + exclude.length > 0 ? await import('./name-filters.js') : undefined;
  return {
    ...(recursive !== undefined && { recursive }),
    ...(hidden !== undefined && { hidden }),
    ...filters?.compileFilters(include, exclude),
  };
}
