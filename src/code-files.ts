import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { keepFile } from './kept-files.js';
import { places } from './store/home.js';

/** What V8 has made of one script, in V8's own form, which names V8's version and flags and is refused by any other. */
export interface CompiledScript {
  readonly name: string;
  /** CRC-32 of the source. */
  readonly checksum: number;
  readonly data: Uint8Array;
}

/** Files that stay; the ones written last. */
const MOST_FILES = 16;
const MAX_BYTES = 2 ** 24;

/** u32 each: CRC-32 of all that follows, length of the list. Then the list as JSON, `[name, checksum, bytes]`, and the data. */
const HEADER_BYTES = 8;

/**
 * Compiled scripts in a file of the store's folder, all that one form of the command needs. It only saves time: what cannot be
 * read, is damaged, or might be written by somebody else is not there.
 * @param form tells forms of the command from each other
 */
export function findCode(home: string, form: string): readonly CompiledScript[] {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(places.code(home, nameOf(form)), 'r');
    if (!isOursAlone(descriptor)) return [];
    const bytes = readFileSync(descriptor);
    if (bytes.readUInt32LE(0) !== zlib.crc32(bytes.subarray(4))) return [];
    let end = HEADER_BYTES + bytes.readUInt32LE(4);
    const list: [string, number, number][] = JSON.parse(bytes.toString('utf8', HEADER_BYTES, end));
    return list.map(([name, checksum, length]) => {
      end += length;
      return { name, checksum, data: bytes.subarray(end - length, end) };
    });
  } catch {
    return [];
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

export function keepCode(home: string, form: string, scripts: readonly CompiledScript[]): void {
  const list = Buffer.from(JSON.stringify(scripts.map(({ name, checksum, data }) => [name, checksum, data.length])));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(list.length, 4);
  const parts = [header, list, ...scripts.map(({ data }) => data)];
  header.writeUInt32LE(zlib.crc32(Buffer.concat(parts).subarray(4)), 0);
  keepFile(places.code(home), nameOf(form), parts, MOST_FILES);
}

/** Compiled code is run, so it has to be the user's own: the store's folder may be shared with others. */
function isOursAlone(descriptor: number): boolean {
  const { uid, mode, size } = fstatSync(descriptor);
  if (size > MAX_BYTES) return false;
  // Windows keeps the folders of users apart by itself.
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

function nameOf(form: string): string {
  return `${process.version}.${process.arch}.${zlib.crc32(form).toString(16)}.bin`;
}
