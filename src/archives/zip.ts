import { inflateRawSync } from 'node:zlib';
import { CUT_OFF, type ModelError } from '../errors/errors.js';
import { ByteReader } from '../untrusted-data/byte-reader.js';
import { MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';
import { crc32 } from './crc32.js';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;

interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

const utf8 = new TextDecoder();

/**
 * The members of a zip archive held in memory (APPNOTE 6.3: one disk, no encryption, stored or deflated, less than
 * 4 GiB), by the central directory. Every offset and length is checked; a member is unpacked only when read, and all
 * that is read stays under 256 MiB.
 */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  readonly #entries = new Map<string, Entry>();
  #readBytes = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
    this.#readDirectory();
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Where the end record begins: it is followed by nothing but its comment. */
  #findEnd(): number {
    const bytes = this.#bytes;
    const last = bytes.length - END_RECORD_BYTES;
    for (let at = last; at >= 0 && at >= last - MAX_COMMENT_BYTES; at--) {
      const isSignature =
        bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 0x05 && bytes[at + 3] === 0x06;
      if (isSignature && (bytes[at + 20]! | (bytes[at + 21]! << 8)) === last - at) return at;
    }
    throw this.#damaged(`no end record, expected a complete zip archive; ${CUT_OFF}`);
  }

  #readDirectory(): void {
    const end = new ByteReader(this.#bytes, this.#where, this.#findEnd());
    if (end.u32('end record') !== END_RECORD) throw this.#damaged('no end record');
    const [disk, directoryDisk] = [end.u16('disk'), end.u16('disk')];
    const [count, total] = [end.u16('entry count'), end.u16('entry count')];
    const size = end.u32('directory size');
    const offset = end.u32('directory offset');
    if (disk !== 0 || directoryDisk !== 0 || count !== total) throw this.#damaged('split over several disks');
    if (offset + size > this.#bytes.length) throw this.#damaged('directory beyond the end, expected less than 4 GiB');
    const reader = new ByteReader(this.#bytes.subarray(0, offset + size), this.#where, offset);
    for (let i = 0; i < count; i++) this.#readEntry(reader);
  }

  #readEntry(reader: ByteReader): void {
    if (reader.u32('directory entry') !== CENTRAL_HEADER) throw this.#damaged(`directory entry without its signature`);
    reader.take(4, 'versions');
    const flags = reader.u16('flags');
    const method = reader.u16('method');
    reader.take(4, 'time');
    const crc = reader.u32('checksum');
    const packedBytes = reader.u32('packed size');
    const bytes = reader.u32('size');
    const nameBytes = reader.u16('name length');
    const otherBytes = reader.u16('extra length') + reader.u16('comment length');
    reader.take(8, 'attributes');
    const headerOffset = reader.u32('header offset');
    const name = utf8.decode(reader.take(nameBytes, 'name'));
    reader.take(otherBytes, 'extra fields');
    if ((flags & ENCRYPTED_FLAG) !== 0) throw this.#damaged(`${JSON.stringify(name)} is encrypted`);
    if (this.#entries.has(name)) throw this.#damaged(`${JSON.stringify(name)} is there twice`);
    this.#entries.set(name, { method, crc, packedBytes, bytes, headerOffset });
  }

  /** One member's bytes, at most `maxBytes`: a view of the archive where it is stored, unpacked where it is deflated. */
  read(name: string, maxBytes = MAX_FILE_BYTES): Uint8Array {
    const entry = this.#entries.get(name);
    const quoted = JSON.stringify(name);
    if (!entry) throw this.#damaged(`no member ${quoted}`);
    // Members may overlap, or unpack to much more than the archive.
    this.#readBytes += entry.bytes;
    if (this.#readBytes > MAX_FILE_BYTES) throw this.#damaged(`members of more than ${MAX_FILE_BYTES} bytes`);
    if (entry.bytes > maxBytes) throw this.#damaged(`${quoted} of ${entry.bytes} bytes, expected at most ${maxBytes}`);
    const header = new ByteReader(this.#bytes, this.#where, Math.min(entry.headerOffset, this.#bytes.length));
    if (header.u32('member header') !== LOCAL_HEADER) throw this.#damaged(`no header where ${quoted} should begin`);
    header.take(22, 'member header');
    const skipped = header.u16('name length') + header.u16('extra length');
    header.take(skipped, 'member header');
    const packed = header.take(entry.packedBytes, `member ${quoted}`);
    const data = this.#unpack(entry, packed, quoted);
    if (data.length !== entry.bytes) throw this.#damaged(`${data.length} bytes in ${quoted}, expected ${entry.bytes}`);
    if (crc32(data) !== entry.crc) throw this.#damaged(`wrong checksum of ${quoted}`);
    return data;
  }

  #unpack(entry: Entry, packed: Uint8Array, quoted: string): Uint8Array {
    if (entry.method === STORED) return packed;
    if (entry.method !== DEFLATED) throw this.#damaged(`${quoted} packed by method ${entry.method}, expected 0 or 8`);
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(entry.bytes, 1) });
    } catch {
      throw this.#damaged(`${quoted} does not unpack to its ${entry.bytes} bytes`);
    }
  }

  #damaged(problem: string): ModelError {
    return new ByteReader(this.#bytes, this.#where).damaged(`zip: ${problem}`);
  }
}
