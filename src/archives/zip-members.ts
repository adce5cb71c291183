import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl';
import {
  type ArchiveEntry,
  ArchiveError,
  checkMemberSize,
  checkRatio,
  FEW_BYTES,
  type IsWanted,
  MOST_MEMBER_BYTES,
  START_BYTES,
} from './archive-types.js';
import { crc32 } from './crc32.js';
import { type OpenFile, openFile } from './open-file.js';
import { withoutDot } from './tar-members.js';
import { damagedZip, ENCRYPTED } from './zip-problems.js';

const STORED = 0;
const DEFLATED = 8;

/** So many packed bytes are enough for the first unpacked ones, and unpack to at most 4 MiB. */
const PACKED_START_BYTES = 2 ** 12;

const UNIX = 3;
const TYPE_OF_FILE = 0o170000;
const LINK = 0o120000;

/**
 * The files and links of a zip archive, in the order of its directory, each read where it lies. Names are UTF-8 where they
 * can be, else what the archive says of them.
 */
export async function* zipMembers(path: string | Buffer): AsyncGenerator<ArchiveEntry> {
  const file = await openFile(path);
  try {
    const reader = new WindowReader(file);
    yield* new ZipReader(file, reader, await open(file, reader)).entries();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw damagedZip(error, await beginsAsZip(file));
  } finally {
    file.close();
  }
}

async function beginsAsZip(file: OpenFile): Promise<boolean> {
  const start = new Uint8Array(Math.min(2, file.size));
  await file.read(start, 0);
  return start[0] === 0x50 && start[1] === 0x4b;
}

async function open(file: OpenFile, reader: WindowReader): Promise<ZipFile> {
  return fromRandomAccessReaderPromise(reader, file.size, {
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  });
}

class ZipReader {
  readonly #file: OpenFile;
  readonly #reader: WindowReader;
  readonly #zip: ZipFile;
  #unpacked = 0;

  constructor(file: OpenFile, reader: WindowReader, zip: ZipFile) {
    this.#file = file;
    this.#reader = reader;
    this.#zip = zip;
  }

  async *entries(): AsyncGenerator<ArchiveEntry> {
    for await (const entry of this.#zip.eachEntry()) {
      const name = nameOf(entry);
      if (name.at(-1) === 0x2f) continue;
      yield {
        name,
        at: entry.relativeOffsetOfLocalHeader,
        size: entry.uncompressedSize,
        ...mtimeOf(entry),
        ...(isLink(entry) && { isLink: true }),
        read: (isWanted) => this.#read(entry, isWanted),
      };
    }
  }

  async #read(entry: Entry, isWanted: IsWanted | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const { uncompressedSize, compressionMethod } = entry;
    if (entry.isEncrypted()) throw new ArchiveError(ENCRYPTED);
    if (![STORED, DEFLATED].includes(compressionMethod)) {
      throw new ArchiveError({
        problem: `packed by method ${compressionMethod}`,
        expected: '0 (stored) or 8 (deflate)',
        remedy: 'extract the archive, and name the folder',
      });
    }
    const start = isWanted && uncompressedSize > FEW_BYTES ? await this.#readStart(entry) : undefined;
    if (start && !isWanted!(start)) return start;
    checkMemberSize(uncompressedSize);
    this.#unpacked += uncompressedSize;
    checkRatio(this.#unpacked, this.#file.size);
    const packed = await this.#readPacked(entry);
    const data = compressionMethod === STORED ? packed : await inflate(packed, uncompressedSize);
    if (data.length !== uncompressedSize) {
      throw new ArchiveError({ problem: `${data.length} bytes, expected ${uncompressedSize}` });
    }
    if (crc32(data) !== entry.crc32) throw new ArchiveError({ problem: `damaged (wrong checksum)` });
    return data;
  }

  /** The first unpacked bytes; undefined where the first packed ones are not enough for them. */
  async #readStart(entry: Entry): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const packed = await this.#readPacked(entry, PACKED_START_BYTES);
    const start = entry.compressionMethod === STORED ? packed : inflateStart(packed);
    return start.length < START_BYTES ? undefined : start.slice(0, START_BYTES);
  }

  /** @param most at most so many of the packed bytes */
  async #readPacked(entry: Entry, most = entry.compressedSize): Promise<Uint8Array<ArrayBuffer>> {
    const { compressedSize } = entry;
    const length = Math.min(compressedSize, most);
    try {
      const { fileDataStart } = await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true });
      if (length > MOST_MEMBER_BYTES + FEW_BYTES || fileDataStart + compressedSize > this.#file.size) {
        throw new ArchiveError({ problem: `the archive does not have its ${compressedSize} bytes` });
      }
      const packed = new Uint8Array(length);
      await this.#reader.fill(packed, fileDataStart);
      return packed;
    } catch (error) {
      if (error instanceof ArchiveError) throw error;
      throw damagedZip(error);
    }
  }
}

function inflateStart(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return zlib.inflateRawSync(packed, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw new ArchiveError({ problem: 'does not unpack' }, { cause });
  }
}

/** Up to a MiB, unpacking on this thread takes less time than waiting for another one. */
async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const options = { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(64, Math.min(size + 1, FEW_BYTES)) };
  try {
    return size <= FEW_BYTES ? zlib.inflateRawSync(packed, options) : await promisify(zlib.inflateRaw)(packed, options);
  } catch (cause) {
    throw new ArchiveError({ problem: `does not unpack to its ${size} bytes` }, { cause });
  }
}

function nameOf({ fileNameRaw: raw, generalPurposeBitFlag, extraFields }: Entry): Buffer {
  const name = isUtf8(raw)
    ? Buffer.from(raw)
    : Buffer.from(getFileNameLowLevel(generalPurposeBitFlag, raw, extraFields, false));
  // Some archivers of Windows.
  for (let at = name.indexOf(0x5c); at >= 0; at = name.indexOf(0x5c, at)) name[at] = 0x2f;
  return withoutDot(name);
}

/** Local times are taken for UTC, so that they are the same everywhere. */
function mtimeOf(entry: Entry): { readonly mtime?: number } {
  const mtime = entry.getLastModDate({ timezone: 'UTC' }).getTime();
  return Number.isFinite(mtime) ? { mtime } : {};
}

function isLink({ versionMadeBy, externalFileAttributes }: Entry): boolean {
  return versionMadeBy >> 8 === UNIX && ((externalFileAttributes >>> 16) & TYPE_OF_FILE) === LINK;
}

/** Few reads of many bytes in place of many small ones: files mostly follow each other in the order of the directory. */
const WINDOW_BYTES = 2 ** 19;

/** Directory and files are read in turn. */
const MOST_WINDOWS = 2;

class WindowReader extends RandomAccessReader {
  readonly #file: OpenFile;
  #windows: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  constructor(file: OpenFile) {
    super();
    this.#file = file;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error?: Error | null) => void,
  ): void {
    this.fill(buffer.subarray(offset, offset + length), position).then(() => done(null), done);
  }

  /** Rejects with ArchiveError where the file ends before. */
  async fill(target: Uint8Array, position: number): Promise<void> {
    const known = this.#windows.find(({ at, bytes }) => position >= at && position < at + bytes.length);
    const held = known?.bytes.subarray(position - known.at, position - known.at + target.length);
    if (known) this.#use(known);
    if (held) target.set(held);
    const start = held?.length ?? 0;
    if (start === target.length) return;
    const rest = target.subarray(start);
    if (rest.length >= WINDOW_BYTES) return this.#file.read(rest, position + start);
    const at = position + start;
    const bytes = new Uint8Array(Math.max(0, Math.min(WINDOW_BYTES, this.#file.size - at)));
    if (bytes.length < rest.length) throw new ArchiveError({ problem: 'the archive ends early' });
    await this.#file.read(bytes, at);
    this.#use({ at, bytes });
    rest.set(bytes.subarray(0, rest.length));
  }

  #use(window: { readonly at: number; readonly bytes: Uint8Array }): void {
    this.#windows = [window, ...this.#windows.filter((each) => each !== window)].slice(0, MOST_WINDOWS);
  }
}
