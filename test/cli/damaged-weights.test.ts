import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safetensorsPlaces } from '../../src/weights/formats/safetensors/safetensors.js';
import { root } from './run.js';

const NAME = 'mobilenet_v2_1.0_224';
const FILE = `${NAME}.safetensors`;
const photo = join(root, 'test/photos/alps.jpg');
const original = readFileSync(join(root, 'models', FILE));
const places = safetensorsPlaces(original, FILE);
const byteOf = (text: string) => original.indexOf(text);

/** A place of each kind, in the order of the file, in which a run reads it. */
const damaged: readonly (readonly [string, number])[] = [
  ['the length of the header', 0],
  ['the first character of the header', 8],
  ['a name of a tensor', byteOf('block_16_project/')],
  ['the shape of a tensor', byteOf('1280,1000')],
  ['the end of the header', places[2]! - 1],
  ['the first bias', places[2]!],
  ['the last bias', places[3]! - 1],
  ['the tensor in the middle', places[Math.floor(places.length / 2)]! + 100],
  ['the tensor behind it', places[Math.floor(places.length / 2) + 1]!],
  ['the last tensor', places.at(-1)!],
  ['the last byte', original.length - 1],
];

/** A copy of the package with one model, whose weights a test may damage. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'mobilenet-damaged-'));
  for (const part of ['package.json', 'bin', 'dist', 'build/kernels.wasm', 'build/kernels.relaxed.wasm']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  cpSync(join(root, 'build/jpeg-turbo.wasm'), join(copy, 'build/jpeg-turbo.wasm'));
  mkdirSync(join(copy, 'models'));
  for (const file of [`${NAME}.json`, `${NAME}.levels.safetensors`, 'imagenet-1k.tsv', 'catalog.json']) {
    cpSync(join(root, 'models', file), join(copy, 'models', file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function damage(at: number | undefined): void {
  const bytes = Buffer.from(original);
  if (at !== undefined) bytes[at]! ^= 1;
  writeFileSync(join(copy, 'models', FILE), bytes);
}

function run(...args: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: join(copy, 'cache'), MOBILENET_HOME: join(copy, 'home') };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', env });
  return { stdout, stderr, code: status };
}

const classify = (...args: readonly string[]) => run('bin/mobilenet.js', 'classify', '--quiet', ...args);

const program = () => `
  import { load } from ${JSON.stringify(pathToFileURL(join(copy, 'dist/code/index.js')).href)};
  const classifier = await load();
  console.log(await classifier.classify(${JSON.stringify(photo)}));
`;

const message = /mobilenet_v2_1\.0_224\.safetensors: (CRC-32 \w{8}|sha-256 \w{64}), expected \w{8}/;

describe('bundled weights with one bit changed', () => {
  it('are told from those that are as they should be', () => {
    damage(undefined);
    expect(classify(photo)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('alp') });
  });

  it.each(damaged)('in %s: the error and no answer', (_where, at) => {
    damage(at);
    for (const args of [
      [photo],
      ['--format', 'csv', photo, photo, photo, photo],
      ['--json', ...Array(6).fill(photo)],
    ]) {
      const { stdout, stderr, code } = classify(...args);
      expect({ stdout, code }).toEqual({ stdout: '', code: 4 });
      expect(stderr).toMatch(message);
    }
  });

  it.each([damaged[2]!, damaged[7]!, damaged.at(-1)!])(
    'in %s: no vectors, maps or answers of the library',
    (_where, at) => {
      damage(at);
      const runs = [
        run('bin/mobilenet.js', 'embed', photo),
        run('bin/mobilenet.js', 'explain', photo),
        run('bin/mobilenet.js', 'classify', '--jobs', '2', ...Array(12).fill(photo)),
        run('--input-type=module', '--eval', program()),
      ];
      for (const { stdout, stderr, code } of runs) {
        expect(stdout).toBe('');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(message);
      }
    },
  );
});
