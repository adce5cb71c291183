import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ModelError } from '../errors/errors.js';
import { quoted } from '../errors/printable.js';
import { readModelFile } from './regular-file.js';

const MAX_DEPTH = 4;

/** The files of a model, in a folder or in an archive that is held in memory. */
export interface FileSource {
  /** Names with slashes. */
  readonly names: readonly string[];
  /** The file of a name, as a model has it; of at most so many bytes. Throws ModelError. */
  read(name: string, maxBytes?: number): Uint8Array;
  /** What messages call a file of a name. */
  where(name: string): string;
}

/** False as well for what cannot be there: a path through a file, a name that is too long. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * The files of a folder; nothing outside of it is read.
 * @param where what names them, for messages
 */
export function folderSource(folder: string, where = folder): FileSource {
  return {
    get names() {
      return readdirSync(folder);
    },
    read: (name, maxBytes) => readFileBeside(folder, name, where, maxBytes),
    where: (name) => join(folder, name),
  };
}

/**
 * A file that a model names, in the model's folder or below: no path and no link leads out of it.
 * @param name as the model has it, with slashes
 * @param where the model's file, for messages
 * @throws ModelError `weights-unsafe`, `weights-missing`, and what `readModelFile` throws
 */
function readFileBeside(folder: string, name: string, where: string, maxBytes?: number): Uint8Array<ArrayBuffer> {
  const parts = name.replace(/^(?:\.\/)+/, '').split('/');
  if (parts.length > MAX_DEPTH || !parts.every(isPlainName)) {
    throw new ModelError('weights-unsafe', {
      where,
      problem: `weights in ${quoted(name)}`,
      expected: `a file in the model's own folder`,
    });
  }
  const path = join(folder, ...parts);
  let root: string;
  let real: string;
  try {
    root = realpathSync(folder);
    real = realpathSync(path);
  } catch (cause) {
    const remedy = `put the file beside ${where}`;
    throw new ModelError(
      'weights-missing',
      { where, problem: `its file ${quoted(name)} is missing`, remedy },
      { cause },
    );
  }
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new ModelError('weights-unsafe', {
      where,
      problem: `its file ${quoted(name)} is a link that leads out of the model's folder`,
      remedy: 'put the file itself there',
    });
  }
  return readModelFile(path, maxBytes);
}

/** A name that any system reads as one file: no separators of folders or drives, no control characters, not `..`. */
function isPlainName(part: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keeping them out is the purpose
  return part.length <= 255 && !/^\.*$/.test(part) && !/[\u0000-\u001f\u007f\\:]/.test(part);
}
