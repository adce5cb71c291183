import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../src/archives/byte-source.js';
import { tarMembers } from '../../src/archives/tar-members.js';
import { longName, makeTar, pax, type TarFile } from './make-tar.js';

const [one, two, three] = ['one', 'two', 'three'].map((text) => Buffer.from(text.repeat(400)));
const files: readonly TarFile[] = [
  { name: 'a.jpg', data: one! },
  { name: 'b.jpg', data: two! },
  { name: 'c.jpg', data: three! },
];

async function* chunks(bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Names with the lengths of what was read, or with what is wrong. */
async function read(bytes: Buffer, { length = 700, reads = true } = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of tarMembers(sourceOf(chunks(bytes, length)))) {
    const name = entry.name?.toString('latin1') ?? '';
    if ('flaw' in entry) found.push(`${name}: ${entry.flaw.problem}`);
    else if (entry.isLink) found.push(`${name} link`);
    else if (!reads) found.push(`${name} ${entry.size}`);
    else {
      try {
        const data = await entry.read();
        found.push(`${name} ${data.length} ${String.fromCharCode(data[0] ?? 0x2d)}`);
      } catch (error) {
        found.push(`${name}: ${(error as Error).message}`);
      }
    }
  }
  return found;
}

const whole = ['a.jpg 1200 o', 'b.jpg 1200 t', 'c.jpg 2000 t'];

describe('members of a tar', () => {
  it.each([1, 511, 512, 4096, 1e6])('come in order, in pieces of %i bytes', async (length) => {
    expect(await read(makeTar(files), { length })).toEqual(whole);
  });

  it('need not be read', async () => {
    expect(await read(makeTar(files), { reads: false })).toEqual(['a.jpg 1200', 'b.jpg 1200', 'c.jpg 2000']);
  });

  it('of which large ones can be left after their first bytes', async () => {
    const large = Buffer.concat([Buffer.from('film'), Buffer.alloc(2 ** 20)]);
    const bytes = makeTar([files[0]!, { name: 'x', data: large }, { name: 'y', data: large }, files[1]!]);
    const found: (number | string)[] = [];
    for await (const entry of tarMembers(sourceOf(chunks(bytes, 700)))) {
      if ('flaw' in entry) throw new Error(entry.flaw.problem);
      const asked = (start: Uint8Array) => {
        found.push(`${start.length} ${Buffer.from(start.subarray(0, 4))}`);
        return entry.name.toString() === 'y';
      };
      found.push((await entry.read(asked)).length);
    }
    expect(found).toEqual([1200, '512 film', 512, '512 film', large.length, 1200]);
    const cut = bytes.subarray(0, 2 ** 20);
    for await (const entry of tarMembers(sourceOf(chunks(cut, 700)))) {
      if ('flaw' in entry) found.push(entry.flaw.problem!);
      else await entry.read(() => false);
    }
    expect(found.at(-1)).toBe(`the archive ends after ${2 ** 20 - 2048 - 512} of its ${large.length} bytes`);
  });

  it('have names of up to any length, as ustar, pax and GNU write them, and bytes that are no UTF-8', async () => {
    const long = `${'folder/'.repeat(40)}x.jpg`;
    const bytes = makeTar([
      pax({ path: long, mtime: '1.5' }),
      { name: 'short', data: one! },
      longName(long),
      { name: 'short', data: two!, magic: 'ustar  \0' },
      { name: Buffer.from([0xff, 0x2e, 0x6a]), data: one! },
      { name: './d.jpg', data: one! },
      { name: '/abs.jpg', data: one! },
      { name: '../up.jpg', data: one! },
    ]);
    expect(await read(bytes)).toEqual([
      ...[`${long} 1200 o`, `${long} 1200 t`, '\xff.j 1200 o', 'd.jpg 1200 o', '/abs.jpg 1200 o', '../up.jpg 1200 o'],
    ]);
  });

  it('are left out where they are folders or devices; links are told', async () => {
    const others = ['3', '4', '5', '6'].map((type) => ({ name: `x${type}`, type, size: 100 }));
    const links = [
      { name: 'hard.jpg', type: '1', size: 1200 },
      { name: 'soft.jpg', type: '2' },
    ];
    expect(await read(makeTar([...others, ...links, { name: 'old/' }, ...files]))).toEqual([
      ...['hard.jpg link', 'soft.jpg link'],
      ...whole,
    ]);
  });

  it('of tars that were joined all come', async () => {
    expect(await read(Buffer.concat([makeTar(files), makeTar(files)]))).toEqual([...whole, ...whole]);
  });

  it('take what follows the end mark for padding', async () => {
    expect(await read(Buffer.concat([makeTar(files), Buffer.alloc(9000, 7)]))).toEqual(whole);
  });

  it('take sizes in base 256 and from pax', async () => {
    const header = makeTar([{ name: 'a.jpg', data: one! }], false);
    header.fill(0, 124, 136);
    header[124] = 0x80;
    header.writeUInt32BE(1200, 132);
    header.write('        ', 148);
    const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(await read(Buffer.concat([header, makeTar(files.slice(1))]))).toEqual(whole);
    expect(await read(makeTar([pax({ size: '1200' }), { ...files[0]!, size: 0 }, ...files.slice(1)]))).toEqual(whole);
  });
});

describe('a damaged tar', () => {
  const ends = (found: number) => `the archive ends after ${found} of its 1200 bytes`;

  it.each([
    ['within a file', makeTar(files).subarray(0, 512 + 1536 + 512 + 700), ['a.jpg 1200 o', `b.jpg: ${ends(700)}`]],
    ['within a header', makeTar(files).subarray(0, 2048 + 100), ['a.jpg 1200 o', ': the archive ends within a header']],
    [
      'before its end mark',
      makeTar(files.slice(0, 2), false),
      [...whole.slice(0, 2), ': the archive ends without its end mark'],
    ],
  ])('that ends %s gives what it has, and one flaw', async (_where, bytes, expected) => {
    expect(await read(bytes)).toEqual(expected);
    expect((await read(bytes, { reads: false })).at(-1)).toBe(expected.at(-1)!.replace('b.jpg', ''));
  });

  it('with a damaged header goes on at the next one', async () => {
    const [first, second, third] = files;
    expect(await read(makeTar([first!, { ...second!, isDamaged: true }, third!]))).toEqual([
      whole[0],
      ': damaged header at byte 2048',
      whole[2],
    ]);
  });

  it('that begins with something else goes on at the first sound header', async () => {
    expect(await read(Buffer.concat([Buffer.alloc(1024, 'x'), makeTar(files)]))).toEqual([
      ': damaged header at byte 0',
      ...whole,
    ]);
  });

  it('with sparse files says so and goes on', async () => {
    const sparse = [
      { name: 's.jpg', type: 'S', data: one! },
      pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'p.jpg', path: 'GNUSparseFile.1/p.jpg' }),
      { name: 'p.jpg', data: two! },
    ];
    const problem = 'a sparse file, which cannot be read from an archive';
    expect(await read(makeTar([...sparse, ...files]))).toEqual([`s.jpg: ${problem}`, `p.jpg: ${problem}`, ...whole]);
  });

  it('with a size that nothing could hold takes no memory for it', async () => {
    const [first] = files;
    const huge = makeTar([{ ...first!, size: 2 ** 27 }], false);
    expect(await read(huge)).toEqual([`a.jpg: the archive ends after 1536 of its ${2 ** 27} bytes`]);
    expect(await read(makeTar([{ ...first!, size: 2 ** 32 }], false))).toEqual([
      `a.jpg: ${2 ** 32} bytes are too many for a file in an archive`,
      `: the archive ends after 1536 of its ${2 ** 32} bytes`,
    ]);
  });

  it('with damaged pax headers says so and goes on', async () => {
    const broken = { name: 'PaxHeader', type: 'x', data: Buffer.from('99 path=x\n') };
    expect(await read(makeTar([broken, ...files]))).toEqual([': damaged pax header', ...whole]);
    expect(await read(makeTar([{ ...broken, size: 2 ** 21, data: Buffer.alloc(2 ** 21) }, ...files]))).toEqual([
      `: a header of ${2 ** 21} bytes`,
      ...whole,
    ]);
  });
});
