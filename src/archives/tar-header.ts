import { ArchiveError } from './archive-types.js';
import { readOctal } from './tar-checksum.js';

/** A header of POSIX's ustar, of GNU's and of older tars, as it stands in the archive. */
export interface TarHeader {
  /** With `prefix`. */
  readonly name: Buffer;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** `0` a file, `1` and `2` links, `5` a folder, and more. */
  readonly type: string;
  /** Of GNU's sparse files: more headers follow. */
  readonly isExtended: boolean;
}

/** Of a block whose checksum is right. Throws ArchiveError for numbers that are none. */
export function readTarHeader(block: Uint8Array): TarHeader {
  const type = String.fromCharCode(block[156]!);
  // Only POSIX has the prefix: GNU keeps times there.
  const isPosix = Buffer.from(block.subarray(257, 263)).toString('latin1') === 'ustar\0';
  const prefix = isPosix ? readText(block.subarray(345, 500)) : Buffer.alloc(0);
  const own = readText(block.subarray(0, 100));
  return {
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), own]) : own,
    size: readNumber(block.subarray(124, 136), 'size'),
    mtime: readNumber(block.subarray(136, 148), 'time'),
    type: type === '\0' || type === '7' ? '0' : type,
    isExtended: type === 'S' && block[482] === 1,
  };
}

/** A copy, up to a NUL. */
export function readText(field: Uint8Array): Buffer {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

function readNumber(field: Uint8Array, what: string): number {
  const value = field[0]! & 0x80 ? readBinary(field) : (readOctal(field) ?? (isBlank(field) ? 0 : undefined));
  if (value !== undefined && Number.isSafeInteger(value) && (value >= 0 || what === 'time')) return value;
  throw new ArchiveError({ problem: `damaged header (its ${what} is not a number)` });
}

function isBlank(field: Uint8Array): boolean {
  return field.every((byte) => byte === 0 || byte === 0x20);
}

/** GNU's numbers in base 256, two's complement after the first bit. */
function readBinary(field: Uint8Array): number {
  let value = field[0]! & 0x40 ? (field[0]! & 0x7f) - 0x80 : field[0]! & 0x7f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return value;
}

/** What pax headers say of the member after them. */
export interface PaxFacts {
  name?: Buffer;
  size?: number;
  mtime?: number;
  isSparse?: boolean;
  /** Of a sparse file, whose `name` is one that tar made up. */
  sparseName?: Buffer;
}

/** Records of the form `LENGTH KEY=VALUE\n`. Throws ArchiveError for what are none. */
export function readPax(bytes: Uint8Array): PaxFacts {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const facts: PaxFacts = {};
  for (let at = 0; at < text.length && text[at] !== 0; ) {
    const space = text.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(text.toString('latin1', at, space));
    const end = at + length;
    const equals = text.indexOf(0x3d, space);
    if (!(length > 0) || end > text.length || equals < 0 || equals >= end || text[end - 1] !== 0x0a) {
      throw new ArchiveError({ problem: 'damaged pax header' });
    }
    setPax(facts, text.toString('latin1', space + 1, equals), text.subarray(equals + 1, end - 1));
    at = end;
  }
  return facts;
}

function setPax(facts: PaxFacts, key: string, value: Buffer): void {
  const text = value.toString('latin1');
  if (key === 'path') facts.name = Buffer.from(value);
  else if (key === 'mtime' && Number.isFinite(Number(text))) facts.mtime = Number(text);
  else if (key.startsWith('GNU.sparse.')) {
    facts.isSparse = true;
    if (key === 'GNU.sparse.name') facts.sparseName = Buffer.from(value);
  } else if (key === 'size') {
    if (!/^\d{1,15}$/.test(text)) throw new ArchiveError({ problem: 'damaged pax header (its size is not a number)' });
    facts.size = Number(text);
  }
}
