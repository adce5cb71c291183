import { createHash, type Hash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../files/lock.js';
import { FetchError } from '../net/fetch-error.js';
import { SNIFFED_BYTES } from '../weights/formats/other-files.js';
import type { Disk } from './disk.js';
import type { DownloadRequest } from './download-request.js';

const CHUNK_BYTES = 1024 * 1024;
/** What another machine has not touched for so long is nobody's any more. */
const ABANDONED_MS = 24 * 3_600_000;

/** What tells one version of a file at an address from another. */
interface Source {
  readonly address: string;
  /** A strong ETag or a date, for `If-Range`. */
  readonly validator: string | null;
}

/**
 * A file on its way. Each process writes one of its own, `KEY.HOST-PID-RANDOM.part`; what a dead process left is
 * taken over by renaming it, which only one can do. `….source` beside it says where the bytes are from.
 */
export class PartialDownload {
  readonly folder: string;
  readonly #path: string;
  readonly #disk: Disk;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #md5: Hash = createHash('md5');
  #source: Source | undefined;
  #received = 0;

  private constructor(folder: string, path: string, disk: Disk, handle: FileHandle, source: Source | undefined) {
    this.folder = folder;
    this.#path = path;
    this.#disk = disk;
    this.#handle = handle;
    this.#source = source;
  }

  /** Opens a part for `key`: what an interrupted process left, or an empty one. */
  static async open(folder: string, key: string, disk: Disk): Promise<PartialDownload> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${key}.${machine()}-${process.pid}-${randomBytes(6).toString('hex')}.part`);
    const source = await adopt(folder, key, path);
    const handle = await open(path, source ? 'r+' : 'wx+');
    const partial = new PartialDownload(folder, path, disk, handle, source);
    if (source) await partial.#hashAgain();
    return partial;
  }

  get path(): string {
    return this.#path;
  }

  get received(): number {
    return this.#received;
  }

  /** Headers that ask for the rest, where it can be told that the rest is of the same file. */
  async resumption(address: string, hasHash: boolean): Promise<Record<string, string>> {
    const validator = this.#source?.address === address ? this.#source.validator : null;
    if (this.#received > 0 && validator === null && !(hasHash && this.#source?.address === address)) {
      await this.restart();
    }
    if (this.#received === 0) return {};
    return { Range: `bytes=${this.#received}-`, ...(validator !== null && { 'If-Range': validator }) };
  }

  /** Starts over with what the server sends now. */
  async begin(address: string, headers: IncomingHttpHeaders): Promise<void> {
    await this.restart();
    const tag = headers.etag;
    const validator = tag !== undefined && !tag.startsWith('W/') ? tag : (headers['last-modified'] ?? null);
    this.#source = { address, validator };
    const handle = await open(`${this.#path}.source`, 'w');
    const text = new TextEncoder().encode(JSON.stringify(this.#source));
    await this.#disk.write(handle, text, 0).finally(() => handle.close());
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#disk.write(this.#handle, bytes, this.#received);
    this.#hash.update(bytes);
    this.#md5.update(bytes);
    this.#received += bytes.length;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.#md5 = createHash('md5');
    this.#received = 0;
  }

  /**
   * Length, first bytes and hash of the complete file.
   * @throws FetchError
   */
  async check(where: string, { bytes, hash, inspect }: DownloadRequest): Promise<{ bytes: number; sha256: string }> {
    const head = new Uint8Array(SNIFFED_BYTES);
    const { bytesRead } = await this.#handle.read(head, 0, head.length, 0);
    const problem = inspect?.(head.subarray(0, bytesRead));
    if (problem !== undefined) throw new FetchError({ where, problem }, false);
    if (bytes !== null && this.#received !== bytes) {
      throw new FetchError({ where, problem: `${this.#received} bytes`, expected: `${bytes}` }, false);
    }
    const sha256 = this.#hash.copy().digest('hex');
    if (hash !== null) {
      const found = hash.algorithm === 'md5' ? this.#md5.copy().digest('hex') : sha256;
      const matches = hash.algorithm === 'sha256-prefix' ? found.startsWith(hash.value) : found === hash.value;
      if (!matches) {
        const name = hash.algorithm === 'md5' ? 'MD5' : 'sha-256';
        throw new FetchError({ where, problem: `${name} ${found}`, expected: hash.value }, false);
      }
    }
    await this.#handle.sync();
    return { bytes: this.#received, sha256 };
  }

  /** Closes and removes it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
    await rm(`${this.#path}.source`, { force: true }).catch(() => {});
  }

  /** Hashes what an earlier process wrote. */
  async #hashAgain(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, this.#received);
      if (bytesRead === 0) return;
      const part = chunk.subarray(0, bytesRead);
      this.#hash.update(part);
      this.#md5.update(part);
      this.#received += bytesRead;
    }
  }
}

function machine(): string {
  return hostname().replace(/\W/g, '_').slice(0, 40);
}

/** Takes over the longest part that a dead process left, and removes the others. */
async function adopt(folder: string, key: string, path: string): Promise<Source | undefined> {
  const found: { file: string; size: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${key}.`) || !name.endsWith('.part')) continue;
    const file = join(folder, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isFile() && isAbandoned(name.slice(key.length + 1), stats.mtimeMs))
      found.push({ file, size: stats.size });
  }
  let source: Source | undefined;
  for (const { file, size } of found.sort((a, b) => b.size - a.size)) {
    const own = source ? undefined : await readSource(`${file}.source`);
    const isTaken =
      own !== undefined &&
      size > 0 &&
      (await rename(file, path).then(
        () => true,
        () => false,
      ));
    if (isTaken) {
      source = own;
      await rename(`${file}.source`, `${path}.source`).catch(() => {});
    } else {
      await rm(file, { force: true }).catch(() => {});
      await rm(`${file}.source`, { force: true }).catch(() => {});
    }
  }
  return source;
}

/** `HOST-PID-RANDOM.part` */
function isAbandoned(owner: string, modified: number): boolean {
  const [host, id] = owner.split('-');
  if (host === machine()) return Number(id) !== process.pid && !isAlive(Number(id));
  return Date.now() - modified > ABANDONED_MS;
}

async function readSource(path: string): Promise<Source | undefined> {
  try {
    const { address, validator } = JSON.parse(await readFile(path, 'utf8'));
    const isWhole = typeof address === 'string' && (typeof validator === 'string' || validator === null);
    // A header value with a line break would be refused by Node; better to start over.
    return isWhole && !/[^\t\x20-\x7e]/.test(validator ?? '') ? { address, validator } : undefined;
  } catch {
    return undefined;
  }
}
