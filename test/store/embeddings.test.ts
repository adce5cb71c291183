import { mkdtempSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  MOST_CACHE_BYTES,
  measureEmbeddings,
  openEmbeddingCache,
  removeEmbeddings,
} from '../../src/store/embeddings.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mobilenet-vectors-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const picture = 'ab'.repeat(32);
const cached = { vector: Float32Array.of(0.5, -1, 3), width: 640, height: 480 };

test('finds what was kept under the same key and picture', () => {
  openEmbeddingCache(home, 'key', 3).keep(picture, cached);
  expect(openEmbeddingCache(home, 'key', 3).find(picture)).toEqual(cached);
  expect(openEmbeddingCache(home, 'other', 3).find(picture)).toBeUndefined();
  expect(openEmbeddingCache(home, 'key', 4).find(picture)).toBeUndefined();
  expect(openEmbeddingCache(home, 'key', 3).find('cd'.repeat(32))).toBeUndefined();
});

test('is measured and removed', () => {
  expect(measureEmbeddings(home)).toMatchObject({ vectors: 0, bytes: 0 });
  const cache = openEmbeddingCache(home, 'key', 3);
  cache.keep(picture, cached);
  cache.keep('cd'.repeat(32), cached);
  expect(measureEmbeddings(home)).toEqual({ path: join(home, 'embeddings'), vectors: 2, bytes: 2 * (32 + 8 + 12) });
  expect(removeEmbeddings(home)).toBe(2);
  expect(measureEmbeddings(home).vectors).toBe(0);
});

test('beyond the limit the oldest vectors go', () => {
  openEmbeddingCache(home, 'key', 3).keep(picture, cached);
  const file = join(home, 'embeddings', 'large.mobilenet-vector');
  writeFileSync(file, '');
  truncateSync(file, MOST_CACHE_BYTES - 60);
  const old = new Date(Date.now() - 60_000);
  utimesSync(file, old, old);
  const cache = openEmbeddingCache(home, 'key', 3);
  cache.keep('cd'.repeat(32), cached);
  cache.close();
  expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
  expect(measureEmbeddings(home).vectors).toBe(2);
  expect(cache.find(picture)).toEqual(cached);
});
