import { describe, expect, it } from 'vitest';
import { loadKernels } from '../../src/engine/kernels.js';
import { bindLane, createLanes } from '../../src/engine/lanes.js';
import { plan } from '../../src/engine/plan.js';
import { createSession } from '../../src/engine/session.js';
import { headOf } from '../../src/networks/head.js';
import { buildNetwork, type NetworkId } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { runReference } from '../reference-network.js';
import { calibrated, EPSILON, picture } from './calibrated.js';

function small(id: NetworkId, resolution = 96): ResolvedNetwork {
  return resolve(buildNetwork(id, { alpha: id.startsWith('mobilenet') ? 0.35 : 1, classes: 10 }), { resolution });
}

/** All maps of the naive reference. */
function referenceMaps(network: ResolvedNetwork, input: Float32Array): Map<string, Float64Array> {
  const maps = new Map<string, Float64Array>();
  const weights = seededWeights(network);
  runReference(network, weights, input, { epsilon: EPSILON, onLayer: ({ name }, map) => maps.set(name, map.slice()) });
  return maps;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

describe('kept maps', () => {
  it.each(['mobilenet_v1', 'mobilenet_v2', 'efficientnet_b0'] as const)(
    'are those of the naive reference, every layer of %s at once',
    async (id) => {
      const network = small(id);
      const input = picture(network, 5);
      const expected = referenceMaps(network, input);
      const keep = network.layers.map(({ name }) => name);
      const session = await createSession(network, seededWeights(network), EPSILON, { keep });
      session.input.set(input);
      const output = session.run();
      for (const name of keep) {
        const map = expected.get(name)!;
        const size = map.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
        expect(largestDifference(session.kept(name), map) / size, name).toBeLessThan(2e-4);
      }
      expect([...session.kept(network.layers.at(-1)!.name)]).toEqual([...output]);
    },
  );

  it('are the same in a session, with threads and in lanes, and leave the output as it is', async () => {
    const network = small('mobilenet_v2');
    const weights = seededWeights(network);
    const { features, map } = headOf(network)!;
    const keep = [features, map!];
    const input = picture(network, 6);
    const plain = await createSession(network, weights, EPSILON);
    plain.input.set(input);
    const output = [...plain.run()];
    const one = await createSession(network, weights, EPSILON, { keep });
    const three = await createSession(network, weights, EPSILON, { keep, threads: 3 });
    const lanes = (await createLanes(network, weights, EPSILON, 2, { keep })).map(bindLane);
    for (const session of [one, three]) {
      session.input.set(input);
      expect([...session.run()]).toEqual(output);
    }
    for (const lane of lanes) expect([...lane.run(input)]).toEqual(output);
    for (const name of keep) {
      const expected = [...one.kept(name)];
      expect(new Set(expected).size).toBeGreaterThan(10);
      for (const ran of [three, ...lanes]) expect([...ran.kept(name)]).toEqual(expected);
    }
    three.close();
  });

  it.each([
    ['wide', 0.1],
    ['narrow', 0.5],
  ] as const)('come out as floats of %s integers, the mean of the map being the features', async (width, tolerance) => {
    const network = small('mobilenet_v2');
    const weights = seededWeights(network, 7);
    const levels = await calibrated(network, () => width === 'wide');
    const { features, map } = headOf(network)!;
    const input = picture(network, 2);
    const integers = await createSession(network, weights, EPSILON, { levels, keep: [map!, features] });
    const plain = await createSession(network, weights, EPSILON, { levels });
    const floats = await createSession(network, weights, EPSILON, { keep: [map!] });
    for (const session of [integers, plain, floats]) session.input.set(input);
    expect([...integers.run()]).toEqual([...plain.run()]);
    floats.run();
    const kept = integers.kept(map!);
    const means = integers.kept(features);
    const channels = means.length;
    const mean = Float64Array.from(means, (_, channel) => {
      const values = kept.filter((_, at) => at % channels === channel);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    expect(largestDifference(mean, means)).toBeLessThan(1e-5);
    const exact = floats.kept(map!);
    const meanSize = (values: Float32Array) => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
    expect(meanSize(kept.map((value, at) => value - exact[at]!)) / meanSize(exact)).toBeLessThan(tolerance);
  });

  it('may lie between layers that are fused otherwise, in integers too', async () => {
    const network = small('mobilenet_v2');
    const weights = seededWeights(network, 7);
    const add = network.layers.find(({ kind }) => kind === 'add')!;
    const keep = [add.inputs[0], add.inputs[1]!];
    const levels = await calibrated(network, () => true);
    const input = picture(network, 2);
    const integers = await createSession(network, weights, EPSILON, { levels, keep });
    const floats = await createSession(network, weights, EPSILON, { keep });
    for (const session of [integers, floats]) {
      session.input.set(input);
      session.run();
    }
    for (const name of keep) {
      const exact = floats.kept(name);
      expect(largestDifference(integers.kept(name), exact) / Math.max(...exact.map(Math.abs)), name).toBeLessThan(0.05);
    }
  });

  it('cost no memory where there are none, and a layer that is not there is refused', async () => {
    const network = small('mobilenet_v2');
    const kernels = await loadKernels();
    expect(plan(network, kernels, { keep: [] })).toEqual(plan(network, kernels));
    expect(() => plan(network, kernels, { keep: ['nowhere'] })).toThrow('has no layer nowhere');
  });
});
