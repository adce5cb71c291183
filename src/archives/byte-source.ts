import * as fs from 'node:fs';
import { open, read } from '../files/file-calls.js';

/** One read for several members: the threads that read files decode images too, and each turn among them takes time. */
const CHUNK_BYTES = 2 ** 20;

/** Bytes in order, from wherever they come. */
export class ByteSource {
  /** Bytes before the next one. */
  position = 0;
  readonly #next: () => Promise<Uint8Array | undefined>;
  readonly #jump: ((bytes: number) => number) | undefined;
  readonly #close: () => void;
  #chunk: Uint8Array = new Uint8Array(0);

  /**
   * @param next the bytes that follow, good until it is called again; undefined at the end
   * @param jump leaves out so many bytes of what follows, and says how many there were
   */
  constructor(next: () => Promise<Uint8Array | undefined>, close: () => void, jump?: (bytes: number) => number) {
    this.#next = next;
    this.#close = close;
    this.#jump = jump;
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** A copy of the next bytes; fewer where there are no more. Memory grows with what is there, not with what is asked for. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    let target = new Uint8Array(Math.min(length, CHUNK_BYTES));
    let filled = 0;
    while (filled < length && (await this.#fill())) {
      const part = this.#take(length - filled);
      if (filled + part.length > target.length) {
        const larger = new Uint8Array(Math.min(length, Math.max(2 * target.length, filled + part.length)));
        larger.set(target);
        target = larger;
      }
      target.set(part, filled);
      filled += part.length;
    }
    return filled === target.length ? target : target.slice(0, filled);
  }

  /** The next bytes, which stay; fewer where there are no more. */
  async peek(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.read(length);
    this.#chunk = Buffer.concat([bytes, this.#chunk]);
    this.position -= bytes.length;
    return bytes;
  }

  /** @returns how many bytes there were to leave out, at most `length` */
  async skip(length: number): Promise<number> {
    let skipped = this.#take(length).length;
    if (this.#jump && skipped < length) {
      const jumped = this.#jump(length - skipped);
      this.position += jumped;
      return skipped + jumped;
    }
    while (skipped < length && (await this.#fill())) skipped += this.#take(length - skipped).length;
    return skipped;
  }

  close(): void {
    this.#close();
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const chunk = await this.#next();
      if (chunk === undefined) return false;
      this.#chunk = chunk;
    }
    return true;
  }

  #take(most: number): Uint8Array {
    const part = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(part.length);
    this.position += part.length;
    return part;
  }
}

/** The bytes of a regular file. Rejects as `open` does. */
export async function openFileSource(path: string | Buffer): Promise<ByteSource> {
  const file = await open(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  const { size } = fs.fstatSync(file);
  const buffer = new Uint8Array(CHUNK_BYTES);
  let at = 0;
  return new ByteSource(
    async () => {
      const bytesRead = await read(file, buffer, 0, buffer.length, at);
      at += bytesRead;
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    },
    () => fs.closeSync(file),
    (bytes) => {
      const jumped = Math.max(0, Math.min(bytes, size - at));
      at += jumped;
      return jumped;
    },
  );
}

/** The bytes of a stream, which ends when the source is closed. */
export function sourceOf(stream: AsyncIterable<Uint8Array>, close: () => void = () => {}): ByteSource {
  const chunks = stream[Symbol.asyncIterator]();
  return new ByteSource(async () => (await chunks.next()).value as Uint8Array | undefined, close);
}
