import type { Worker } from 'node:worker_threads';
import { isLargeFile } from '../images/large-file.js';
import type { LaneJob } from './messages.js';

/** Share of the time in which lanes that are too few do something. */
const BUSY = 0.95;
const PERIOD_MS = 200;
/** The most multiply-accumulates of a network that takes no longer than decoding: with heavier ones a batch would take longer. */
const MOST_MACS = 350e6;

/**
 * Tells whether half of the lanes are enough. Large pictures are decoded by other threads than the lanes', which takes longer
 * than to run a light network: meanwhile one lane serves two processors, and the start of another is saved.
 */
export interface LaneDemand {
  /** Told of each picture, before it is handed out. */
  needsAllFor(job: LaneJob): boolean;
  /** Told of each result. */
  needsAllOf(workers: readonly Pick<Worker, 'performance'>[]): boolean;
}

/**
 * @param macs of one picture
 * @param isExact in the model's own integers, which takes several times as long
 * @returns how many of the lanes a batch begins with
 */
export function lanesAtFirst(lanes: number, macs: number, isExact: boolean): number {
  // Bun does not tell how busy a thread is.
  return macs > MOST_MACS || isExact || 'Bun' in globalThis ? lanes : Math.ceil(lanes / 2);
}

/** @param first so many pictures decide; later ones do by how busy the lanes are */
export function watchDemand(first: number): LaneDemand {
  let seen = 0;
  let since = Number.NEGATIVE_INFINITY;
  let usage: readonly Usage[] | undefined;
  return {
    needsAllFor: (job) => seen++ < first && !isLarge(job),
    needsAllOf(workers) {
      const now = performance.now();
      if (now - since < PERIOD_MS) return false;
      const before = usage;
      // The first period is left out: threads compile their code then.
      if (since > 0) usage = workers.map((worker) => worker.performance.eventLoopUtilization());
      since = now;
      return workers.every((worker, at) => isBusy(worker, usage?.[at], before?.[at]));
    },
  };
}

type Usage = ReturnType<Worker['performance']['eventLoopUtilization']>;

function isBusy({ performance }: Pick<Worker, 'performance'>, now?: Usage, before?: Usage): boolean {
  return now !== undefined && before !== undefined && performance.eventLoopUtilization(now, before).utilization > BUSY;
}

/** Whether other threads decode it, for long. */
function isLarge({ file, path, bytes, pixels, prepared }: LaneJob): boolean {
  return !bytes && !pixels && !prepared && isLargeFile(path ? Buffer.from(path) : file);
}
