import { readFileSync } from 'node:fs';
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
  type Kernels,
  loadKernels,
} from '../../src/engine/kernels.js';
import { compileUnoptimised } from '../../src/files/short-run-code.js';

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

const PIXELS = 60;
const CHANNELS = 64;

function product({ pointwise_half_f32 }: Kernels, zeros: number): void {
  pointwise_half_f32(zeros, zeros, zeros, zeros, 0, zeros, PIXELS, CHANNELS, CHANNELS, CHANNELS, CHANNELS, 0, 0);
}

function depthwise({ depthwise_f32 }: Kernels, zeros: number): void {
  depthwise_f32(zeros, zeros, zeros, 10, 10, CHANNELS, 8, 0, 8, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0);
}

/** Rounds of calls with a pause behind each: a busy machine disturbs some of them. All are far from the budget of unoptimised code. */
const ROUNDS = 10;
const CALLS = 20;

/** The least times of calls on zeros, of both modules in turn, unoptimised ÷ ours. */
async function timesFaster(
  call: (kernels: Kernels, zeros: number) => void,
  ours: KernelModule,
  unoptimised: WebAssembly.Module,
): Promise<number> {
  const zeros = ours.constants.heapBase;
  const both = [unoptimised, ours.module].map((module) => {
    const kernels = bindKernels({ module }, createMemory(2 ** 18));
    return { run: () => call(kernels, zeros), least: Number.POSITIVE_INFINITY };
  });
  for (let time = 0; time < ROUNDS * CALLS; time++) {
    if (time % CALLS === 0) await setTimeout(5);
    for (const each of both) {
      const start = performance.now();
      each.run();
      each.least = Math.min(each.least, performance.now() - start);
    }
  }
  return both[0]!.least / both[1]!.least;
}

describe('kernels for few runs', () => {
  it('are optimised where the time goes', async () => {
    const few = await loadKernels('plain', 'few-runs');
    // Modules of equal bytes share their code: this one has an empty section more.
    const unoptimised = compileUnoptimised(Buffer.concat([readFileSync('build/kernels.wasm'), Buffer.of(0, 1, 0)]));
    // Two to four times; functions inside of kernels can only be told by their time.
    expect(await timesFaster(product, few, unoptimised)).toBeGreaterThan(1.4);
    expect(await timesFaster(depthwise, few, unoptimised)).toBeGreaterThan(1.4);
  });

  it('are optimised nowhere else', async () => {
    const few = await loadKernels('relaxed', 'few-runs');
    expect(isBaseline(few.exports.pointwise_half_f32)).toBe(true);
    expect(isBaseline(few.exports.depthwise_f32)).toBe(true);
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
