import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Stop } from '../../src/batch/stop.js';
import type { VectorSpace } from '../../src/domain/vector-space.js';
import { type Embedded, type EmbedRequest, embedPictures } from '../../src/use-cases/embed-pictures.js';
import { exportModel } from '../../src/use-cases/export.js';

const photos = ['airplane', 'allium', 'alps'].map((name) => `test/photos/${name}.jpg`);
const sizes = [
  { width: 1024, height: 717 },
  { width: 807, height: 1024 },
  { width: 1024, height: 484 },
];

async function embed(request: Partial<EmbedRequest>): Promise<{ pictures: Embedded[]; space: VectorSpace }> {
  const defaults: EmbedRequest = {
    ...{ names: photos, inputs: {}, choice: {}, maxPixels: 2 ** 28, lenient: false, jobs: undefined },
    ...{ defaultJobs: availableParallelism(), timeoutMs: undefined, hash: false, cache: false },
  };
  let space: VectorSpace | undefined;
  const pictures: Embedded[] = [];
  const host = {
    showsProgress: false,
    startProgress: async () => ({ progress() {}, clear() {}, stop() {} }),
    listenForSignals: () => ({ signal: new Stop(), stop() {} }),
    onNote() {},
    onSpace(given: VectorSpace) {
      space = given;
    },
  };
  for await (const picture of embedPictures({ ...defaults, ...request }, host)) pictures.push(picture);
  return { pictures, space: space! };
}

test('a vector of each picture, in order; an error has none', async () => {
  const { pictures, space } = await embed({ names: [photos[0]!, 'test/photos/none.jpg', photos[1]!] });
  expect(space).toMatchObject({ length: 1280, normalised: false, model: { network: 'mobilenet_v2', dtype: 'f32' } });
  expect(pictures.map(({ record }) => 'error' in record)).toEqual([false, true, false]);
  expect(pictures.map(({ vector }) => vector?.length)).toEqual([1280, undefined, 1280]);
  expect(pictures[0]!.vector).not.toEqual(pictures[2]!.vector);
});

test('the size of each picture comes with its vector, however it is decoded', async () => {
  for (const how of [{}, { jobs: 2 }, { timeoutMs: 60_000 }]) {
    const { pictures } = await embed(how);
    expect(pictures.map(({ record }) => record)).toMatchObject(sizes);
  }
});

test('the same vectors in lanes', async () => {
  const one = await embed({});
  const lanes = await embed({ jobs: 2 });
  expect(lanes.pictures.map(({ vector }) => vector)).toEqual(one.pictures.map(({ vector }) => vector));
  expect(lanes.space).toEqual(one.space);
});

test('another layer is flattened, and another space', async () => {
  const { space: features } = await embed({ names: [] });
  const { pictures, space } = await embed({ layer: 'Conv_1', names: photos.slice(0, 1) });
  expect(pictures[0]!.vector!.length).toBe(7 * 7 * 1280);
  expect(space.id).not.toBe(features.id);
});

test('an unknown layer: the nearest name', async () => {
  await expect(embed({ layer: 'Conv_11' })).rejects.toThrow('did you mean Conv_1?');
});

describe.skipIf(typeof zlib.crc32 !== 'function')('the cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobilenet-embeddings-'));
  const home = join(folder, 'home');
  const entries = () => readdirSync(join(home, 'embeddings')).map((name) => join(home, 'embeddings', name));
  const vectors = ({ pictures }: { pictures: Embedded[] }) => pictures.map(({ vector }) => vector);
  const runs = ({ pictures }: { pictures: Embedded[] }) =>
    pictures.map(({ record }) => 'ms' in record && record.ms.run > 0);

  beforeEach(() => {
    vi.stubEnv('MOBILENET_HOME', home);
    rmSync(home, { recursive: true, force: true });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  test('gives the same vectors and sizes without decoding', async () => {
    const first = await embed({ cache: true });
    const second = await embed({ cache: true });
    expect(runs(first)).toEqual([true, true, true]);
    expect(runs(second)).toEqual([false, false, false]);
    expect(vectors(second)).toEqual(vectors(first));
    const facts = ({ pictures }: typeof first) =>
      pictures.map(({ record: { file, ...record } }) => ({ ...record, ms: 0 }));
    expect(facts(second)).toEqual(facts(first));
  });

  test('goes by content: another name is found, other content is not', async () => {
    mkdirSync(home);
    const copy = join(home, 'copy.jpg');
    copyFileSync(photos[0]!, copy);
    await embed({ cache: true, names: [photos[0]!] });
    expect(runs(await embed({ cache: true, names: [copy] }))).toEqual([false]);
    const { size, atime, mtime } = statSync(copy);
    writeFileSync(copy, readFileSync(photos[1]!));
    utimesSync(copy, atime, mtime);
    expect(size).not.toBe(statSync(copy).size);
    const changed = await embed({ cache: true, names: [copy] });
    expect(runs(changed)).toEqual([true]);
    expect(vectors(changed)).toEqual(vectors(await embed({ names: [photos[1]!] })));
  });

  test.each<[string, Partial<EmbedRequest>]>([
    ['layer', { layer: 'Conv_1' }],
    ['dtype', { choice: { dtype: 'int8' } }],
    ['resolution', { choice: { resolution: 160 } }],
    ['preprocessing', { choice: { crop: 'squash' } }],
    ['model', { choice: { model: 'efficientnet_b0' } }],
    ['arithmetic', { choice: { deterministic: true } }],
    ['decoding', { choice: { fullDecode: true } }],
  ])('is another one for another %s', async (_, other) => {
    const names = photos.slice(0, 1);
    await embed({ cache: true, names });
    const once = await embed({ cache: true, names, ...other });
    expect(runs(once)).toEqual([true]);
    const again = await embed({ cache: true, names, ...other });
    expect(runs(again)).toEqual([false]);
    expect(vectors(again)).toEqual(vectors(await embed({ names, ...other })));
  });

  test('passes over entries that are damaged, and replaces them', async () => {
    const first = await embed({ cache: true });
    const [one, two, three] = entries() as [string, string, string];
    const bytes = readFileSync(one);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(one, bytes);
    writeFileSync(two, readFileSync(two).subarray(0, -4));
    writeFileSync(three, '');
    const second = await embed({ cache: true });
    expect(runs(second)).toEqual([true, true, true]);
    expect(vectors(second)).toEqual(vectors(first));
    expect(runs(await embed({ cache: true }))).toEqual([false, false, false]);
  });

  test('cannot be written: pictures are embedded all the same', async () => {
    mkdirSync(home);
    writeFileSync(join(home, 'embeddings'), 'a file');
    expect(vectors(await embed({ cache: true }))).toEqual(vectors(await embed({})));
  });

  test('keeps no errors and nothing without being asked', async () => {
    await embed({ cache: true, names: ['README.md'] });
    await embed({});
    expect(() => entries()).toThrow('ENOENT');
  });
});

test('a space is the same under another name and with other labels, and another one for other weights', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobilenet-space-'));
  try {
    const space = async (choice: EmbedRequest['choice']) => (await embed({ names: [], choice })).space.id;
    const weights = join(folder, 'copy.safetensors');
    await exportModel({ model: 'mobilenet_v2' }, weights);
    const own = await space({ weights: [weights] });
    copyFileSync(weights, join(folder, 'other.safetensors'));
    expect(await space({ weights: [join(folder, 'other.safetensors')] })).toBe(own);
    const bytes = readFileSync(weights);
    // Biases stand first, those of the first layer before all others.
    bytes[8 + Number(bytes.readBigUInt64LE(0))]! ^= 1;
    writeFileSync(weights, bytes);
    expect(await space({ weights: [weights] })).not.toBe(own);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
