import { resolve } from 'node:path';
import type { Origin } from '../domain/classification.js';

/** The fields that name a picture. */
export function nameOf({ file, fileBase64 }: Pick<Origin, 'file' | 'fileBase64'>): Pick<Origin, 'file' | 'fileBase64'> {
  return { file, ...(fileBase64 !== undefined && { fileBase64 }) };
}

/** The absolute path, to tell whether two names are of one file; links are not resolved. */
export function absoluteName({ file, fileBase64 }: Pick<Origin, 'file' | 'fileBase64'>): string {
  if (fileBase64 === undefined) return resolve(file);
  return `\0${resolve(Buffer.from(fileBase64, 'base64').toString('latin1'))}`;
}
