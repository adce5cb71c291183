import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInputs, type InputOptions } from '../../src/inputs/find.js';
import { makeTar, type TarFile } from '../archives/make-tar.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-archives-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const data = Buffer.from('image');
const text = (value: string) => Buffer.from(value);
const images: readonly TarFile[] = ['b.jpg', 'a.jpg', 'sub/c.png', '.hidden.jpg', 'sub/.x/d.jpg', 'notes.txt'].map(
  (name) => ({ name, data }),
);

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  utimesSync(path, 1e9, 1e9);
  return path;
}

async function inputs(names: readonly string[], options: InputOptions = {}) {
  const found = [];
  for await (const input of findInputs(names, options)) found.push(input);
  return found;
}

/** Names below the folder, with what is wrong. */
async function names(args: readonly string[], options: InputOptions = {}): Promise<string[]> {
  const found = await inputs(args, options);
  return found.map(({ file, error }) => {
    const name = file.replace(`${folder}/`, '');
    return error ? `${name}! ${error.message.replaceAll(`${folder}/`, '')}` : name;
  });
}

describe('an archive among the inputs', () => {
  it('is read in its order as if it were a folder', async () => {
    const tar = write('order.tar', makeTar([{ name: 'sub/', type: '5' }, ...images]));
    expect(await names([tar])).toEqual(['b.jpg', 'a.jpg', 'sub/c.png', 'notes.txt'].map((name) => `order.tar/${name}`));
    expect(await names([tar], { hidden: true })).toHaveLength(6);
    expect(await names([tar], { recursive: false })).toEqual(
      ['b.jpg', 'a.jpg', 'notes.txt'].map((name) => `order.tar/${name}`),
    );
    expect(await names([tar], { include: ['*.jpg'], exclude: ['b*'] })).toEqual(['order.tar/a.jpg']);
    expect(await names([tar], { exclude: ['sub/', '*.txt'] })).toEqual(['order.tar/b.jpg', 'order.tar/a.jpg']);
    expect(await names([tar], { include: ['sub/*'] })).toEqual(['order.tar/sub/c.png']);
  });

  it('is known by its first bytes, packed or not, and entered where it is named: not in a folder', async () => {
    const bytes = makeTar(images.slice(0, 1));
    write('no-ending', bytes);
    write('packed', gzipSync(bytes));
    write('old-tar', makeTar([{ name: 'b.jpg', data, magic: '' }]));
    for (const name of ['no-ending', 'packed', 'old-tar']) {
      expect(await names([join(folder, name)])).toEqual([`${name}/b.jpg`]);
      const list = write('list', text(join(folder, name)));
      expect(await names([], { filesFrom: [list] })).toEqual([`${name}/b.jpg`]);
      expect(await names([join(folder, `${name.slice(0, -1)}?`)])).toEqual([`${name}/b.jpg`]);
    }
    const jpeg = write('image.tar', Buffer.from('\xff\xd8\xff\xe0 a JPEG that is called an archive', 'latin1'));
    expect(await names([jpeg])).toEqual(['image.tar']);
    expect(await names([folder], { include: ['no-ending', 'packed'] })).toEqual(['no-ending', 'packed']);
  });

  // Of `zstd`: a tar of two files, a.jpg and b.jpg of five bytes each, in two frames.
  const frames = Buffer.from(
    'KLUv/QRYpQIAJANhLmpwZwAwMDAwNjQ0MDAwMDAwNQAwNzM0NjU0NTY3MjQAIDB1c3RhcgAwMGltYWdlYgsAOEBGZQNUoC0bSrk5' +
      'KgDA4AbNmGkMNXyAY+UyO4EijgEY7Si1L/0EWGUCAMQCAAAwMDAwNjQ0MDAwMDAwNQAwNzM0NjU0NTY3MjUAIDB1c3RhcgAwaW1h' +
      'Z2UKAGXBDyAbQykEqCDekBrnKIjCN4YaPsCxchkFYAFkXRYG',
    'base64',
  );

  it('may be several frames of zstd, of which none is missed', async () => {
    const both = ['a.jpg', 'b.jpg'].map((name) => `frames.tar.zst/${name}`);
    expect(await names([write('frames.tar.zst', frames)])).toEqual(both);
    const cut = await names([write('cut.tar.zst', frames.subarray(0, -10))]);
    expect(cut.at(-1)).toMatch(/the zstd data end early; files may be missing/);
  });

  it('gives bytes, sizes, times and the archive with each file', async () => {
    const tar = write('facts.tar', makeTar([{ name: 'a.jpg', data, mtime: 1234 }]));
    const size = makeTar([{ name: 'a.jpg', data }]).length;
    const archive = { file: tar, size, mtime: 1e12 };
    const [input] = await inputs([tar]);
    expect(input).toMatchObject({ inSequence: true, isFound: true, member: { size: 5, mtime: 1234e3, archive } });
    expect(Buffer.from(input!.bytes!)).toEqual(data);
    const [known] = await inputs([tar], { contents: false });
    expect(known).toMatchObject({ file: `${tar}/a.jpg`, member: { size: 5 } });
    expect(known!.bytes).toBeUndefined();
  });

  it('is cut into parts by its members, of which each is in one', async () => {
    const many = Array.from({ length: 40 }, (_, at) => ({ name: `${at}.jpg`, data }));
    const tar = write('shards.tar', makeTar(many));
    const parts = await Promise.all([1, 2, 3].map((part) => names([tar], { shard: { part, parts: 3 } })));
    expect(parts.flat().sort()).toEqual(many.map(({ name }) => `shards.tar/${name}`).sort());
    expect(parts.every((part) => part.length > 3)).toBe(true);
  });

  it('comes once, and its files under one name are an error after the first', async () => {
    const tar = write('twice.tar', makeTar([...images.slice(0, 2), ...images.slice(0, 2)]));
    const problem = 'the archive has several files of this name';
    expect(await names([tar, tar])).toEqual([
      ...['twice.tar/b.jpg', 'twice.tar/a.jpg'],
      `twice.tar/b.jpg@2048! twice.tar/b.jpg: ${problem}`,
      `twice.tar/a.jpg@3072! twice.tar/a.jpg: ${problem}`,
    ]);
  });

  it('keeps what is wrong with it where two flaws have one name', async () => {
    const large = { name: 'PaxHeader', type: 'x', data, size: 2 ** 30 };
    expect(await names([write('flaws.tar', makeTar([large], false))])).toEqual([
      expect.stringMatching(/^flaws\.tar! flaws\.tar: a header of 1073741824 bytes/),
      expect.stringMatching(/^flaws\.tar@0! flaws\.tar: the archive ends without/),
    ]);
  });

  it('keeps names that are no UTF-8, absolute or lead upwards as names alone', async () => {
    const raw = Buffer.from([0xff, 0x2e, 0x6a, 0x70, 0x67]);
    const other = Buffer.from([0xfe, 0x2e, 0x6a, 0x70, 0x67]);
    const tar = write(
      'names.tar',
      makeTar([
        { name: raw, data },
        { name: other, data },
        { name: '/etc/a.jpg', data },
        { name: '../b.jpg', data },
      ]),
    );
    expect(await names([tar])).toEqual([
      'names.tar/\ufffd.jpg',
      'names.tar/\ufffd.jpg',
      'names.tar//etc/a.jpg',
      'names.tar/../b.jpg',
    ]);
    const [first] = await inputs([tar]);
    expect(first!.path).toEqual(Buffer.concat([Buffer.from(`${tar}/`), raw]));
  });

  it('says of links, damage and what is cut off where that is, each under a name of its own', async () => {
    const files: TarFile[] = [
      { name: 'a.jpg', data },
      { name: 'soft.jpg', type: '2' },
      { name: 'readme', type: '1' },
      { name: 'b.jpg', data, isDamaged: true },
      { name: 'c.jpg', data: Buffer.alloc(2000) },
    ];
    const tar = write('wrong.tar', makeTar(files).subarray(0, 6000 - 1024));
    expect(await names([tar])).toEqual([
      'wrong.tar/a.jpg',
      'wrong.tar/soft.jpg! wrong.tar/soft.jpg: a link, which is not followed in an archive',
      'wrong.tar/readme! wrong.tar/readme: not an image (link)',
      'wrong.tar@2048! wrong.tar: damaged header at byte 2048; files may be missing',
      'wrong.tar/c.jpg! wrong.tar/c.jpg: the archive ends after 1392 of its 2000 bytes',
    ]);
  });

  it.each([
    ['gzip data that are cut off', 'cut.tgz', gzipSync(makeTar(images)).subarray(0, -9), /the gzip data end early/],
    ['gzip data without a tar', 'x.gz', gzipSync(text('some text')), /a gzip file, expected a tar in it/],
    [
      'no tar at all',
      'text.tar',
      text('some text'),
      /text\.tar: not a tar archive; check what was downloaded or copied$/,
    ],
    ['no tar, of several blocks', 'long.tar', text('text '.repeat(1024)), /long\.tar: not a tar archive/],
    ['gzip data that are none', 'none.tgz', text('some text'), /none\.tgz: not a gzip file; check/],
    ['zstd data that are none', 'none.tzst', text('some text'), /none\.tzst: not a zstd file; check/],
    ['no Parquet', 'none.parquet', text('some text'), /none\.parquet: not a Parquet file; check/],
    [
      'a Parquet file that is cut off',
      'cut.parquet',
      text('PAR1 and more'),
      /the Parquet file is cut off: .*; download or/,
    ],
    [
      'zeros without an end',
      'bomb.tgz',
      gzipSync(
        Buffer.concat([makeTar([{ name: 'a.jpg', data, size: 2 ** 27 }], false), Buffer.alloc(2 ** 28 + 2 ** 26)]),
      ),
      /unpacks to more than 100 times its size; the rest of it is not read/,
    ],
  ])('with %s is an error', async (_what, name, bytes, message) => {
    const found = await names([write(name, bytes)]);
    expect(found.at(-1)).toMatch(message);
    expect(found.filter((each) => each.includes('!'))).toHaveLength(1);
  });

  it('that cannot be read any more is an error', async () => {
    const tar = write('empty.tar', makeTar([]));
    expect(await names([tar])).toEqual([]);
  });
});

describe('samples of WebDataset', () => {
  const sample = (key: string, caption: string, cls?: string): TarFile[] => [
    { name: `${key}.jpg`, data },
    { name: `${key}.json`, data: text(JSON.stringify({ caption, width: 3 })) },
    ...(cls === undefined ? [] : [{ name: `${key}.cls`, data: text(cls) }]),
  ];
  const facts = async (files: readonly TarFile[], options: InputOptions = {}) => {
    const tar = write('samples.tar', makeTar(files));
    return (await inputs([tar], options)).map(({ file, truth, member, error }) => ({
      file: file.replace(`${tar}/`, ''),
      ...(member?.key !== undefined && { key: member.key }),
      ...(member?.fields && { fields: member.fields }),
      ...(truth !== undefined && { truth }),
      ...(error && { error: error.message.replace(`${tar}/`, '') }),
    }));
  };

  it('have a key, and what is beside an image is no input', async () => {
    const files = [...sample('00/1', 'one'), { name: '00/2.jpg', data }, { name: 'x/y.z.txt', data }];
    expect(await facts(files)).toEqual([
      { file: '00/1.jpg', key: '00/1' },
      { file: '00/2.jpg' },
      { file: 'x/y.z.txt' },
    ]);
    const before = [
      { name: '3.txt', data },
      { name: '3.left.jpg', data },
      { name: '3.right.jpg', data },
    ];
    expect(await facts(before)).toEqual([
      { file: '3.left.jpg', key: '3' },
      { file: '3.right.jpg', key: '3' },
    ]);
  });

  it('have the fields that are wanted, or null, whatever patterns leave out', async () => {
    const files = [...sample('1', 'one'), { name: '2.jpg', data }, ...sample('3', 'three').reverse()];
    const fields = (caption: string | null) => ({ caption, url: null });
    expect(await facts(files, { fields: ['caption', 'url'], include: ['*.jpg'] })).toEqual([
      { file: '1.jpg', key: '1', fields: fields('one') },
      { file: '2.jpg', fields: fields(null) },
      { file: '3.jpg', key: '3', fields: fields('three') },
    ]);
  });

  it('have the class of their .cls, or else of their folder', async () => {
    const files = [...sample('cat/1', 'one', ' 281\n'), ...sample('dog/2', 'two')];
    const expected = [
      { file: 'cat/1.jpg', key: 'cat/1', truth: '281' },
      { file: 'dog/2.jpg', key: 'dog/2', truth: 'dog' },
    ];
    expect(await facts(files, { truth: 'folder' })).toEqual(expected);
    expect(await facts(files, { truth: 'folder', contents: false })).toEqual(expected);
  });

  it('whose files are apart are errors where something is wanted of them', async () => {
    const [one, two] = [sample('1', 'one'), sample('2', 'two')];
    const mixed = [one[0]!, two[0]!, one[1]!, two[1]!];
    const problem = (name: string) => `${name}: not next to the other files of its sample`;
    expect(await facts(mixed, { fields: ['caption'] })).toMatchObject([
      { file: '1.jpg' },
      { file: '2.jpg' },
      { file: '1.json', error: problem('1.json') },
      { file: '2.json', error: problem('2.json') },
    ]);
    expect(await facts([one[1]!, two[0]!, one[0]!], { fields: ['caption'] })).toMatchObject([
      { file: '1.json' },
      { file: '2.jpg' },
      { file: '1.jpg' },
      { file: '1.jpg@2048', error: problem('1.jpg') },
    ]);
    expect(await facts(mixed)).toEqual(['1.jpg', '2.jpg', '1.json', '2.json'].map((file) => ({ file })));
  });

  it('have no file beside an image that is too large for one', async () => {
    const large = { name: '1.json', data: Buffer.alloc(2 ** 25 + 1, ' ') };
    expect(await facts([{ name: '1.jpg', data }, large], { fields: ['caption'] })).toMatchObject([
      {
        file: '1.json',
        error: '1.json: 33554433 bytes are too many for a file beside an image, expected at most 32 MiB',
      },
      { file: '1.jpg', key: '1', fields: { caption: null } },
    ]);
  });

  it('with JSON that is none say so', async () => {
    const files = [
      { name: '1.jpg', data },
      { name: '1.json', data: text('{"caption":') },
    ];
    expect(await facts(files, { fields: ['caption'] })).toMatchObject([
      { file: '1.json', error: '1.json: not a JSON object' },
      { file: '1.jpg', key: '1', fields: { caption: null } },
    ]);
  });
});
