import { statSync } from 'node:fs';
import { recogniseArchive } from '../archives/recognise.js';
import { isNamedLikePicture } from '../domain/picture-names.js';
import { isGlob } from './glob-signs.js';
import { isAddress } from './name.js';

/** Whether a list can be read only once: a pipe, as of `<(find …)`. stdin, `-`, is none. */
export function isReadOnce(list: string): boolean {
  try {
    const stats = statSync(list);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    return false;
  }
}

/** Whether arguments and lists may name more than `few` pictures, as far as a quick look tells. */
export function mayBeMore(few: number, names: readonly string[], lists: readonly string[]): boolean {
  return lists.length > 0 || names.length > few || !names.every(isOne);
}

function isOne(name: string): boolean {
  try {
    return statSync(name).isFile() && (isNamedLikePicture(name) || recogniseArchive(name) === undefined);
  } catch {
    // What is not there is one input, unless it is a pattern.
    return !isGlob(name) || isAddress(name);
  }
}
