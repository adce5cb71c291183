import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { headOf } from '../../src/networks/head.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { openRunner } from '../../src/runners/open.js';
import type { RunnerPlan } from '../../src/runners/types.js';

const folder = 'test/photos';
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.jpg'))
  .slice(0, 3)
  .map((name) => join(folder, name));
const { features, map } = headOf(resolve(buildNetwork('mobilenet_v2'), { resolution: 224 }))!;

async function run(plan: RunnerPlan, dtype: 'f32' | 'int8', keep?: readonly string[]) {
  const runner = await openRunner({ model: 'mobilenet_v2', dtype }, plan, keep ? { keep } : {});
  try {
    return await Promise.all(files.map((file) => runner.classify({ file, path: file })));
  } finally {
    runner.close();
  }
}

it.each(['f32', 'int8'] as const)(
  'maps come with each result, the same on this thread and in lanes (%s)',
  async (dtype) => {
    const keep = [features, map!];
    const alone = await run({ kind: 'thread' }, dtype, keep);
    const lanes = await run({ kind: 'lanes', lanes: 2 }, dtype, keep);
    const plain = await run({ kind: 'lanes', lanes: 2 }, dtype);
    for (const [at, { maps, predictions }] of alone.entries()) {
      expect(maps!.get(features)).toHaveLength(1280);
      expect(maps!.get(map!)).toHaveLength(49 * 1280);
      for (const name of keep) expect([...lanes[at]!.maps!.get(name)!]).toEqual([...maps!.get(name)!]);
      expect(lanes[at]!.predictions).toEqual(predictions);
      expect(plain[at]!.predictions).toEqual(predictions);
      expect(plain[at]).not.toHaveProperty('maps');
    }
  },
);
