import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  findBundledModel,
  listBundledModels,
  loadImagenetLabels,
  loadLabels,
  loadLevels,
  loadWeights,
} from '../../src/models/bundled.js';
import { partsText } from '../../src/models/checksums.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { checkWeights } from '../../src/weights/check.js';
import { safetensorsPlaces } from '../../src/weights/formats/safetensors/safetensors.js';
import { toFloat32 } from '../../src/weights/half.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

type Sums = readonly [magnitudes: number, placed: number];

/** Made by test/golden/models.py from the published files, by torchvision and numpy. */
const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../golden/models.json', import.meta.url)), 'utf8'),
) as Record<string, Record<string, { shape: number[]; weights: Sums; bias: Sums }>>;

/** Both sums, and how far rounding each value to half precision (2^-11 of it, at least 2^-25) may move them. */
function sumsOf(data: Float32Array): { sums: Sums; slack: Sums } {
  let [magnitudes, placed, slack, placedSlack] = [0, 0, 0, 0];
  for (const [place, value] of data.entries()) {
    const factor = 1 + (place % 97);
    const error = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
    magnitudes += Math.abs(value);
    placed += value * factor;
    slack += error;
    placedSlack += error * factor;
  }
  return { sums: [magnitudes, placed], slack: [slack, placedSlack] };
}

function expectSums(name: string, data: Float32Array, expected: Sums, share: number): void {
  const { sums, slack } = sumsOf(data);
  for (const at of [0, 1]) {
    const error = Math.abs(sums[at]! - expected[at]!);
    if (!(error <= slack[at]! * share)) expect(`${name}: ${sums[at]}`).toBe(`${name}: ${expected[at]}`);
  }
}

const networkIds = ['mobilenet_v2', 'mobilenet_v1', 'efficientnet_b0', 'efficientnet_lite0'] as const;

describe('bundled models', () => {
  it('has all models, the default first', () => {
    const cards = listBundledModels().map(({ card }) => [
      card.name,
      card.network,
      card.classes,
      card.padding,
      card.licence,
    ]);
    expect(cards).toEqual([
      ['mobilenet_v2_1.0_224', 'mobilenet_v2', 1000, 'pytorch', 'BSD-3-Clause'],
      ['efficientnet_b0_224', 'efficientnet_b0', 1000, 'tensorflow', 'Apache-2.0'],
      ['efficientnet_lite0_224', 'efficientnet_lite0', 1000, 'tensorflow', 'Apache-2.0'],
      ['mobilenet_v1_1.0_224', 'mobilenet_v1', 1000, 'tensorflow', 'Apache-2.0'],
    ]);
  });

  it.each(networkIds)('%s has every parameter of its network', (model) => {
    const stored = findBundledModel({ model })!;
    const { alpha, resolution, classes, padding } = stored.card;
    const network = resolve(buildNetwork(model, { alpha, classes }), { resolution, padding });
    checkWeights(network, loadWeights(stored), model);
  });

  it.each(networkIds)('%s holds the published weights, folded', (model) => {
    const layers = Object.entries(golden[model]!);
    const weights = loadWeights(findBundledModel({ model })!);
    expect([...weights.keys()].toSorted()).toEqual(layers.map(([name]) => name).toSorted());
    for (const [name, expected] of layers) {
      const layer = weights.get(name)!;
      expect([name, layer.weights.shape]).toEqual([name, expected.shape]);
      expect(layer.weights.data).toBeInstanceOf(Uint16Array);
      // Rounding errors are as often up as down: a quarter of the worst case is far more than they add up to in a
      // layer of hundreds of weights, and biases are not rounded at all.
      expectSums(`${name}/weights`, toFloat32(layer.weights.data), expected.weights, 0.25);
      expectSums(`${name}/bias`, layer.bias!.data as Float32Array, expected.bias, 0.01);
    }
  });

  it.skipIf(!zlib.crc32).each(networkIds)('%s: its card has the checksum of each part', (model) => {
    const { card, folder } = findBundledModel({ model })!;
    const bytes = readFileSync(join(folder, card.weights.file));
    expect(card.weights.parts).toBe(partsText(bytes, safetensorsPlaces(bytes, model)));
  });

  it('has labels with synsets in the usual order', () => {
    const labels = loadLabels(findBundledModel()!);
    expect(labels).toHaveLength(1000);
    expect([labels[0], labels[536]]).toEqual([
      { id: 'n01440764', name: 'tench, Tinca tinca' },
      { id: 'n03216828', name: 'dock, dockage, docking facility' },
    ]);
    // Two birds and machines share a name, and only the synset tells them apart.
    expect([labels[134], labels[517]].map((label) => [label!.id, label!.name.split(',')[0]])).toEqual([
      ['n02012849', 'crane'],
      ['n03126707', 'crane'],
    ]);
    expect(loadImagenetLabels(1001)[1]).toEqual(labels[0]);
  });
});

describe('findBundledModel', () => {
  it('finds the default, and by α and resolution', () => {
    expect(findBundledModel()!.card.name).toBe('mobilenet_v2_1.0_224');
    expect(findBundledModel({ alpha: 1, resolution: 224 })!.card.name).toBe('mobilenet_v2_1.0_224');
    expect(findBundledModel({ model: 'efficientnet_b0' })!.card.name).toBe('efficientnet_b0_224');
    expect(findBundledModel({ resolution: 160 })!.card.name).toBe('mobilenet_v2_1.0_224');
  });

  it.each([{ model: 'mobilenet_v1', alpha: 0.5, resolution: 160 }, { alpha: 0.75 }, { model: 'xception' }])(
    'finds nothing for %j',
    (query) => {
      expect(findBundledModel(query)).toBeUndefined();
    },
  );

  it('says that a folder is absent', () => {
    expect(modelErrorOf(() => findBundledModel({}, '/absent/'))?.code).toBe('model-file');
  });
});

describe('loadWeights', () => {
  const { card, folder } = findBundledModel()!;
  const source = join(folder, card.weights.file);

  it('refuses a file with one bit changed', () => {
    const bytes = new Uint8Array(readFileSync(source));
    bytes[bytes.length - 1]! ^= 1;
    const changed = makeFolder({ [card.weights.file]: bytes });
    expect(modelErrorOf(() => loadWeights({ card, folder: changed }))?.message).toMatch(/: CRC-32 .*, expected/);
  });

  it('refuses a file that was cut', () => {
    const cut = makeFolder({ [card.weights.file]: new Uint8Array(readFileSync(source)).slice(0, -1) });
    expect(modelErrorOf(() => loadWeights({ card, folder: cut }))?.message).toMatch(/7021191 bytes, expected 7021192/);
  });

  it('refuses levels with one bit changed, cut, or absent', () => {
    const { levels } = card;
    const bytes = new Uint8Array(readFileSync(join(folder, levels!.file)));
    const messageOf = (files: Record<string, Uint8Array>) =>
      modelErrorOf(() => loadLevels({ folder: makeFolder(files) }, levels!))?.message;
    expect(messageOf({ [levels!.file]: bytes.slice(0, -1) })).toMatch(/ bytes, expected \d+$/);
    bytes[bytes.length - 1]! ^= 1;
    expect(messageOf({ [levels!.file]: bytes })).toMatch(/: CRC-32 .*, expected/);
    expect(messageOf({})).toMatch(/no such file/);
    for (const model of listBundledModels()) expect(loadLevels(model, model.card.levels!).size).toBeGreaterThan(0);
  });

  it('says that a file is absent', () => {
    expect(modelErrorOf(() => loadWeights({ card, folder: makeFolder({}) }))?.message).toMatch(/no such file/);
  });

  it('reads from any folder', () => {
    const other = makeFolder({});
    for (const file of [card.weights.file, card.labels, `${card.name}.json`])
      copyFileSync(join(folder, file), join(other, file));
    const stored = findBundledModel({}, other)!;
    expect(loadWeights(stored).size).toBe(53);
    expect(loadLabels(stored)).toHaveLength(1000);
  });
});
