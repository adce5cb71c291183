import { describe, expect, it } from 'vitest';
import { createSession } from '../../src/engine/session.js';
import { resolve } from '../../src/networks/resolve.js';
import { type Layer, NETWORK_INPUT, type Network } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { calibrated, EPSILON, picture } from './calibrated.js';
import { linear, networkOf, stem, unary } from './layer-cases.js';

const window = { kernelSize: 3, stride: 1, padding: 'same' } as const;

/** Each layer between convolutions, and those that join maps. */
const networks: readonly (readonly [string, Network])[] = [
  ...unary.map(([name, draft]) => {
    const layer = { ...draft, name: 'layer', inputs: ['before'] } as Layer;
    return [
      name,
      networkOf(3, [stem(24), { kind: 'depthwise', name: 'before', inputs: ['stem'], ...linear, ...window }, layer]),
    ] as const;
  }),
  ...(['multiply', 'subtract', 'maximum', 'minimum', 'concat'] as const).map((kind) => {
    const layer: Layer = { kind, name: 'layer', inputs: ['a', 'b'] };
    return [kind, networkOf(3, [stem(20, 'a'), stem(20, 'b'), layer])] as const;
  }),
  ['slice', networkOf(3, [stem(24), { kind: 'slice', name: 'layer', inputs: ['stem'], from: 3, to: 20 }])],
  [
    'scale of pixels',
    networkOf(3, [stem(24), stem(1, 'one'), { kind: 'scale', name: 'layer', inputs: ['stem', 'one'] }]),
  ],
  [
    'groups',
    networkOf(3, [
      stem(24),
      { kind: 'conv', name: 'layer', inputs: ['stem'], ...linear, ...window, outChannels: 48, groups: 3 },
    ]),
  ],
  ...(['tanh', 'hardSwish', 'leakyRelu', 'gelu'] as const).map((activation) => {
    const layer: Layer = {
      kind: 'conv',
      name: 'layer',
      inputs: ['stem'],
      ...linear,
      ...window,
      outChannels: 32,
      activation,
    };
    return [activation, networkOf(3, [stem(24), layer])] as const;
  }),
  [
    'the picture itself',
    networkOf(3, [{ kind: 'depthwise', name: 'layer', inputs: [NETWORK_INPUT], ...linear, ...window, multiplier: 8 }]),
  ],
];

describe('three threads give the same bits as one', () => {
  it.each(networks)('%s', async (_, described) => {
    // Large enough to be worth sharing.
    const network = resolve(described, { resolution: 61 });
    const weights = seededWeights(network, 7);
    const one = await createSession(network, weights, EPSILON);
    const three = await createSession(network, weights, EPSILON, { threads: 3 });
    try {
      for (const seed of [1, 2]) {
        one.input.set(picture(network, seed));
        three.input.set(picture(network, seed));
        expect(three.run()).toEqual(one.run());
      }
    } finally {
      three.close();
    }
  });
});

describe('a plan in integers gives nearly what floats give', () => {
  it.each(networks)('%s', async (_, described) => {
    const network = resolve(described, { resolution: 17 });
    const weights = seededWeights(network, 7);
    const levels = await calibrated(network, () => true);
    for (const { scale, zero } of levels.values.values()) {
      expect([...scale, ...zero].every(Number.isFinite)).toBe(true);
    }
    for (const steps of levels.steps.values()) expect([...steps].every(Number.isFinite)).toBe(true);
    const floats = await createSession(network, weights, EPSILON);
    const integers = await createSession(network, weights, EPSILON, { levels });
    for (const seed of [1, 2]) {
      const input = picture(network, seed);
      floats.input.set(input);
      integers.input.set(input);
      const [expected, actual] = [floats.run(), integers.run()];
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst / largest).toBeLessThan(0.03);
    }
  });
});
