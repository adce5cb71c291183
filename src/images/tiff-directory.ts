import { viewOf } from './data-view.js';
import type { RandomAccess } from './formats/random-access.js';

/** Bytes that a value of each type takes; the position is the type's number. */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Values of an entry beyond these are of no interest, apart from bytes. */
const MOST_VALUES = 2 ** 20;

export interface DirectoryEntry {
  readonly type: number;
  readonly count: number;
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

/** Reads the header and the first directory; undefined where there is no such header. EXIF is a TIFF file too. */
export function readDirectory(bytes: RandomAccess): Directory | undefined {
  const header = bytes.read(0, 16);
  if (header.length < 8) return undefined;
  const view = viewOf(header);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const version = view.getUint16(2, little);
  if (version !== 42 && version !== 43) return undefined;
  const layout = { little, big: version === 43 };
  if (layout.big && header.length < 16) return undefined;
  const start = layout.big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  return readEntries(bytes, start, layout);
}

function readEntries(bytes: RandomAccess, start: number, layout: Layout): Directory {
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
    entries.set(viewOf(raw).getUint16(0, layout.little), entryOf(bytes, raw, layout));
  }
  return entries;
}

function entryOf(bytes: RandomAccess, raw: Uint8Array, { little, big }: Layout): DirectoryEntry {
  const view = viewOf(raw);
  const type = view.getUint16(2, little);
  const count = big ? Number(view.getBigUint64(4, little)) : view.getUint32(4, little);
  const place = big ? 12 : 8;
  const valueBytes = typeBytes[type] ?? 0;
  const inline = big ? 8 : 4;
  const read = (most: number) => {
    const length = Math.min(count, most) * valueBytes;
    if (count * valueBytes <= inline) return raw.subarray(place, place + length);
    return bytes.read(big ? Number(view.getBigUint64(place, little)) : view.getUint32(place, little), length);
  };
  return {
    type,
    count,
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
