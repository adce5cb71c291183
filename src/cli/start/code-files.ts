import { accessSync, closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { keepFile } from '../../files/cache-files.js';

/** What V8 has made of one script, in V8's own form, which names V8's version and flags and is refused by any other. */
export interface CompiledScript {
  readonly name: string;
  /** CRC-32 of the source. */
  readonly checksum: number;
  readonly data: Uint8Array;
}

const ENDING = '.mobilenet-code';
const MOST_FILES = 16;
const MAX_BYTES = 2 ** 24;

/** u32 each: CRC-32 of all that follows, length of the list. Then the list as JSON, `[name, checksum, bytes]`, and the data. */
const HEADER_BYTES = 8;

/**
 * Compiled scripts in a file of the folder, all that one form of the command needs. It only saves time: what cannot be read,
 * is damaged, or might be written by somebody else is not there.
 * @param home absolute path; compiled code is run, so it has to be a folder of the user's own, as `openCodeFolder` makes it
 * @param form tells forms of the command from each other
 */
export function findCode(home: string, form: string): readonly CompiledScript[] {
  let descriptor: number | undefined;
  try {
    if (!isOursAlone(lstatSync(home))) return [];
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    descriptor = openSync(join(home, nameOf(form) + ENDING), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > MAX_BYTES || !isOursAlone(stats)) return [];
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

export function keepCode(home: string, form: string, scripts: readonly CompiledScript[]): void {
  const list = Buffer.from(JSON.stringify(scripts.map(({ name, checksum, data }) => [name, checksum, data.length])));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(list.length, 4);
  const parts = [header, list, ...scripts.map(({ data }) => data)];
  header.writeUInt32LE(zlib.crc32(Buffer.concat(parts).subarray(4)), 0);
  const folder = { path: home, ending: ENDING, most: MOST_FILES };
  keepFile(folder, nameOf(form), parts);
}

/** Owned by the user and writable by no other user. On Windows the cache folder is private to its user by default. */
function isOursAlone({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

function nameOf(form: string): string {
  return `${process.version}.${process.arch}.${zlib.crc32(form).toString(16)}`;
}
