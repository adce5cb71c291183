import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { printable } from '../errors/printable.js';
import { inputOf, nameBytes } from './name.js';
import { compareNames } from './order.js';
import type { Input } from './types.js';

export interface WalkOptions {
  /** Folders below the folder; on where nothing is said. */
  readonly recursive?: boolean;
  /** Names that begin with a dot. */
  readonly hidden?: boolean;
  /** Of a name below the folder, with `/` between its parts: whether it is wanted. */
  readonly accepts?: (name: string) => boolean;
  /** Of a folder below the folder: whether to look into it. */
  readonly enters?: (name: string) => boolean;
}

/**
 * The files in a folder, in natural order, those of a folder below where the folder's own name stands. A link to a file
 * counts as the file; a link to a folder is not followed, so that no walk goes in circles. A folder that cannot be listed
 * is an input with an error; what is neither file nor folder is left to whoever opens it, who refuses it unopened.
 */
export function walk(folder: Input, options: WalkOptions = {}): AsyncGenerator<Input> {
  return walkBelow(folder, '', options);
}

async function* walkBelow(folder: Input, below: string, options: WalkOptions): AsyncGenerator<Input> {
  const { recursive = true, hidden = false, accepts = () => true, enters = () => true } = options;
  let entries: readonly Entry[];
  try {
    entries = await list(folder);
  } catch (error) {
    yield unlisted(folder, error);
    return;
  }
  for (const { name, input, isFolder, isLink } of entries) {
    if (!hidden && name.startsWith('.')) continue;
    const relative = `${below}${name}`;
    if (isFolder) {
      if (recursive && enters(relative)) yield* walkBelow(input, `${relative}/`, options);
    } else if (accepts(relative) && !(isLink && (await leadsToFolder(input)))) yield { ...input, isFound: true };
  }
}

type Kind = Pick<Dirent, 'isDirectory' | 'isSymbolicLink'>;

/** What is in a folder. */
export interface Entry {
  readonly name: string;
  readonly input: Input;
  /** Itself, not by a link. */
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

/** Of a folder without a name the current one, whose entries have names of one part. In natural order. Rejects as `readdir` does. */
export async function list(folder: Input): Promise<readonly Entry[]> {
  const parent = nameBytes(folder);
  // Names as bytes, since they need not be UTF-8. The typings of Node 20 lack this overload.
  const found = (await readdir(parent.length === 0 ? '.' : parent, {
    withFileTypes: true,
    encoding: 'buffer' as never,
  })) as unknown as readonly (Dirent<Buffer> | Buffer)[];
  const entries: { readonly name: string; readonly bytes: Buffer; readonly kind: Kind }[] = [];
  for (const entry of found) {
    // Bun gives the names alone.
    const isName = Buffer.isBuffer(entry);
    const bytes = isName ? entry : entry.name;
    const kind = isName ? await lstat(joinNames(parent, bytes)) : entry;
    entries.push({ name: bytes.toString('utf8'), bytes, kind });
  }
  const before = parent.length === 0 ? '' : joinNames(parent, Buffer.alloc(0)).toString('utf8');
  // Where nothing is replaced in a text, it has all bytes.
  const isText = !before.includes('\ufffd');
  return entries
    .sort((a, b) => compareNames(a.name, b.name) || Buffer.compare(a.bytes, b.bytes))
    .map(({ name, bytes, kind }) => {
      const path = `${before}${name}`;
      const input = isText && !name.includes('\ufffd') ? { file: path, path } : inputOf(joinNames(parent, bytes));
      return { name, input, isFolder: kind.isDirectory(), isLink: kind.isSymbolicLink() };
    });
}

export async function leadsToFolder({ path }: Input): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

export function joinNames(folder: Buffer, name: Buffer): Buffer {
  if (folder.length === 0) return name;
  const last = folder.at(-1);
  const ends = last === 0x2f || last === sep.charCodeAt(0);
  return Buffer.concat(ends ? [folder, name] : [folder, Buffer.from(sep), name]);
}

/** An input that is known not to be classified. */
export type FailedInput = Input & Required<Pick<Input, 'error'>>;

/** A folder that cannot be listed, as an input that cannot be classified. */
export function unlisted(folder: Input, error: unknown): FailedInput {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : (code ?? 'unknown error');
  const message = `${printable(folder.file || '.')}: cannot list the folder (${why})`;
  return { ...folder, error: { code: 'unreadable', message } };
}
