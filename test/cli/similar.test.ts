import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mobilenet, root } from './run.js';

const photos = join(root, 'test/photos');
const folder = mkdtempSync(join(tmpdir(), 'similar-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Three different pictures; of `alps` a copy, a smaller one, and a smaller one as a PNG of more bytes; a broken one. */
beforeAll(async () => {
  for (const name of ['set', 'empty', 'new']) mkdirSync(at(name));
  for (const name of ['alps', 'allium', 'boats']) copyFileSync(join(photos, `${name}.jpg`), at(`set/${name}.jpg`));
  copyFileSync(join(photos, 'alps.jpg'), at('set/copy of alps.jpg'));
  const small = sharp(join(photos, 'alps.jpg')).resize(700);
  await small.clone().jpeg({ quality: 80 }).toFile(at('set/small.jpg'));
  await small.clone().png().toFile(at('set/small.png'));
  writeFileSync(at('set/notes.txt'), 'plain words\n');
  const old = new Date('2001-01-01');
  utimesSync(at('set/small.jpg'), old, old);
  copyFileSync(join(photos, 'airplane.jpg'), at('new/airplane.jpg'));
  copyFileSync(join(photos, 'alps.jpg'), at('new/mountains.jpg'));
  await small.clone().jpeg({ quality: 70 }).toFile(at('new/mountains small.jpg'));
  expect(mobilenet('embed', at('set'), '--output', at('set.npy'), '--hash', '-q').code).toBe(0);
});

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const rowsOf = (text: string) => lines(text).map((line) => JSON.parse(line));
const namesOf = (text: string) => lines(text).map((name) => name.slice(folder.length + 1));

describe('similar', () => {
  test('finds the most similar first, not the query itself', () => {
    const { stdout, code } = mobilenet('similar', at('set/alps.jpg'), '--in', at('set'), '--top', '4');
    expect(code).toBe(0);
    const [name, ...found] = lines(stdout);
    expect(name).toBe(at('set/alps.jpg'));
    expect(
      found.map((line) =>
        line
          .trim()
          .split(/ {2,}/)[1]!
          .slice(folder.length + 5),
      ),
    ).toEqual(['copy of alps.jpg', 'small.png', 'small.jpg', expect.stringMatching(/allium|boats/)]);
    expect(found[0]).toMatch(/^ {3}1\.000 {2}/);
  });

  test('the same from a .npy file as from the folder, in rows', () => {
    const queries = [at('new/mountains.jpg'), at('set/boats.jpg')];
    const run = (where: string) => mobilenet('similar', ...queries, '--in', at(where), '--format', 'jsonl', '-q');
    const { stdout, code } = run('set.npy');
    expect(code).toBe(0);
    expect(stdout).toBe(run('set').stdout);
    const rows = rowsOf(stdout);
    expect(rows.map(({ file }) => file)).toEqual(queries);
    expect(rows[0].similar).toHaveLength(6);
    expect(rows[1].similar).toHaveLength(5);
    expect(rows[0].similar[0]).toEqual({ file: at('set/alps.jpg'), similarity: 1 });
  });

  test('--min, and names alone', () => {
    const args = ['similar', at('new/mountains.jpg'), '--in', at('set.npy'), '--min', '0.85', '--format', 'paths'];
    const { stdout } = mobilenet(...args);
    expect(namesOf(stdout)).toEqual(['set/alps.jpg', 'set/copy of alps.jpg', 'set/small.png', 'set/small.jpg']);
    expect(mobilenet(...args, '-0').stdout).toBe(stdout.replaceAll('\n', '\0'));
  });

  test('a query that cannot be read is an error, and the others are searched for', () => {
    const { stdout, stderr, code } = mobilenet(
      'similar',
      at('none.jpg'),
      at('set/boats.jpg'),
      '--in',
      at('set'),
      '-k1',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('none.jpg: no such file');
    expect(lines(stdout)).toHaveLength(2);
    expect(mobilenet('similar', at('none.jpg'), '--in', at('set'))).toMatchObject({ code: 3, stdout: '' });
  });

  test('an empty folder, and no --in', () => {
    const empty = mobilenet('similar', at('set/boats.jpg'), '--in', at('empty'));
    expect(empty).toMatchObject({ code: 3, stdout: '' });
    expect(empty.stderr).toContain('empty: no images found');
    expect(mobilenet('similar', at('set/boats.jpg'))).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('.npy files that do not fit', () => {
  const search = (name: string, ...options: string[]) =>
    mobilenet('similar', at('set/boats.jpg'), '--in', at(name), ...options);
  const copyAs = (name: string) => {
    copyFileSync(at('set.npy'), at(`${name}.npy`));
    copyFileSync(at('set.names.jsonl'), at(`${name}.names.jsonl`));
  };

  test('vectors of another model', () => {
    const { stderr, code } = search('set.npy', '--model', 'efficientnet_b0');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /set\.npy: vectors of another model \(output of .*mobilenet_v2.*expected output of .*efficientnet_b0.*--model/,
    );
    expect(search('set.npy', '--dtype', 'int8').code).toBe(2);
    expect(search('set.npy', '--res', '192').code).toBe(2);
  });

  test('without names', () => {
    copyFileSync(at('set.npy'), at('alone.npy'));
    const { stderr, code } = search('alone.npy');
    expect(code).toBe(2);
    expect(stderr).toMatch(/alone\.names\.jsonl: no such file.*mobilenet embed writes both/);
  });

  test('names of other vectors, of more and of fewer', () => {
    copyAs('mixed');
    const [space, first, second, ...rest] = readFileSync(at('mixed.names.jsonl'), 'utf8').trimEnd().split('\n');
    const write = (...rows: (string | undefined)[]) => writeFileSync(at('mixed.names.jsonl'), `${rows.join('\n')}\n`);
    write(space, second, first, ...rest);
    expect(search('mixed.npy').stderr).toMatch(
      /line 2 is not the one of row 1 in .*mixed\.npy; write both files again/,
    );
    write(space, first, second, ...rest, rest[0]);
    expect(search('mixed.npy')).toMatchObject({ code: 2, stdout: '' });
    write(space, first, second);
    expect(search('mixed.npy').stderr).toMatch(/2 images, but .*mixed\.npy has 6 rows/);
    write(first, second);
    expect(search('mixed.npy').code).toBe(2);
  });

  test('truncated, something else, and none', () => {
    copyAs('long');
    appendFileSync(at('long.npy'), 'x');
    expect(search('long.npy').stderr).toMatch(/long\.npy: .*interrupted/);
    writeFileSync(at('text.npy'), 'plain words');
    expect(search('text.npy')).toMatchObject({ code: 2, stderr: expect.stringContaining('text.npy: not a .npy file') });
    expect(search('none.npy')).toMatchObject({ code: 2, stderr: expect.stringContaining('none.npy: no such file') });
  });
});

describe('duplicates', () => {
  test('a group around the largest, with what is known of each file', () => {
    const { stdout, stderr, code } = mobilenet('duplicates', at('set'), '--format', 'jsonl');
    expect(code).toBe(0);
    expect(stderr).toContain('1 group, 3 duplicates');
    const rows = rowsOf(stdout);
    expect(rows).toHaveLength(1);
    const [{ group, kept, files }] = rows;
    expect({ group, kept }).toEqual({ group: 1, kept: at('set/alps.jpg') });
    expect(files.map(({ file }: { file: string }) => file.slice(folder.length + 5))).toEqual([
      'alps.jpg',
      'copy of alps.jpg',
      'small.png',
      'small.jpg',
    ]);
    expect(files[0]).toEqual({
      file: at('set/alps.jpg'),
      similarity: 1,
      width: 1024,
      height: 484,
      bytes: 237223,
      sha256: '49d754596491a580d3cfb434abc4e2b692611948d21e14483ee66bb55323f90f',
    });
    expect(files[3]).toMatchObject({ width: 700, height: 331 });
    expect(files[3].similarity).toBeGreaterThan(0.85);
    expect(files[3].similarity).toBeLessThan(1);
  });

  test.each([
    ['largest', ['copy of alps.jpg', 'small.jpg', 'small.png']],
    ['oldest', ['alps.jpg', 'copy of alps.jpg', 'small.png']],
    ['first', ['alps.jpg', 'copy of alps.jpg', 'small.jpg']],
  ])('--keep %s: names of all others', (keep, expected) => {
    const files = ['small.png', 'small.jpg', 'copy of alps.jpg', 'boats.jpg', 'alps.jpg'].map((name) =>
      at(`set/${name}`),
    );
    const run = (...names: string[]) => mobilenet('duplicates', ...names, '--keep', keep, '--format', 'paths', '-q');
    const { stdout, code } = run(...files);
    expect(code).toBe(0);
    expect(namesOf(stdout).sort()).toEqual(expected.map((name) => `set/${name}`));
    if (keep !== 'first') expect(run(...files.reverse()).stdout).toBe(stdout);
  });

  test('the same from .npy files, without a model, and with any number of jobs', () => {
    const { stdout } = mobilenet('duplicates', at('set'), '--format', 'jsonl', '-q');
    expect(mobilenet('duplicates', at('set.npy'), '--format', 'jsonl', '-q').stdout).toBe(stdout);
    expect(mobilenet('duplicates', at('set'), '--format', 'jsonl', '-q', '--jobs', '2').stdout).toBe(stdout);
  });

  test.each(['set', 'set.npy'])('--against %s: the archive is kept, and not compared with itself', (archive) => {
    const { stdout, code } = mobilenet('duplicates', at('new'), '--against', at(archive), '--format', 'jsonl', '-q');
    expect(code).toBe(0);
    const rows = rowsOf(stdout);
    expect(rows.map(({ files }) => files.map(({ file }: { file: string }) => file.slice(folder.length + 1)))).toEqual([
      ['set/alps.jpg', 'new/mountains.jpg'],
      ['set/small.jpg', 'new/mountains small.jpg'],
    ]);
    expect(mobilenet('duplicates', at('set'), '--against', at(archive)).stdout).toBe('');
  });

  test('--identical: the same bytes, with a size and a hash, and no other files', () => {
    writeFileSync(at('set/words.txt'), 'plain words\n');
    const { stdout, stderr, code } = mobilenet('duplicates', at('set'), '--identical', '--format', 'jsonl');
    expect(code).toBe(0);
    expect(stderr).toContain('2 other files skipped: 2 text');
    const rows = rowsOf(stdout);
    expect(rows).toHaveLength(1);
    expect(rows[0].files.map(({ file }: { file: string }) => file.slice(folder.length + 5))).toEqual([
      'alps.jpg',
      'copy of alps.jpg',
    ]);
    expect(rows[0].files[1]).toMatchObject({ similarity: 1, width: 1024, height: 484, bytes: 237223 });
    const against = mobilenet('duplicates', at('new'), '--identical', '--against', at('set.npy'), '--format', 'paths');
    expect(namesOf(against.stdout)).toEqual(['new/mountains.jpg']);
    rmSync(at('set/words.txt'));
  });

  test('a file that is found twice is no duplicate of itself', () => {
    const paths = (...args: string[]) => namesOf(mobilenet('duplicates', ...args, '--format', 'paths', '-q').stdout);
    const expected = paths(at('set'));
    expect(expected).toHaveLength(3);
    expect(paths(at('set'), at('set.npy'))).toEqual(expected);
    symlinkSync(at('set'), at('zz link'));
    expect(paths(at('set'), at('zz link'))).toEqual(expected);
    expect(paths(at('set'), '--against', at('zz link'))).toEqual([]);
    expect(paths(at('set'), at('zz link'), '--identical')).toEqual(paths(at('set'), '--identical'));
  });

  test('a higher --like: fewer', () => {
    const { stdout, stderr } = mobilenet('duplicates', at('new'), '--like', '0.999');
    expect(stdout).toBe('');
    expect(stderr).toContain('no duplicates');
    expect(mobilenet('duplicates', at('new'), '--like', '0').code).toBe(2);
    expect(mobilenet('duplicates', at('new'), '--like', '1.1').code).toBe(2);
  });

  test('broken images are errors, and rows', () => {
    writeFileSync(at('new/broken.jpg'), readFileSync(join(photos, 'alps.jpg')).subarray(0, 5000));
    const { stdout, stderr, code } = mobilenet('duplicates', at('new'), '--format', 'jsonl');
    expect(code).toBe(1);
    expect(stderr).toContain('broken.jpg: damaged JPEG');
    expect(rowsOf(stdout)[0]).toMatchObject({ file: at('new/broken.jpg'), error: { code: 'corrupt' } });
    rmSync(at('new/broken.jpg'));
  });

  test('--output: the format by its extension; a file that is not empty is refused before anything is compared', () => {
    const output = at('groups.jsonl');
    expect(mobilenet('duplicates', at('set'), '--output', output)).toMatchObject({ code: 0, stdout: '' });
    const written = readFileSync(output, 'utf8');
    expect(rowsOf(written)).toHaveLength(1);
    const refused = mobilenet('duplicates', at('new'), '--output', output);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^mobilenet: --output .*not empty.*\n$/) });
    expect(readFileSync(output, 'utf8')).toBe(written);
    expect(mobilenet('duplicates', at('new'), '--output', output, '--overwrite').code).toBe(0);
    expect(readFileSync(output, 'utf8')).not.toBe(written);
  });

  test('an empty folder, an empty archive, and no argument', () => {
    const alone = mobilenet('duplicates', at('empty'));
    expect(alone).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('empty: no images found') });
    const { stderr, code } = mobilenet('duplicates', at('new'), '--against', at('empty'));
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('empty: no images found') });
    expect(mobilenet('duplicates')).toMatchObject({ code: 2, stdout: '' });
  });

  test('a name with a line feed is refused in a list of lines', () => {
    copyFileSync(join(photos, 'airplane.jpg'), at('new/z\nline.jpg'));
    const args = ['duplicates', at('new'), '--format', 'paths', '-q'];
    const { stdout, stderr, code } = mobilenet(...args);
    expect(code).toBe(1);
    expect(stdout).not.toContain('line.jpg');
    expect(stderr).toContain('the name contains a newline');
    expect(mobilenet(...args, '-0').stdout.split('\0')).toContain(at('new/z\nline.jpg'));
    rmSync(at('new/z\nline.jpg'));
  });
});
