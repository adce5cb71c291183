import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Moves the files of a folder that was just built to where they are used. Each is replaced by renaming, so that programs that
 * run meanwhile never miss one or read half of it; a whole folder could not be replaced without a moment in which there is
 * none. Files that have not changed stay.
 * @param {string} from @param {string} to
 */
export function placeFiles(from, to) {
  for (const name of filesOf(from)) {
    const target = join(to, name);
    mkdirSync(dirname(target), { recursive: true });
    if (!isSame(join(from, name), target)) renameSync(join(from, name), target);
  }
}

/** The same, and then removes what an earlier build left there. @param {string} from @param {string} to */
export function replaceFolder(from, to) {
  const isNew = new Set(filesOf(from));
  placeFiles(from, to);
  for (const name of filesOf(to)) if (!isNew.has(name)) rmSync(join(to, name));
  removeEmptyFolders(to);
}

/** @param {string} folder @returns {string[]} names relative to it */
export function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function isSame(one, other) {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    removeEmptyFolders(path);
    if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
}
