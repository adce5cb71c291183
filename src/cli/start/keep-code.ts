import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { keepFile } from '../../files/cache-files.js';
import { aligned, type CompiledScript, ENDING, HEADER_BYTES, isOursAlone, nameOf } from './code-files.js';

const MOST_FILES = 16;

/** Makes the folder where there is none; whether code may be kept in it. */
export function openCodeFolder(home: string): boolean {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.W_OK);
    return isOursAlone(lstatSync(home));
  } catch {
    return false;
  }
}

/** Writes what `findCode` reads. */
export function keepCode(home: string, form: string, scripts: readonly CompiledScript[]): void {
  const list = Buffer.from(JSON.stringify(scripts.map(({ name, data, source }) => [name, data.length, source.length])));
  const half = alignedParts([Buffer.alloc(HEADER_BYTES), list, ...scripts.map(({ data }) => data)]);
  half.writeUInt32LE(half.length, 0);
  half.writeUInt32LE(list.length, 4);
  const sources = alignedParts(scripts.map(({ source }) => source));
  keepFile({ path: home, ending: ENDING, most: MOST_FILES }, nameOf(form), [half, half, sources]);
}

function alignedParts(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [part, new Uint8Array(aligned(part.length) - part.length)]));
}
