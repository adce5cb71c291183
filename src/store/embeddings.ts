import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelsRecord } from '../domain/models.js';
import { type CacheFolder, limitCache, listCache, removeCache, writeCacheFile } from '../files/cache-files.js';
import { places } from './home.js';

const ENDING = '.mobilenet-vector';

/** More is not kept: 100,000 vectors of 1,280 numbers. */
export const MOST_CACHE_BYTES = 2 ** 29;

const HASH_BYTES = 32;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** The vector of a picture, and its upright size in pixels. */
export interface CachedVector {
  readonly vector: Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Vectors of pictures that were computed before. */
export interface EmbeddingCache {
  /** @param picture SHA-256 of the file, in hexadecimal digits */
  find(picture: string): CachedVector | undefined;
  keep(picture: string, vector: CachedVector): void;
  /** Removes the oldest vectors where there are too many. */
  close(): void;
}

/**
 * Vectors in files of the store's folder, one for each picture and `key`. They only save time: what cannot be read, or is
 * damaged, is not there, and what cannot be written is not kept. Several processes may read and write at once, since a file is
 * there as a whole or not at all.
 *
 * A file: SHA-256 of the rest, then little-endian u32 for width and height, then f32 for each number.
 *
 * @param key names all that a vector follows from but the picture
 * @param length numbers in a vector
 */
export function openEmbeddingCache(home: string, key: string, length: number): EmbeddingCache {
  const folder = folderOf(home);
  const nameOf = (picture: string) => createHash('sha256').update(`${key} ${picture}`).digest('hex');
  let hasWritten = false;
  return {
    find(picture) {
      try {
        return readVector(join(folder.path, `${nameOf(picture)}${ENDING}`), length);
      } catch {
        return undefined;
      }
    },
    keep(picture, { vector, width, height }) {
      const rest = new Uint8Array(2 * FLOAT + vector.byteLength);
      const view = new DataView(rest.buffer);
      view.setUint32(0, width, true);
      view.setUint32(FLOAT, height, true);
      rest.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), 2 * FLOAT);
      if (writeCacheFile(folder, nameOf(picture), [hashOf(rest), rest])) hasWritten = true;
    },
    close() {
      if (hasWritten) limitCache(folder, { bytes: MOST_CACHE_BYTES });
    },
  };
}

/** How much is kept, and where. */
export function measureEmbeddings(home: string): ModelsRecord['cache'] {
  const folder = folderOf(home);
  const files = listCache(folder);
  return { path: folder.path, vectors: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** @returns how many vectors there were */
export function removeEmbeddings(home: string): number {
  return removeCache(folderOf(home));
}

function folderOf(home: string): CacheFolder {
  return { path: places.embeddings(home), ending: ENDING };
}

/** Undefined where the file is damaged. */
function readVector(path: string, length: number): CachedVector | undefined {
  const bytes = readFileSync(path);
  const rest = new Uint8Array(bytes.subarray(HASH_BYTES));
  if (rest.length !== (2 + length) * FLOAT || !hashOf(rest).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
  const view = new DataView(rest.buffer);
  return {
    width: view.getUint32(0, true),
    height: view.getUint32(FLOAT, true),
    vector: new Float32Array(rest.buffer.slice(2 * FLOAT)),
  };
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
