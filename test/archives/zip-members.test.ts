import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchive } from '../../src/archives/open.js';
import { type Member, makeZip, text } from './make-zip.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-zip-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Names with the first bytes, or with what is wrong. */
async function read(bytes: Uint8Array): Promise<string[]> {
  const path = join(folder, 'x.zip');
  writeFileSync(path, bytes);
  const found: string[] = [];
  for await (const entry of openArchive(path, 'zip')) {
    const name = entry.name?.toString('utf8') ?? '';
    if ('flaw' in entry) found.push(`${name}: ${entry.flaw.problem}`);
    else if (entry.isLink) found.push(`${name} link`);
    else {
      try {
        found.push(`${name} ${Buffer.from(await entry.read()).toString('latin1', 0, 9)}`);
      } catch (error) {
        found.push(`${name}: ${(error as Error).message}`);
      }
    }
  }
  return found;
}

const data = text('the bytes of an image');
const packed: Pick<Member, 'data' | 'packed' | 'method'> = { data, packed: deflateRawSync(data), method: 8 };
const members: readonly Member[] = [
  { name: 'a.jpg', data },
  { name: 'b.jpg', ...packed },
  { name: 'c.jpg', data },
];
const whole = ['a.jpg the bytes', 'b.jpg the bytes', 'c.jpg the bytes'];

/** Its end record as in archives of more than 65,535 files or 4 GiB. */
function asZip64(zip: Uint8Array): Buffer {
  const end = Buffer.from(zip.subarray(-22));
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(8)), 24);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(zip.length - 22), 8);
  locator.writeUInt32LE(1, 16);
  end.fill(0xff, 8, 20);
  return Buffer.concat([zip.subarray(0, -22), record, locator, end]);
}

describe('members of a zip archive', () => {
  it('come in the order of its directory, stored or deflated, in zip64 too', async () => {
    expect(await read(makeZip([{ name: 'folder/', data: text('') }, ...members]))).toEqual(whole);
    expect(await read(asZip64(makeZip(members)))).toEqual(whole);
    expect(await read(makeZip([]))).toEqual([]);
  });

  it('have names with slashes, whatever they lead to, and text where they are no UTF-8', async () => {
    const names = ['..\\up.jpg', './d.jpg', '/abs.jpg'].map((name) => ({ name, data }));
    expect(await read(makeZip(names))).toEqual(['../up.jpg', 'd.jpg', '/abs.jpg'].map((name) => `${name} the bytes`));
    const zip = Buffer.from(makeZip([{ name: 'a.jpg', data }]));
    for (let at = zip.indexOf('a.jpg'); at >= 0; at = zip.indexOf('a.jpg', at + 1)) zip[at] = 0x81;
    expect(await read(zip)).toEqual(['ü.jpg the bytes']);
  });

  it('may be links, which are told', async () => {
    const zip = Buffer.from(makeZip([{ name: 'a.jpg', data }]));
    const directory = zip.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    zip[directory + 5] = 3;
    zip.writeUInt32LE((0o120777 << 16) >>> 0, directory + 38);
    expect(await read(zip)).toEqual(['a.jpg link']);
  });
});

describe('a large member of a zip archive', () => {
  const large = Buffer.concat([Buffer.from('film'), Buffer.alloc(2 ** 20)]);
  const deflated = deflateRawSync(large);
  it.each<[string, Partial<Member>, string]>([
    ['stored', {}, '512 film'],
    ['deflated', { packed: deflated, method: 8 }, '512 film'],
    ['with the size of no image', { packed: deflated, method: 8, size: 2 ** 30 }, '512 film'],
    ['damaged', { packed: Buffer.alloc(5000, 0xff), method: 8 }, 'does not unpack'],
    ['encrypted', { flags: 1 }, 'encrypted'],
  ])('%s can be left after its first bytes', async (_what, facts, expected) => {
    const path = join(folder, 'large.zip');
    writeFileSync(path, makeZip([{ name: 'x', data: large, ...facts }, members[0]!]));
    const found: string[] = [];
    for await (const entry of openArchive(path, 'zip')) {
      if ('flaw' in entry) throw new Error(entry.flaw.problem);
      const bytes = await entry.read(() => false).catch((error: Error) => error.message);
      found.push(typeof bytes === 'string' ? bytes : `${bytes.length} ${Buffer.from(bytes.subarray(0, 4))}`);
    }
    expect(found).toEqual([expected, `${data.length} the `]);
  });
});

describe('a damaged zip archive', () => {
  it.each<[string, Member, string]>([
    ['an encrypted file', { name: 'x.jpg', data, flags: 1 }, 'encrypted'],
    ['an unknown method', { name: 'x.jpg', data, method: 12 }, 'packed by method 12'],
    ['a wrong size', { name: 'x.jpg', data, size: 5 }, '21 bytes, expected 5'],
    ['a wrong packed size', { name: 'x.jpg', ...packed, size: 5 }, 'does not unpack to its 5 bytes'],
    ['damaged data', { name: 'x.jpg', ...packed, packed: data }, 'does not unpack to its 21 bytes'],
    [
      'other data',
      { name: 'x.jpg', ...packed, packed: deflateRawSync(text('the bytes of an imagf')) },
      'damaged (wrong checksum)',
    ],
    [
      'a size too large',
      { name: 'x.jpg', data, size: 2 ** 29 },
      `${2 ** 29} bytes are too many for a file in an archive`,
    ],
  ])('with %s gives all others', async (_what, member, problem) => {
    const [first, ...others] = members;
    expect(await read(makeZip([first!, member, ...others]))).toEqual([
      whole[0],
      `x.jpg: ${problem}`,
      ...whole.slice(1),
    ]);
  });

  it('that is cut off, or has a damaged directory, says so', async () => {
    const zip = makeZip(members);
    expect(await read(zip.subarray(0, -30))).toEqual([': the zip archive is cut off: it has no directory at its end']);
    expect(await read(text('hello'))).toEqual([': not a zip archive']);
    const broken = Buffer.from(zip);
    broken[broken.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]))] = 0;
    expect(await read(broken)).toEqual([
      ...whole.slice(0, 2),
      expect.stringMatching(/^: damaged zip archive \(invalid central/),
    ]);
  });

  it('with other bytes around it, or in several files, says so', async () => {
    const zip = makeZip(members);
    const other = Buffer.from('#!/bin/sh');
    expect(await read(Buffer.concat([other, zip]))).toEqual([
      ': there are bytes in front of the zip archive, as in one that extracts itself',
    ]);
    expect(await read(Buffer.concat([zip, other]))).toEqual([': there are bytes after the end of the zip archive']);
    const last = Buffer.from(zip);
    last[last.length - 18] = 3;
    expect(await read(last)).toEqual([': one of several files of a zip archive']);
  });

  it('with strong encryption says that it is encrypted', async () => {
    expect(await read(makeZip([members[0]!, { name: 'x.jpg', data, flags: 0x41 }]))).toEqual([whole[0], ': encrypted']);
  });

  it('with files that are all the same bytes is given up where they come to too much', async () => {
    const zeros = Buffer.alloc(2 ** 26);
    const bomb = { data: zeros, packed: deflateRawSync(zeros), method: 8 };
    const names = Array.from({ length: 6 }, (_, at) => ({ name: `${at}.bmp`, ...bomb }));
    const found = await read(makeZip(names, { shared: true }));
    expect(found.filter((each) => each.includes('unpacks to more than 100 times its size')).length).toBeGreaterThan(0);
  });
});
