import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { SMALL_JPEG_BYTES } from '../../src/images/shrink.js';
import { lanesAtFirst, watchDemand } from '../../src/runners/lane-demand.js';
import { openRunner } from '../../src/runners/open.js';

let folder: string;
let large: string;
const small = 'test/photos/alps.jpg';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-demand-'));
  large = join(folder, 'large.jpg');
  const jpeg = await sharp(small).resize(2400, 1600, { fit: 'fill' }).jpeg({ quality: 100 }).toBuffer();
  expect(jpeg.length).toBeGreaterThan(SMALL_JPEG_BYTES);
  writeFileSync(large, jpeg);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** Threads that are started for some pictures. */
async function threadsFor(files: readonly string[], lanes = 2, model = 'mobilenet_v2'): Promise<number> {
  let threads = 0;
  const count = () => threads++;
  process.on('worker', count);
  const runner = await openRunner({ model }, { kind: 'lanes', lanes });
  try {
    const results = await Promise.all(files.map((file) => runner.classify({ file, path: file })));
    expect(results.map(({ predictions }) => predictions[0]!.label)).toEqual(files.map(() => 'alp'));
  } finally {
    runner.close();
    process.off('worker', count);
  }
  return threads;
}

it('large pictures begin with half of the threads, others start all', async () => {
  expect(await threadsFor([large, large, large])).toBe(1);
  expect(await threadsFor([large, small, large])).toBe(2);
  expect(await threadsFor([small])).toBe(2);
  expect(await threadsFor([large], 3)).toBe(2);
});

it('networks that take longer than decoding begin with all threads', async () => {
  expect(await threadsFor([large], 2, 'efficientnet_b0')).toBe(2);
  expect([1, 2, 3, 8].map((lanes) => lanesAtFirst(lanes, 300_774_272, false))).toEqual([1, 1, 2, 4]);
  expect(lanesAtFirst(8, 300_774_272, true)).toBe(8);
  expect([1, 2, 3, 8].map((lanes) => lanesAtFirst(lanes, 385_814_752, false))).toEqual([1, 2, 3, 8]);
});

it('replies that arrive after the runner was closed start no more threads', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
  const workers: Worker[] = [];
  const add = (worker: Worker) => workers.push(worker);
  process.on('worker', add);
  try {
    const runner = await openRunner({ model: 'mobilenet_v2' }, { kind: 'lanes', lanes: 4 });
    const results = [large, large, large, large, large, large].map((file) => runner.classify({ file, path: file }));
    // Node tells of new threads a turn later.
    await new Promise(setImmediate);
    for (const worker of workers) {
      vi.spyOn(worker.performance, 'eventLoopUtilization').mockReturnValue({ idle: 0, active: 1, utilization: 1 });
    }
    runner.close();
    expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual(results.map(() => 'rejected'));
    for (const job of [0, 2, 4]) workers[0]!.emit('message', { job, internalError: 'late' });
    await new Promise(setImmediate);
    expect(workers).toHaveLength(2);
  } finally {
    process.off('worker', add);
  }
});

it('what comes as bytes or pixels, or cannot be found, starts all, but not after the first pictures', () => {
  const job = { job: 0, file: large, top: 1 };
  const bytes = new Uint8Array(2 ** 21);
  const others = [
    { ...job, bytes },
    { ...job, pixels: { data: bytes, width: 1024, height: 512 } },
    { ...job, prepared: bytes },
    { ...job, file: join(folder, 'missing.jpg') },
    { ...job, file: folder },
    { ...job, path: new Uint8Array(Buffer.from(small)) },
  ];
  for (const other of others) expect(watchDemand(1).needsAllFor(other), Object.keys(other).join()).toBe(true);
  expect(watchDemand(1).needsAllFor({ ...job, file: '?', path: new Uint8Array(Buffer.from(large)) })).toBe(false);
  const demand = watchDemand(2);
  expect([large, large, small].map((file) => demand.needsAllFor({ ...job, file }))).toEqual([false, false, false]);
});

it('lanes that are all busy need the others', () => {
  let now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  /** Threads that are busy for so many of each 100 ms. */
  const demandOf = (...busy: number[]): number | undefined => {
    const demand = watchDemand(4);
    const workers = busy.map((share) => ({ performance: meter(() => now, share) }));
    for (let result = 0; result < 40; result++, now += 50) if (demand.needsAllOf(workers)) return result;
    return undefined;
  };
  expect(demandOf(100)).toBe(8);
  expect(demandOf(100, 98)).toBe(8);
  expect(demandOf(90)).toBeUndefined();
  expect(demandOf(100, 60)).toBeUndefined();
});

function meter(now: () => number, share: number): Worker['performance'] {
  const usage = () => ({
    active: (now() * share) / 100,
    idle: (now() * (100 - share)) / 100,
    utilization: share / 100,
  });
  return {
    eventLoopUtilization: (one?: ReturnType<typeof usage>, other?: ReturnType<typeof usage>) => {
      if (!one || !other) return usage();
      const [active, idle] = [one.active - other.active, one.idle - other.idle];
      return { active, idle, utilization: active / (active + idle) };
    },
  };
}
