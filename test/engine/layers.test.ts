import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { createSession } from '../../src/engine/session.js';
import { resolve } from '../../src/networks/resolve.js';
import { type Activation, activations, type Layer, NETWORK_INPUT } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { runReference } from '../reference-network.js';
import { linear, networkOf, RESOLUTION, stem, unary } from './layer-cases.js';

const EPSILON = 1e-3;
async function agrees(layers: readonly Layer[], inputChannels = 3, resolution = RESOLUTION): Promise<void> {
  const network = resolve(networkOf(inputChannels, layers), { resolution });
  const weights = seededWeights(network, 7);
  const sessions = [
    await createSession(network, weights, EPSILON),
    await createSession(network, weights, EPSILON, { deterministic: true }),
  ];
  const random = seededRandom(3);
  const input = Float32Array.from({ length: resolution ** 2 * inputChannels }, () => 2 * random() - 1);
  const expected = runReference(network, weights, input, { epsilon: EPSILON });
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (expected.length > 1) expect(new Set(expected).size, 'the reference is constant').toBeGreaterThan(1);
  for (const session of sessions) {
    // What earlier runs, or pictures that were prepared there, left in memory must not matter: white ones are NaN as floats.
    for (const left of [0, 255]) {
      const { arenaAddress, memoryBytes } = session.plan;
      new Uint8Array(session.input.buffer, arenaAddress, memoryBytes - arenaAddress).fill(left);
      session.input.set(input);
      const actual = session.run();
      expect(actual.length).toBe(expected.length);
      const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst / largest).toBeLessThan(5e-6);
      expect(actual.every(Number.isFinite)).toBe(true);
    }
    session.close();
  }
}

describe('layers agree with the naive reference', () => {
  it.each(unary)('%s', async (_, draft) => {
    const layer = (input: string): Layer => ({ ...draft, name: 'layer', inputs: [input] }) as Layer;
    for (const channels of [5, 8, 12]) await agrees([stem(channels), layer('stem')]);
    await agrees([layer(NETWORK_INPUT)]);
    await agrees([layer(NETWORK_INPUT)], 1);
  });

  it.each([
    [8, 2, 8],
    [12, 3, 9],
    [12, 4, 24],
    [6, 6, 12],
    [32, 32, 32],
    [16, 2, 40],
    [20, 5, 5],
    [48, 3, 24],
    [10, 2, 34],
  ])('conv of %d channels in %d groups to %d', async (inChannels, groups, outChannels) => {
    const conv = (more: object): Layer => ({
      ...{
        kind: 'conv',
        name: 'conv',
        inputs: ['stem'],
        outChannels,
        groups,
        kernelSize: 3,
        stride: 1,
        padding: 'same',
      },
      ...linear,
      ...more,
    });
    await agrees([stem(inChannels), conv({})]);
    await agrees([stem(inChannels), conv({ kernelWidth: 1, stride: 2, padding: 'valid' })]);
    await agrees([stem(inChannels), conv({ dilation: 2, strideWidth: 2 })]);
    await agrees([stem(inChannels), conv({ kernelSize: 1 })]);
  });

  it('conv of the picture in groups', async () => {
    const conv = { kind: 'conv', name: 'conv', inputs: [NETWORK_INPUT], outChannels: 6, groups: 3 } as const;
    await agrees([{ ...conv, ...linear, kernelSize: 3, stride: 2, padding: 'same' }]);
  });

  it.each(['add', 'multiply', 'subtract', 'maximum', 'minimum'] as const)('%s', async (kind) => {
    for (const channels of [3, 8, 20]) {
      const joined: Layer = { kind, name: 'joined', inputs: ['a', 'b'], range: [-0.3, 0.4] };
      await agrees([stem(channels, 'a'), stem(channels, 'b'), joined]);
      await agrees(
        [stem(channels, 'a'), { kind, name: 'joined', inputs: ['a', 'a'], range: [-9, 0.4] }].slice(
          0,
          kind === 'subtract' ? 1 : 2,
        ) as Layer[],
      );
    }
    await agrees([stem(3, 'a'), { kind, name: 'joined', inputs: [NETWORK_INPUT, 'a'] }]);
    await agrees([
      stem(3, 'a'),
      { kind, name: 'joined', inputs: ['a', NETWORK_INPUT] },
      { kind, name: 'more', inputs: ['joined', 'a'] },
    ]);
  });

  it('concat of maps whose channels fill no tile, of one map twice, and of the picture', async () => {
    await agrees([
      stem(5, 'a'),
      stem(8, 'b'),
      stem(3, 'c'),
      { kind: 'concat', name: 'd', inputs: ['a', 'b', 'c', 'a'] },
    ]);
    await agrees([stem(13, 'a'), { kind: 'concat', name: 'd', inputs: [NETWORK_INPUT, 'a', NETWORK_INPUT] }]);
    await agrees([stem(16, 'a'), { kind: 'concat', name: 'd', inputs: ['a'], range: [-0.2, 0.3] }]);
    const next = { kind: 'pointwise', name: 'e', inputs: ['d'], ...linear, outChannels: 9, stride: 1 } as const;
    await agrees([stem(5, 'a'), stem(6, 'b'), { kind: 'concat', name: 'd', inputs: ['a', 'b'] }, next]);
  });

  it.each([
    [0, 3],
    [2, 12],
    [7, 8],
    [4, 12],
  ])('slice of channels %d to %d', async (from, to) => {
    await agrees([stem(12), { kind: 'slice', name: 's', inputs: ['stem'], from, to }]);
    const next = {
      kind: 'depthwise',
      name: 'd',
      inputs: ['s'],
      ...linear,
      kernelSize: 3,
      stride: 1,
      padding: 'same',
    } as const;
    await agrees([stem(12), { kind: 'slice', name: 's', inputs: ['stem'], from, to }, next]);
    await agrees([{ kind: 'slice', name: 's', inputs: [NETWORK_INPUT], from: 1, to: 3 }]);
  });

  it('scale by a value for each channel, for each pixel, and for all', async () => {
    for (const channels of [3, 8, 21]) {
      const scale = { kind: 'scale', name: 'scaled', inputs: ['stem', 'factors'] } as const;
      const mean = (input: string): Layer => ({ kind: 'globalAveragePool', name: 'factors', inputs: [input] });
      await agrees([stem(channels), mean('stem'), scale]);
      await agrees([stem(channels), stem(1, 'factors'), scale]);
      await agrees([stem(channels), stem(1, 'one'), mean('one'), scale]);
    }
    await agrees([stem(1, 'one'), { kind: 'scale', name: 'scaled', inputs: [NETWORK_INPUT, 'one'] }]);
  });

  const parameters: Partial<Record<Activation, readonly number[]>> = {
    leakyRelu: [0.3],
    elu: [0.5],
    hardSigmoid: [0.2, 0.5],
  };
  it.each(activations)('%s, alone and in every kind of linear layer', async (activation) => {
    for (const activationParameters of [undefined, parameters[activation]]) {
      const activated = { activation, ...(activationParameters && { activationParameters }) };
      const window = { kernelSize: 3, stride: 1, padding: 'same' } as const;
      await agrees([stem(12), { kind: 'activation', name: 'a', inputs: ['stem'], ...activated }]);
      await agrees([{ kind: 'activation', name: 'a', inputs: [NETWORK_INPUT], ...activated, range: [-0.1, 0.6] }]);
      await agrees([
        stem(8),
        { kind: 'conv', name: 'a', inputs: ['stem'], ...linear, ...window, outChannels: 5, ...activated },
      ]);
      await agrees([
        stem(8),
        { kind: 'depthwise', name: 'a', inputs: ['stem'], ...linear, ...window, ...activated, range: [-0.1, 0.6] },
      ]);
      await agrees([
        stem(8),
        { kind: 'pointwise', name: 'a', inputs: ['stem'], ...linear, stride: 1, outChannels: 5, ...activated },
      ]);
      await agrees([
        stem(8),
        stem(8, 'b'),
        { kind: 'add', name: 's', inputs: ['stem', 'b'] },
        { kind: 'activation', name: 'a', inputs: ['s'], ...activated },
      ]);
    }
  });
});
