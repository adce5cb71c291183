import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { ModelError } from '../errors/errors.js';
import { type Allocate, type OpenedParts, readModelFile } from '../untrusted-data/regular-file.js';

/** What tells that a file has every byte as it was written. */
export interface Checksums {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** CRC-32 of ISO-HDLC (that of zlib and PNG), 8 lower-case hexadecimal digits: a tenth of the time of the hash. */
  readonly crc32: string;
}

function sha256(chunks: Iterable<Uint8Array>): string {
  // On demand: loading it takes as long as checking.
  const { createHash }: typeof import('node:crypto') = createRequire(import.meta.url)('node:crypto');
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

function crc32(chunks: Iterable<Uint8Array>): string {
  let sum = 0;
  for (const chunk of chunks) sum = zlib.crc32(chunk, sum);
  return sum.toString(16).padStart(8, '0');
}

export function checksums(bytes: Uint8Array): Checksums {
  return { bytes: bytes.length, sha256: sha256([bytes]), crc32: crc32([bytes]) };
}

/**
 * A bundled file. Its length and CRC-32 find damage; against somebody who changes files on purpose nothing that lies
 * beside them helps. Node.js before 20.15 has no CRC-32 and takes the hash.
 * @throws ModelError `weights-damaged`
 */
export function readUndamaged(path: string, expected: Checksums, maxBytes: number, allocate: Allocate): Uint8Array {
  const bytes = readModelFile(path, maxBytes, (size) => {
    refuseLength(path, size, expected);
    return allocate(size);
  });
  refuseDamaged(path, [bytes], expected);
  return bytes;
}

/** Few enough to stay in the processor's cache, enough for few calls. */
const CHUNK_BYTES = 2 ** 17;

/** The same for a file that need not be read into memory as a whole. @throws ModelError `weights-damaged` */
export function refuseDamagedFile(path: string, file: OpenedParts, expected: Checksums): void {
  refuseLength(path, file.bytes, expected);
  refuseDamaged(path, chunksOf(file), expected);
}

function* chunksOf(file: OpenedParts): Generator<Uint8Array> {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, file.bytes));
  for (let start = 0; start < file.bytes; start += chunk.length) {
    const part = chunk.subarray(0, file.bytes - start);
    file.read(part, start);
    yield part;
  }
}

function refuseLength(where: string, bytes: number, expected: Checksums): void {
  if (bytes === expected.bytes) return;
  throw new ModelError('weights-damaged', { where, problem: `${bytes} bytes`, expected: `${expected.bytes}` });
}

function refuseDamaged(where: string, chunks: Iterable<Uint8Array>, expected: Checksums): void {
  const [name, compute] = zlib.crc32 === undefined ? (['sha256', sha256] as const) : (['crc32', crc32] as const);
  const found = compute(chunks);
  if (found === expected[name]) return;
  const title = name === 'crc32' ? 'CRC-32' : 'sha-256';
  throw new ModelError('weights-damaged', { where, problem: `${title} ${found}`, expected: expected[name] });
}
