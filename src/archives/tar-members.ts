import {
  type ArchiveEntry,
  ArchiveError,
  type ArchiveFlaw,
  type ArchiveMember,
  checkMemberSize,
  FEW_BYTES,
  type IsWanted,
  notA,
  START_BYTES,
} from './archive-types.js';
import type { ByteSource } from './byte-source.js';
import { BLOCK, hasTarMagic, isTarHeader } from './tar-checksum.js';
import { type PaxFacts, readPax, readTarHeader, readText, type TarHeader } from './tar-header.js';

/** Of a pax header, or a long name. */
const MOST_HEADER_BYTES = 2 ** 20;

/** Types that have no bytes, whatever size is written: links, devices, folders and pipes. */
const WITHOUT_BYTES = '123456';

/**
 * The files and links of a tar in its order, in one pass (POSIX ustar and pax, GNU, older ones), with what is wrong with
 * it. After a damaged header the next sound one is looked for. What follows the end mark is read too if it is another tar,
 * as of tars that were joined.
 */
export async function* tarMembers(source: ByteSource): AsyncGenerator<ArchiveEntry> {
  const reader = new TarReader(source);
  try {
    yield* reader.entries();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    // What unpacks the bytes goes no further.
    yield { at: reader.at, flaw: error.flaw };
  }
}

class TarReader {
  /** Where the header is of what is being read. */
  at = 0;
  readonly #source: ByteSource;
  /** Of all members from here on, and of the next one. */
  #always: PaxFacts = {};
  #next: PaxFacts = {};

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async *entries(): AsyncGenerator<ArchiveEntry> {
    let hasEnded = false;
    let isLost = false;
    // The error of a file that does not begin like a tar: reported as such if a header follows, else as no tar at all.
    let first: ArchiveEntry | undefined;
    for (;;) {
      const at = this.#source.position;
      this.at = at;
      const block = await this.#source.read(BLOCK);
      if (block.length === 0) break;
      if (block.length < BLOCK) {
        if (first || at === 0) yield { flaw: notA('tar archive').flaw };
        else if (!hasEnded && !isLost) yield { at, flaw: { problem: 'the archive ends within a header' } };
        return;
      }
      if (block.every((byte) => byte === 0)) {
        hasEnded = true;
        continue;
      }
      if (!isTarHeader(block)) {
        // Whatever pads an archive after its end.
        if (hasEnded) return;
        const entry = { at, flaw: { problem: `damaged header at byte ${at}`, remedy: 'files may be missing' } };
        if (at === 0 && !hasTarMagic(block)) first = entry;
        else if (!isLost) yield entry;
        isLost = true;
        continue;
      }
      if (first) yield first;
      first = undefined;
      [hasEnded, isLost] = [false, false];
      const entry = await this.#entry(block, at);
      if (!entry) continue;
      if ('flaw' in entry) yield entry;
      else if (!(yield* this.#member(entry))) return;
    }
    if (first) yield { flaw: notA('tar archive').flaw };
    else if (!hasEnded)
      yield { flaw: { problem: 'the archive ends without its end mark', remedy: 'files may be missing' } };
  }

  /** Undefined for what only describes the next member. */
  async #entry(block: Uint8Array, at: number): Promise<TarEntry | ArchiveFlaw | undefined> {
    let header: TarHeader;
    try {
      header = readTarHeader(block);
      if ('xgLK'.includes(header.type)) {
        await this.#describe(header);
        return undefined;
      }
      if ('VMND'.includes(header.type)) {
        await this.#source.skip(padded(header.size));
        return undefined;
      }
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      return { at, flaw: error.flaw };
    }
    const { isExtended, type } = header;
    for (let more = isExtended; more; ) more = (await this.#source.read(BLOCK))[504] === 1;
    const facts = { ...this.#always, ...this.#next };
    this.#next = {};
    const { sparseName, name = header.name, mtime = header.mtime, size = header.size, isSparse = type === 'S' } = facts;
    const bytes = WITHOUT_BYTES.includes(type) ? 0 : size;
    return { at, name: withoutDot(sparseName ?? name), mtime: Math.floor(1000 * mtime), size: bytes, type, isSparse };
  }

  async #describe({ type, size }: TarHeader): Promise<void> {
    if (size > MOST_HEADER_BYTES) {
      await this.#source.skip(padded(size));
      throw new ArchiveError({ problem: `a header of ${size} bytes`, expected: `at most ${MOST_HEADER_BYTES}` });
    }
    const bytes = await this.#source.read(size);
    await this.#source.skip(padded(size) - size);
    if (type === 'L') this.#next.name = readText(bytes);
    else if (type === 'x') Object.assign(this.#next, readPax(bytes));
    else if (type === 'g') Object.assign(this.#always, readPax(bytes));
  }

  /** @returns false where the archive ends in it */
  async *#member({ type, isSparse, ...known }: TarEntry): AsyncGenerator<ArchiveEntry, boolean> {
    const { name, at, size } = known;
    const source = this.#source;
    let left = size;
    let isLast = false;
    const read = async (isWanted?: IsWanted) => {
      if (isWanted && size > FEW_BYTES) {
        const start = await source.peek(START_BYTES);
        if (!isWanted(start)) return start;
      }
      checkMemberSize(size);
      // Unless all goes well.
      isLast = true;
      const bytes = await source.read(size);
      if (bytes.length < size) throw endsEarly(bytes.length, size);
      left = 0;
      isLast = false;
      return bytes;
    };
    const isFolder = type === '5' || name.at(-1) === 0x2f;
    if (isSparse) yield { name, at, flaw: { problem: 'a sparse file, which cannot be read from an archive' } };
    else if (type === '1' || type === '2') yield { ...known, isLink: true, read };
    else if (!isFolder && !WITHOUT_BYTES.includes(type)) yield { ...known, read } satisfies ArchiveMember;
    if (isLast) return false;
    const rest = left + padded(size) - size;
    const skipped = await source.skip(rest);
    if (skipped < left) {
      // The member itself is there already, under its name.
      yield { at, flaw: endsEarly(size - left + skipped, size).flaw };
      return false;
    }
    return true;
  }
}

interface TarEntry extends Pick<ArchiveMember, 'name' | 'at' | 'size'> {
  readonly mtime: number;
  readonly type: string;
  readonly isSparse: boolean;
}

function endsEarly(found: number, size: number): ArchiveError {
  return new ArchiveError({ problem: `the archive ends after ${found} of its ${size} bytes` });
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** `./a` is `a`. */
export function withoutDot(name: Buffer): Buffer {
  let from = 0;
  while (name[from] === 0x2e && name[from + 1] === 0x2f) {
    from += 2;
    while (name[from] === 0x2f) from++;
  }
  return name.subarray(from);
}
