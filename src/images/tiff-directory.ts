import { viewOf } from './data-view.js';
import type { RandomAccess } from './formats/random-access.js';

/** Bytes that a value of each type takes; the position is the type's number. */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Values of an entry beyond these are of no interest, apart from bytes. */
const MOST_VALUES = 2 ** 20;

export interface DirectoryEntry {
  readonly type: number;
  readonly count: number;
  /** Where the file has the values. */
  readonly at: number;
  /** Whole numbers of the types that have them, in order; empty for all other types. */
  numbers(): readonly number[];
  bytes(): Uint8Array;
}

/** The first directory of a TIFF file: its entries by tag, as far as the file has them. The last of several counts. */
export type Directory = ReadonlyMap<number, DirectoryEntry>;

interface Layout {
  readonly little: boolean;
  readonly big: boolean;
}

export interface Header extends Layout {
  /** Where the first directory is. */
  readonly first: number;
}

/** Numbers in the place of TIFF's 42: Olympus, twice, and Panasonic. */
const MAKERS_VERSIONS = [0x4f52, 0x5352, 0x55];

/** Undefined where there is no such header. */
export function readHeader(bytes: RandomAccess, versions: readonly number[] = [42, 43]): Header | undefined {
  const header = bytes.read(0, 16);
  if (header.length < 8) return undefined;
  const view = viewOf(header);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const version = view.getUint16(2, little);
  const big = version === 43;
  if (!versions.includes(version) || (big && header.length < 16)) return undefined;
  return { little, big, first: big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little) };
}

/** Reads the header and the first directory; undefined where there is no such header. EXIF is a TIFF file too. */
export function readDirectory(bytes: RandomAccess): Directory | undefined {
  const header = readHeader(bytes);
  return header && readEntries(bytes, header.first, header);
}

/** Directories that are read of one file, at most. */
const MOST_DIRECTORIES = 64;

/**
 * The directories of a TIFF file or of a camera's variant of it: the first, those that follow it, and those that entries
 * with the tags `within` name, each once.
 */
export function readDirectories(bytes: RandomAccess, within: readonly number[]): readonly Directory[] {
  const header = readHeader(bytes, [42, 43, ...MAKERS_VERSIONS]);
  if (!header) return [];
  const waiting = [header.first];
  const seen = new Set<number>([0]);
  const directories: Directory[] = [];
  for (let start = waiting.shift(); start !== undefined; start = waiting.shift()) {
    if (seen.has(start) || directories.length >= MOST_DIRECTORIES) continue;
    seen.add(start);
    const directory = readEntries(bytes, start, header);
    directories.push(directory);
    const inside = within.flatMap((tag) => directory.get(tag)?.numbers().slice(0, MOST_DIRECTORIES) ?? []);
    waiting.push(...inside, nextOf(bytes, start, header));
  }
  return directories;
}

/** Where the next directory is; 0 where there is none. */
function nextOf(bytes: RandomAccess, start: number, { little, big }: Layout): number {
  const countBytes = big ? 8 : 2;
  const head = bytes.read(start, countBytes);
  if (head.length < countBytes) return 0;
  const count = big ? Number(viewOf(head).getBigUint64(0, little)) : viewOf(head).getUint16(0, little);
  const next = bytes.read(start + countBytes + count * (big ? 20 : 12), big ? 8 : 4);
  if (next.length < (big ? 8 : 4)) return 0;
  return big ? Number(viewOf(next).getBigUint64(0, little)) : viewOf(next).getUint32(0, little);
}

/** The directory that begins at `start`. */
export function readEntries(bytes: RandomAccess, start: number, layout: Layout): Directory {
  const entries = new Map<number, DirectoryEntry>();
  const countBytes = layout.big ? 8 : 2;
  const entryBytes = layout.big ? 20 : 12;
  const head = bytes.read(start, countBytes);
  if (head.length < countBytes) return entries;
  const view = viewOf(head);
  const count = layout.big ? Number(view.getBigUint64(0, layout.little)) : view.getUint16(0, layout.little);
  const table = bytes.read(start + countBytes, Math.min(count, 2 ** 16) * entryBytes);
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    const raw = table.subarray(at, at + entryBytes);
    const place = start + countBytes + at;
    entries.set(viewOf(raw).getUint16(0, layout.little), entryOf(bytes, raw, place, layout));
  }
  return entries;
}

function entryOf(bytes: RandomAccess, raw: Uint8Array, start: number, { little, big }: Layout): DirectoryEntry {
  const view = viewOf(raw);
  const type = view.getUint16(2, little);
  const count = big ? Number(view.getBigUint64(4, little)) : view.getUint32(4, little);
  const place = big ? 12 : 8;
  const valueBytes = typeBytes[type] ?? 0;
  const isInline = count * valueBytes <= (big ? 8 : 4);
  const pointer = big ? Number(view.getBigUint64(place, little)) : view.getUint32(place, little);
  const read = (most: number) => {
    const length = Math.min(count, most) * valueBytes;
    return isInline ? raw.subarray(place, place + length) : bytes.read(pointer, length);
  };
  return {
    type,
    count,
    at: isInline ? start + place : pointer,
    numbers: () => wholeNumbers(read(MOST_VALUES), type, valueBytes, little),
    bytes: () => read(Number.POSITIVE_INFINITY),
  };
}

function wholeNumbers(data: Uint8Array, type: number, valueBytes: number, little: boolean): number[] {
  const view = viewOf(data);
  const readers: Readonly<Record<number, (at: number) => number>> = {
    3: (at) => view.getUint16(at, little),
    4: (at) => view.getUint32(at, little),
    6: (at) => view.getInt8(at),
    8: (at) => view.getInt16(at, little),
    9: (at) => view.getInt32(at, little),
    13: (at) => view.getUint32(at, little),
    16: (at) => Number(view.getBigUint64(at, little)),
    18: (at) => Number(view.getBigUint64(at, little)),
  };
  const reader = readers[type];
  const values: number[] = [];
  if (reader) for (let at = 0; at + valueBytes <= data.length; at += valueBytes) values.push(reader(at));
  return values;
}
