import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArchiveError, type ArchiveKind } from '../../src/archives/archive-types.js';
import { openArchive } from '../../src/archives/open.js';
import { longName, makeTar, pax } from '../archives/make-tar.js';
import { makeZip } from '../archives/make-zip.js';
import { createRandom, mutate } from './mutate.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ROUNDS = 300;
/** A file of some kB is read in some ms. */
const MOST_MS = 5000;

const data = Buffer.from('the bytes of an image '.repeat(60));
const names = ['a.jpg', 'b.jpg', 'c.jpg'];
const tar = makeTar([
  pax({ path: 'long.jpg', mtime: '1.5' }),
  ...names.map((name) => ({ name, data })),
  longName('folder/d.jpg'),
  { name: 'd', data },
]);

/** Without Parquet: damaged metadata can keep hyparquet busy for very long. */
const samples: readonly (readonly [ArchiveKind, Uint8Array, number])[] = [
  ['tar', tar, 4],
  ['gzip', gzipSync(tar), 4],
  ['zip', makeZip(names.map((name) => ({ name, data, packed: deflateRawSync(data), method: 8 }))), 3],
];

/** @returns how many files could be read; rejects with what is no error of an archive */
async function readAll(path: string, kind: ArchiveKind): Promise<number> {
  let read = 0;
  for await (const entry of openArchive(path, kind, { fields: ['label'], truth: 'folder' })) {
    if ('flaw' in entry) continue;
    try {
      await entry.read();
      read++;
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
    }
  }
  return read;
}

describe('archives that are damaged at random', () => {
  it.each(samples)('%s: give what can be read, and errors for the rest', async (kind, bytes, files) => {
    const path = join(folder, `x.${kind}`);
    writeFileSync(path, bytes);
    expect(await readAll(path, kind)).toBe(files);
    for (let seed = 0; seed < ROUNDS; seed++) {
      writeFileSync(path, mutate(bytes, createRandom(seed)));
      const begun = performance.now();
      await expect(readAll(path, kind), `seed ${seed}`).resolves.toBeGreaterThanOrEqual(0);
      expect(performance.now() - begun, `seed ${seed}`).toBeLessThan(MOST_MS);
    }
  });
});
