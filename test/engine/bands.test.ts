import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { createSession } from '../../src/engine/session.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { type Layer, NETWORK_INPUT, type Network, type ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { halfWeights } from './half-weights.js';
import { linear, networkOf, pads, plain } from './layer-cases.js';

const EPSILON = 1e-3;

/** Runs two pictures with bands and without; returns how many bands there are. */
async function expectSameBits(network: ResolvedNetwork, deterministic: boolean, keep?: string[]): Promise<number> {
  const { read, openHalves } = halfWeights(seededWeights(network, 5), EPSILON);
  const options = { deterministic, ...(keep && { keep }) };
  const whole = await createSession(network, read, EPSILON, options);
  const banded = await createSession(network, read, EPSILON, { ...options, openHalves });
  for (const seed of [1, 2]) {
    const random = seededRandom(seed);
    whole.input.forEach((_, index, input) => {
      input[index] = 2 * random() - 1;
    });
    banded.input.set(whole.input);
    const expected = whole.run();
    expect(expected.some((value) => value !== 0)).toBe(true);
    expect(bytesOf(banded.run()).equals(bytesOf(expected))).toBe(true);
    for (const name of keep ?? []) expect(bytesOf(banded.kept(name)).equals(bytesOf(whole.kept(name)))).toBe(true);
  }
  return banded.plan.bands?.length ?? 0;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

/** 1.4 MB; neither tile of pixels fits into a row. */
const RESOLUTION = 121;
const CHANNELS = 24;

type Window = Partial<Omit<Layer & { kind: 'depthwise' }, 'kind' | 'name' | 'inputs'>>;

const conv = { kind: 'conv', name: 'conv', inputs: [NETWORK_INPUT], ...linear, outChannels: CHANNELS } as const;
const maker: Layer = { ...conv, kernelSize: 3, stride: 1, padding: 'same' };
const reader = (window: Window, input = 'conv'): Layer => ({
  ...{ kind: 'depthwise', name: 'reader', inputs: [input], ...linear, kernelSize: 3, stride: 1, padding: 'same' },
  ...window,
});

const bandsOf = (layers: readonly Layer[], keep?: string[]) => {
  const network: Network = networkOf(3, layers);
  return expectSameBits(resolve(network, { resolution: RESOLUTION, padding: 'tensorflow' }), false, keep);
};

const swish: Layer = { kind: 'activation', name: 'swish', inputs: ['conv'], activation: 'swish' };
const pool: Layer = { kind: 'maxPool', name: 'pool', inputs: ['conv'], kernelSize: 3, stride: 1, padding: 'same' };
const sumWith = (name: string): Layer => ({ kind: 'add', name: 'last', inputs: [name, 'reader'] });
const sum: Layer = { kind: 'add', name: 'sum', inputs: ['conv', 'point'] };

describe('large maps in bands', () => {
  it.each([
    ['mobilenet_v2', 1, 224, 4],
    ['mobilenet_v2', 1, 225, 4],
    ['mobilenet_v1', 1, 224, 3],
    ['efficientnet_b0', 1, 224, 4],
    ['xception', 0.5, 299, 2],
  ] as const)(
    '%s α %d at %d: the same bits',
    async (id, alpha, resolution, bands) => {
      const network = resolve(buildNetwork(id, { alpha, classes: 9 }), { resolution, padding: 'pytorch' });
      expect(await expectSameBits(network, false)).toBe(bands);
      expect(await expectSameBits(network, true)).toBe(bands);
    },
    60_000,
  );

  it.each<[string, Window, number]>([
    ['3×3', {}, 1],
    ['3×3 stride 2', { stride: 2 }, 1],
    ['3×3 stride 3, no padding', { stride: 3, padding: 'valid' }, 1],
    ['5×5', { kernelSize: 5 }, 1],
    ['5×5 stride 2', { kernelSize: 5, stride: 2 }, 1],
    ['7×7 stride 3', { kernelSize: 7, stride: 3 }, 1],
    ['3×3 dilation 4', { dilation: 4 }, 1],
    ['1×1', { kernelSize: 1 }, 1],
    ['more padding than window', { padding: pads(9, 0, 0, 11) }, 1],
    ['padding below alone', { padding: pads(0, 9, 1, 0), stride: 2 }, 1],
    ['taller than a band', { kernelSize: 101 }, 1],
    ['rows between windows', { kernelSize: 2, stride: 3 }, 0],
  ])('windows %s', async (_name, window, bands) => {
    expect(await bandsOf([maker, reader(window)])).toBe(bands);
  });

  it.each<[string, readonly Layer[], number]>([
    ['of a convolution with stride 2', [{ ...conv, kernelSize: 5, stride: 2, padding: 'same', outChannels: 80 }], 1],
    ['with a curve', [maker, pointwise({ activation: 'swish' })], 1],
    ['with a sum', [maker, pointwise({ ...plain }), sum], 1],
    ['of quarters', [{ ...maker, outChannels: 128 }, pointwise({ outChannels: 128 })], 0],
    ['of a small map', [{ ...maker, outChannels: 16 }], 0],
  ])('a map %s', async (_name, makers, bands) => {
    expect(await bandsOf([...makers, reader({}, makers.at(-1)!.name)])).toBe(bands);
  });

  it.each<[string, readonly Layer[]]>([
    ['of a map that something else reads', [maker, swish, reader({}, 'swish'), sumWith('conv')]],
    ['in the place of a map', [maker, pool, { ...swish, inputs: ['pool'] }, reader({}, 'swish')]],
  ])('a curve %s: whole', async (_name, layers) => {
    expect(await bandsOf(layers)).toBe(0);
  });

  it('a map that something else reads, or that is kept, is whole', async () => {
    expect(await bandsOf([maker, reader({}), sumWith('conv')])).toBe(0);
    expect(await bandsOf([maker, reader({})], ['conv'])).toBe(0);
    expect(await bandsOf([maker, reader({})], ['reader'])).toBe(1);
  });
});

function pointwise(change: Partial<Layer & { kind: 'pointwise' }>): Layer {
  return { kind: 'pointwise', name: 'point', inputs: ['conv'], ...linear, outChannels: CHANNELS, stride: 1, ...change };
}
