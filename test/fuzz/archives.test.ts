import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArchiveEntry, ArchiveError, type ArchiveKind } from '../../src/archives/archive-types.js';
import { openArchive } from '../../src/archives/open.js';
import { parquetMembers } from '../../src/archives/parquet-members.js';
import { longName, makeTar, pax } from '../archives/make-tar.js';
import { makeZip } from '../archives/make-zip.js';
import { createRandom, mutate } from './mutate.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ROUNDS = 300;
/** Each starts a thread. */
const PARQUET_ROUNDS = 60;
/** Of a thread: a file may wear out three. */
const PATIENCE_MS = 1000;
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

const samples: readonly (readonly [ArchiveKind, Uint8Array, number, number])[] = [
  ['tar', tar, 4, ROUNDS],
  ['gzip', gzipSync(tar), 4, ROUNDS],
  ['zip', makeZip(names.map((name) => ({ name, data, packed: deflateRawSync(data), method: 8 }))), 3, ROUNDS],
  ['parquet', makeTable(), 3, PARQUET_ROUNDS],
];

function makeTable(): Uint8Array {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: [
      { name: 'image', data: names.map(() => new Uint8Array(data)), type: 'BYTE_ARRAY' },
      { name: 'label', data: [0, 1, 0], type: 'INT32' },
    ],
    rowGroupSize: 2,
  });
  return writer.getBytes();
}

/** openArchive gives them as entries; of Parquet files that one asks for with less patience. */
async function* withoutArchiveErrors(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<ArchiveEntry> {
  try {
    yield* entries;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
  }
}

/** @returns how many files could be read; rejects with what is no error of an archive */
async function readAll(path: string, kind: ArchiveKind): Promise<number> {
  const wishes = { fields: ['label'], truth: 'folder' };
  const entries = kind === 'parquet' ? parquetMembers(path, wishes, PATIENCE_MS) : openArchive(path, kind, wishes);
  let read = 0;
  for await (const entry of withoutArchiveErrors(entries)) {
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
  it.each(samples)('%s: give what can be read, and errors for the rest', async (kind, bytes, files, rounds) => {
    const path = join(folder, `x.${kind}`);
    writeFileSync(path, bytes);
    expect(await readAll(path, kind)).toBe(files);
    for (let seed = 0; seed < rounds; seed++) {
      writeFileSync(path, mutate(bytes, createRandom(seed)));
      const begun = performance.now();
      await expect(readAll(path, kind), `seed ${seed}`).resolves.toBeGreaterThanOrEqual(0);
      expect(performance.now() - begun, `seed ${seed}`).toBeLessThan(MOST_MS);
    }
  });
});
