import { describe, expect, it } from 'vitest';
import { createSession } from '../../../src/engine/session.js';
import { resolve } from '../../../src/networks/resolve.js';
import type { Network } from '../../../src/networks/types.js';
import { recognise } from '../../../src/weights/families/recognise.js';
import { pictureOf, readCheckpoints, tensorsOf } from './checkpoint.js';

/** Of the largest logit. */
const TOLERANCE = 1e-4;

function withoutSoftmax(network: Network): Network {
  return { ...network, layers: network.layers.filter(({ kind }) => kind !== 'softmax') };
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

const checkpoints = readCheckpoints();

describe('checkpoints of each family give the logits of its own library', () => {
  it('of every family and network', () => {
    const kinds = new Set(checkpoints.map(({ family, network }) => `${family} ${network}`));
    expect(kinds.size).toBeGreaterThanOrEqual(13);
    const alphas = new Set(checkpoints.map(({ alpha }) => alpha));
    for (const alpha of [0.25, 0.35, 1.4]) expect(alphas).toContain(alpha);
    expect(checkpoints.some(({ resolution }) => resolution % 2 === 1)).toBe(true);
    expect(checkpoints.some(({ classes }) => classes === 1001)).toBe(true);
  });

  const titled = checkpoints.map((checkpoint) => {
    const { family, alpha, resolution, classes, head, tensors } = checkpoint;
    const outputs = `${classes} ${head === false ? 'features' : 'classes'}`;
    return [`${family} α ${alpha} at ${resolution}, ${outputs} (${tensors[0]![0]}, …)`, checkpoint] as const;
  });

  it.each(titled)('%s', async (_, checkpoint) => {
    const { family, network, alpha, resolution, classes, outputs } = checkpoint;
    const found = recognise(tensorsOf(checkpoint), 'file');
    expect(found.family.title).toBe(family);
    expect({ id: found.network.id, alpha: found.network.alpha }).toEqual({ id: network, alpha });
    expect(found.network.classes).toBe(classes);
    expect(found.hasHead).toBe(checkpoint.head !== false);

    const { padding, epsilon } = found.family;
    const resolved = resolve(withoutSoftmax(found.network), { resolution, padding });
    const session = await createSession(resolved, found.weights, epsilon);
    const scale = largest(outputs.flat());
    for (const number of [0, 1] as const) {
      session.input.set(pictureOf(number, resolution));
      const ours = session.run();
      expect(ours.length).toBe(classes);
      const differences = outputs[number]!.map((value, index) => value - ours[index]!);
      expect(largest(differences) / largest(outputs[number]!)).toBeLessThanOrEqual(TOLERANCE);
    }
    // A network that ignored its input would agree with itself.
    const between = outputs[0]!.map((value, index) => value - outputs[1]![index]!);
    expect(largest(between) / scale).toBeGreaterThanOrEqual(100 * TOLERANCE);
    session.close();
  });
});
