import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveWishes } from '../../src/archives/archive-types.js';
import { openArchive } from '../../src/archives/open.js';
import { parquetMembers } from '../../src/archives/parquet-members.js';
import { busyFile } from './busy-parquet.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-parquet-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Column {
  readonly name: string;
  readonly data: readonly unknown[];
  readonly schema: readonly SchemaElement[];
}

const optional = { repetition_type: 'OPTIONAL' } as const;
const bytesColumn = (name: string, data: readonly unknown[]): Column => ({
  name,
  data,
  schema: [{ name, type: 'BYTE_ARRAY', ...optional }],
});
const imageColumn = (name: string, data: readonly unknown[]): Column => ({
  name,
  data,
  schema: [
    { name, num_children: 2, ...optional },
    { name: 'bytes', type: 'BYTE_ARRAY', ...optional },
    { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
  ],
});
const numbers = (name: string, data: readonly bigint[]): Column => ({
  name,
  data,
  schema: [{ name, type: 'INT64', ...optional }],
});
const texts = (name: string, data: readonly string[]): Column => ({
  name,
  data,
  schema: [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional }],
});

function write(columns: readonly Column[], kvMetadata: { key: string; value: string }[] = []): string {
  const writer = new ByteWriter();
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap((column) => column.schema)];
  const parquet = new ParquetWriter({ writer, schema, kvMetadata });
  const columnData = columns.map(({ name, data }) => ({ name, data: [...data] as never }));
  void parquet.write({ columnData, rowGroupSize: 2 });
  void parquet.finish();
  return save(writer.getBytes());
}

function save(bytes: Uint8Array): string {
  const path = join(folder, 'x.parquet');
  writeFileSync(path, bytes);
  return path;
}

/** The same file, with another footer. */
function withFooter(path: string, change: (metadata: FileMetaData) => void): string {
  const whole = readFileSync(path);
  const metadata = parquetMetadata(whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length));
  change(metadata);
  const writer = new ByteWriter();
  writer.appendBytes(whole.subarray(0, whole.length - 8 - whole.readUInt32LE(whole.length - 8)));
  writeMetadata(writer, metadata);
  writer.appendUint32(0x31524150);
  return save(writer.getBytes());
}

async function read(path: string, wishes: ArchiveWishes = {}): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const entry of openArchive(path, 'parquet', wishes)) {
    if ('flaw' in entry) found.push(`${entry.at ?? ''}: ${entry.flaw.problem}`);
    else {
      const { name, size, fields, truth } = entry;
      const text = Buffer.from(await entry.read()).toString();
      expect(text).toHaveLength(size);
      found.push([name.toString(), text, ...(fields ? [fields] : []), ...(truth === undefined ? [] : [truth])]);
    }
  }
  return found;
}

const bytes = ['one', 'two', 'three'].map((text) => Buffer.from(text));
const images = bytes.map((each, at) => ({ bytes: each, path: at === 1 ? null : `${at}.jpg` }));

describe('a Parquet file', () => {
  it('gives the images of a column of structs, by row and path', async () => {
    const path = write([imageColumn('image', images), numbers('label', [0n, 1n, 0n])]);
    expect(await read(path)).toEqual([
      ['0/0.jpg', 'one'],
      ['1', 'two'],
      ['2/2.jpg', 'three'],
    ]);
  });

  it('gives those of a column of bytes; of several the one that is named like images', async () => {
    const expected = ['one', 'two', 'three'].map((text, at) => [`${at}`, text]);
    expect(await read(write([texts('caption', ['a', 'b', 'c']), bytesColumn('content', bytes)]))).toEqual(expected);
    expect(await read(write([bytesColumn('mask', [...bytes].reverse()), bytesColumn('image', bytes)]))).toEqual(
      expected,
    );
    expect(await read(write([bytesColumn('a', bytes), bytesColumn('b', bytes)]))).toEqual([
      ': several columns of bytes (a, b)',
    ]);
    expect(await read(write([texts('caption', ['a', 'b', 'c'])]))).toEqual([': no column of images']);
  });

  it('gives the first bytes alone of a large value that is not wanted', async () => {
    const large = Buffer.alloc(2 ** 20 + 1, 'film');
    const found: number[] = [];
    for await (const entry of openArchive(write([bytesColumn('image', [large, bytes[0]])]), 'parquet')) {
      if ('flaw' in entry) throw new Error(entry.flaw.problem);
      found.push((await entry.read(() => false)).length);
    }
    expect(found).toEqual([512, 3]);
  });

  it('gives nothing where there is no image', async () => {
    const path = write([imageColumn('image', [images[0], null, { bytes: null, path: 'x.jpg' }])]);
    expect(await read(path)).toEqual([
      ['0/0.jpg', 'one'],
      ['1', ''],
      ['2/x.jpg', ''],
    ]);
  });

  it('gives other columns as they are in JSON, and classes by their names', async () => {
    const columns = [imageColumn('image', images), numbers('label', [0n, 1n, 2n]), texts('caption', ['a', 'b', 'c'])];
    const names = { info: { features: { label: { names: ['cat', 'dog'] } } } };
    const path = write(columns, [{ key: 'huggingface', value: JSON.stringify(names) }]);
    expect(await read(path, { fields: ['caption', 'label', 'none'], truth: 'folder' })).toEqual([
      ['0/0.jpg', 'one', { caption: 'a', label: 0, none: null }, 'cat'],
      ['1', 'two', { caption: 'b', label: 1, none: null }, 'dog'],
      ['2/2.jpg', 'three', { caption: 'c', label: 2, none: null }, '2'],
    ]);
    expect(await read(path, { truth: 'folder', contents: false })).toEqual([
      ['0', '', 'cat'],
      ['1', '', 'dog'],
      ['2', '', '2'],
    ]);
    expect(await read(write(columns), { truth: 'folder' })).toEqual([
      ['0/0.jpg', 'one', '0'],
      ['1', 'two', '1'],
      ['2/2.jpg', 'three', '2'],
    ]);
  });

  it('that is damaged or cut off says so, and goes on with the next rows', async () => {
    const file = write([imageColumn('image', images)]);
    const whole = readFileSync(file);
    expect(await read(save(whole.subarray(0, -5)))).toEqual([
      ': the Parquet file is cut off: it has no metadata at its end',
    ]);
    expect(await read(save(Buffer.from('PAR1')))).toEqual([
      expect.stringMatching(/^: (damaged Parquet file|the Parquet file is cut off)/),
    ]);
    const broken = Buffer.from(whole);
    broken.fill(0xff, 4, 20);
    expect(await read(save(broken))).toEqual([expect.stringMatching(/^0: rows 0 to 1: /), ['2/2.jpg', 'three']]);
  });

  it.each([
    ['fewer rows in a group', 1n, undefined, '0: rows 0 to 0: damaged Parquet file (2 images for 1 rows)'],
    ['more rows in a group', 9n, undefined, '0: rows 0 to 8: damaged Parquet file (2 images for 9 rows)'],
    ['far more rows', 2n ** 31n, 2n ** 31n, '0: rows 0 to 2147483647: 2147483648 rows in one row group'],
  ] as const)('whose footer speaks of %s loses no row unnoticed', async (_, rows, values, first) => {
    const path = withFooter(write([bytesColumn('image', bytes)]), ({ row_groups: [group] }) => {
      group!.num_rows = rows;
      if (values !== undefined) group!.columns[0]!.meta_data!.num_values = values;
    });
    const found = await read(path);
    expect(found[0]).toBe(first);
    expect(found[1]).toEqual([expect.any(String), 'three']);
    expect(found[2]).toMatch(/^: \d+ rows, expected 3$/);
  });

  it('whose footer speaks of less than no rows is damaged', async () => {
    const path = withFooter(write([bytesColumn('image', bytes)]), ({ row_groups: [group] }) => {
      group!.num_rows = -2n;
    });
    expect(await read(path)).toEqual([': damaged Parquet file (-2 rows in a row group)']);
  });

  it('whose decoder does not come to an end gives what else it holds', async () => {
    const found: unknown[] = [];
    for await (const entry of parquetMembers(save(busyFile), { fields: ['label'] }, 1000)) {
      found.push('flaw' in entry ? entry.flaw.problem : entry.name.toString());
    }
    expect(found).toEqual(['rows 0 to 1: damaged Parquet file (not decoded within 1 s)', '2']);
  });

  it('whose levels are a run of a billion is damaged, and takes no other rows with it', async () => {
    const broken = readFileSync(write([bytesColumn('image', bytes)]));
    // Both rows have a value: eight bits, of which two are set, before the values.
    const run = broken.indexOf(Buffer.from([3, 0b11]), 4);
    broken.set([0xfe, 0xff, 0xff, 0xff, 0x07, 1], run);
    expect(await read(save(broken))).toEqual([
      '0: rows 0 to 1: damaged Parquet file (more than 16777216 values)',
      ['2', 'three'],
    ]);
  });
});
