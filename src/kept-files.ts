import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes one of a folder's files that only save time: whole or not at all, written by the user alone. Where it cannot be
 * written it is not there.
 * @param most how many files of the folder stay: the ones written last
 */
export function keepFile(folder: string, name: string, parts: readonly Uint8Array[], most: number): void {
  const path = join(folder, name);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(temporary, Buffer.concat(parts), { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
    removeOldest(folder, most);
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

function removeOldest(folder: string, most: number): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const times = new Map(files.map((file) => [file, statSync(file).mtimeMs]));
  files.sort((a, b) => times.get(b)! - times.get(a)!);
  for (const file of files.slice(most)) rmSync(file, { force: true });
}
