import { describe, expect, it } from 'vitest';
import type { PackedPlan, PackedStore } from '../../src/engine/int8/packed-store.js';
import { bindLane, createLanes } from '../../src/engine/lanes.js';
import { createSession } from '../../src/engine/session.js';
import { withPicture } from '../../src/models/integers.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { calibrated } from './calibrated.js';

const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 10 }), { resolution: 96 });
const weights = seededWeights(network);
const pictures = [1, 2, 3].map((seed) =>
  Float32Array.from({ length: 96 * 96 * 3 }, (_, index) => Math.sin(seed * (index + 1))),
);

describe('lanes', () => {
  it('take pictures of one channel as bytes, a number of pixels that three does not divide', async () => {
    const layers = buildNetwork('mobilenet_v1', { alpha: 0.25, classes: 10 }).layers;
    const grey = resolve({ id: 'grey', alpha: 1, classes: 10, inputChannels: 1, layers }, { resolution: 40 });
    const valuesOfBytes = Float32Array.from({ length: 256 }, (_, byte) => (byte - 120) / 55);
    const levels = await calibrated(grey, () => true);
    for (const more of [{}, { levels }]) {
      const [lane] = await createLanes(grey, seededWeights(grey), 1e-3, 2, { valuesOfBytes, ...more });
      const { run } = bindLane(lane!);
      const bytes = Uint8Array.from({ length: 1600 }, (_, at) => (at * 7919 + (at >> 5)) % 256);
      const values = Float32Array.from(bytes, (byte) => valuesOfBytes[byte]!);
      const expected = [...run(values)];
      expect(new Set(expected).size).toBeGreaterThan(1);
      expect([...run(bytes)]).toEqual(expected);
    }
  });

  it('give what a session gives, each without touching the others', async () => {
    const session = await createSession(network, weights, 1e-3);
    const expected = pictures.map((picture) => {
      session.input.set(picture);
      return [...session.run()];
    });
    const lanes = await createLanes(network, weights, 1e-3, 3);
    const bound = lanes.map(bindLane);
    const results = bound.map((lane, index) => [...lane.run(pictures[index]!)]);
    expect(results).toEqual(expected);
    expect(bound.toReversed().map((lane, index) => [...lane.run(pictures[2 - index]!)])).toEqual(expected.toReversed());
    expect(new Set(lanes.map(({ memory }) => memory)).size).toBe(1);
    expect(new Set(lanes.map(({ input }) => input.address)).size).toBe(3);
  });

  it('take integers as they were packed before, without reading weights; damaged ones are packed again', async () => {
    const files = new Map<string, { readonly plan: PackedPlan; readonly parameters: Uint8Array }>();
    let isDamaged = false;
    const packed: PackedStore = {
      find(variant) {
        const file = files.get(variant);
        if (!file) return undefined;
        const { plan, parameters } = file;
        const read = (into: Uint8Array) => {
          into.set(isDamaged ? parameters.map((byte) => byte ^ 1) : parameters);
          return !isDamaged;
        };
        return { plan, bytes: parameters.length, read };
      },
      keep: (variant, plan, parameters) => void files.set(variant, { plan, parameters: parameters.slice() }),
    };
    let reads = 0;
    const read = () => {
      reads++;
      return weights;
    };
    const levels = await calibrated(network, () => true);
    const results = async (options: { readonly packed?: PackedStore }) => {
      const lanes = await createLanes(network, read, 1e-3, 2, { levels, ...options });
      return lanes.map((lane, index) => [...bindLane(lane).run(pictures[index]!)]);
    };
    const expected = await results({});
    expect(await results({ packed })).toEqual(expected);
    expect([reads, files.size]).toEqual([2, 1]);
    expect(await results({ packed })).toEqual(expected);
    expect(reads).toBe(2);
    isDamaged = true;
    expect(await results({ packed })).toEqual(expected);
    expect(reads).toBe(3);
    // Of another plan.
    isDamaged = false;
    const [[variant, file]] = [...files] as [[string, { plan: PackedPlan; parameters: Uint8Array }]];
    files.set(variant, { ...file, plan: { ...file.plan, steps: file.plan.steps.slice(1) } });
    expect(await results({ packed })).toEqual(expected);
    expect(reads).toBe(4);
  });

  describe.each([false, true])('of bytes (deterministic: %s)', (deterministic) => {
    const bytes = [1, 2, 3].map((seed) =>
      Uint8Array.from(pictures[0]!, (_, at) => (at * 7919 * seed + (at >> 5)) % 256),
    );
    const valuesOfBytes = Float32Array.from({ length: 3 * 256 }, (_, at) => ((at % 256) - 120) / (55 + (at >> 8)));
    const values = bytes.map((each) => Float32Array.from(each, (byte, at) => valuesOfBytes[(at % 3) * 256 + byte]!));

    it.each([
      { kind: 'floats', begin: 'look_up_f32' },
      { kind: 'wide integers', mean: 120 / 255, begin: 'pixels_i8' },
      { kind: 'narrow integers', mean: 120 / 255, begin: 'pixels_i8' },
      // The darkest pixels have no level of their own.
      { kind: 'wide integers', mean: 0.4, begin: 'look_up_f32' },
    ])('give what values give, in $kind by $begin', async ({ kind, mean, begin }) => {
      const levels =
        mean === undefined
          ? undefined
          : withPicture(await calibrated(network, () => kind === 'wide integers'), network, {
              mean: [mean, mean, mean],
              std: [55 / 255, 56 / 255, 57 / 255],
            });
      const lanes = await createLanes(network, weights, 1e-3, 2, {
        deterministic,
        ...(levels && { levels }),
        valuesOfBytes,
      });
      expect(lanes.map(({ calls, pixels }) => [calls[0]!.kernel, pixels!.calls[0]!.kernel])).toEqual(
        Array(2).fill([levels ? 'quantise_i8' : 'conv_f32', begin]),
      );
      const bound = lanes.map(bindLane);
      const ofValues = bound.map((lane, index) => [...lane.run(values[index]!)]);
      expect(ofValues[0]).not.toEqual(ofValues[1]);
      expect(bound.map((lane, index) => [...lane.run(bytes[index]!)])).toEqual(ofValues);
      expect([...bound[1]!.run(bytes[0]!)]).toEqual(ofValues[0]);
      expect([...bound[0]!.run(values[1]!)]).toEqual(ofValues[1]);
    });
  });
});
