import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { networks } from '../../src/networks/index.js';
import { findEntries, readCatalog } from '../../src/store/catalog.js';

const catalog = readCatalog();
const path = fileURLToPath(new URL('../../models/catalog.json', import.meta.url));

describe('the catalog', () => {
  it.each(['mobilenet_v1', 'mobilenet_v2'] as const)(
    'has every published α and resolution of %s, float too',
    (model) => {
      for (const { alphas, resolutions } of networks[model].published) {
        for (const alpha of alphas) {
          for (const resolution of resolutions) {
            const found = findEntries({ model, alpha, resolution, dtype: 'f32' }, catalog);
            expect(found.length, `${model} ${alpha} ${resolution}`).toBeGreaterThan(0);
            if (model === 'mobilenet_v1') {
              expect(findEntries({ model, alpha, resolution, dtype: 'int8' }, catalog).length).toBeGreaterThan(0);
            }
          }
        }
      }
      expect(findEntries({ model: 'xception' }, catalog).length).toBeGreaterThan(2);
    },
  );

  it('prefers one byte a weight', () => {
    for (const [alpha, resolution] of [
      [0.25, 128],
      [0.5, 160],
      [0.75, 192],
    ] as const) {
      const [first] = findEntries({ model: 'mobilenet_v1', alpha, resolution }, catalog);
      expect(first).toMatchObject({ dtype: 'int8', format: 'tflite', hash: { algorithm: 'sha256' } });
      expect(findEntries({ model: 'mobilenet_v1', alpha, resolution, dtype: 'f32' }, catalog)[0]!.dtype).toBe('f32');
    }
  });

  it('says of no address that it was tried', () => {
    expect(catalog.filter(({ checked }) => checked !== null)).toEqual([]);
  });

  it('pins files of repositories to a commit', () => {
    const files = catalog
      .flatMap(({ addresses }) => addresses)
      .filter((each) => each.includes('raw.githubusercontent.com'));
    expect(files.length).toBeGreaterThan(5);
    for (const address of files) expect(address).toMatch(/\/[0-9a-f]{40}\//);
  });

  it('has a hash beside every size, and addresses in which nothing is left to fill in', () => {
    for (const { name, bytes, hash, addresses } of catalog) {
      if (bytes !== null) expect(hash, name).not.toBeNull();
      for (const address of addresses) expect(address).not.toMatch(/[{}|…]|undefined|None/);
    }
  });

  it('knows published figures', () => {
    const top1 = (name: string) => catalog.find((entry) => entry.name === name)!.published?.top1;
    expect(top1('mobilenet_v1_0.5_160_slim')).toBe(59.1);
    expect(top1('mobilenet_v1_0.5_160_int8')).toBe(57.7);
    expect(top1('mobilenet_v2_1.4_224_slim')).toBe(75);
    expect(top1('mobilenet_v2_1.0_224_torchvision')).toBe(71.878);
    expect(top1('xception_299_keras')).toBe(79.006);
  });
});

describe('a catalog', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mobilenet-catalog-'));
    return () => rm(folder, { recursive: true });
  });

  const edits: [string, (entry: Record<string, unknown>) => object, RegExp][] = [
    ['an unknown field', (entry) => ({ ...entry, more: 1 }), /unknown field "models\[0\]\.more"/],
    ['a field too few', ({ licence: _, ...rest }) => rest, /models\[0\]\.licence is null/],
    ['another network', (entry) => ({ ...entry, network: 'resnet' }), /models\[0\]\.network is "resnet"/],
    ['a name that is a path', (entry) => ({ ...entry, name: '../x' }), /models\[0\]\.name is/],
    ['a network’s name', (entry) => ({ ...entry, name: 'mobilenet_v1' }), /models\[0\]\.name is/],
    ['no address', (entry) => ({ ...entry, addresses: [] }), /models\[0\]\.addresses is/],
    [
      'an address of a file',
      (entry) => ({ ...entry, addresses: ['file:///etc/passwd'] }),
      /expected http:\/\/ or https/,
    ],
    [
      'a short hash',
      (entry) => ({ ...entry, hash: { algorithm: 'sha256', value: 'ab' } }),
      /models\[0\]\.hash\.value is "ab"/,
    ],
    ['an unknown hash', (entry) => ({ ...entry, hash: { algorithm: 'crc', value: 'ab' } }), /hash\.algorithm is "crc"/],
    ['a member that is a path', (entry) => ({ ...entry, member: '../x' }), /models\[0\]\.member is/],
    ['a day that is none', (entry) => ({ ...entry, checked: 'yesterday' }), /models\[0\]\.checked is "yesterday"/],
    ['a size that is none', (entry) => ({ ...entry, bytes: 0 }), /models\[0\]\.bytes is 0/],
  ];
  it.each(edits)('with %s is refused', async (_title, edit, message) => {
    const { models } = JSON.parse(await readFile(path, 'utf8'));
    const own = join(folder, 'catalog.json');
    await writeFile(own, JSON.stringify({ models: [models[0]] }));
    expect(readCatalog(own)).toHaveLength(1);
    await writeFile(own, JSON.stringify({ models: [edit(models[0])] }));
    expect(() => readCatalog(own)).toThrow(message);
  });

  it('with one name twice is refused, and so is what is no JSON', async () => {
    const { models } = JSON.parse(await readFile(path, 'utf8'));
    const own = join(folder, 'catalog.json');
    await writeFile(own, JSON.stringify({ models: [models[0], models[0]] }));
    expect(() => readCatalog(own)).toThrow(/two models are called/);
    await writeFile(own, 'hello');
    expect(() => readCatalog(own)).toThrow(/not JSON/);
  });
});
