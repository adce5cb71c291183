import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import type { Tensor } from '../../src/weights/types.js';
import { valuesFor } from './families/checkpoint.js';
import { differ, runEngine, runNaively } from './graph-run.js';

/** Of the largest value. */
const TOLERANCE = 1e-4;

/** Made by test/golden/keras_layers.py. */
interface DescribedModel {
  readonly title: string;
  readonly kerasVersion: string;
  readonly size: readonly [height: number, width: number, channels: number];
  readonly feed: 'bytes' | 'floats';
  readonly config: unknown;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[], low: number, high: number])[];
  readonly outputs: readonly (readonly number[])[];
}

const packed = readFileSync(new URL('../golden/keras-layers.json.gz', import.meta.url));
const { models } = JSON.parse(gunzipSync(packed).toString('utf8')) as { readonly models: readonly DescribedModel[] };

const RANGES = {
  bytes: [
    [0, 255],
    [90, 250],
  ],
  floats: [
    [-1, 1],
    [-0.4, 1.6],
  ],
} as const;

it("the counter of a Normalization layer is left out, another layer's is not", () => {
  const { config, kerasVersion, tensors } = models.find(({ title }) => title.startsWith('preprocessing in front'))!;
  const values = tensors.map(([name, ...rest]): [string, Tensor] => [name, valuesFor(name, ...rest)]);
  const counter: Tensor = { shape: [], data: Float32Array.of(7) };
  const read = (name: string) => {
    const weights = {
      tensors: new Map([...values, [name, counter] as const]),
      layout: 'names',
      attributes: {},
    } as const;
    return importKeras({ config, kerasVersion, weights }, 'file');
  };
  const [mean] = tensors.find(([name]) => name.endsWith('/mean'))!;
  expect(read(mean.replace(/mean$/, 'count')).output.classes).toBeGreaterThan(0);
  expect(() => read('another/count')).toThrow('"another/count" belongs to none of the layers');
});

describe('layers of ordinary notebooks give what Keras gives', () => {
  it.each(models.map((model) => [model.title, model] as const))('%s', async (_, described) => {
    const { config, kerasVersion, tensors, size, feed, outputs } = described;
    const values = tensors.map(([name, ...rest]): [string, Tensor] => [name, valuesFor(name, ...rest)]);
    const weights = { tensors: new Map(values), layout: 'names', attributes: {} } as const;
    const model = importKeras({ config, kerasVersion, weights }, 'file');
    // What scales bytes itself says so; a picture of bytes is one of 0…1 to what was taken out of the graph.
    expect(model.inputNormalisation === undefined).toBe(feed === 'floats');
    for (const [number, expected] of outputs.entries()) {
      const [low, high] = RANGES[feed][number]!;
      const picture = [...valuesFor(`picture ${number}`, size, low, high).data];
      const given = feed === 'bytes' ? picture.map((value) => value / 255) : picture;
      expect(differ(runNaively(model, given), expected)).toBeLessThan(TOLERANCE);
      expect(differ(await runEngine(model, given), expected)).toBeLessThan(TOLERANCE);
    }
    expect(differ(outputs[0]!, outputs[1]!)).toBeGreaterThan(100 * TOLERANCE);
  });
});
