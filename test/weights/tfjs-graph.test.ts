import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importTfjsGraph, readTfjsGraph } from '../../src/weights/formats/tfjs/graph-model.js';
import type { GraphNode, TfjsModel } from '../../src/weights/formats/tfjs/model-folder.js';
import { sharedPath } from '../shared.js';
import { makeFolder } from './folder.js';
import { modelErrorOf } from './golden.js';
import { differ, runEngine, runNaively } from './graph-run.js';

/** Made by test/golden/tfjs_graph.mjs. */
const golden = JSON.parse(readFileSync(new URL('../golden/tfjs-graph.json', import.meta.url), 'utf8')) as {
  readonly side: number;
  readonly outputs: readonly (readonly number[])[];
};

const backbone = sharedPath('weights/tfjs_graph_mobilenet_v1_0.25_224_backbone');

function draw(picture: number, side: number): number[] {
  return Array.from({ length: side * side * 3 }, (_, i) => ((i * (picture === 0 ? 104729 : 7919)) % 1009) / 1009);
}

describe.skipIf(backbone === undefined)('the graph-model of the reference data', () => {
  it('is the backbone of MobileNet v1 0.25, which scales a picture in 0…1 itself', () => {
    const model = readTfjsGraph(backbone!);
    expect(model.network.layers).toHaveLength(28);
    expect(model.network.layers[1]).toMatchObject({ kind: 'depthwise', bias: true, activation: 'relu6' });
    expect(model.inputShape).toEqual({ height: 224, width: 224, channels: 3 });
    expect(model.inputNormalisation).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    expect(model.output).toMatchObject({ classes: 256, isProbability: false });
  });

  it('gives the features that TensorFlow.js gives', async () => {
    const { side, outputs } = golden;
    const model = readTfjsGraph(backbone!, { resolution: side });
    expect(differ(outputs[0]!, outputs[1]!)).toBeGreaterThan(0.01);
    for (const [index, expected] of outputs.entries()) {
      expect(differ(await runEngine(model, draw(index, side)), expected)).toBeLessThan(1e-5);
    }
    expect(differ(runNaively(model, draw(0, side)), outputs[0]!)).toBeLessThan(1e-5);
  });
});

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const list = (...values: number[]) => ({ list: { i: values.map(String) } });
const sizes = (...values: number[]) => ({ shape: { dim: values.map((size) => ({ size: String(size) })) } });

/** A picture of 4 × 4 × 1, a convolution that adds its four neighbours, a dense layer on all that is left. */
function makeNodes(): GraphNode[] {
  const window = { strides: list(1, 2, 2, 1), padding: text('VALID'), dilations: list(1, 1, 1, 1) };
  return [
    { name: 'probabilities', op: 'Softmax', inputs: ['logits'], attributes: {} },
    {
      name: 'logits',
      op: '_FusedMatMul',
      inputs: ['row', 'w2', 'b2'],
      attributes: { fused_ops: { list: { s: [text('BiasAdd').s] } } },
    },
    { name: 'row', op: 'Reshape', inputs: ['gated', 'shape'], attributes: {} },
    { name: 'gated', op: 'Mul', inputs: ['gate', 'sum'], attributes: {} },
    { name: 'gate', op: 'Sigmoid', inputs: ['sum'], attributes: {} },
    { name: 'sum', op: 'Conv2D', inputs: ['picture', 'w1'], attributes: window },
    { name: 'picture', op: 'Placeholder', inputs: [], attributes: { shape: sizes(-1, 4, 4, 1) } },
    ...['w1', 'w2', 'b2', 'shape'].map((name) => ({ name, op: 'Const', inputs: [], attributes: {} })),
  ];
}

function makeModel(nodes: readonly GraphNode[] = makeNodes()): TfjsModel {
  const tensors = new Map([
    ['w1', { shape: [2, 2, 1, 1], data: Float32Array.of(1, 1, 1, 1) }],
    ['w2', { shape: [4, 2], data: Float32Array.of(1, 0, 2, 0, 3, 0, 4, 0) }],
    ['b2', { shape: [2], data: Float32Array.of(0, 5) }],
  ]);
  const integers = new Map([['shape', { shape: [2], data: Int32Array.of(-1, 4) }]]);
  return { tensors, integers, nodes, description: undefined };
}

/** The model with one node changed. */
function change(name: string, difference: Partial<GraphNode>): TfjsModel {
  return makeModel(makeNodes().map((node) => (node.name === name ? { ...node, ...difference } : node)));
}

describe('a graph as layers', () => {
  it('in the order of their inputs, whatever the order in the file', () => {
    const model = importTfjsGraph(makeModel(), 'FOLDER/model.json');
    expect(model.network.id).toBe('FOLDER');
    expect(model.network.layers.map(({ kind }) => kind)).toEqual(['conv', 'conv', 'softmax']);
    expect(model.network.layers[0]).toMatchObject({ activation: 'swish', padding: { top: 0, bottom: 0 } });
    const swish = (x: number) => x / (1 + Math.exp(-x));
    const picture = Array.from({ length: 16 }, (_, i) => i / 10);
    const sums = [0, 2, 8, 10].map((at) => (4 * at + 10) / 10);
    const logit = sums.reduce((total, sum, i) => total + (i + 1) * swish(sum), 0);
    const expected = [1 / (1 + Math.exp(5 - logit)), 1 / (1 + Math.exp(logit - 5))];
    expect(differ(runNaively(model, picture), expected)).toBeLessThan(1e-6);
  });

  it.each([
    ['an operator that no layer is', change('gate', { op: 'Erf' }), 'operator "Erf", expected one of Add, '],
    [
      'strides along the pictures',
      change('sum', { attributes: { ...makeNodes()[5]!.attributes, strides: list(2, 2, 2, 1) } }),
      'Conv2D with strides along images',
    ],
    ['a circle', change('sum', { inputs: ['gated', 'w1'] }), 'graph with 2 outputs'],
    ['a longer circle', change('sum', { inputs: ['gated', 'w1', 'picture'] }), '"gated" depends on itself'],
    ['a name that nothing has', change('sum', { inputs: ['picture', 'w9'] }), '"sum" reads "w9", which is missing'],
    [
      'a filter for more channels',
      change('sum', { inputs: ['picture', 'w2'] }),
      'Conv2D with a filter of 4×2 over 1 channels',
    ],
    ['a picture of no known rank', change('picture', { attributes: {} }), 'an input that is no image'],
    [
      'what is no list of numbers',
      change('sum', { attributes: { strides: { list: { i: ['x'] } } } }),
      'Conv2D with an unreadable strides',
    ],
  ])('refuses %s', (_, model, message) => {
    const error = modelErrorOf(() => importTfjsGraph(model, 'x/model.json'));
    expect(error?.message).toContain(message);
  });

  it('refuses a layers-model, whose description is no graph', () => {
    const folder = makeFolder({ 'model.json': { modelTopology: {}, weightsManifest: [] } });
    expect(modelErrorOf(() => readTfjsGraph(folder))).toMatchObject({ code: 'weights-format' });
    expect(modelErrorOf(() => readTfjsGraph(join(folder, 'none')))).toMatchObject({ code: 'model-file' });
  });
});
