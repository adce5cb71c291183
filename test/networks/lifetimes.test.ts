import { describe, expect, it } from 'vitest';
import { buildNetwork, networkIds, networks } from '../../src/networks/index.js';
import { type LifetimeStep, largestLiveSet, lifetimes } from '../../src/networks/lifetimes.js';
import { resolve } from '../../src/networks/resolve.js';
import { NETWORK_INPUT } from '../../src/networks/types.js';

const size10 = { height: 10, width: 10, channels: 1 };

/** A map of `size` values; a step that reads `inputs`, whose own sizes do not matter but for the picture's 100. */
const step = (name: string, size: number, ...inputs: string[]): LifetimeStep => ({
  name,
  inputs,
  inputShapes: [size10, ...inputs.slice(1).map(() => size10)],
  outputShape: { height: 1, width: size, channels: 1 },
});

describe('lifetimes', () => {
  it('reach to the last reader', () => {
    const steps = [step('a', 10, NETWORK_INPUT), step('b', 20, 'a'), step('c', 30, 'b'), step('sum', 30, 'a', 'c')];
    expect(lifetimes(steps)).toEqual([
      { name: NETWORK_INPUT, elements: 100, from: 0, to: 0 },
      { name: 'a', elements: 10, from: 0, to: 3 },
      { name: 'b', elements: 20, from: 1, to: 2 },
      { name: 'c', elements: 30, from: 2, to: 3 },
      { name: 'sum', elements: 30, from: 3, to: 3 },
    ]);
    // Step 0: 100 + 10; 1: 10 + 20; 2: 10 + 20 + 30; 3: 10 + 30 + 30.
    expect(largestLiveSet(steps)).toBe(110);
    expect(largestLiveSet(steps.slice(0, 1))).toBe(110);
  });

  it('of the input last while it is read', () => {
    const steps = [step('a', 10, NETWORK_INPUT), step('b', 50, 'a'), step('sum', 5, 'b', NETWORK_INPUT)];
    expect(lifetimes(steps)[0]).toEqual({ name: NETWORK_INPUT, elements: 100, from: 0, to: 2 });
    expect(largestLiveSet(steps)).toBe(160);
  });

  it('of an output that nothing reads are its own step', () => {
    const steps = [step('a', 10, NETWORK_INPUT), step('unread', 500, 'a'), step('b', 5, 'a')];
    expect(lifetimes(steps)[2]).toEqual({ name: 'unread', elements: 500, from: 1, to: 1 });
  });

  it('of nothing are none', () => {
    expect(lifetimes([])).toEqual([]);
    expect(largestLiveSet([])).toBe(0);
  });

  it.each(networkIds)('%s: at every step, what it reads and writes is alive', (id) => {
    const { layers } = resolve(buildNetwork(id), { resolution: networks[id].defaultResolution });
    const found = new Map(lifetimes(layers).map((lifetime) => [lifetime.name, lifetime]));
    for (const [index, { name, inputs }] of layers.entries()) {
      for (const needed of [name, ...inputs]) {
        const { from, to } = found.get(needed)!;
        expect(from).toBeLessThanOrEqual(index);
        expect(to).toBeGreaterThanOrEqual(index);
      }
    }
    expect(found.size).toBe(layers.length + 1);
  });
});
