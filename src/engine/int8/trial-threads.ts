import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../../errors/errors.js';
import { packageFile } from '../../files/package-files.js';
import type { MapTrial, TrialData, Trials } from './trials.js';

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/engine/int8/`) alike. */
const workerFile = packageFile('dist/code/trial-worker.cjs');

/**
 * What it does that one map alone is narrow or read as a narrow copy, for each map. Threads share the maps: each has a copy of the weights, and a
 * trial is the same wherever it runs.
 * @param onDone told of each map that has been tried
 * @throws RuntimeError where a thread fails
 */
export async function tryEachMap(
  data: TrialData,
  trials: Trials,
  threads: number,
  onDone: (done: number, total: number) => void,
): Promise<ReadonlyMap<string, MapTrial>> {
  const waiting = [...trials.maps];
  const total = waiting.length;
  const found = new Map<string, MapTrial>();
  const take = async (measure: Trials['tryMap']): Promise<void> => {
    for (let map = waiting.shift(); map !== undefined; map = waiting.shift()) {
      found.set(map, await measure(map));
      onDone(found.size, total);
    }
  };
  if (threads === 1) await take(trials.tryMap);
  else {
    const workers = Array.from({ length: Math.min(threads, total) }, () => startWorker(data));
    try {
      await Promise.all(workers.map(({ measure }) => take(measure)));
    } finally {
      for (const { worker } of workers) void worker.terminate();
    }
  }
  return found;
}

function startWorker(data: TrialData) {
  // No flags of this process: loaders and the like are not for workers.
  const worker = new Worker(workerFile, { workerData: data, execArgv: [] });
  const ended = new Promise<never>((_, reject) => {
    const fail = (problem: string, cause?: Error) =>
      reject(new RuntimeError({ where: 'calibration', problem }, cause ? { cause } : {}));
    worker.on('error', (cause) => fail(`a thread ended with "${cause.message}"`, cause));
    worker.on('exit', () => fail('a thread ended before its last trial'));
  });
  // Nobody may be waiting when a thread is ended.
  ended.catch(() => {});
  const measure = (map: string): Promise<MapTrial> => {
    const answer = new Promise<MapTrial>((resolve) => {
      worker.once('message', resolve);
      worker.postMessage(map);
    });
    return Promise.race([answer, ended]);
  };
  return { worker, measure };
}
