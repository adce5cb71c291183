import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { isModelName } from '../../src/domain/model-name.js';
import { withLock } from '../../src/files/lock.js';
import { places, storeHome } from '../../src/store/home.js';
import { installModel, removeModel } from '../../src/store/install.js';
import {
  findInstalled,
  listInstalled,
  readInstalledLabels,
  readInstalledLevels,
  readInstalledVectors,
  readInstalledWeights,
  verifyModels,
  weightsPath,
} from '../../src/store/installed.js';
import { readRecord } from '../../src/store/record.js';
import type { NewModel } from '../../src/store/types.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { makeFile, sha256 } from './server.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-store-'));
  return () => rm(home, { recursive: true });
});

const file = makeFile(5000);

function makeModel(fields: Partial<NewModel> = {}): NewModel {
  return {
    name: 'flowers',
    network: 'mobilenet_v1',
    alpha: 0.5,
    resolution: 160,
    classes: 3,
    dtype: 'f32',
    format: 'safetensors',
    padding: 'tensorflow',
    epsilon: 0.001,
    preprocessing: {
      crop: 'center',
      resize: 182,
      resolution: 160,
      filter: 'pil-bicubic',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    },
    published: null,
    licence: null,
    origin: { address: 'my.h5', bytes: 7, sha256: sha256(new Uint8Array(7)), hash: 'first-seen' },
    weights: file,
    labels: new TextEncoder().encode('["rose", "tulip", "daisy"]'),
    ...fields,
  };
}

const install = (fields: Partial<NewModel> = {}, replace = false) => installModel(makeModel(fields), { home, replace });

describe('the store’s folder', () => {
  it('is $MOBILENET_HOME, else where the platform keeps caches', () => {
    expect(storeHome({ MOBILENET_HOME: 'here' })).toBe(resolve('here'));
    for (const env of [{}, { MOBILENET_HOME: '' }]) {
      const folder = storeHome(env);
      expect(folder.startsWith(homedir())).toBe(true);
      expect(folder).toMatch(/mobilenet/);
      expect(folder).not.toMatch(/nodejs/);
    }
  });

  it.skipIf(process.platform !== 'linux')('is in $XDG_CACHE_HOME, where that is an absolute path', () => {
    expect(storeHome({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/mobilenet');
    expect(storeHome({ XDG_CACHE_HOME: 'caches' })).toBe(storeHome({}));
  });

  it('takes names that are a folder’s name everywhere, and no others', () => {
    for (const name of ['flowers', 'mobilenet_v1_0.5_160_int8', 'a-b.c', '7']) expect(isModelName(name)).toBe(true);
    for (const name of [
      '',
      '.',
      '..',
      '.hidden',
      'a/b',
      'a\\b',
      '../x',
      'a b',
      'nul',
      'COM1',
      'con.x',
      'end.',
      'ü',
      'a'.repeat(101),
    ]) {
      expect(isModelName(name), name).toBe(false);
    }
  });
});

describe('installModel', () => {
  it('gives back what was put in', async () => {
    const installed = await install();
    expect(readRecord(places.record(home, 'flowers'))).toEqual(installed);
    expect(findInstalled({ model: 'flowers' }, home)).toEqual(installed);
    expect(readInstalledWeights(installed, home)).toEqual(file);
    expect(readInstalledLabels(installed, home)?.bytes).toEqual(makeModel().labels);
    expect(await verifyModels(home)).toEqual([{ name: 'flowers', problem: null }]);
    expect(readdirSync(places.blobs(home))).toHaveLength(2);
    expect(readdirSync(home).sort()).toEqual(['blobs', 'models']);
  });

  it('takes weights from a file', async () => {
    const path = join(home, 'given');
    const large = makeFile(3_000_000);
    await writeFile(path, large);
    const installed = await install({ weights: { file: path } });
    expect(installed.weights).toEqual({ bytes: large.length, sha256: sha256(large) });
    expect(sha256(readInstalledWeights(installed, home))).toBe(sha256(large));
    await expect(install({ name: 'x', weights: { file: join(home, 'none') } })).rejects.toMatchObject({
      code: 'model-file',
    });
  });

  it('replaces nothing unasked', async () => {
    await install();
    await expect(install()).rejects.toMatchObject({ code: 'model-exists', exitCode: 4 });
    expect((await install({ classes: 4 }, true)).classes).toBe(4);
  });

  it.each(['../evil', 'a/b', '', 'mobilenet_v1', 'xception'])('refuses the name %j', async (name) => {
    await expect(install({ name })).rejects.toMatchObject({ code: 'model-name', exitCode: 4 });
    expect(readdirSync(home)).toEqual([]);
  });

  it('replaces a damaged blob of the same content', async () => {
    const installed = await install();
    await writeFile(weightsPath(installed, home), 'damaged');
    await install({ name: 'again' });
    expect(await verifyModels(home)).toEqual([
      { name: 'again', problem: null },
      { name: 'flowers', problem: null },
    ]);
  });

  it('is safe many times at once', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `model-${index}`);
    await Promise.all(names.map((name) => install({ name })));
    expect(listInstalled(home).models.map(({ name }) => name)).toEqual(names);
    expect(readdirSync(places.blobs(home))).toHaveLength(2);
    await Promise.all(names.slice(1).map((name) => removeModel(name, { home })));
    expect(await verifyModels(home)).toEqual([{ name: 'model-0', problem: null }]);
  });
});

describe('removeModel', () => {
  it('removes the blobs that nobody else uses', async () => {
    const first = await install();
    await install({ name: 'same' });
    const other = await install({ name: 'other', weights: makeFile(100, 9), labels: null });
    await removeModel('flowers', { home });
    expect(existsSync(weightsPath(first, home))).toBe(true);
    await removeModel('same', { home });
    expect(existsSync(weightsPath(first, home))).toBe(false);
    expect(readInstalledWeights(other, home)).toHaveLength(100);
    expect(readdirSync(places.blobs(home))).toHaveLength(1);
  });

  it('refuses what is not there, and what no model is called', async () => {
    await expect(removeModel('none', { home })).rejects.toMatchObject({ code: 'model-not-installed', exitCode: 4 });
    await expect(removeModel('..', { home })).rejects.toMatchObject({ code: 'model-name' });
  });

  it('keeps all blobs while a record cannot be read', async () => {
    const kept = await install();
    await install({ name: 'gone', weights: makeFile(100, 9) });
    await writeFile(places.record(home, 'flowers'), '{');
    await removeModel('gone', { home });
    expect(existsSync(weightsPath(kept, home))).toBe(true);
    // A model whose record is damaged can still be removed.
    await removeModel('flowers', { home });
    expect(readdirSync(places.blobs(home))).toEqual([]);
  });
});

describe('a damaged file', () => {
  it.each([
    ['flipped bit', (bytes: Buffer) => bytes.fill(bytes[9]! ^ 1, 9, 10), /sha-256 [0-9a-f]{64}, expected/],
    ['missing end', (bytes: Buffer) => bytes.subarray(1), /4999 bytes, expected 5000; pull or import flowers again/],
    [
      'longer file',
      (bytes: Buffer) => Buffer.concat([bytes, bytes]),
      /10000 bytes, expected at most 5000; pull or import/,
    ],
  ])('%s: found by verify and never used', async (_title, damage, message) => {
    const installed = await install();
    const path = weightsPath(installed, home);
    await writeFile(path, damage(await readFile(path)));
    expect(() => readInstalledWeights(installed, home)).toThrow(message);
    expect(() => readInstalledWeights(installed, home)).toThrow(expect.objectContaining({ code: 'weights-damaged' }));
    const [verified] = await verifyModels(home);
    expect(verified!.problem).toMatch(/damaged or absent, expected 5000 bytes$/);
  });

  it('of labels counts too', async () => {
    const installed = await install();
    await writeFile(places.blob(home, installed.labels!.sha256, 'json'), '[]');
    expect(() => readInstalledLabels(installed, home)).toThrow(expect.objectContaining({ code: 'weights-damaged' }));
    expect((await verifyModels(home))[0]!.problem).not.toBeNull();
  });

  it('of learned models has their vectors and how they were learned; their network’s name does not lead to them', async () => {
    const accuracy = { value: 0.9, low95: 0.8, high95: 0.95, images: 40 };
    const learned = { backbone: 'mobilenet_v1', images: [10, 12, 9], seed: 0, accuracy };
    const vectors = Uint8Array.of(1, 255, 0, 127);
    const installed = await install({ learned, unknown: { threshold: 0.25, vectors } });
    const path = places.record(home, 'flowers');
    expect(readRecord(path)).toEqual(installed);
    expect(installed).toMatchObject({ learned, unknown: { threshold: 0.25, vectors: { bytes: 4 } } });
    expect([...readInstalledVectors(installed, installed.unknown!.vectors, home)]).toEqual([1, -1, 0, 127]);
    expect(findInstalled({ model: 'flowers' }, home)).toEqual(installed);
    expect(findInstalled({ model: 'mobilenet_v1', resolution: 160 }, home)).toBeUndefined();
    const wrong = { unknown: { ...installed.unknown, threshold: 3 }, learned: { ...learned, images: [10, 0.5] } };
    for (const [name, value] of Object.entries(wrong)) {
      await writeFile(path, JSON.stringify({ version: 1, ...installed, [name]: value }));
      expect(() => readRecord(path)).toThrow(new RegExp(`${name}\\.`));
    }
    await writeFile(path, JSON.stringify({ version: 1, ...installed }));
    await writeFile(places.blob(home, installed.unknown!.vectors.sha256, 'vectors'), 'four');
    expect((await verifyModels(home))[0]!.problem).toContain('.vectors: damaged');
    await removeModel('flowers', { home });
    expect(readdirSync(places.blobs(home))).toEqual([]);
  });

  it('of levels counts too, by its own file’s name; a record without them says so', async () => {
    const tensors = new Map([['a/scale', { shape: [2], data: Float32Array.of(1, 2) }]]);
    const installed = await install({ levels: writeSafetensors(tensors) });
    expect(readRecord(places.record(home, 'flowers'))).toEqual(installed);
    expect(readInstalledLevels(installed, installed.levels!, home)).toEqual(tensors);
    const { levels, ...older } = JSON.parse(await readFile(places.record(home, 'flowers'), 'utf8'));
    await writeFile(places.blob(home, levels.sha256, 'safetensors'), 'short');
    expect(() => readInstalledLevels(installed, installed.levels!, home)).toThrow(
      expect.objectContaining({ code: 'weights-damaged' }),
    );
    expect((await verifyModels(home))[0]!.problem).toContain(levels.sha256);
    await writeFile(places.record(home, 'flowers'), JSON.stringify(older));
    expect(readRecord(places.record(home, 'flowers')).levels).toBeNull();
  });

  it('of a record is listed, and stands in nobody’s way', async () => {
    await install();
    await install({ name: 'broken' });
    await writeFile(places.record(home, 'broken'), '{"name": "broken"}');
    await mkdir(join(places.models(home), 'empty'));
    expect(listInstalled(home).models.map(({ name }) => name)).toEqual(['flowers']);
    expect(listInstalled(home).damaged).toEqual([
      { name: 'broken', problem: expect.stringMatching(/version is null/) },
    ]);
    expect(findInstalled({ model: 'flowers' }, home)!.name).toBe('flowers');
    expect((await verifyModels(home)).map(({ problem }) => problem === null)).toEqual([false, true]);
  });
});

describe('a record', () => {
  const edits: [string, (record: Record<string, unknown>) => unknown, RegExp][] = [
    ['another version', (record) => ({ ...record, version: 2 }), /version is 2, expected/],
    ['an unknown field', (record) => ({ ...record, more: 1 }), /unknown field "more"/],
    ['a field too few', ({ dtype: _, ...rest }) => rest, /dtype is null, expected one of f32, f16, int8/],
    [
      'a hash that is a path',
      (record) => ({ ...record, weights: { bytes: 1, sha256: '../../etc/passwd' } }),
      /weights\.sha256 is/,
    ],
    ['another’s name', (record) => ({ ...record, name: 'other' }), /name is other, expected flowers/],
    ['a name that is a path', (record) => ({ ...record, name: '../x' }), /name is "\.\.\/x", expected a plain name/],
    ['safetensors without padding', (record) => ({ ...record, padding: null }), /padding is null, expected a value/],
    ['another resolution', (record) => ({ ...record, resolution: 96 }), /preprocessing is .*, expected resolution 96/],
  ];
  it.each(edits)('with %s is refused', async (_title, edit, message) => {
    await install();
    const path = places.record(home, 'flowers');
    await writeFile(path, JSON.stringify(edit(JSON.parse(await readFile(path, 'utf8')))));
    expect(() => findInstalled({ model: 'flowers' }, home)).toThrow(message);
  });
});

describe('findInstalled', () => {
  it('takes the name first, then network, α and resolution, float before integers', async () => {
    const graph = { format: 'tflite', padding: null, epsilon: null, preprocessing: null } as const;
    await install({ ...graph, name: 'a-quantised', dtype: 'int8', classes: 1001 });
    await install({ name: 'b-float', classes: 1000 });
    await install({ name: 'c-wide', alpha: 1, classes: 1000 });
    await install({ name: 'a-few', alpha: 0.25 });
    const find = (query: Partial<Parameters<typeof findInstalled>[0]>) =>
      findInstalled({ model: 'mobilenet_v1', ...query }, home)?.name;
    expect(find({})).toBe('c-wide');
    expect(find({ alpha: 0.5 })).toBe('b-float');
    expect(find({ dtype: 'int8' })).toBe('a-quantised');
    expect(find({ alpha: 1 })).toBe('c-wide');
    // With classes of its own it is found by its own name alone.
    expect(find({ alpha: 0.25 })).toBeUndefined();
    expect(find({ model: 'a-few' })).toBe('a-few');
    expect(find({ resolution: 224 })).toBeUndefined();
    expect(find({ model: 'a-quantised' })).toBe('a-quantised');
    expect(find({ model: 'a-quantised', alpha: 1 })).toBeUndefined();
    expect(find({ model: '../models/a-quantised' })).toBeUndefined();
  });
});

describe('a lock', () => {
  it('lets one in at a time', async () => {
    const path = join(home, 'lock');
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 6 }, () =>
        withLock(path, async () => {
          most = Math.max(most, ++inside);
          await new Promise((done) => setTimeout(done, 5));
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(readdirSync(home)).toEqual([]);
  });

  it('is let go after a fault', async () => {
    const path = join(home, 'lock');
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path, async () => 7)).toBe(7);
  });

  it('of a dead process, or of another machine and not touched for long, is nobody’s', async () => {
    const path = join(home, 'lock');
    await writeFile(path, `999999999 ${hostname()} abc`);
    expect(await withLock(path, async () => 7)).toBe(7);
    await writeFile(path, '1 elsewhere abc');
    const { utimes } = await import('node:fs/promises');
    const old = new Date(Date.now() - 3_600_000);
    await utimes(path, old, old);
    expect(await withLock(path, async () => 8)).toBe(8);
    expect(readdirSync(home)).toEqual([]);
  });

  it('of a living process is waited for, as long as patience lasts', async () => {
    const path = join(home, 'lock');
    await writeFile(path, `${process.pid} ${hostname()} abc`);
    let waits = 0;
    const options = { patienceMs: 1, onWait: () => waits++ };
    await expect(withLock(path, async () => 7, options)).rejects.toMatchObject({ code: 'store-busy', exitCode: 4 });
    expect(waits).toBe(1);
    await writeFile(path, '1 elsewhere abc');
    await expect(withLock(path, async () => 7, options)).rejects.toMatchObject({ code: 'store-busy' });
  });
});
