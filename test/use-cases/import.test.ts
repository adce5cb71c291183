import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSession } from '../../src/engine/session.js';
import { ModelError, UsageError } from '../../src/errors/errors.js';
import { chooseModel } from '../../src/models/choose.js';
import type { Model } from '../../src/models/model.js';
import { exportModel } from '../../src/use-cases/export.js';
import { type ImportOptions, importModel } from '../../src/use-cases/import.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import type { Tensor } from '../../src/weights/types.js';
import { sharedPath } from '../shared.js';
import { pictureOf, readCheckpoints, tensorsOf, valuesFor } from '../weights/families/checkpoint.js';

/** How far folding batch norms beforehand moves a probability of these random networks, which dampen nothing. */
const FOLDED = 1e-4;

const checkpoints = readCheckpoints();

let folder: string;
let flowers: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-'));
  vi.stubEnv('MOBILENET_HOME', join(folder, 'home'));
  flowers = write('flowers.safetensors', 'Hugging Face MobileNetV2', 0.35);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(name: string, family: string, alpha: number): string {
  const checkpoint = checkpoints.find((each) => each.family === family && each.alpha === alpha)!;
  const path = join(folder, name);
  writeFileSync(path, writeSafetensors(tensorsOf(checkpoint)));
  return path;
}

async function probabilities(model: Model): Promise<readonly number[]> {
  const session = await createSession(model.network, model.readWeights(), model.epsilon);
  session.input.set(pictureOf(0, model.network.resolution));
  const output = [...session.run()];
  session.close();
  return output;
}

function furthest(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));
}

describe('import', () => {
  it('makes a checkpoint a model that --model finds, with its labels', async () => {
    const labels = join(folder, 'labels.csv');
    writeFileSync(
      labels,
      ['0,rose', '1,tulip', '2,"daisy, common"', '3,iris', '4,lily', '5,aster', '6,poppy'].join('\n'),
    );
    const { installed, title } = await importModel(flowers, { name: 'my-flowers', labels, resolution: 65 });
    expect(title).toBe('Hugging Face MobileNetV2');
    expect(installed).toMatchObject({
      ...{ name: 'my-flowers', network: 'mobilenet_v2', alpha: 0.35, resolution: 65, classes: 7 },
      ...{ dtype: 'f32', format: 'safetensors', padding: 'tensorflow', epsilon: 1e-3 },
      origin: { address: 'flowers.safetensors', hash: 'first-seen' },
    });
    const model = await chooseModel({ model: 'my-flowers' });
    expect(model.readLabels().map(({ name }) => name)).toEqual([
      ...['rose', 'tulip', 'daisy, common', 'iris', 'lily', 'aster', 'poppy'],
    ]);
    const straight = await chooseModel({ resolution: 65, weights: [flowers] });
    expect(model.preprocessing).toEqual(straight.preprocessing);
    expect(furthest(await probabilities(model), await probabilities(straight))).toBeLessThan(FOLDED);
  });

  it('exports what imports and runs to the same numbers', async () => {
    await importModel(flowers, { name: 'there', padding: 'pytorch', epsilon: 1e-5, resolution: 96 });
    const path = join(folder, 'there.safetensors');
    const { bytes } = await exportModel('there', path);
    expect(readFileSync(path).length).toBe(bytes);
    const { installed } = await importModel(path, { name: 'back' });
    expect(installed).toMatchObject({ padding: 'pytorch', epsilon: 1e-5, resolution: 96, dtype: 'f32', classes: 7 });
    const there = await probabilities(await chooseModel({ model: 'there' }));
    expect(await probabilities(await chooseModel({ model: 'back' }))).toEqual(there);
    expect(await probabilities(await chooseModel({ weights: [path] }))).toEqual(there);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('exports models of the box', async () => {
    const path = join(folder, 'box.safetensors');
    await exportModel('mobilenet_v2', path);
    const [box, exported] = await Promise.all([chooseModel({}), chooseModel({ weights: [path] })]);
    expect(exported.preprocessing).toEqual(box.preprocessing);
    expect(await probabilities(exported)).toEqual(await probabilities(box));
  });

  it('keeps a network that is nobody’s paper’s as its file describes it', async () => {
    const packed = readFileSync(new URL('../golden/keras-models.json.gz', import.meta.url));
    const [keras] = JSON.parse(gunzipSync(packed).toString('utf8')).models;
    const tensors: [string, Tensor][] = keras.tensors.map(
      ([name, shape, low, high]: [string, number[], number, number]) => [name, valuesFor(name, shape, low, high)],
    );
    const tfjs = mkdtempSync(join(folder, 'tfjs-'));
    const weights = tensors.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' }));
    const model = {
      modelTopology: { model_config: keras.topology },
      weightsManifest: [{ paths: ['w.bin'], weights }],
    };
    writeFileSync(join(tfjs, 'model.json'), JSON.stringify(model));
    writeFileSync(join(tfjs, 'w.bin'), Buffer.concat(tensors.map(([, { data }]) => Buffer.from(data.buffer))));

    const { installed } = await importModel(tfjs, { name: 'deep-head' });
    expect(installed).toMatchObject({ classes: 5, resolution: 64, format: 'safetensors' });
    const straight = await probabilities(await chooseModel({ weights: [join(tfjs, 'model.json')] }));
    expect(furthest(straight, keras.outputs[0])).toBeLessThan(1e-4);
    const stored = await probabilities(await chooseModel({ model: 'deep-head' }));
    expect(furthest(stored, straight)).toBeLessThan(FOLDED);
    await exportModel('deep-head', join(folder, 'deep.safetensors'));
    expect(await probabilities(await chooseModel({ weights: [join(folder, 'deep.safetensors')] }))).toEqual(stored);
  });

  it('takes a file of the box with what its card says', async () => {
    const [box, file] = await Promise.all([
      chooseModel({}),
      chooseModel({ weights: ['models/mobilenet_v2_1.0_224.safetensors'] }),
    ]);
    expect(file.network.padding).toBe('pytorch');
    expect(file.preprocessing).toEqual(box.preprocessing);
  });

  it.each<[string, Partial<ImportOptions>, new (...args: never[]) => Error, RegExp]>([
    ['a name that is taken', { name: 'taken' }, ModelError, /taken: already installed/],
    ['other classes', { classes: 5 }, UsageError, /--classes 5: .+ has 7 classes/],
    ['another network', { model: 'xception' }, ModelError, /of no known checkpoint of xception/],
    ['another α', { alpha: 1 }, UsageError, /--alpha 1: .+ holds 0\.35/],
    ['too few labels', { labels: 'NOTICE-not-there' }, ModelError, /no such file/],
  ])('refuses %s', async (_, options, kind, message) => {
    if (options.name === 'taken') await importModel(flowers, { name: 'taken' });
    const attempt = importModel(flowers, { name: 'refused', ...options });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(kind);
  });

  it('keeps a network of one output, and two labels for it', async () => {
    const checkpoint = checkpoints.find((each) => each.family === 'Hugging Face MobileNetV2' && each.alpha === 0.35)!;
    const tensors = new Map(tensorsOf(checkpoint));
    const firstRow = ({ shape, data }: Tensor): Tensor => {
      const rest = shape.slice(1);
      return {
        shape: [1, ...rest],
        data: data.slice(
          0,
          rest.reduce((product, extent) => product * extent, 1),
        ),
      };
    };
    for (const name of ['classifier.weight', 'classifier.bias']) tensors.set(name, firstRow(tensors.get(name)!));
    const path = join(folder, 'one.safetensors');
    writeFileSync(path, writeSafetensors(tensors));
    const labels = join(folder, 'pair.txt');
    writeFileSync(labels, 'cat\ndog\n');
    await importModel(path, { name: 'pair', labels, resolution: 65 });
    const model = await chooseModel({ model: 'pair' });
    expect(model.readLabels().map(({ name }) => name)).toEqual(['cat', 'dog']);
    const [output, ...others] = await probabilities(model);
    expect(others).toEqual([]);
    expect(output).toBeGreaterThan(0);
    expect(output).toBeLessThan(1);
    expect(await probabilities(await chooseModel({ weights: [path], resolution: 65 }))).toEqual([
      expect.closeTo(output!, 4),
    ]);
  });

  it('refuses a checkpoint without its classifier', async () => {
    const checkpoint = checkpoints.find((each) => each.head === false)!;
    const path = join(folder, 'no-top.safetensors');
    writeFileSync(path, writeSafetensors(tensorsOf(checkpoint)));
    await expect(importModel(path, { name: 'no-top' })).rejects.toThrow(
      /without its classifier: it gives \d+ features and no classes/,
    );
  });

  it('says where a file cannot be written', async () => {
    await expect(exportModel('mobilenet_v2', join(folder, 'none', 'x.safetensors'))).rejects.toThrow(/no such folder/);
  });
});

const partial = [
  ['tfjs_mobilenet_v1_1.0_224_partial', /file "group37-shard1of1" is missing/],
  ['tfjs_xception_partial', /file "group1-shard1of22\.bin" is missing/],
  ['tfjs_graph_mobilenet_v1_0.25_224_backbone', /256 features/],
] as const;

describe.skipIf(!sharedPath('weights'))('TensorFlow.js folders of ../shared/reference/weights', () => {
  it.each(partial)('%s: one line', async (name, message) => {
    const attempt = chooseModel({ weights: [sharedPath(`weights/${name}`)!] });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(ModelError);
  });
});
