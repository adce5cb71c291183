import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { KernelExports } from '../../src/engine/kernel-constants.js';
import {
  bindKernels,
  createMemory,
  type KernelModule,
  type KernelPace,
  loadKernels,
} from '../../src/engine/kernels.js';

setFlagsFromString('--allow-natives-syntax');
const isOptimised: (kernel: unknown) => boolean = runInNewContext('(f) => %IsTurboFanFunction(f)');
const isBaseline: (kernel: unknown) => boolean = runInNewContext('(f) => %IsLiftoffFunction(f)');

const VALUES = 16;

function addZeros({ exports, constants }: KernelModule, times: number): void {
  const at = constants.heapBase;
  for (let time = 0; time < times; time++) exports.add_f32(at, at, at, VALUES, 0, 0);
}

/** Whether what V8 does on other threads has made it optimised code. */
async function becomesOptimised(kernel: unknown, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms && !isOptimised(kernel); waited += 20) await setTimeout(20);
  return isOptimised(kernel);
}

describe('kernels for few runs', () => {
  it('are optimised where the time goes and nowhere else', async () => {
    const few = await loadKernels('relaxed', 'few-runs');
    expect(isOptimised(few.exports.pointwise_half_f32)).toBe(true);
    expect(isOptimised(few.exports.depthwise_f32)).toBe(true);
    // Calls the very same product.
    few.exports.pointwise_f32(few.constants.heapBase, few.constants.heapBase, few.constants.heapBase, 0, 1, 8, 8, 0, 0);
    expect(isBaseline(few.exports.pointwise_f32)).toBe(true);
    addZeros(few, 1_000_000);
    expect(await becomesOptimised(few.exports.add_f32, 300)).toBe(false);
  });

  it('are relaxed where the runtime is', async () => {
    const tile = Number.parseInt(process.versions.v8, 10) >= 12 ? 6 : 5;
    expect((await loadKernels('relaxed', 'few-runs')).constants.pixelTile).toBe(tile);
    expect((await loadKernels('relaxed')).constants.pixelTile).toBe(tile);
    expect((await loadKernels('plain', 'few-runs')).constants.pixelTile).toBe(5);
  });

  it.each<[KernelPace, boolean]>([
    ['one-integer-run', true],
    ['few-runs', false],
    ['many-runs', false],
  ])('%s: loops for baseline code %s', async (pace, expected) => {
    const { usesBaselineTiles } = bindKernels(await loadKernels('plain', pace), createMemory(1)) as KernelExports;
    expect(Boolean(usesBaselineTiles.value)).toBe(expected);
  });

  it('leave the usual way to all other modules', async () => {
    await loadKernels('plain', 'few-runs');
    const many = await loadKernels('plain');
    addZeros(many, 1);
    expect(isBaseline(many.exports.add_f32)).toBe(true);
    expect(await becomesOptimised(many.exports.add_f32, 300)).toBe(false);
    addZeros(many, 1_000_000);
    expect(await becomesOptimised(many.exports.add_f32, 20_000)).toBe(true);
  });
});
