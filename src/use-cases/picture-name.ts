import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Origin } from '../domain/classification.js';

/** The fields that name a picture. */
export function nameOf({ file, fileBase64 }: Pick<Origin, 'file' | 'fileBase64'>): Pick<Origin, 'file' | 'fileBase64'> {
  return { file, ...(fileBase64 !== undefined && { fileBase64 }) };
}

/** To tell whether two names are of one file: its path without links; of what is no file, its absolute name. */
export function fileIdentity(picture: Pick<Origin, 'file' | 'fileBase64'>): string {
  const path = pathOf(picture);
  try {
    return realpathSync.native(path, { encoding: 'buffer' }).toString('latin1');
  } catch {
    // An address, stdin, or a file that is gone.
    return typeof path === 'string' ? resolve(path) : `\0${resolve(path.toString('latin1'))}`;
  }
}

/** What is opened: the bytes of a name that is not UTF-8. */
export function pathOf({ file, fileBase64 }: Pick<Origin, 'file' | 'fileBase64'>): string | Buffer {
  return fileBase64 === undefined ? file : Buffer.from(fileBase64, 'base64');
}
