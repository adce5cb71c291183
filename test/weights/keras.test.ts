import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createSession } from '../../src/engine/session.js';
import { chooseModel } from '../../src/models/choose.js';
import { resolve } from '../../src/networks/resolve.js';
import type { ResolvedNetwork } from '../../src/networks/types.js';
import { importKeras } from '../../src/weights/formats/keras/keras-graph.js';
import { openWeights } from '../../src/weights/formats/open.js';
import type { OpenedTensors } from '../../src/weights/formats/opened.js';
import type { KerasDescription } from '../../src/weights/keras-description.js';
import type { NetworkWeights, Tensor } from '../../src/weights/types.js';
import { sharedPath } from '../shared.js';
import { pictureOf, valuesFor } from './families/checkpoint.js';
import { modelErrorOf } from './golden.js';
import { differ, runEngine, runNaively } from './graph-run.js';

/** Of the largest value. */
const TOLERANCE = 1e-4;

interface KerasModel {
  readonly title: string;
  readonly resolution: number;
  readonly topology: unknown;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[], low: number, high: number])[];
  readonly outputs: readonly (readonly number[])[];
}

const golden = (name: string) => readFileSync(new URL(`../golden/${name}`, import.meta.url));
const models: KerasModel[] = JSON.parse(gunzipSync(golden('keras-models.json.gz')).toString('utf8')).models;
const tensorsOf = ({ tensors }: KerasModel) =>
  new Map<string, Tensor>(tensors.map(([name, ...rest]) => [name, valuesFor(name, ...rest)]));

/** A description with weights by name, as TensorFlow.js has them. */
const describeModel = (config: unknown, tensors: ReadonlyMap<string, Tensor>): KerasDescription => ({
  config,
  kerasVersion: '3.0.0',
  weights: { tensors, layout: 'names', attributes: {} },
});

const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

async function agrees(
  network: ResolvedNetwork,
  weights: NetworkWeights,
  outputs: readonly (readonly number[])[],
  normalise = (value: number) => value,
  measure = (value: number) => value,
) {
  const session = await createSession(network, weights, 0);
  for (const number of [0, 1] as const) {
    session.input.set(pictureOf(number, network.resolution, network.inputShape.channels).map(normalise));
    const ours = session.run().map(measure);
    const theirs = outputs[number]!.map(measure);
    expect(ours.length).toBe(theirs.length);
    const differences = theirs.map((value, index) => value - ours[index]!);
    expect(largest(differences) / largest(theirs)).toBeLessThanOrEqual(TOLERANCE);
  }
  session.close();
  const [first, second] = outputs.map((values) => values.map(measure)) as [number[], number[]];
  const between = first.map((value, index) => value - second[index]!);
  expect(largest(between) / largest([...first, ...second])).toBeGreaterThanOrEqual(100 * TOLERANCE);
}

describe('importKeras', () => {
  it.each(models.map((model) => [model.title, model] as const))('%s', async (_, model) => {
    const { network, padding, output, weights, inputNormalisation } = importKeras(
      describeModel(model.topology, tensorsOf(model)),
      'file',
    );
    // The last of them ends in logits, which a softmax then follows.
    const layers = output.added !== undefined ? network.layers.slice(0, -1) : network.layers;
    const resolved = resolve({ ...network, layers }, { resolution: model.resolution, padding });
    // What it does to the picture first is taken out of the network.
    const { mean, std } = inputNormalisation ?? { mean: [0], std: [1] };
    await agrees(resolved, weights, model.outputs, (value) => (value - mean[0]!) / std[0]!);
  });

  const sequential = (...layers: object[]) => ({
    class_name: 'Sequential',
    config: {
      layers: [{ class_name: 'InputLayer', config: { name: 'in', batch_input_shape: [null, 8, 8, 3] } }, ...layers],
    },
  });
  const conv = (more: object) => ({
    class_name: 'Conv2D',
    config: { name: 'c', kernel_size: [3, 3], strides: [1, 1], padding: 'same', use_bias: false, ...more },
  });
  const kernel: [string, Tensor] = ['c/kernel', valuesFor('c', [3, 3, 3, 4], -1, 1)];

  it.each<[string, unknown, [string, Tensor][], RegExp]>([
    [
      'an unknown class',
      sequential({ class_name: 'Lambda', config: { name: 'l' } }),
      [],
      /the Lambda layer "l" holds Python code, which is never run; export/,
    ],
    [
      "a class of the author's own under a name of Keras",
      sequential({ class_name: 'Dropout', registered_name: 'mine>Dropout', config: { name: 'd' } }),
      [],
      /the author's own class "mine>Dropout", which is Python code; export/,
    ],
    [
      'a class of another module',
      sequential({ class_name: 'Rescaling', module: '__main__', config: { name: 'r', scale: 2 } }),
      [],
      /the author's own class "Rescaling"/,
    ],
    ['a missing tensor', sequential(conv({})), [], /no kernel for the Conv2D layer "c"/],
    [
      'channels first',
      sequential(conv({ data_format: 'channels_first' })),
      [kernel],
      /"c" has data_format "channels_first", expected channels_last/,
    ],
    ['groups of other channels', sequential(conv({ groups: 3 })), [kernel], /3×3×3×4 in 3 groups over 3 channels/],
    [
      'another activation',
      sequential(conv({ activation: 'glu' })),
      [kernel],
      /activation "glu", which is not supported/,
    ],
    [
      'a tensor that is left over',
      sequential(conv({})),
      [kernel, ['d/kernel', kernel[1]]],
      /"d\/kernel" belongs to none/,
    ],
    [
      'other channels',
      sequential(conv({})),
      [['c/kernel', valuesFor('c', [3, 3, 5, 4], -1, 1)]],
      /3×3×5×4 in 1 groups over 3 channels/,
    ],
    ['another rank', sequential(conv({})), [['c/kernel', valuesFor('c', [3, 3], -1, 1)]], /expected 4 dimensions/],
    ['no input size', { class_name: 'Sequential', config: [conv({})] }, [kernel], /unknown size/],
    ['no layers', { class_name: 'Sequential', config: [] }, [], /a model without layers/],
    ['no model', 'text', [], /no description/],
    [
      'a layer that reads a later one',
      {
        class_name: 'Functional',
        config: {
          layers: [
            { class_name: 'InputLayer', name: 'in', config: { name: 'in', batch_shape: [null, 8, 8, 3] } },
            { ...conv({}), inbound_nodes: [[['later', 0, 0, {}]]] },
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['c', 0, 0]],
        },
      },
      [kernel],
      /layer "c" reads a layer that the model does not have/,
    ],
  ])('refuses %s', (_, topology, tensors, message) => {
    expect(modelErrorOf(() => importKeras(describeModel(topology, new Map(tensors)), 'file'))?.message).toMatch(
      message,
    );
  });
});

describe('a layers-model that TensorFlow.js itself saved', () => {
  it('gives what TensorFlow.js gives', async () => {
    const { outputs } = JSON.parse(golden('tfjs-layers.json').toString('utf8')) as { readonly outputs: number[] };
    const opened = await openWeights(fileURLToPath(new URL('../golden/tfjs-layers', import.meta.url)));
    const model = await (opened as OpenedTensors).readGraph!();
    const picture = Array.from({ length: 12 * 12 * 3 }, (_, i) => ((i * 7919) % 256) / 255);
    expect(differ(runNaively(model, picture), outputs)).toBeLessThan(1e-5);
    expect(differ(await runEngine(model, picture), outputs)).toBeLessThan(1e-5);
  });
});

it('takes bytes where the input is one of bytes', () => {
  const layers = [
    { class_name: 'InputLayer', config: { name: 'in', batch_input_shape: [null, 8, 8, 3], dtype: 'uint8' } },
    { class_name: 'GlobalAveragePooling2D', config: { name: 'g' } },
  ];
  const config = { class_name: 'Sequential', config: { layers } };
  const { inputNormalisation } = importKeras(describeModel(config, new Map()), 'file');
  expect(inputNormalisation).toEqual({ mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] });
});

const nsfw = sharedPath('weights/tfjs_nsfw_mobilenet_v2');

describe.skipIf(!nsfw)('the layers-model of ../shared/reference/weights', () => {
  it('gives what TensorFlow.js gives', async () => {
    const model = await chooseModel({ weights: [nsfw!] });
    expect(model.facts).toMatchObject({ network: 'graph', resolution: 224 });
    expect(model.readLabels()).toHaveLength(5);
    await agrees(model.network, model.readWeights(), JSON.parse(golden('tfjs-nsfw.json').toString('utf8')).outputs);
  });
});

const mini = sharedPath('weights/mini_xception');

describe.skipIf(!mini)('the mini-Xception files of ../shared/reference/weights', () => {
  const outputs: Record<string, number[][]> = JSON.parse(golden('mini-xception.json').toString('utf8'));

  it.each(Object.keys(outputs))('%s: a network of its own, which gives what Keras gives', async (file) => {
    const opened = await openWeights(`${mini}/${file}`);
    const imported = await (opened as OpenedTensors).readGraph!();
    const { network, padding, weights } = imported;
    expect([network.inputChannels, network.classes, imported.inputResolution.width]).toEqual([1, 7, 64]);
    // One of them is so sure of itself that only logarithms tell two inputs apart.
    const resolved = resolve(network, { resolution: 64, padding });
    await agrees(resolved, weights, outputs[file]!, undefined, Math.log);
  });

  it('takes grey pictures', async () => {
    const { preprocessing, readLabels } = await chooseModel({ weights: [`${mini}/mini_XCEPTION_KDEF.hdf5`] });
    expect(preprocessing).toMatchObject({ grey: true, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    expect(readLabels()).toHaveLength(7);
  });
});
