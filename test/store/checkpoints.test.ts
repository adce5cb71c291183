import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseModel } from '../../src/models/choose.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { verifyModels } from '../../src/store/installed.js';
import { chooseEntry, pull } from '../../src/use-cases/pull.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { nameTensors } from '../../src/weights/tensor-names.js';

/** Published as safetensors, without a hash. */
const name = 'mobilenetv2_050_timm';

let home: string;
const before = process.env.MOBILENET_HOME;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-pull-'));
  process.env.MOBILENET_HOME = home;
});
afterEach(async () => {
  if (before === undefined) delete process.env.MOBILENET_HOME;
  else process.env.MOBILENET_HOME = before;
  await rm(home, { recursive: true });
});

function makeWeights(alpha: number, classes = 1000) {
  const network = resolve(buildNetwork('mobilenet_v2', { alpha, classes }), { resolution: 224, padding: 'pytorch' });
  return seededWeights(network);
}

async function writeCheckpoint(alpha: number, classes?: number): Promise<string> {
  const path = join(home, 'given.safetensors');
  await writeFile(path, writeSafetensors(nameTensors(makeWeights(alpha, classes))));
  return path;
}

describe('a checkpoint of named tensors', () => {
  it('is installed with the conventions of its entry, and run by them', async () => {
    const { model } = await pull({ model: name }, { home, from: await writeCheckpoint(0.5) });
    expect(model).toMatchObject({
      ...{ network: 'mobilenet_v2', alpha: 0.5, resolution: 224, classes: 1000, dtype: 'f32' },
      ...{ format: 'safetensors', padding: 'pytorch', epsilon: 1e-5, published: { top1: 65.928 } },
    });
    expect(await verifyModels(home)).toEqual([{ name, problem: null }]);
    for (const choice of [{ model: name }, { alpha: 0.5 }]) {
      const chosen = await chooseModel(choice);
      expect(chosen.facts).toMatchObject({ network: 'mobilenet_v2', alpha: 0.5, resolution: 224, weights: name });
      expect(chosen.preprocessing).toMatchObject({ filter: 'pil-bicubic', resize: 256, mean: [0.485, 0.456, 0.406] });
      expect(chosen.epsilon).toBe(1e-5);
      expect(chosen.readLabels()).toHaveLength(1000);
      const [layer, expected] = [...makeWeights(0.5)][3]!;
      expect(chosen.readWeights().get(layer)!.weights.data).toEqual(expected.weights.data);
    }
  });

  it.each([
    [
      0.75,
      1000,
      /mobilenet_v2 α 0\.75, 224×224, 1000 classes, f32, expected mobilenet_v2 α 0\.5, 224×224, 1000 classes/,
    ],
    [0.5, 7, /mobilenet_v2 α 0\.5, 224×224, 7 classes, f32, expected/],
  ])('of α %f with %i classes is refused where another was published', async (alpha, classes, message) => {
    const from = await writeCheckpoint(alpha, classes);
    await expect(pull({ model: name }, { home, from })).rejects.toMatchObject({
      code: 'weights-shape',
      message: expect.stringMatching(message),
    });
    expect(await verifyModels(home)).toEqual([]);
  });
});

describe('the entry that is pulled', () => {
  it('is α 1 at the usual resolution, where nothing else is asked for', () => {
    expect(chooseEntry({ model: 'mobilenet_v2' }).name).toBe('mobilenet_v2_1.0_224_int8');
    expect(chooseEntry({ model: 'mobilenet_v2', dtype: 'f32' }).name).toBe('mobilenet_v2_1.0_224_hf');
    expect(chooseEntry({ model: 'mobilenet_v2', alpha: 0.5 }).name).toBe('mobilenet_v2_0.5_224_keras');
    expect(chooseEntry({ model: 'mobilenet_v1', resolution: 128 })).toMatchObject({ alpha: 1, resolution: 128 });
  });

  it('is the catalog’s first that can be installed', () => {
    expect(chooseEntry({ model: 'mobilenet_v1', alpha: 0.5, resolution: 160 }).name).toBe('mobilenet_v1_0.5_160_int8');
    expect(chooseEntry({ model: 'mobilenet_v1', alpha: 0.5, resolution: 160, dtype: 'f32' }).name).toBe(
      'mobilenet_v1_0.5_160_keras',
    );
    expect(chooseEntry({ model: 'xception' }).network).toBe('xception');
    expect(chooseEntry({ model: 'mobilenet_v1_1.0_224_slim' }).format).toBe('tgz');
  });

  it('is none for what consists of many files, or was never published', () => {
    const tfjs = () => chooseEntry({ model: 'mobilenet_v1_1.0_224_tfjs' });
    expect(tfjs).toThrow(/published only as tfjs, which cannot be pulled; download https:\/\/storage/);
    const none = () => chooseEntry({ model: 'mobilenet_v1', alpha: 0.6 });
    expect(none).toThrow(
      /mobilenet_v1 α 0\.6: no published weights are known, expected α of 0\.25, 0\.5, 0\.75, 1, 1\.25 and/,
    );
    expect(none).toThrow(expect.objectContaining({ exitCode: 4 }));
    expect(() => chooseEntry({ model: 'resnet' })).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
