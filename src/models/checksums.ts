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

/**
 * A file of which only what is needed is read, once: each part is compared with its CRC-32 when it is read first. Later
 * `refuseChanged` tells whether it still is what it was. Without `parts`, or in Node.js before 20.15, all of it is compared
 * at once.
 * @param parts see `partsText`
 * @returns a file whose `read` takes whole parts, one or several, and throws ModelError `weights-damaged`
 */
export function checkParts(
  path: string,
  file: OpenedParts,
  expected: Checksums & { readonly parts?: string },
): OpenedParts {
  refuseLength(path, file.bytes, expected);
  if (zlib.crc32 === undefined || expected.parts === undefined) {
    refuseDamaged(path, chunksOf(file), expected);
    return file;
  }
  const parts = readPartsText(expected.parts);
  /** Places of parts that were found right. */
  const right = new Set<number>();
  const isRight = (bytes: Uint8Array, position: number): boolean => {
    for (let start = 0; start < bytes.length; ) {
      const place = position + start;
      const part = parts.get(place);
      if (!part || part.bytes === 0 || start + part.bytes > bytes.length) return false;
      const end = start + part.bytes;
      if (!right.has(place) && zlib.crc32(bytes.subarray(start, end)) !== part.crc32) return false;
      right.add(place);
      start = end;
    }
    return true;
  };
  return {
    ...file,
    read(target, position) {
      file.read(target, position);
      if (isRight(target, position)) return;
      // The same message wherever a file is damaged.
      refuseDamaged(path, chunksOf(file), expected);
      throw new ModelError('weights-damaged', { where: path, problem: `byte ${position} begins no part of its card` });
    },
  };
}

/** Bytes and CRC-32 of each part of a file, in its order: 8 hexadecimal digits each. @param places where parts begin */
export function partsText(bytes: Uint8Array, places: readonly number[]): string {
  const ends = [...places.slice(1), bytes.length];
  const numbers = places.flatMap((start, index) => [
    ends[index]! - start,
    zlib.crc32(bytes.subarray(start, ends[index])),
  ]);
  return numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
}

/** By place. */
function readPartsText(text: string): ReadonlyMap<number, { readonly bytes: number; readonly crc32: number }> {
  const numbers = Buffer.from(text, 'hex');
  const parts = new Map<number, { bytes: number; crc32: number }>();
  let place = 0;
  for (let at = 0; at < numbers.length; at += 8) {
    const bytes = numbers.readUInt32BE(at);
    parts.set(place, { bytes, crc32: numbers.readUInt32BE(at + 4) });
    place += bytes;
  }
  return parts;
}

/** Few enough to stay in the processor's cache, enough for few calls. */
const CHUNK_BYTES = 2 ** 17;

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
