import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openVectorFile } from '../../src/batch/vector-file.js';
import type { VectorRow } from '../../src/batch/vector-rows.js';
import { sharedPath } from '../shared.js';
import { mobilenet, program, root } from './run.js';

const names = ['airplane', 'allium', 'alps', 'boats'];
const photos = names.map((name) => join(root, `test/photos/${name}.jpg`));
const golden: Record<'published' | 'bundled', Record<string, number[]>> = JSON.parse(
  readFileSync(join(root, 'test/golden/embeddings.json'), 'utf8'),
);

let folder: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-embed-'));
  output = join(folder, 'out.npy');
  mkdirSync(join(folder, 'many'));
  for (let index = 0; index < 40; index++) symlinkSync(photos[index % 4]!, join(folder, `many/${index}.jpg`));
  writeFileSync(join(folder, 'many/7.broken.jpg'), 'no picture');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  for (const name of ['out.npy', 'out.names.jsonl', 'out.jsonl']) rmSync(join(folder, name), { force: true });
});

const namesFile = () => join(folder, 'out.names.jsonl');
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Rows with their vectors; throws where the two files do not belong together. */
async function readOutput() {
  const file = await openVectorFile(output);
  const rows: (VectorRow & { vector: Float32Array })[] = [];
  for await (const { row, vector } of file.pictures()) rows.push({ ...row, vector });
  file.close();
  const failed = lines(readFileSync(namesFile(), 'utf8')).filter((row) => 'error' in row);
  return { space: file.space, rows, failed };
}

const byFile = (rows: readonly { file: string; vector: Float32Array }[]) =>
  new Map(rows.map(({ file, vector }) => [file, vector]));

function largestDifference(vector: readonly number[], expected: readonly number[]): number {
  expect(vector.length).toBe(expected.length);
  return Math.max(...vector.map((value, at) => Math.abs(value - expected[at]!)));
}

const cosine = (one: readonly number[], other: readonly number[]) => {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
};

describe('features', () => {
  const raw = (...args: string[]) => lines(mobilenet('embed', ...photos.slice(0, 3), '--raw', ...args).stdout);

  it('of the bundled weights equal those of torchvision’s network to 1e-4', () => {
    const rows = raw();
    expect(rows.length).toBe(3);
    for (const [at, { vector }] of rows.entries()) {
      expect(largestDifference(vector, golden.bundled[names[at]!]!)).toBeLessThan(1e-4);
    }
  });

  it('in half precision and in integers point where torchvision’s do', () => {
    for (const [args, least] of [
      [[], 0.9999],
      [['--dtype', 'int8'], 0.998],
    ] as const) {
      for (const [at, { vector }] of raw(...args).entries()) {
        expect(cosine(vector, golden.published[names[at]!]!)).toBeGreaterThan(least);
      }
    }
  });

  const checkpoint = sharedPath('weights/mobilenet_v2-b0353104.pth');
  it.skipIf(checkpoint === undefined)('of torchvision’s own weights (.pth) equal torchvision’s to 1e-4', () => {
    for (const [at, { vector }] of raw('--weights', checkpoint!).entries()) {
      expect(largestDifference(vector, golden.published[names[at]!]!)).toBeLessThan(1e-4);
    }
  });
});

describe('--output F.npy', () => {
  it('has a vector of length 1 for each row without an error, and says what they are', async () => {
    const { stdout, stderr, code } = mobilenet('embed', photos[0]!, 'none.jpg', photos[1]!, '--output', output);
    expect({ stdout, stderr, code }).toEqual({ stdout: '', stderr: 'mobilenet: none.jpg: no such file\n', code: 1 });
    const { space, rows, failed } = await readOutput();
    expect(space).toMatchObject({ length: 1280, normalised: true, model: { network: 'mobilenet_v2', dtype: 'f32' } });
    expect(rows.map(({ file }) => file)).toEqual([photos[0], photos[1]]);
    expect(rows[0]).toMatchObject({ width: 1024, height: 717, size: 282531, mtime: expect.any(Number) });
    expect(failed).toEqual([{ file: 'none.jpg', error: { code: 'not-found', message: 'none.jpg: no such file' } }]);
    for (const { vector } of rows) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
  });

  it('is not written over, and never an input', () => {
    const embed = (...args: string[]) => mobilenet('embed', ...args, '--output', output);
    expect(embed(photos[0]!).code).toBe(0);
    expect(embed(photos[0]!)).toMatchObject({ code: 2, stderr: expect.stringContaining('the file is not empty') });
    expect(embed(photos[0]!, '--overwrite').code).toBe(0);
    expect(embed(namesFile(), '--overwrite')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is also an input'),
    });
  });

  it('has no vectors where there are no images', async () => {
    mkdirSync(join(folder, 'none'));
    expect(mobilenet('embed', join(folder, 'none'), '--output', output).code).toBe(3);
    expect((await readOutput()).rows).toEqual([]);
  });
});

describe('--resume', () => {
  const many = () => mobilenet('embed', join(folder, 'many'), '--output', output, '--resume', '--quiet');

  it('gives each image one vector after ten ends by SIGKILL at any moment', async () => {
    expect(mobilenet('embed', join(folder, 'many'), '--output', output, '--quiet').code).toBe(1);
    const whole = await readOutput();
    expect(whole.rows.length).toBe(40);
    rmSync(output);
    rmSync(namesFile());
    for (let end = 0; end < 10; end++) {
      const args = [program, 'embed', join(folder, 'many'), '--output', output, '--resume'];
      const child = spawn(process.execPath, args, { stdio: 'ignore' });
      const closed = new Promise((go) => child.once('close', go));
      await new Promise((go) => setTimeout(go, 100 + Math.random() * 900));
      child.kill('SIGKILL');
      await closed;
    }
    expect(many().code).toBe(1);
    const { rows, failed } = await readOutput();
    expect(rows.length).toBe(40);
    expect(byFile(rows)).toEqual(byFile(whole.rows));
    expect(failed.map(({ file }) => file)).toEqual([join(folder, 'many/7.broken.jpg')]);
  });

  it('keeps rows and vectors together whatever is left of them', async () => {
    many();
    const [npy, rows] = [readFileSync(output), readFileSync(namesFile())];
    const whole = byFile((await readOutput()).rows);
    const row = (at: number) => rows.subarray(0, rows.indexOf('\n', at) + 1).length;
    const vectorBytes = 1280 * 4;
    const damages: [string, () => void][] = [
      ['a torn row', () => truncateSync(namesFile(), rows.length - 30)],
      ['rows that are gone', () => truncateSync(namesFile(), row(rows.length >> 1))],
      ['no rows', () => truncateSync(namesFile(), row(0))],
      ['a torn vector', () => truncateSync(output, npy.length - 7)],
      ['vectors that are gone', () => truncateSync(output, 128 + 11 * vectorBytes)],
      ['a torn header', () => truncateSync(output, 100)],
      ['no vectors', () => rmSync(output)],
      [
        'vectors replaced, names not',
        () => {
          const header = Buffer.from(npy.toString('latin1', 0, 128).replace('(40,', '(38,'), 'latin1');
          writeFileSync(output, Buffer.concat([header, npy.subarray(128 + 2 * vectorBytes)]));
        },
      ],
      ['another vector', () => writeFileSync(output, npy.fill(1, 128 + 5 * vectorBytes, 128 + 5 * vectorBytes + 8))],
    ];
    for (const [damage, doDamage] of damages) {
      writeFileSync(output, npy);
      writeFileSync(namesFile(), rows);
      doDamage();
      if (damage !== 'another vector') await expect(readOutput(), damage).rejects.toThrow();
      expect(many().code, damage).toBe(1);
      expect(byFile((await readOutput()).rows), damage).toEqual(whole);
    }
  });

  it('embeds files again that have changed, and no others', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    for (const photo of photos) copyFileSync(photo, join(own, photo.split('/').at(-1)!));
    const embed = (...more: string[]) => mobilenet('embed', own, '--output', output, '--resume', ...more);
    expect(embed().stderr).toMatch('4 embedded');
    utimesSync(join(own, 'allium.jpg'), 1, 1);
    copyFileSync(photos[2]!, join(own, 'airplane.jpg'));
    expect(embed().stderr).toMatch('2 embedded, 2 done before');
    const { rows } = await readOutput();
    expect(rows.map(({ file }) => file.split('/').at(-1))).toEqual([
      'alps.jpg',
      'boats.jpg',
      'airplane.jpg',
      'allium.jpg',
    ]);
    expect(rows[2]!.vector).toEqual(rows[0]!.vector);
  });

  it('refuses vectors of another model, layer or kind, and files that are none of ours', () => {
    const embed = (...more: string[]) => mobilenet('embed', photos[0]!, '--output', output, '--resume', ...more);
    expect(embed().code).toBe(0);
    for (const other of [
      ['--dtype', 'int8'],
      ['--layer', 'Conv_1'],
      ['-r', '160'],
      ['-m', 'mobilenet_v1'],
      ['--raw'],
      ['--full-decode'],
      ['--deterministic'],
    ]) {
      const before = readFileSync(output);
      expect(embed(...other), other.join(' ')).toMatchObject({ code: 2, stderr: expect.stringContaining(':1: ') });
      expect(readFileSync(output)).toEqual(before);
    }
    expect(embed('--full-decode').stderr).toContain(
      ':1: vectors made without --full-decode, expected vectors made with it\n',
    );
    appendFileSync(namesFile(), 'no row\n');
    expect(embed().stderr).toMatch(/:3: not JSON/);
    writeFileSync(namesFile(), '');
    expect(embed()).toMatchObject({ code: 2, stderr: expect.stringContaining('is missing or empty') });
    writeFileSync(output, 'notes');
    expect(embed()).toMatchObject({ code: 2, stderr: expect.stringContaining('is missing or empty') });
    expect(readFileSync(output, 'utf8')).toBe('notes');
  });

  it('resumes JSON lines', () => {
    const embed = (...more: string[]) =>
      mobilenet('embed', ...photos, '-o', join(folder, 'out.jsonl'), '--resume', ...more);
    embed();
    const whole = readFileSync(join(folder, 'out.jsonl'), 'utf8');
    truncateSync(join(folder, 'out.jsonl'), whole.length - 50);
    expect(embed().code).toBe(0);
    const vectors = (text: string) => lines(text).map(({ file, vector }) => ({ file, vector }));
    expect(vectors(readFileSync(join(folder, 'out.jsonl'), 'utf8'))).toEqual(vectors(whole));
    expect(embed('--raw')).toMatchObject({ code: 2, stderr: expect.stringContaining('--raw was not given') });
  });
});

it.each([
  [['--format', 'npy'], '--format npy: needs --output FILE'],
  [['--resume'], '--resume: needs --output FILE'],
  [['--layer', 'Conv_11'], 'did you mean Conv_1?'],
  [['--output', 'x.txt'], 'the extension does not name a format'],
])('%j is wrong usage', (args, message) => {
  const { stdout, stderr, code } = mobilenet('embed', photos[0]!, ...args);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toContain(message);
});
