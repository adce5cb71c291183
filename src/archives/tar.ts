import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ModelError } from '../errors/errors.js';
import { MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';

const BLOCK = 512;
/** Of all that comes out of an archive: the largest of TF-slim's has 0.2 GB. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;

/**
 * One member of a gzipped tar archive (POSIX ustar), streamed and bounded. Nothing is ever written under a name that
 * the archive gives, so that its paths and links have nowhere to lead: only a regular file of exactly the name asked
 * for, at the archive's top, is read.
 * @throws ModelError `archive`
 */
export async function readArchiveMember(
  path: string,
  member: string,
  where: string,
  maxUnpackedBytes = MAX_UNPACKED_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = createReadStream(path);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  const reader = new TarReader(member, where, maxUnpackedBytes);
  try {
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Uint8Array>) {
      const found = reader.push(chunk);
      if (found) return found;
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      'archive',
      { where, problem: `damaged (${(error as Error).message})`, expected: 'a .tgz archive' },
      {
        cause: error,
      },
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
  throw new ModelError('archive', { where, problem: `no ${member} in it`, expected: 'that file at its top' });
}

/** Takes an archive's bytes as they come; keeps one block, or the member. */
class TarReader {
  readonly #member: string;
  readonly #where: string;
  readonly #most: number;
  readonly #header = new Uint8Array(BLOCK);
  #filled = 0;
  #skip = 0;
  #total = 0;
  #content: Uint8Array<ArrayBuffer> | undefined;
  #contentFilled = 0;

  constructor(member: string, where: string, most: number) {
    this.#member = member;
    this.#where = where;
    this.#most = most;
  }

  /** The member, once it is complete. */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    this.#total += chunk.length;
    if (this.#total > this.#most) throw this.#wrong(`more than ${this.#most} bytes when unpacked`);
    for (let position = 0; position < chunk.length; ) {
      if (this.#content) {
        const part = chunk.subarray(position, position + this.#content.length - this.#contentFilled);
        this.#content.set(part, this.#contentFilled);
        this.#contentFilled += part.length;
        position += part.length;
        if (this.#contentFilled === this.#content.length) return this.#content;
      } else if (this.#skip > 0) {
        const count = Math.min(this.#skip, chunk.length - position);
        this.#skip -= count;
        position += count;
      } else {
        const part = chunk.subarray(position, position + BLOCK - this.#filled);
        this.#header.set(part, this.#filled);
        this.#filled += part.length;
        position += part.length;
        if (this.#filled === BLOCK) this.#readHeader();
      }
    }
    return undefined;
  }

  #readHeader(): void {
    this.#filled = 0;
    const header = this.#header;
    // Blocks of zeros end an archive.
    if (header.every((byte) => byte === 0)) return;
    let sum = 0;
    for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 0x20 : header[index]!;
    if (this.#octal(148, 8) !== sum) throw this.#wrong('damaged header');
    const size = this.#octal(124, 12);
    const type = String.fromCharCode(header[156]!);
    const prefix = this.#text(257, 5) === 'ustar' ? this.#text(345, 155) : '';
    const name = (prefix ? `${prefix}/` : '') + this.#text(0, 100);
    if (name.replace(/^\.\//, '') !== this.#member) {
      this.#skip = Math.ceil(size / BLOCK) * BLOCK;
      return;
    }
    if (type !== '0' && type !== '\0') throw this.#wrong(`${this.#member} is a link or the like, expected a file`);
    if (size === 0 || size > MAX_FILE_BYTES) {
      throw this.#wrong(`${this.#member} of ${size} bytes, expected 1 to ${MAX_FILE_BYTES}`);
    }
    this.#content = new Uint8Array(size);
  }

  #text(start: number, length: number): string {
    const field = Buffer.from(this.#header.subarray(start, start + length)).toString('latin1');
    const end = field.indexOf('\0');
    return end === -1 ? field : field.slice(0, end);
  }

  #octal(start: number, length: number): number {
    const text = this.#text(start, length).trim();
    if (!/^[0-7]{1,12}$/.test(text)) throw this.#wrong('damaged header');
    return Number.parseInt(text, 8);
  }

  #wrong(problem: string): ModelError {
    return new ModelError('archive', { where: this.#where, problem });
  }
}
