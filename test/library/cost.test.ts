import { describe, expect, it } from 'vitest';
import { type CostOptions, cost, type NetworkId, networks, UsageError } from '../../src/index.js';

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error('nothing was refused');
};

describe('cost', () => {
  it('is what the papers and tools print', () => {
    expect(cost('mobilenet_v1')).toMatchObject({
      ...{ network: 'mobilenet_v1', alpha: 1, resolution: 224, classes: 1000 },
      ...{ macs: 568_740_352, flops: 1_137_480_704, published: true },
      params: { trainable: 4_231_976 },
    });
    expect(cost('mobilenet_v2', { alpha: 0.5, resolution: 160 }).macs).toBeLessThan(cost('mobilenet_v2').macs / 3);
    // TF-slim counts 1001 classes.
    expect(cost('mobilenet_v1', { convention: 'slim' })).toMatchObject({ classes: 1001, count: 568_741_376 });
    expect(cost('mobilenet_v2', { classes: 10 }).layers.at(-1)?.output.at(-1)).toBe(10);
  });

  it.each<[unknown, unknown, string]>([
    [undefined, {}, 'cost: network undefined: expected a string that is not empty'],
    [5, {}, 'cost: network 5: expected a string'],
    ['mobilenet', {}, 'mobilenet: unknown network'],
    ['mobilenet_v1', { alpha: Number.NaN }, 'alpha NaN: expected a number above 0'],
    ['mobilenet_v1', { alpha: 17 }, 'alpha 17, expected a number above 0 and at most 16'],
    ['mobilenet_v1', { resolution: 1e6 }, '1000000'],
    ['mobilenet_v1', { convention: 'x' }, "convention 'x': expected paper, slim"],
    ['mobilenet_v1', { aplha: 1 }, 'cost: aplha: unknown option'],
    ['mobilenet_v1', 224, 'cost: 224: expected an object with options'],
  ])('refuses %j with %j', (network, options, message) => {
    expect(messageOf(() => cost(network as NetworkId, options as CostOptions))).toContain(message);
  });
});

describe('networks', () => {
  it('have facts and nothing that builds them', () => {
    expect(networks.mobilenet_v2).toMatchObject({ title: 'MobileNet v2', defaultResolution: 224, hasAlpha: true });
    expect(Object.values(networks).some((facts) => 'build' in facts)).toBe(false);
    expect(Object.isFrozen(networks)).toBe(true);
  });
});
