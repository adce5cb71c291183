import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';

/** What V8 has made of one script, in V8's own form, which names V8's version and flags and is refused by any other. */
export interface CompiledScript {
  readonly name: string;
  /** As V8 was given it. */
  readonly source: Uint8Array;
  readonly data: Uint8Array;
}

export const ENDING = '.mobilenet-code';
const MAX_BYTES = 2 ** 25;

/** Two u32: the number of bytes of a half, and of its list. */
export const HEADER_BYTES = 8;
/** V8 copies data that is not aligned like this. */
const ALIGNMENT = 8;
/** Files are compared in pieces, through one buffer: touching new pages takes longer than reading. */
const PIECE_BYTES = 2 ** 16;

/**
 * Compiled scripts in a file of the folder, all that one form of the command needs. It only saves time: what cannot be read,
 * is damaged, or might be written by somebody else is not there.
 *
 * A file has two equal halves, which find damage: loading Node's module with checksums takes longer than reading twice. A
 * half is a header, the list as JSON, `[name, bytes of data, bytes of source]`, and the data, each at a multiple of 8 bytes.
 * The sources follow once, as whoever uses one compares it with the script.
 * @param home absolute path; compiled code is run, so it has to be a folder of the user's own, as `openCodeFolder` makes it
 * @param form tells forms of the command from each other
 */
export function findCode(home: string, form: string): readonly CompiledScript[] {
  let descriptor: number | undefined;
  try {
    if (!isOursAlone(lstatSync(home))) return [];
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    descriptor = openSync(`${home}/${nameOf(form)}${ENDING}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > MAX_BYTES || !isOursAlone(stats)) return [];
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const [halfBytes, listBytes] = [header.readUInt32LE(0), header.readUInt32LE(4)];
    if (2 * halfBytes > stats.size) return [];
    const half = readPart(descriptor, 0, halfBytes);
    if (!hasBytes(descriptor, half, halfBytes)) return [];
    const sources = readPart(descriptor, 2 * halfBytes, stats.size - 2 * halfBytes);
    const list: [string, number, number][] = JSON.parse(
      half.toString('latin1', HEADER_BYTES, HEADER_BYTES + listBytes),
    );
    const [data, source] = [takeFrom(half, HEADER_BYTES + listBytes), takeFrom(sources, 0)];
    return list.map(([name, dataBytes, sourceBytes]) => ({ name, data: data(dataBytes), source: source(sourceBytes) }));
  } catch {
    return [];
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readPart(descriptor: number, start: number, length: number): Buffer {
  const part = Buffer.allocUnsafeSlow(length);
  if (readSync(descriptor, part, 0, length, start) !== length) throw new RangeError('the file ends early');
  return part;
}

/** Returns one part after the other, each from the next aligned place on. */
function takeFrom(bytes: Buffer, start: number): (length: number) => Buffer {
  let end = start;
  return (length) => {
    const begin = aligned(end);
    end = begin + length;
    if (end > bytes.length) throw new RangeError('the file ends early');
    return bytes.subarray(begin, end);
  };
}

/** Whether an open file has the bytes, from a place in it on. */
export function hasBytes(descriptor: number, bytes: Uint8Array, start: number): boolean {
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes.length));
  for (let end = 0; end < bytes.length; ) {
    const length = readSync(descriptor, piece, 0, Math.min(piece.length, bytes.length - end), start + end);
    if (length === 0 || piece.compare(bytes, end, end + length, 0, length) !== 0) return false;
    end += length;
  }
  return true;
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Owned by the user and writable by no other user. On Windows the cache folder is private to its user by default. */
export function isOursAlone({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

export function nameOf(form: string): string {
  return `${process.version}.${process.arch}.${hashOf(form).toString(16)}`;
}

/** FNV-1a. Forms with the same hash share a file. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
