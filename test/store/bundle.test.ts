import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { explain, type FetchError } from '../../src/net/fetch-error.js';
import { realDisk } from '../../src/store/disk.js';
import { copyModel, installModel } from '../../src/store/install.js';
import { findWhole, verifyModels, weightsPath } from '../../src/store/installed.js';
import type { InstalledModel } from '../../src/store/types.js';
import { accept } from './entry.js';
import { makeFile, sha256 } from './server.js';

let bundle: string;
let model: InstalledModel;
let home: string;
beforeAll(async () => {
  bundle = await mkdtemp(join(tmpdir(), 'mobilenet-bundle-'));
  const origin = { address: 'a.tflite', bytes: 1, sha256: sha256(new Uint8Array()), hash: 'first-seen' } as const;
  const described = await accept({ path: '', kind: 'tflite', origin });
  const files = { weights: makeFile(), labels: makeFile(100, 2), levels: makeFile(200, 3) };
  model = await installModel({ ...described, ...files }, { home: bundle });
});
afterAll(() => rm(bundle, { recursive: true }));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-store-'));
  return () => rm(home, { recursive: true });
});

describe('copying a model from one folder to another', () => {
  it('copies every file and what is known of it', async () => {
    const copied = await copyModel(model, bundle, { home });
    expect({ ...copied, installed: '' }).toEqual({ ...model, installed: '' });
    expect(await verifyModels(home)).toEqual([{ name: model.name, problem: null }]);
  });

  it.each([0, 1, 2, 3])('where write %i fails: nothing is installed, and nothing else is harmed', async (last) => {
    let writes = 0;
    const disk = {
      write: async (...args: Parameters<typeof realDisk.write>) => {
        if (writes++ === last) throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', syscall: 'write' });
        await realDisk.write(...args);
      },
    };
    await expect(copyModel(model, bundle, { home, disk })).rejects.toMatchObject({ code: 'store-full' });
    expect(await findWhole(home, model.name)).toBeUndefined();
    expect(readdirSync(home, { recursive: true }).filter((name) => /\.(tmp|lock)$/.test(String(name)))).toEqual([]);
    await copyModel(model, bundle, { home });
    expect(await verifyModels(home)).toEqual([{ name: model.name, problem: null }]);
  });

  it('refuses a file that changed since it was checked', async () => {
    const path = weightsPath(model, bundle);
    await writeFile(path, makeFile(model.weights.bytes, 9));
    await expect(copyModel(model, bundle, { home })).rejects.toMatchObject({ code: 'weights-damaged' });
    await writeFile(path, makeFile());
    expect(await findWhole(home, model.name)).toBeUndefined();
  });
});

describe('an error of the network', () => {
  it.each([
    ['ENOTFOUND', true],
    ['EAI_AGAIN', true],
    ['ENETUNREACH', true],
    ['ECONNREFUSED', false],
  ])('%s: whether there is no network at all', (code, isOffline) => {
    const error = explain(Object.assign(new Error(code), { code }), 'http://a') as FetchError;
    expect(error.isOffline).toBe(isOffline);
  });
});
