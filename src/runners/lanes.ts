import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { costTotals } from '../cost/cost.js';
import { describe } from '../domain/rank.js';
import { createLanes } from '../engine/lanes.js';
import { RuntimeError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { valuesOfBytes } from '../images/prepare.js';
import type { Input } from '../inputs/types.js';
import { chooseModel } from '../models/choose.js';
import type { LoadOptions } from '../use-cases/classifier.js';
import { startDecoders } from './decode-processes.js';
import { revive } from './error-messages.js';
import { createGate } from './memory-gate.js';
import { type Grant, type Job, LARGE_BUDGET, type LaneData, type LaneReply, type PreparedPicture } from './messages.js';
import type { Runner, RunnerOptions, Verdict } from './types.js';

export interface FleetOptions extends RunnerOptions {
  /** Pictures that are run at the same time, each by a thread of its own. */
  readonly jobs: number;
  /** Where given, pictures are decoded in processes of their own, which are ended after so many milliseconds for one. */
  readonly timeoutMs?: number;
}

/** Two, so that one is decoded while the other is run. */
const PICTURES_PER_LANE = 2;

/** Pictures are large and outside of the heap: a small young generation lets go of them sooner. */
const LIMITS = { maxYoungGenerationSizeMb: 2 };

/**
 * The young generation of this thread stays as small as it begins (1 MiB twice) instead of growing to 16 MiB twice while
 * messages and rows go through it. For the process, since there is no such option for the thread that runs first.
 */
const STEADY_HEAP = '--semi-space-growth-factor=1';

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/batch/`) alike. */
const laneFile = packageFile('dist/code/lane.cjs');

interface Pending {
  readonly job: Job;
  readonly decoded?: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
  held: number;
}

interface Crewed {
  readonly worker: Worker;
  readonly jobs: Map<number, Pending>;
}

/**
 * Opens a model for many pictures: threads that share its weights, each of which decodes, prepares and runs whole pictures.
 * Rejects as `load` does.
 */
export async function openFleet(choice: LoadOptions, options: FleetOptions): Promise<Runner> {
  const { jobs, top, maxPixels, timeoutMs } = options;
  const { deterministic = false, threads: _threads, ...wanted } = choice;
  setFlagsFromString(STEADY_HEAP);
  const model = await chooseModel(wanted);
  const { preprocessing } = model;
  const gate = createGate(LARGE_BUDGET);
  const decoders =
    timeoutMs === undefined ? undefined : startDecoders(jobs, { timeoutMs, preprocessing, maxPixels, gate });
  const lanes = await createLanes(model.network, model.readWeights(), model.epsilon, jobs, {
    deterministic,
    ...(model.readLevels && { levels: model.readLevels() }),
    valuesOfBytes: valuesOfBytes(preprocessing),
  });
  const labels = model.readLabels();
  const waiting: Pending[] = [];
  let fault: Error | undefined;
  let closed = false;
  let count = 0;

  const fail = (error: Error): void => {
    if (closed) return;
    fault ??= error;
    for (const { jobs: taken } of crew) for (const { reject } of taken.values()) reject(fault);
    for (const { reject } of waiting.splice(0)) reject(fault);
  };

  const crew = lanes.map((lane, index): Crewed => {
    const data: LaneData = { lane, preprocessing, maxPixels, top };
    // No flags of this process: loaders and the like are not for workers.
    const worker = new Worker(laneFile, { workerData: data, execArgv: [], resourceLimits: LIMITS });
    const crewed: Crewed = { worker, jobs: new Map() };
    worker.on('message', (reply: LaneReply) => take(crewed, reply));
    worker.on('error', (cause) =>
      fail(new RuntimeError({ where: `thread ${index}`, problem: cause.message }, { cause })),
    );
    worker.on('exit', () =>
      fail(
        new RuntimeError({ where: `thread ${index}`, problem: 'ended', expected: 'it to run until the last picture' }),
      ),
    );
    return crewed;
  });

  function take(crewed: Crewed, reply: LaneReply): void {
    const pending = crewed.jobs.get(reply.job);
    if (!pending) return;
    if ('reserve' in reply) {
      void gate.enter(reply.reserve).then(() => {
        pending.held = reply.reserve;
        crewed.worker.postMessage({ grant: reply.job } satisfies Grant);
      });
      return;
    }
    crewed.jobs.delete(reply.job);
    if (pending.held > 0) gate.leave(pending.held);
    if ('ranked' in reply) {
      const { ranked, run } = reply;
      const ms = { decode: pending.decoded ?? reply.decode, run };
      pending.resolve({ predictions: describe(ranked, (index) => labels[index]!), ms });
    } else if ('error' in reply) pending.reject(revive(reply.error));
    else pending.reject(new Error(reply.fault));
    assign();
  }

  /** Waiting pictures to the lanes with the fewest. */
  function assign(): void {
    while (waiting.length > 0) {
      const free = crew.reduce((least, each) => (each.jobs.size < least.jobs.size ? each : least));
      if (free.jobs.size >= PICTURES_PER_LANE) return;
      const pending = waiting.shift()!;
      free.jobs.set(pending.job.job, pending);
      free.worker.postMessage(pending.job, pending.job.prepared ? [pending.job.prepared.buffer] : []);
    }
  }

  const run = (input: Input, prepared?: { data: PreparedPicture; decode: number }): Promise<Verdict> =>
    new Promise((resolve, reject) => {
      if (fault) return reject(fault);
      const job = { ...jobOf(input, count++), ...(prepared && { prepared: prepared.data }) };
      waiting.push({ job, resolve, reject, held: 0, ...(prepared && { decoded: prepared.decode }) });
      assign();
    });

  const { macs, flops, params } = costTotals(model.network);
  return {
    model: model.facts,
    cost: { macs, flops, params: params.trainable },
    labels,
    busy: jobs * PICTURES_PER_LANE + (decoders ? jobs : 0),
    classify: decoders ? async (input) => run(input, await decoders.prepare(jobOf(input, count++))) : run,
    close() {
      closed = true;
      decoders?.close();
      for (const { worker } of crew) void worker.terminate();
    },
  };
}

/** As it is sent: copies of what would drag a whole pool of buffers along. */
function jobOf({ file, path, bytes }: Input, job: number): Job {
  return {
    job,
    file,
    ...(typeof path !== 'string' && { path: new Uint8Array(path) }),
    ...(bytes && { bytes: new Uint8Array(bytes) }),
  };
}
