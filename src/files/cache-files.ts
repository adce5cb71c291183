import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of files that only save time. Others may lie in it too. */
export interface CacheFolder {
  readonly path: string;
  /** How the names of its files end; a name with another ending is none of ours. */
  readonly ending: string;
}

/** How much of a folder stays: the files written last. */
export interface CacheLimit {
  readonly files?: number;
  readonly bytes?: number;
}

/** Writes one of the folder's files, whole or not at all. Where it cannot be written it is not there. */
export function writeCacheFile({ path, ending }: CacheFolder, name: string, parts: readonly Uint8Array[]): boolean {
  const file = join(path, `${name}${ending}`);
  const temporary = join(path, `${name}.${process.pid}.tmp${ending}`);
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(temporary, Buffer.concat(parts), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, file);
    return true;
  } catch {
    removeQuietly(temporary);
    return false;
  }
}

/** The same, and of the folder's files only so many stay. */
export function keepFile(folder: CacheFolder & { readonly most: number }, name: string, parts: readonly Uint8Array[]) {
  if (writeCacheFile(folder, name, parts)) limitCache(folder, { files: folder.most });
}

/** The folder's files, the one written last first; none where it cannot be read. */
export function listCache({ path, ending }: CacheFolder): { readonly file: string; readonly bytes: number }[] {
  let names: string[];
  try {
    names = readdirSync(path).filter((name) => name.endsWith(ending));
  } catch {
    return [];
  }
  const files = names.flatMap((name) => {
    const file = join(path, name);
    // Another process may have removed it.
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() ? [{ file, bytes: stats.size, written: stats.mtimeMs }] : [];
  });
  return files.sort((a, b) => b.written - a.written);
}

/** Removes the files written first. */
export function limitCache(folder: CacheFolder, { files = Infinity, bytes = Infinity }: CacheLimit): void {
  let count = 0;
  let sum = 0;
  for (const each of listCache(folder)) {
    count++;
    sum += each.bytes;
    if (count > files || sum > bytes) removeQuietly(each.file);
  }
}

/** @returns how many files there were */
export function removeCache(folder: CacheFolder): number {
  const files = listCache(folder);
  for (const { file } of files) rmSync(file, { force: true });
  return files.length;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is none, or not ours.
  }
}
