import * as fs from 'node:fs';
import { promisify } from 'node:util';

/*
 * Calls of `node:fs` that may take long, made on threads of libuv, so that nothing else waits for a slow disk. Starting those
 * threads takes 1 to 2 % of a start, for which a process with one file to look at has no use.
 */

type Path = string | Buffer;

/** Not those of `node:fs/promises`, which takes a millisecond to load; so what cannot block on an open file needs no thread. */
const elsewhere = {
  open: promisify(fs.open),
  read: promisify(fs.read),
  stat: promisify(fs.stat),
  lstat: promisify(fs.lstat),
};
let areHere = false;

/** Whether the calls are made on this thread from now on, which does nothing else meanwhile: for programs, not in a library. */
export function callOnThisThread(here: boolean): void {
  areHere = here;
}

/** @returns the descriptor */
export async function open(path: Path, flags: number): Promise<number> {
  return areHere ? fs.openSync(path, flags) : elsewhere.open(path, flags);
}

/** @returns how many bytes were read, 0 at the end of the file */
export async function read(
  file: number,
  target: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
): Promise<number> {
  if (areHere) return fs.readSync(file, target, offset, length, position);
  return (await elsewhere.read(file, target, offset, length, position)).bytesRead;
}

export async function stat(path: Path): Promise<fs.Stats> {
  return areHere ? fs.statSync(path) : elsewhere.stat(path);
}

export async function lstat(path: Path): Promise<fs.Stats> {
  return areHere ? fs.lstatSync(path) : elsewhere.lstat(path);
}
