import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/errors.js';
import { readHdf5 } from '../../src/weights/formats/keras/hdf5.js';
import { readKerasFile } from '../../src/weights/formats/keras/keras-file.js';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import type { NamedTensors } from '../../src/weights/types.js';
import { sharedPath } from '../shared.js';
import { differ, runEngine, runNaively } from './graph-run.js';

/** Made by test/golden/keras_hdf5.py. */
const folder = new URL('../golden/keras-hdf5/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('../keras-hdf5.json', folder), 'utf8')) as {
  readonly pictures: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  readonly tensors: Readonly<
    Record<string, { readonly shape: number[]; readonly first: number; readonly sum: number }>
  >;
};

function load(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(name, folder))));
}

function describeTensors(tensors: NamedTensors) {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => {
      const sum = (data as Float32Array).reduce((total, value) => total + value, 0);
      // Keras 3 calls a depthwise layer's filter "kernel" in an older .h5.
      return [name.replace('deep/depthwise_kernel', 'deep/kernel'), { shape: [...shape], first: data[0], sum }];
    }),
  );
}

const expected = Object.fromEntries(
  Object.entries(golden.tensors).map(([name, { shape, first, sum }]) => [
    name,
    { shape, first: expect.closeTo(first, 6), sum: expect.closeTo(sum, 3) },
  ]),
);

async function refusal(read: () => Promise<unknown>): Promise<ModelError> {
  const error = await read().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
}

describe('the layouts of Keras 1, 2 and 3', () => {
  it.each(['one.h5', 'two.h5', 'three.h5', 'three.weights.h5', 'three.keras'])('%s: the same tensors', async (name) => {
    const { tensors } = await readKerasFile(load(name), name);
    expect(describeTensors(tensors)).toEqual(expected);
  });

  it.each(['three.h5', 'three.keras'])('%s: the network that it describes, with the outputs of Keras', async (name) => {
    const { description } = await readKerasFile(load(name), name);
    const model = importKeras(description!, name);
    expect(differ(golden.outputs[0]!, golden.outputs[1]!)).toBeGreaterThan(0.01);
    for (const [index, picture] of golden.pictures.entries()) {
      expect(differ(runNaively(model, picture), golden.outputs[index]!)).toBeLessThan(1e-5);
      expect(differ(await runEngine(model, picture), golden.outputs[index]!)).toBeLessThan(1e-5);
    }
  });
});

describe('what the HDF5 library would do without limits', () => {
  it('follows no link out of the file', async () => {
    const error = await refusal(() => readHdf5(load('links.h5'), 'x'));
    expect(error).toMatchObject({ code: 'weights-damaged', message: 'x: HDF5: "raw" cannot be read' });
  });

  it('allocates no dataset that the file only claims', async () => {
    const error = await refusal(() => readHdf5(load('huge.h5'), 'x'));
    expect(error.message).toMatch(/^x: HDF5: more than \d+ bytes of weights$/);
  });

  it('ends in a circle of groups', async () => {
    expect((await refusal(() => readHdf5(load('circle.h5'), 'x'))).message).toBe('x: HDF5: groups deeper than 16');
  });

  it('is ended when its time is up', async () => {
    const error = await refusal(() => readHdf5(load('three.h5'), 'x', { milliseconds: 1 }));
    expect(error.message).toBe('x: HDF5: not read within 0.001 s');
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('no HDF5 file at all')],
    ['the first half', load('three.h5').slice(0, 20000)],
    ['a signature and nothing else', load('three.h5').slice(0, 8)],
  ])('refuses %s', async (_, bytes) => {
    expect(await refusal(() => readKerasFile(bytes, 'x'))).toMatchObject({ code: 'weights-damaged' });
  });
});

const mini = sharedPath('weights/mini_xception');

describe.skipIf(mini === undefined)('mini-Xception of the reference data', () => {
  it.each(['fer2013_mini_XCEPTION.102-0.66.hdf5', 'mini_XCEPTION_KDEF.hdf5'])(
    '%s is a network of its own',
    async (name) => {
      const { description } = await readKerasFile(readFileSync(`${mini}/${name}`), name);
      const model = importKeras(description!, name);
      expect(model.inputShape).toEqual({ height: 64, width: 64, channels: 1 });
      expect(model.output).toMatchObject({ classes: 7, isProbability: true });
      expect(model.network.layers.filter(({ kind }) => kind === 'depthwise')).toHaveLength(8);
      const picture = Array.from({ length: 64 * 64 }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
      const output = runNaively(model, picture);
      expect(output.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      expect(differ(await runEngine(model, picture), [...output])).toBeLessThan(1e-4);
    },
  );
});
