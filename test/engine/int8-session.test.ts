import { describe, expect, it } from 'vitest';
import type { Levels } from '../../src/engine/int8/levels.js';
import { groupLevels, nameLevels } from '../../src/engine/int8/levels-file.js';
import { levelsOfRanges, rangesOfFile } from '../../src/engine/int8/ranges-of-file.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession } from '../../src/engine/session.js';
import { ModelError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { Layer, ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { readSafetensors, writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { runReference } from '../reference-network.js';
import { calibrated, EPSILON, picture, withoutSoftmax } from './calibrated.js';

/** Root of the mean square difference, as a share of the reference's own deviation from its mean. */
function noise(ours: Float32Array, reference: Float32Array): number {
  const mean = reference.reduce((sum, value) => sum + value, 0) / reference.length;
  let [error, variance] = [0, 0];
  reference.forEach((value, i) => {
    error += (value - ours[i]!) ** 2;
    variance += (value - mean) ** 2;
  });
  return Math.sqrt(error / variance);
}

/** Worst noise over pictures that the calibration saw, against the naive reference. */
async function worstNoise(network: ResolvedNetwork, levels: Levels, deterministic = false): Promise<number> {
  const weights = seededWeights(network, 7);
  const session = await createSession(network, weights, EPSILON, { levels, deterministic });
  const found = [1, 2].map((seed) => {
    const input = picture(network, seed);
    session.input.set(input);
    return noise(session.run(), runReference(network, weights, input, { epsilon: EPSILON }));
  });
  return Math.max(...found);
}

const cases: [string, number, number, 'tensorflow' | 'pytorch'][] = [
  ['mobilenet_v1', 0.25, 64, 'tensorflow'],
  ['mobilenet_v1', 0.3, 50, 'pytorch'],
  ['mobilenet_v2', 0.35, 64, 'tensorflow'],
  ['mobilenet_v2', 0.5, 65, 'pytorch'],
  ['xception', 0.1, 71, 'tensorflow'],
  ['efficientnet_b0', 0.3, 64, 'tensorflow'],
];

describe.each(cases)('%s α %d at %d, %s padding, in integers', (id, alpha, resolution, padding) => {
  const network = resolve(withoutSoftmax(buildNetwork(id, { alpha, classes: 203 })), { resolution, padding });

  it('wide maps are close to the naive reference, narrow ones near it', async () => {
    const [wide, narrow] = [await calibrated(network, () => true), await calibrated(network, () => false)];
    const [close, near] = [await worstNoise(network, wide), await worstNoise(network, narrow)];
    expect(close).toBeLessThan(0.04);
    expect(near).toBeLessThan(0.5);
    expect(close).toBeLessThan(near);
  });

  it('two threads give the same bits as one', async () => {
    const levels = await calibrated(network, () => false);
    const weights = seededWeights(network, 7);
    const runs = [];
    for (const threads of [1, 2]) {
      const session = await createSession(network, weights, EPSILON, { levels, threads });
      session.input.set(picture(network, 1));
      runs.push(session.run());
      session.close();
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  it('the plain kernels agree with whatever this runtime takes', async () => {
    const levels = await calibrated(network, () => false);
    const weights = seededWeights(network, 7);
    const runs = [];
    for (const deterministic of [false, true]) {
      const session = await createSession(network, weights, EPSILON, { levels, deterministic });
      session.input.set(picture(network, 1));
      runs.push(session.run());
    }
    // The first convolution's floats may round differently, no integer after it by more than that brings about.
    expect(noise(runs[0]!, runs[1]!)).toBeLessThan(0.05);
  });
});

const { constants } = await loadKernels();

describe('levels', () => {
  const network = resolve(withoutSoftmax(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 203 })), {
    resolution: 32,
    padding: 'tensorflow',
  });

  it('come back from their file', async () => {
    const levels = await calibrated(network, () => false);
    const values = new Map([...levels.values].map(([name, value], i) => [name, { ...value, wide: i % 2 === 0 }]));
    const again = groupLevels(
      readSafetensors(writeSafetensors(nameLevels({ ...levels, values }), {}), 'test'),
      'test',
      constants,
    );
    expect([...again.values.keys()].sort()).toEqual([...values.keys()].sort());
    for (const [name, { scale, zero, wide }] of values) {
      expect(again.values.get(name)).toMatchObject({ scale, zero, wide });
    }
    expect(again.steps).toEqual(levels.steps);
  });

  it.each([
    ['scale', Float32Array.of(0)],
    ['scale', Float32Array.of(Number.NaN)],
    ['zero', Float32Array.of(0.5)],
    ['zero', Float32Array.of(300)],
    ['mean', Float32Array.of(Infinity)],
    ['other', Float32Array.of(1)],
  ])('with a damaged %s are refused', (part, data) => {
    const tensors = new Map([
      ['a/scale', { shape: [1], data: Float32Array.of(1) }],
      ['a/zero', { shape: [1], data: Float32Array.of(3) }],
      ['a/mean', { shape: [1], data: Float32Array.of(0) }],
    ]);
    expect(groupLevels(tensors, 'test', constants).values.size).toBe(1);
    tensors.set(`a/${part}`, { shape: [1], data });
    expect(() => groupLevels(tensors, 'test', constants)).toThrow(ModelError);
  });

  it('that are missing for a map are an error that names it', async () => {
    const levels = await calibrated(network, () => false);
    const values = new Map(levels.values);
    values.delete('block_1_depthwise');
    const session = createSession(network, seededWeights(network, 7), EPSILON, { levels: { ...levels, values } });
    await expect(session).rejects.toThrow(/no range of values for block_1_depthwise/);
  });

  it('follow from the ranges of a quantised file', async () => {
    const weights = seededWeights(network, 7);
    const observed = new Map<string, readonly [number, number]>();
    runReference(network, weights, picture(network, 1), {
      epsilon: EPSILON,
      onLayer: ({ name }, output) => {
        observed.set(name, [output.reduce((a, b) => Math.min(a, b), 0), output.reduce((a, b) => Math.max(a, b), 0)]);
      },
    });
    const layers = network.layers.map((layer) => ({ ...(layer as Layer), range: observed.get(layer.name)! }));
    const ranged = { ...network, layers: layers as unknown as ResolvedNetwork['layers'] };
    expect(rangesOfFile(network)).toBeUndefined();
    const session = await createSession(ranged, weights, EPSILON, {
      levels: levelsOfRanges(rangesOfFile(ranged)!, ranged, constants),
    });
    session.input.set(picture(network, 1));
    const reference = runReference(network, weights, picture(network, 1), { epsilon: EPSILON });
    expect(noise(session.run(), reference)).toBeLessThan(0.1);
  });

  it('reach what only moves or mixes values', () => {
    const linear = { batchNorm: false, bias: true, activation: 'linear' } as const;
    const conv = { kind: 'conv', inputs: ['input'], ...linear, kernelSize: 1, stride: 1, padding: 'valid' } as const;
    const pads = { top: 1, bottom: 0, left: 0, right: 0 };
    const layers: readonly Layer[] = [
      { ...conv, name: 'a', outChannels: 8, range: [-1, 2] },
      { ...conv, name: 'b', outChannels: 16, range: [-3, 1] },
      { kind: 'concat', name: 'c', inputs: ['a', 'b'] },
      { kind: 'pad', name: 'p', inputs: ['c'], pads, value: 7 },
      { kind: 'resize', name: 'r', inputs: ['p'], height: 4, width: 4, method: 'bilinear', coordinates: 'halfPixel' },
      { kind: 'globalAveragePool', name: 'g', inputs: ['r'] },
    ];
    const networkOf = (list: readonly Layer[]) =>
      resolve({ id: 'n', alpha: 1, classes: 24, inputChannels: 3, layers: list }, { resolution: 6 });
    const network = networkOf(layers);
    const { values } = levelsOfRanges(rangesOfFile(network)!, network, constants);
    const range = (name: string) => {
      const { scale, zero, wide } = values.get(name)!;
      const most = wide ? constants.wideMax : constants.narrowMax;
      return [-zero[0]! * scale[0]!, (most - zero[0]!) * scale[0]!];
    };
    for (const [name, low, high] of [
      ['c', -3, 2],
      ['r', -3, 7],
    ] as const) {
      // Within the step of 8 bits.
      expect(range(name)[0]).toBeCloseTo(low, 1);
      expect(range(name)[1]).toBeCloseTo(high, 1);
    }
    const unstated = layers.map((layer) => (layer.name === 'b' ? { ...conv, name: 'b', outChannels: 16 } : layer));
    expect(rangesOfFile(networkOf(unstated))).toBeUndefined();
  });
});
