import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of files that only save time. Others may lie in it too. */
export interface KeptFolder {
  readonly path: string;
  /** How the names of its files end; a name with another ending is none of ours. */
  readonly ending: string;
  /** How many of them stay: the ones written last. */
  readonly most: number;
}

/** Writes one of the folder's files, whole or not at all. Where it cannot be written it is not there. */
export function keepFile({ path, ending, most }: KeptFolder, name: string, parts: readonly Uint8Array[]): void {
  const file = join(path, `${name}${ending}`);
  const temporary = join(path, `${name}.${process.pid}.tmp${ending}`);
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(temporary, Buffer.concat(parts), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, file);
    removeOldest(path, ending, most);
  } catch {
    removeQuietly(temporary);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is none, or not ours.
  }
}

function removeOldest(folder: string, ending: string, most: number): void {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  const files = names.map((name) => join(folder, name));
  const times = new Map(files.map((file) => [file, statSync(file).mtimeMs]));
  files.sort((a, b) => times.get(b)! - times.get(a)!);
  for (const file of files.slice(most)) rmSync(file, { force: true });
}
