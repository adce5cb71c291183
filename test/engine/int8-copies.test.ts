import { describe, expect, it } from 'vitest';
import { copyOf, mapsWithOtherReaders, withCopies } from '../../src/engine/int8/copies.js';
import type { Levels } from '../../src/engine/int8/levels.js';
import { groupLevels, nameLevels } from '../../src/engine/int8/levels-file.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { createSession } from '../../src/engine/session.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { readSafetensors, writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { calibrated, EPSILON, picture } from './calibrated.js';

const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35, classes: 11 }), {
  resolution: 64,
  padding: 'tensorflow',
});
const weights = seededWeights(network, 7);
const MAP = 'block_4_add';

async function run(levels: Levels, threads = 1, keep: readonly string[] = []) {
  const session = await createSession(network, weights, EPSILON, { levels, threads, keep });
  session.input.set(picture(network, 1));
  const output = session.run();
  session.close();
  return { output, session };
}

describe('narrow copies of wide maps', () => {
  it('are of maps that products and sums read', () => {
    const maps = mapsWithOtherReaders(network);
    expect(maps).toContain(MAP);
    // Of these one convolution reads the sum, none the projection.
    expect(maps).not.toContain('block_2_add');
    expect(maps).not.toContain('block_4_project');
  });

  it('are read by products, the map itself by sums', async () => {
    const levels = await calibrated(network, () => true, [MAP]);
    const readers = withCopies(network, levels.values).layers.filter(({ inputs }) =>
      inputs.some((name) => name === MAP || name === copyOf(MAP)),
    );
    expect(readers.map(({ name, inputs }) => [name, inputs])).toEqual([
      [copyOf(MAP), [MAP]],
      ['block_5_expand', [copyOf(MAP)]],
      ['block_5_add', expect.arrayContaining([MAP])],
    ]);
  });

  it('hold the nearest of their own integers', async () => {
    const levels = await calibrated(network, () => true, [MAP]);
    const { session } = await run(levels, 1, [MAP]);
    const exact = session.kept(MAP);
    const step = session.plan.steps.find(({ layer }) => layer === copyOf(MAP))!;
    const { constants } = await loadKernels();
    const count = exact.length;
    const stored =
      constants.narrowBytes === 1
        ? new Uint8Array(session.input.buffer, step.args.output, count)
        : new Int16Array(session.input.buffer, step.args.output, count);
    expect(step.kernel).toBe('add_i8');
    // What a run left of it has been overwritten.
    session.input.set(picture(network, 1));
    session.plan.steps.slice(0, session.plan.steps.indexOf(step) + 1).forEach((_, index) => {
      session.runStep(index);
    });
    const { scale, zero } = levels.values.get(copyOf(MAP))!;
    let most = 0;
    exact.forEach((value, i) => {
      const c = i % scale.length;
      const found = (stored[i]! - zero[c]!) * scale[c]!;
      const isEnd = stored[i] === 0 || stored[i] === constants.narrowMax;
      if (!isEnd) most = Math.max(most, Math.abs(value - found) / scale[c]!);
    });
    expect(most).toBeGreaterThan(0.3);
    expect(most).toBeLessThan(0.501);
  });

  it('give the same bits with two threads, and change the answer a little', async () => {
    const [plain, copied] = [
      await calibrated(network, () => true),
      await calibrated(network, () => true, mapsWithOtherReaders(network)),
    ];
    const one = await run(copied);
    expect((await run(copied, 2)).output).toEqual(one.output);
    const exact = await run(plain);
    expect(one.output).not.toEqual(exact.output);
    exact.output.forEach((value, i) => {
      expect(Math.abs(value - one.output[i]!)).toBeLessThan(0.1);
    });
  });

  it('come back from their file, and must fit the network', async () => {
    const levels = await calibrated(network, () => true, [MAP]);
    const { constants } = await loadKernels();
    const file = readSafetensors(writeSafetensors(nameLevels(levels), {}), 'test');
    const again = groupLevels(file, 'test', constants);
    const { scale, zero } = levels.values.get(copyOf(MAP))!;
    expect(again.values.get(copyOf(MAP))).toMatchObject({ scale, zero, wide: false });
    expect(again.values.get(MAP)).toMatchObject({ wide: true });
    const damaged = new Map(levels.values);
    damaged.set(copyOf(MAP), levels.values.get('block_4_expand')!);
    await expect(run({ ...levels, values: damaged })).rejects.toThrow(/scales for block_4_add in 8 bits/);
  });
});
