import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';

const PARTS = 3;
const photo = join(root, 'test/photos/alps.jpg');

let folder: string;
let pictures: string;
let photos = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-parts-'));
  pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  // So many that hardly a shard has none, whatever the folder is called.
  for (const name of 'abcdefghijklmnopqrst') cpSync(photo, join(pictures, `${name}.jpg`));
  writeFileSync(join(pictures, 'broken.jpg'), 'not a JPEG');
  writeFileSync(join(pictures, 'notes.txt'), 'not an image either\n');
  photos = 20;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All parts in a folder of their own, with the names of their files. */
function makeParts(name: string, ...options: string[]): string[] {
  mkdirSync(join(folder, name));
  const files = Array.from({ length: PARTS }, (_, index) => join(folder, name, `${index + 1}.jsonl`));
  for (const [index, file] of files.entries()) {
    mobilenet('classify', pictures, '--shard', `${index + 1}/${PARTS}`, '--output', file, ...options);
  }
  return files;
}

function copyPart(from: string, to: string): void {
  cpSync(from, to);
  cpSync(`${from}.done`, `${to}.done`);
}

const readDone = (file: string) => JSON.parse(readFileSync(`${file}.done`, 'utf8'));
const merge = (...args: string[]) => mobilenet('merge', ...args, '--expect', String(PARTS));

describe('a finished output', () => {
  it('has a file beside it that says what is in it', () => {
    const file = join(folder, 'all.jsonl');
    expect(mobilenet('classify', pictures, '--output', file, '--top', '2').code).toBe(1);
    const rows = readFileSync(file, 'utf8');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(readDone(file)).toMatchObject({
      ...{ inputs: photos + 2, classified: photos, failed: 1, notImages: 1, rows: photos + 1, bytes: rows.length },
      ...{ shard: null, options: { '--top': 2, model: { network: 'mobilenet_v2', dtype: 'f32' } }, version },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('counts what an earlier run has done', () => {
    const file = join(folder, 'resumed.jsonl');
    mobilenet('classify', join(pictures, 'a.jpg'), join(pictures, 'b.jpg'), '--output', file);
    mobilenet('classify', pictures, '--output', file, '--resume');
    expect(readDone(file)).toMatchObject({ inputs: photos + 2, classified: photos, failed: 1, rows: photos + 1 });
  });

  it('is not marked where a run ended early, and an old mark goes', () => {
    const file = join(folder, 'strict.jsonl');
    mobilenet('classify', photo, '--output', file);
    expect(existsSync(`${file}.done`)).toBe(true);
    mobilenet('classify', join(pictures, 'broken.jpg'), photo, '--strict', '--output', file, '--overwrite');
    expect(existsSync(`${file}.done`)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('is not marked after %s until it is resumed', async (signal) => {
    const file = join(folder, `${signal}.jsonl`);
    const args = [program, 'classify', '--files-from', '-', '--output', file];
    const child = spawn(process.execPath, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '32768' },
    });
    const ended = new Promise((go) => child.once('close', go));
    child.stdin.write(`${photo}\n`);
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((go) => setTimeout(go, 20));
    child.kill(signal);
    await ended;
    expect(existsSync(`${file}.done`)).toBe(false);
    expect(mobilenet('classify', photo, '--output', file, '--resume').code).toBe(0);
    expect(readDone(file)).toMatchObject({ inputs: 1, classified: 1, rows: 1 });
  });

  it('is none where results go to a table or to no file', () => {
    mobilenet('classify', photo, '--output', join(folder, 'table.csv'));
    mobilenet('classify', photo, '--output', '/dev/null', '--format', 'jsonl');
    expect([join(folder, 'table.csv.done'), '/dev/null.done'].filter((path) => existsSync(path))).toEqual([]);
  });

  it('is marked beside the lines of embed, too', () => {
    const file = join(folder, 'vectors.jsonl');
    expect(mobilenet('embed', photo, '--output', file).code).toBe(0);
    expect(readDone(file)).toMatchObject({ inputs: 1, classified: 1, rows: 1 });
  });
});

describe('merge --expect', () => {
  it('takes all parts, whatever their order, and the marks among the arguments', () => {
    const files = makeParts('whole');
    const { code, stdout, stderr } = merge(...files.toReversed(), ...files.map((file) => `${file}.done`));
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(photos + 1);
  });

  it.each([
    ['missing', (files: string[]) => files.slice(0, -1), `shard ${PARTS}/${PARTS}: no finished part`],
    ['not there', (files: string[]) => rmSync(files[1]!), '2.jsonl: no such file'],
    ['given twice', (files: string[]) => [...files, files[0]!], '1.jsonl: given more than once'],
    ['of the same shard', (files: string[]) => copyPart(files[0]!, files[1]!), `2.jsonl: shard 1/${PARTS}, like `],
    ['not finished', (files: string[]) => rmSync(`${files[1]}.done`), '2.jsonl: not finished'],
    ['marked by something else', (files: string[]) => writeFileSync(`${files[1]}.done`, '{'), '2.jsonl: not'],
    ['short', (files: string[]) => truncateSync(files[2]!, 1), '3.jsonl: rows are missing'],
    ['changed', (files: string[]) => writeFileSync(files[2]!, '\n', { flag: 'a' }), '3.jsonl: it has changed'],
  ])('names a part that is %s, and writes nothing', (name, change, expected) => {
    const made = makeParts(name);
    const files = change(made) ?? made;
    const output = join(folder, name, 'merged.csv');
    const { code, stdout, stderr } = merge(...files, '--output', output);
    expect({ code, stdout }).toEqual({ code: 74, stdout: '' });
    expect(stderr).toContain(expected);
    expect(existsSync(output)).toBe(false);
  });

  it('names a part that was made with other options, and the options', () => {
    const files = makeParts('options');
    const [, second] = files as [string, string, string];
    mobilenet('classify', pictures, '--shard', `2/${PARTS}`, '--output', second, '--overwrite', '--top', '3');
    const { code, stderr } = merge(...files);
    expect(code).toBe(74);
    expect(stderr).toMatch(/2\.jsonl: made with other options than .*1\.jsonl: --top is 3, there not given\n$/);
  });

  it('names a part of another model, of other inputs, or of another number of shards', () => {
    const files = makeParts('others');
    const [first, second, third] = files as [string, string, string];
    const shard = (part: string, input: string, file: string, ...options: string[]) =>
      mobilenet('classify', input, '--shard', part, '--output', file, '--overwrite', ...options);
    shard(`1/${PARTS}`, `${pictures}/.`, first);
    shard('2/4', pictures, second);
    shard(`3/${PARTS}`, pictures, third, '--dtype', 'int8');
    const { stderr } = merge(second, first, third);
    expect(stderr).toContain('1.jsonl: made with other options than');
    expect(stderr).toContain('inputs is ["');
    expect(stderr).toContain('shard 2/4; expected a shard of 3');
    expect(stderr).toContain('"dtype":"int8"');
  });

  it('takes parts of lists by their number', () => {
    const files = ['x', 'y', 'z'].map((name) => join(folder, `${name}.jsonl`));
    for (const file of files) mobilenet('classify', photo, '--output', file);
    expect(merge(...files).code).toBe(0);
    const { code, stderr } = merge(...files.slice(1));
    expect(code).toBe(74);
    expect(merge(files[0]!, files[1]!, files[1]!)).toMatchObject({
      code: 74,
      stderr: expect.stringContaining('y.jsonl: given more than once'),
    });
    expect(stderr).toContain(`2 parts were given; expected ${PARTS}`);
  });

  it('is refused for stdin', () => {
    expect(merge('-')).toMatchObject({ code: 2, stderr: expect.stringContaining('--expect') });
  });

  it('merges many parts without a warning', () => {
    const file = join(folder, 'one.jsonl');
    mobilenet('classify', photo, '--output', file);
    const { code, stdout, stderr } = mobilenet('merge', ...Array<string>(30).fill(file));
    const note = 'mobilenet: 29 rows were left out, as their file names had occurred before\n';
    expect({ code, stderr }).toEqual({ code: 0, stderr: note });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });
});
