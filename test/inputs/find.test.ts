import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { findInputs, type InputOptions } from '../../src/inputs/find.js';
import { compileGlob } from '../../src/inputs/glob.js';
import { compareNames } from '../../src/inputs/order.js';
import { parseShard } from '../../src/inputs/shard.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-inputs-'));
  for (const name of ['sub/deep', '.hidden', 'skip']) mkdirSync(join(folder, name), { recursive: true });
  const files = ['b10.jpg', 'b9.jpg', 'a b.png', 'line\nfeed.jpg', 'é.jpg', '.dot.jpg', 'sub/c.jpg', 'sub/deep/d.png'];
  for (const name of [...files, '.hidden/e.jpg', 'skip/f.jpg']) writeFileSync(join(folder, name), '');
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/raw`), Buffer.from([0xff, 0xfe]), Buffer.from('.jpg')]), '');
  symlinkSync(folder, join(folder, 'sub/loop'));
  symlinkSync('c.jpg', join(folder, 'sub/link.jpg'));
  symlinkSync('nowhere', join(folder, 'sub/none.jpg'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function names(args: readonly string[], options: InputOptions = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { file } of findInputs(args, options)) found.push(file.replace(`${folder}/`, ''));
  return found;
}

async function* bytes(...chunks: readonly (string | Buffer)[]) {
  for (const chunk of chunks) yield Buffer.from(chunk as string);
}

const all = ['a b.png', 'b9.jpg', 'b10.jpg', 'line\nfeed.jpg', 'raw\ufffd\ufffd.jpg'];
const sub = ['sub/c.jpg', 'sub/deep/d.png', 'sub/link.jpg', 'sub/none.jpg'];

describe('findInputs', () => {
  it('walks folders in natural order, without hidden names, and follows links to files alone', async () => {
    expect(await names([folder])).toEqual([...all, 'skip/f.jpg', ...sub, 'é.jpg']);
    expect(await names([folder], { recursive: false })).toEqual([...all, 'é.jpg']);
    expect(await names([folder], { hidden: true })).toEqual(
      expect.arrayContaining(['.dot.jpg', '.hidden/e.jpg', ...sub]),
    );
  });

  it('keeps to --include and --exclude', async () => {
    expect(await names([folder], { include: ['*.png'] })).toEqual(['a b.png', 'sub/deep/d.png']);
    expect(await names([folder], { include: ['sub/**'], exclude: ['deep', 'l*'] })).toEqual([
      'sub/c.jpg',
      'sub/none.jpg',
    ]);
    expect(await names([folder], { exclude: ['deep/', 'skip/', 'b9.jpg/', 'l*'] })).toEqual(
      [...all, 'sub/c.jpg', 'sub/none.jpg', 'é.jpg'].filter((name) => name !== 'line\nfeed.jpg'),
    );
    expect(await names([folder], { include: ['deep/', 'skip/'] })).toEqual(['skip/f.jpg', 'sub/deep/d.png']);
    expect(await names([folder], { include: ['./deep/'] })).toEqual([]);
    expect(await names([folder], { include: ['./sub/*.jpg', './b9.jpg'] })).toEqual([
      'b9.jpg',
      'sub/c.jpg',
      'sub/link.jpg',
      'sub/none.jpg',
    ]);
  });

  it('expands patterns that fit no file by name', async () => {
    expect(await names([`${folder}/b*.jpg`])).toEqual(['b9.jpg', 'b10.jpg']);
    expect(await names([`${folder}/**/*.png`])).toEqual(['a b.png', 'sub/deep/d.png']);
    expect(await names([`${folder}/*/c.jpg`])).toEqual(['sub/c.jpg']);
    expect(await names([`${folder}/{a,é}*`])).toEqual(['a b.png', 'é.jpg']);
    expect(await names([`${folder}/x*.jpg`])).toEqual(['x*.jpg']);
    expect(await names([`${folder}/sub/**`])).toEqual(sub);
    expect(await names([`${folder}/*/**`])).toEqual(['skip/f.jpg', ...sub]);
  });

  it('expands ranges in braces to names, there or not', async () => {
    expect(await names([`${folder}/b{9..11}.jpg`])).toEqual(['b9.jpg', 'b10.jpg', 'b11.jpg']);
    expect(await names([`${folder}/{10..9}{01..2}.tar`])).toEqual(
      ['1001', '1002', '901', '902'].map((n) => `${n}.tar`),
    );
    expect(await names([`${folder}/b{8..10}*.jpg`])).toEqual(['b8*.jpg', 'b9.jpg', 'b10.jpg']);
    await expect(names([`${folder}/{0..9999999}`])).rejects.toThrow(/expands to more than 1000000 names/);
  });

  it('walks folders that a pattern fits, links to folders too, as if the shell had named them', async () => {
    expect(await names([`${folder}/s*`])).toEqual(['skip/f.jpg', ...sub]);
    expect(await names([`${folder}/s*/`])).toEqual(['skip/f.jpg', ...sub]);
    expect(await names([`${folder}/b*/`])).toEqual(['b*/']);
    expect(await names([`${folder}/s*`], { recursive: false })).toEqual([
      'skip/f.jpg',
      'sub/c.jpg',
      'sub/link.jpg',
      'sub/none.jpg',
    ]);
    expect(await names([`${folder}/s*`], { exclude: ['sub'] })).toEqual(['skip/f.jpg']);
    expect(await names([`${folder}/sub/l*p`], { include: ['f.jpg'] })).toEqual(['sub/loop/skip/f.jpg']);
  });

  it('follows links where a part of a pattern names them, takes dots where it does, and has folders in braces', async () => {
    expect(await names([`${folder}/sub/lo?p/b9.jpg`])).toEqual(['sub/loop/b9.jpg']);
    expect(await names([`${folder}/**/b9.jpg`])).toEqual(['b9.jpg']);
    expect(await names([`${folder}/.h*/*`])).toEqual(['.hidden/e.jpg']);
    expect(await names([`${folder}/*/.d*`, `${folder}/.h*/.d*`])).toEqual(['*/.d*', '.h*/.d*']);
    expect(await names([`${folder}/*/*`], { recursive: false })).toEqual(
      expect.arrayContaining(['skip/f.jpg', 'sub/c.jpg', 'sub/deep/d.png']),
    );
    expect(await names([`${folder}/{skip,sub/deep}/*`])).toEqual(['skip/f.jpg', 'sub/deep/d.png']);
    expect(await names([`${folder}/{sub/{deep,none},skip}/{f,d}.*`])).toEqual(['sub/deep/d.png', 'skip/f.jpg']);
    expect(await names([folder], { exclude: ['/sub', '/b*'], include: ['/*.jpg'] })).toEqual([
      'line\nfeed.jpg',
      'raw\ufffd\ufffd.jpg',
      'é.jpg',
    ]);
  });

  it('goes a shell’s way through dots, parts that are no patterns, and several **', async () => {
    expect(await names([`${folder}/s*/../b9.jpg`])).toEqual(['skip/../b9.jpg']);
    expect(await names([`${folder}/{.hidden,skip}/*.jpg`])).toEqual(['.hidden/e.jpg', 'skip/f.jpg']);
    expect(await names([`${folder}/**/**/sub/**/*.png`])).toEqual(['sub/deep/d.png']);
    expect(await names([`${folder}/b[[]9.jpg`])).toEqual(['b[[]9.jpg']);
    const deep = join(folder, '.deep');
    const chain = join(deep, Array.from({ length: 24 }, () => 'a').join('/'));
    mkdirSync(chain, { recursive: true });
    writeFileSync(join(chain, 'z.jpg'), '');
    expect(await names([`${deep}/${'**/'.repeat(3)}${'a/**/'.repeat(6)}z.jpg`])).toHaveLength(1);
    expect(await names([`${folder}/${'{a/,b/}'.repeat(22)}*`])).toHaveLength(1);
  });

  it('has the names of the current folder without ./, whatever their bytes', async () => {
    const before = process.cwd();
    try {
      process.chdir(folder);
      expect(await names(['r*', '*/f.jpg'])).toEqual(['raw\ufffd\ufffd.jpg', 'skip/f.jpg']);
      for await (const { path } of findInputs(['r*'])) expect(path.toString('latin1')).toBe('raw\xff\xfe.jpg');
    } finally {
      process.chdir(before);
    }
  });

  it('tells pictures that only look alike by name from each other', async () => {
    const fetch = async () => new Uint8Array([1]);
    const addresses = ['http://h/a', 'http://h//a', 'http://h/b/../a', 'http://h/a'];
    expect(await names(addresses, { fetch })).toEqual(addresses.slice(0, 3));
    expect(await names(['-', './-'], { stdin: bytes('x') })).toEqual(['-', './-']);
    const raw = ['a\xff', './a\xff', 'b/../a\xff', `${process.cwd()}/a\xff`].map((name) => Buffer.from(name, 'latin1'));
    const list = Buffer.concat(raw.flatMap((name) => [name, Buffer.from([0])]));
    expect(await names([], { filesFrom: ['-'], separator: 'nul', stdin: bytes(list) })).toHaveLength(1);
  });

  it('fetches nothing before its turn', async () => {
    let fetched = 0;
    for await (const input of findInputs(['http://h/a'], { fetch: async () => new Uint8Array(++fetched) })) {
      expect([fetched, await input.fetch!(), fetched]).toEqual([0, new Uint8Array(1), 1]);
    }
  });

  it('takes the name of no file that would be an unfinished pattern for a missing one', async () => {
    const file = `${folder}/a[1.jpg`;
    const { value } = await findInputs([file]).next();
    expect(value).toMatchObject({ file, error: { code: 'not-found', message: `${file}: no such file` } });
    expect(await names([`${folder}/a[b/c]d`, `${folder}/{b9,sub/c`])).toEqual(['a[b/c]d', '{b9,sub/c']);
    expect(await names([`${folder}/[z-a]`, `${folder}/[[:alpha:]]`])).toEqual(['[z-a]', '[[:alpha:]]']);
    expect(await names([`${folder}/a[1.jpg`, `${folder}/{`, `${folder}/b9.jpg`])).toEqual(['a[1.jpg', '{', 'b9.jpg']);
  });

  it('gives no path twice', async () => {
    const file = join(folder, 'b9.jpg');
    expect(await names([file, `${folder}/./b9.jpg`, `${folder}/sub/../b9.jpg`, `${folder}/b*.jpg`])).toEqual([
      'b9.jpg',
      `b10.jpg`,
    ]);
  });

  it('reads lists, split anywhere, by NUL or line, and keeps bytes that are not UTF-8', async () => {
    const nul = { filesFrom: ['-'], separator: 'nul', stdin: bytes('a\0b\nc', '\0\0d') } as const;
    expect(await names([], nul)).toEqual(['a', 'b\nc', 'd']);
    const lines = { filesFrom: ['-'], stdin: bytes('a b\n\nc\r\n', 'é') } as const;
    expect(await names([], lines)).toEqual(['a b', 'c\r', 'é']);
    const raw = Buffer.from([0x61, 0xff, 0x0a]);
    for await (const input of findInputs([], { filesFrom: ['-'], stdin: bytes(raw) })) {
      expect(input).toEqual({ file: 'a\ufffd', path: raw.subarray(0, 2) });
    }
  });

  it('says what a name on the command line has lost', async () => {
    await expect(names(['raw\ufffd\ufffd.jpg'])).rejects.toThrow(
      /not valid UTF-8, and Node\.js lost its bytes; name its folder/,
    );
    await expect(names([], { filesFrom: [folder] })).rejects.toThrow(/a folder, expected a list/);
    await expect(names([], { filesFrom: [`${folder}/missing`] })).rejects.toThrow(/missing: no such file/);
  });

  it('gives a missing file as it is, for whoever opens it', async () => {
    expect(await names(['missing.jpg'])).toEqual(['missing.jpg']);
  });

  it('shards: each name in one part, always the same', async () => {
    const list = Array.from({ length: 1000 }, (_, index) => `picture ${index}.jpg`);
    const parts = await Promise.all([1, 2, 3].map((part) => names(list, { shard: { part, parts: 3 } })));
    expect(parts.flat().sort()).toEqual(list.toSorted());
    for (const part of parts) expect(part.length).toBeGreaterThan(280);
    // `printf 'picture 0.jpg' | sha256sum` begins with these 48 bits.
    expect(parts.findIndex((part) => part.includes('picture 0.jpg'))).toBe(0x7ec6b0f2f45b % 3);
    for (const wrong of ['0/3', '4/3', '1', 'a/b', '1/0', '-1/3']) expect(() => parseShard(wrong)).toThrow(/--shard/);
  });
});

describe('names', () => {
  it('compare naturally', () => {
    const sorted = [
      'a',
      'a1',
      'a01',
      'a2',
      'a10',
      'a10b',
      'b',
      'é',
      '9',
      '10',
      '100000000000000000000',
      '99999999999999999999',
    ];
    expect(sorted.toSorted(compareNames)).toEqual([
      '9',
      '10',
      '99999999999999999999',
      '100000000000000000000',
      'a',
      'a01',
      'a1',
      'a2',
      'a10',
      'a10b',
      'b',
      'é',
    ]);
  });

  it('compare as their runs of digits and of other characters do', () => {
    const split = (name: string) => name.match(/\d+|\D+/g) ?? [];
    const byUnit = (a: string, b: string) => (a < b ? -1 : Number(a > b));
    const reference = (a: string, b: string) => {
      const others = split(b);
      for (const [at, part] of split(a).entries()) {
        const other = others[at];
        if (other === undefined) break;
        const areNumbers = /\d/.test(part) && /\d/.test(other);
        const order = areNumbers ? Number(BigInt(part) - BigInt(other)) : byUnit(part, other);
        if (order !== 0) return order;
      }
      return split(a).length - others.length || byUnit(a, b);
    };
    const random = seededRandom(1);
    const name = () =>
      Array.from({ length: Math.floor(7 * random()) }, () => '0012a-~'[Math.floor(7 * random())]).join('');
    const wrong = Array.from({ length: 50_000 }, () => [name(), name()] as const).filter(
      ([a, b]) => Math.sign(compareNames(a, b)) !== Math.sign(reference(a, b)),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['*.jpg', ['a.jpg', '.jpg'], ['a.jpeg', 'b/a.jpg', 'ajpg']],
    ['**/*.jpg', ['a.jpg', 'b/c/a.jpg'], ['a.png']],
    ['a/**', ['a/b', 'a/b/c'], ['b/a']],
    ['?[0-9].{jpg,png}', ['x1.jpg', 'x2.png'], ['x1.gif', 'xx.jpg', '11.2.jpg']],
    ['[!a]b', ['bb'], ['ab', '/b']],
    ['\\*.(a+)', ['*.(a+)'], ['x.a']],
  ])('fit %s', (pattern, fitting, others) => {
    const fits = compileGlob(pattern);
    expect(fitting.filter(fits)).toEqual(fitting);
    expect(others.filter(fits)).toEqual([]);
  });

  it.each(['[abc', '{a,b'])('%s has no end', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(/the pattern has no closing/);
  });
});
