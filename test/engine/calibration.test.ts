import { describe, expect, it } from 'vitest';
import { createRangeChooser } from '../../src/engine/int8/choose-ranges.js';
import { type CalibrationOptions, chooseRangesAndWidths } from '../../src/engine/int8/choose-widths.js';
import { type Levels, largestInteger } from '../../src/engine/int8/levels.js';
import { nameLevels } from '../../src/engine/int8/levels-file.js';
import { type Observed, observe } from '../../src/engine/int8/observe.js';
import { harmOf } from '../../src/engine/int8/trials.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession } from '../../src/engine/session.js';
import { ModelError, RuntimeError, UsageError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { EPSILON, picture } from './calibrated.js';

const network = resolve(buildNetwork('mobilenet_v1', { alpha: 0.25, classes: 11 }), {
  resolution: 32,
  padding: 'tensorflow',
});
const weights = seededWeights(network, 7);
const model = { network, weights, epsilon: EPSILON };
/** Of nothing: no levels follow from it. */
const EXAMPLE = { input: new Float32Array(), output: new Float32Array() };

/** Pictures of changing contrast, as real ones have it. */
function pictureOf(seed: number, contrast = 0.2 + 0.1 * (seed % 5)): Float32Array {
  return picture(network, seed).map((value) => contrast * value);
}

function calibrate(count: number, options?: CalibrationOptions, isReadable: (index: number) => boolean = () => true) {
  const prepare = async (index: number, into: Float32Array) => {
    if (isReadable(index)) into.set(pictureOf(index));
    return isReadable(index);
  };
  return chooseRangesAndWidths(model, count, prepare, options);
}

function bytesOf(levels: Levels): Uint8Array {
  return writeSafetensors(nameLevels(levels), {});
}

/** The largest difference of a probability between floats and integers. */
async function largestChange(levels: Levels, inputs: readonly Float32Array[]): Promise<number> {
  const floats = await createSession(network, weights, EPSILON);
  const integers = await createSession(network, weights, EPSILON, { levels });
  let largest = 0;
  for (const input of inputs) {
    for (const session of [floats, integers]) session.input.set(input);
    const [p, q] = [floats.run(), integers.run()];
    p.forEach((value, index) => {
      largest = Math.max(largest, Math.abs(value - q[index]!));
    });
  }
  return largest;
}

describe('ranges', () => {
  const rangesFrom = async (pictures: number) => {
    const { constants } = await loadKernels();
    const session = await createSession(network, weights, EPSILON, { deterministic: true });
    const observed = new Map<string, Observed>();
    for (let seed = 0; seed < pictures; seed++) {
      session.input.set(pictureOf(seed));
      observe(session, network, constants, observed);
    }
    const levels = createRangeChooser(model, constants, observed)();
    return { levels, observed, constants };
  };

  it('have room for what was not seen, the less of it the more pictures there were', async () => {
    const rooms = [];
    for (const pictures of [3, 30]) {
      const { levels, observed, constants } = await rangesFrom(pictures);
      // Read by a depthwise convolution: nothing but what was seen decides.
      const name = [...levels.values.keys()][0]!;
      const value = levels.values.get(name)!;
      const seen = Math.max(...observed.get(name)!.maximum);
      const covered = value.scale.map((scale, c) => (largestInteger(value, constants) - value.zero[c]!) * scale);
      rooms.push(Math.max(...covered) / seen);
    }
    expect(rooms[0]).toBeGreaterThan(rooms[1]!);
    expect(rooms[1]).toBeGreaterThan(1.2);
  });

  it('of a channel that was never active are no smaller than a quarter of the largest', async () => {
    const { constants } = await loadKernels();
    const { observed } = await rangesFrom(3);
    for (const { maximum, high } of observed.values()) {
      maximum[0] = 0;
      high.sum[0] = 0;
      high.squares[0] = 0;
    }
    const { values } = createRangeChooser(model, constants, observed)();
    for (const { scale } of values.values()) expect(scale[0]).toBeGreaterThanOrEqual(Math.max(...scale) / 8);
  });
});

describe('calibration', () => {
  it('from few pictures serves others of far more contrast', async () => {
    const { levels } = await calibrate(12, { threads: 1 });
    const outliers = [101, 102, 103, 104].map((seed) => pictureOf(seed, 1.2));
    expect(await largestChange(levels, outliers)).toBeLessThan(0.05);
  });

  it('gives the same levels for any number of threads', async () => {
    const [alone, together] = [await calibrate(9, { threads: 1 }), await calibrate(9, { threads: 2 })];
    expect(bytesOf(together.levels)).toEqual(bytesOf(alone.levels));
    expect([...together.wide]).toEqual([...alone.wide]);
    expect(together.heldOut).toEqual(alone.heldOut);
  });

  it.each([
    [1, 0],
    [2, 0],
    [3, 1],
    [10, 3],
  ])('of %d pictures holds out %d', async (pictures, held) => {
    const { heldOut, wide, maps } = await calibrate(pictures, { threads: 1, budget: 1 });
    expect(heldOut.pictures).toBe(held);
    expect(heldOut.sameTop).toBeLessThanOrEqual(held);
    if (held === 0) {
      expect(heldOut.largestChange).toBe(0);
      expect(wide.size).toBe(maps);
    } else {
      expect(heldOut.largestChange).toBeGreaterThan(0);
      expect(wide.size).toBe(0);
    }
  });

  it('takes a harm that few pictures show for larger than their mean, the more the less they agree', () => {
    const harms = (count: number, spread: number) =>
      harmOf(
        Array.from({ length: count }, (_, index) => 3 + (index % 2 === 0 ? spread : -spread)),
        Array.from({ length: count }, () => 1),
      );
    expect(harms(24, 1)).toBeCloseTo(2);
    expect(harms(8, 0)).toBeCloseTo(2);
    expect(harms(8, 1)).toBeGreaterThan(2.2);
    expect(harms(4, 1)).toBeGreaterThan(harms(8, 1));
    expect(harmOf([1, 1], [2, 2])).toBe(0);
  });

  it('passes over pictures that cannot be read', async () => {
    const { pictures, heldOut } = await calibrate(8, { threads: 1 }, (index) => index % 2 === 1);
    expect(pictures).toBe(4);
    expect(heldOut.pictures).toBe(1);
    await expect(calibrate(3, {}, () => false)).rejects.toThrow(UsageError);
  });

  it('refuses a network that gives no numbers, and says so where a thread fails', async () => {
    const broken = seededWeights(network, 7);
    (broken.get(network.layers[1]!.name)!.weights.data as Float32Array).fill(Number.NaN);
    const prepare = async (index: number, into: Float32Array) => {
      into.set(pictureOf(index));
      return true;
    };
    await expect(chooseRangesAndWidths({ ...model, weights: broken }, 4, prepare)).rejects.toThrow(ModelError);
    const { tryEachMap } = await import('../../src/engine/int8/trial-threads.js');
    const levels = () => ({ values: new Map(), steps: new Map() });
    const trials = {
      maps: new Set(['a']),
      levels,
      divergences: async () => [],
      tryMap: async () => ({ narrow: { share: 1, harm: 0 } }),
    };
    const data = { model, picture: undefined, observed: new Map(), examples: [EXAMPLE] };
    await expect(tryEachMap(data, trials, 2, () => {})).rejects.toThrow(RuntimeError);
  });
});
