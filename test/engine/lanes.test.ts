import { describe, expect, it } from 'vitest';
import { bindLane, createLanes } from '../../src/engine/lanes.js';
import { createSession } from '../../src/engine/session.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/weights/seeded.js';

const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 10 }), { resolution: 96 });
const weights = seededWeights(network);
const pictures = [1, 2, 3].map((seed) =>
  Float32Array.from({ length: 96 * 96 * 3 }, (_, index) => Math.sin(seed * (index + 1))),
);

describe('lanes', () => {
  it('give what a session gives, each without touching the others', async () => {
    const session = await createSession(network, weights, 1e-3);
    const expected = pictures.map((picture) => {
      session.input.set(picture);
      return [...session.run()];
    });
    const lanes = (await createLanes(network, weights, 1e-3, 3)).map(bindLane);
    lanes.forEach((lane, index) => {
      lane.input.set(pictures[index]!);
    });
    expect(lanes.toReversed().map((lane) => [...lane.run()])).toEqual(expected.toReversed());
    expect(new Set(lanes.map(({ input }) => input.buffer)).size).toBe(1);
    expect(new Set(lanes.map(({ input }) => input.byteOffset)).size).toBe(3);
  });
});
