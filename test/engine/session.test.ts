import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { createSession, type Session } from '../../src/engine/session.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { Layer, Network, PaddingConvention, ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { runReference } from '../reference-network.js';
import { halfWeights } from './half-weights.js';

const EPSILON = 1e-3;

function picture(network: ResolvedNetwork, seed: number): Float32Array {
  const random = seededRandom(seed);
  const { height, width, channels } = network.inputShape;
  return Float32Array.from({ length: height * width * channels }, () => 2 * random() - 1);
}

function withoutSoftmax(network: Network): Network {
  return { ...network, layers: network.layers.filter(({ kind }) => kind !== 'softmax') };
}

/** Largest difference, as a share of the largest magnitude of the reference. */
function relativeDifference(ours: Float32Array, reference: Float32Array): number {
  let difference = 0;
  let magnitude = 0;
  reference.forEach((value, index) => {
    difference = Math.max(difference, Math.abs(value - ours[index]!));
    magnitude = Math.max(magnitude, Math.abs(value));
  });
  return difference / magnitude;
}

async function agrees(network: Network, resolution: number, padding: PaddingConvention): Promise<void> {
  const resolved = resolve(network, { resolution, padding });
  const weights = seededWeights(resolved, 7);
  const session = await createSession(resolved, weights, EPSILON);
  const references = [1, 2].map((seed) => {
    const input = picture(resolved, seed);
    const reference = runReference(resolved, weights, input, { epsilon: EPSILON });
    session.input.set(input);
    expect(relativeDifference(session.run(), reference)).toBeLessThan(2e-5);
    return reference;
  });
  // A network that ignored its input would agree with itself.
  expect(relativeDifference(references[0]!, references[1]!)).toBeGreaterThan(2e-3);
}

describe('a session agrees with the naive reference', () => {
  const cases: [string, number, number, PaddingConvention][] = [
    ['mobilenet_v1', 0.25, 64, 'tensorflow'],
    ['mobilenet_v1', 0.3, 50, 'tensorflow'],
    ['mobilenet_v1', 0.25, 33, 'pytorch'],
    ['mobilenet_v2', 0.35, 64, 'tensorflow'],
    ['mobilenet_v2', 0.5, 65, 'pytorch'],
    ['xception', 0.1, 71, 'tensorflow'],
    ['xception', 0.13, 64, 'pytorch'],
    ['efficientnet_b0', 0.3, 64, 'tensorflow'],
    ['efficientnet_b0', 0.25, 47, 'pytorch'],
  ];
  it.each(cases)('%s α %d at %d, %s padding', async (id, alpha, resolution, padding) => {
    await agrees(withoutSoftmax(buildNetwork(id, { alpha, classes: 11 })), resolution, padding);
  });

  it('the full-convolution variant', async () => {
    await agrees(withoutSoftmax(buildNetwork('mobilenet_v1_full_conv', { alpha: 0.25, classes: 7 })), 33, 'tensorflow');
  });

  it('clips where layers say what range they can represent', async () => {
    const network = withoutSoftmax(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 11 }));
    const layers = network.layers.map((layer): Layer => ({ ...layer, range: [-0.5, 0.9] }));
    await agrees({ ...network, layers }, 64, 'tensorflow');
  });

  it('clips behind a pool and a scaling', async () => {
    const network = withoutSoftmax(buildNetwork('efficientnet_b0', { alpha: 0.25, classes: 11 }));
    const layers = network.layers.map((layer): Layer => {
      return layer.kind === 'globalAveragePool' || layer.kind === 'scale' ? { ...layer, range: [-0.01, 0.02] } : layer;
    });
    const resolved = resolve({ ...network, layers }, { resolution: 40, padding: 'tensorflow' });
    const weights = seededWeights(resolved, 7);
    const input = picture(resolved, 1);
    const unclipped = runReference(resolve(network, { resolution: 40, padding: 'tensorflow' }), weights, input);
    const clipped = runReference(resolved, weights, input);
    expect(relativeDifference(unclipped, clipped)).toBeGreaterThan(1e-2);
    const session = await createSession(resolved, weights, EPSILON);
    session.input.set(input);
    expect(relativeDifference(session.run(), clipped)).toBeLessThan(2e-5);
  });

  it('clips after a swish', async () => {
    const network = withoutSoftmax(buildNetwork('mobilenet_v1', { alpha: 0.5, classes: 11 }));
    // The first block alone: more swishes in a row would hide the picture.
    const layers = network.layers
      .filter(({ name, kind }) => /^conv1$|_1$|conv_preds/.test(name) || kind === 'globalAveragePool')
      .map((layer): Layer => {
        if (!('activation' in layer)) return { ...layer, inputs: ['conv_pw_1'] };
        return layer.kind === 'dense' ? layer : { ...layer, activation: 'swish', range: [-0.2, 0.5] };
      });
    await agrees({ ...network, layers }, 40, 'tensorflow');
  });
});

describe('a session', () => {
  it('gives probabilities that sum to 1, the same for the same picture', async () => {
    const resolved = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 1001 }), {
      resolution: 96,
      padding: 'pytorch',
    });
    const session = await createSession(resolved, seededWeights(resolved), EPSILON);
    const run = (seed: number): Float32Array => {
      session.input.set(picture(resolved, seed));
      return session.run();
    };
    const [first, other, again] = [run(1), run(2), run(1)];
    expect(first.length).toBe(1001);
    expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('rounds each product where it is deterministic', async () => {
    const layer: Layer = {
      name: 'sum',
      inputs: ['input'],
      kind: 'conv',
      kernelSize: 1,
      stride: 1,
      padding: 'valid',
      outChannels: 1,
      batchNorm: false,
      bias: true,
      activation: 'linear',
    };
    const network = resolve(
      { id: 'sum', alpha: 1, classes: 1, inputChannels: 3, layers: [layer] },
      { resolution: 1, padding: 'tensorflow' },
    );
    // (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, whose last term a float does not hold
    const near = 1 + 2 ** -12;
    const weights = new Map([
      [
        'sum',
        {
          weights: { shape: [1, 1, 3, 1], data: Float32Array.of(near, 0, 0) },
          bias: { shape: [1], data: Float32Array.of(-1) },
        },
      ],
    ]);
    const session = await createSession(network, weights, EPSILON, { deterministic: true });
    session.input.set([near, 0, 0]);
    expect(Array.from(session.run())).toEqual([2 ** -11]);
  });
});

describe('weights that stay in half precision', () => {
  it.each([
    ['mobilenet_v1', 0.25, 64],
    ['mobilenet_v1', 1, 112],
    ['mobilenet_v2', 0.35, 65],
    ['mobilenet_v2', 1, 224],
    ['xception', 0.1, 71],
    ['efficientnet_b0', 0.3, 64],
  ] as const)('%s α %d at %d: the same bits as packed ones', async (id, alpha, resolution) => {
    const network = resolve(buildNetwork(id, { alpha, classes: 11 }), { resolution, padding: 'tensorflow' });
    const { read, openHalves } = halfWeights(seededWeights(network, 7), EPSILON);
    const packed = await createSession(network, read, EPSILON);
    const kept = await createSession(network, read, EPSILON, { openHalves });
    const kernelsOf = ({ plan: { steps } }: Session) => new Set<string>(steps.map(({ kernel }) => kernel));
    expect(kernelsOf(kept)).toContain('pointwise_half_f32');
    expect(kernelsOf(kept).has('pointwise_strassen_half_f32')).toBe(kernelsOf(packed).has('pointwise_strassen_f32'));
    expect(kept.plan.memoryBytes).toBeLessThan(packed.plan.memoryBytes);
    for (const seed of [1, 2]) {
      const input = picture(network, seed);
      packed.input.set(input);
      kept.input.set(input);
      expect(kept.run()).toEqual(packed.run());
    }
  });
});
