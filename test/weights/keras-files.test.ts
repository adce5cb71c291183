import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readKerasFile } from '../../src/weights/formats/keras/keras-file.js';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import type { KerasDescription } from '../../src/weights/keras-description.js';
import type { Tensor } from '../../src/weights/types.js';
import { modelErrorOf } from './golden.js';
import { differ, runNaively } from './graph-run.js';

/** Made by test/golden/keras_files.py. */
const folder = new URL('../golden/keras-files/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('../keras-files.json', folder), 'utf8')) as {
  readonly pictures: readonly (readonly number[])[];
  readonly outputs: Readonly<Record<string, readonly (readonly number[])[]>>;
};

async function describeFile(name: string): Promise<KerasDescription> {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(name, folder))));
  const { description } = await readKerasFile(bytes, name);
  return description!;
}

describe('weights by the place of their layer in the file', () => {
  it.each(Object.entries(golden.outputs))('%s gives what Keras gives', async (name, outputs) => {
    const model = importKeras(await describeFile(name), name);
    // A network of half precision is computed in single precision here.
    const tolerance = name.startsWith('half') ? 5e-3 : 1e-5;
    for (const [index, picture] of golden.pictures.entries()) {
      // What scales bytes takes a picture of 0…1 once that is taken out of the graph.
      const given = picture.map((value) => value / 255);
      expect(differ(runNaively(model, given), outputs[index]!)).toBeLessThan(tolerance);
    }
    expect(differ(outputs[0]!, outputs[1]!)).toBeGreaterThan(20 * tolerance);
  });

  /** A description with one tensor taken away, added or called otherwise. */
  async function change(name: string, edit: (tensors: Map<string, Tensor>) => void): Promise<KerasDescription> {
    const description = await describeFile(name);
    const tensors = new Map(description.weights.tensors);
    edit(tensors);
    return { ...description, weights: { ...description.weights, tensors } };
  }

  it.each(['nested-3.keras', 'nested-2.keras', 'nested-3.h5', 'nested-2.h5'])(
    '%s: no weight may be missing or left over',
    async (name) => {
      const [first] = (await describeFile(name)).weights.tensors;
      const missing = await change(name, (tensors) => tensors.delete(first![0]));
      expect(modelErrorOf(() => importKeras(missing, name))).toMatchObject({ code: 'weights-mismatch' });
      const spare = first![0].replace(/[^/]+$/, '9');
      const more = await change(name, (tensors) => tensors.set(spare, first![1]));
      const error = modelErrorOf(() => importKeras(more, name));
      expect(error).toMatchObject({ code: 'weights-mismatch' });
      expect(error?.message).toContain('save the model again with model.save()');
    },
  );

  it('goes by the order that the file lists where the names are those of an earlier session', async () => {
    const name = 'nested-2.h5';
    const { weights, ...rest } = await describeFile(name);
    const numbers: Readonly<Record<string, string>> = { conv2d: 'conv2d_5', conv2d_1: 'conv2d_6', norm: 'norm_2' };
    const rename = (path: string) => {
      const parts = path.split('/');
      const layer = parts.at(-2)!;
      return [...parts.slice(0, -2), numbers[layer] ?? 'norm_3', parts.at(-1)].join('/');
    };
    const group = 'model_weights/second';
    const list = `${group}@weight_names`;
    const tensors = new Map(
      [...weights.tensors].map(([path, tensor]) => [path.startsWith(`${group}/`) ? rename(path) : path, tensor]),
    );
    const listed = (JSON.parse(weights.attributes[list]!) as string[]).map(rename);
    const attributes = { ...weights.attributes, [list]: JSON.stringify(listed) };
    const model = importKeras({ ...rest, weights: { ...weights, tensors, attributes } }, name);
    const picture = golden.pictures[0]!.map((value) => value / 255);
    expect(differ(runNaively(model, picture), golden.outputs[name]![0]!)).toBeLessThan(1e-5);
    // Without the list nothing tells them apart.
    const { [list]: _, ...unlisted } = weights.attributes;
    const error = modelErrorOf(() =>
      importKeras({ ...rest, weights: { ...weights, tensors, attributes: unlisted } }, name),
    );
    expect(error).toMatchObject({ code: 'weights-mismatch' });
  });
});
