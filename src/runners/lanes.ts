import { getEnvironmentData, Worker } from 'node:worker_threads';
import type { PreparedFacts } from '../domain/classification.js';
import { DEFAULT_TOP } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import { describe } from '../domain/rank.js';
import { createExactLanes } from '../engine/exact/lanes.js';
import { createLanes, type Lane } from '../engine/lanes.js';
import { elementAt } from '../errors/element-at.js';
import { RuntimeError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { valuesOfBytes } from '../images/prepare.js';
import type { Model } from '../models/model.js';
import type { DecoderOptions, Decoders } from './decode-processes.js';
import { type LaneDemand, lanesAtFirst, watchDemand } from './lane-demand.js';
import { createGate, type Gate } from './memory-gate.js';
import {
  type Grant,
  type Job,
  LANE_PROGRAM,
  LARGE_BUDGET,
  type LaneData,
  type LaneJob,
  type LaneReply,
  type PreparedPicture,
  type PrepareSettings,
} from './messages.js';
import { closedError, errorOf } from './picture-errors.js';
import type { InLanes, Picture, Runner, RunnerOptions, RunResult } from './types.js';

/** Two, so that one is decoded while the other is run. */
const PICTURES_PER_LANE = 2;

/** Pictures are large and outside of the heap: a small young generation lets go of them sooner. */
const LIMITS = { maxYoungGenerationSizeMb: 2 };

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/runners/`) alike. */
const laneFile = packageFile('dist/code/lane.cjs');

type Running = Pick<Runner, 'ready' | 'busy' | 'classify' | 'close'>;

/**
 * Runs many pictures: threads that share a model's weights, each of which decodes, prepares and runs whole pictures, or
 * only runs them where there is a limit of time for decoding, which processes do then.
 * @param macs of one picture
 * @throws ModelError for an error in the weights
 */
export async function openLanes(model: Model, macs: number, plan: InLanes, options: RunnerOptions): Promise<Running> {
  const { lanes: count, timeoutMs } = plan;
  const { maxPixels, lenient = false, fullDecode = false, deterministic = false, keep = [] } = options;
  const { preprocessing } = model;
  const settings: PrepareSettings = { preprocessing, maxPixels, lenient, fullDecode };
  const gate = createGate(LARGE_BUDGET);
  const decoders = timeoutMs === undefined ? undefined : await startDecoders(count, { timeoutMs, settings, gate });
  let lanes: readonly Lane[];
  try {
    const common = { deterministic, keep, valuesOfBytes: valuesOfBytes(preprocessing) };
    lanes = model.exact
      ? await createExactLanes(model.exact, count, common)
      : await createLanes(model.network, () => model.readWeights(), model.epsilon, count, {
          ...common,
          ...(model.packed && { packed: model.packed() }),
          ...(model.readLevels && { levels: model.readLevels }),
        });
  } catch (error) {
    // Nobody is going to use the decoders, which would keep this process.
    decoders?.close();
    throw error;
  }
  const atFirst = lanesAtFirst(count, macs, model.exact !== undefined);
  const pool = new LanePool(lanes, atFirst, { ...settings, keep }, gate, model.readLabels());
  let jobs = 0;
  return {
    ready: Promise.resolve(),
    busy: count * PICTURES_PER_LANE + (decoders ? count : 0),
    async classify(picture, { top = DEFAULT_TOP } = {}) {
      const job = jobOf(picture, jobs++);
      return pool.run({ ...job, top }, decoders && (await decoders.prepare(job)));
    },
    close() {
      decoders?.close();
      pool.close();
    },
  };
}

/** Apart, as few batches have a limit of time. */
async function startDecoders(count: number, options: DecoderOptions): Promise<Decoders> {
  const processes = await import('./decode-processes.js');
  return processes.startDecoders(count, options);
}

/** As it is sent: copies of what would drag a whole pool of buffers along. */
function jobOf({ file, path, bytes, pixels }: Picture, job: number): Job {
  return {
    job,
    file,
    ...(typeof path !== 'string' && { path: new Uint8Array(path) }),
    ...(bytes && { bytes: new Uint8Array(bytes) }),
    ...(pixels && { pixels }),
  };
}

/** A picture that was prepared elsewhere, and the milliseconds that took. */
interface Prepared {
  readonly data: PreparedPicture;
  readonly decode: number;
  readonly facts: PreparedFacts;
}

interface Pending {
  readonly job: LaneJob;
  /** Where it was decoded elsewhere. */
  readonly decoded?: Omit<Prepared, 'data'>;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: unknown) => void;
  /** Bytes that the gate has granted. */
  held: number;
}

interface LaneThread {
  readonly worker: Worker;
  readonly jobs: Map<number, Pending>;
}

/** Hands pictures to the threads of the lanes, and their answers back. */
class LanePool {
  readonly #threads: LaneThread[] = [];
  readonly #demand: LaneDemand;
  readonly #mostJobs: number;
  readonly #settings: Omit<LaneData, 'lane'>;
  /** Those that have no thread yet. */
  readonly #spare: Lane[];
  readonly #gate: Gate;
  readonly #labels: readonly Label[];
  readonly #waiting: Pending[] = [];
  #failure: Error | undefined;
  #isClosed = false;

  constructor(
    lanes: readonly Lane[],
    atFirst: number,
    settings: Omit<LaneData, 'lane' | 'labels'>,
    gate: Gate,
    labels: readonly Label[],
  ) {
    this.#gate = gate;
    this.#labels = labels;
    this.#mostJobs = lanes.length * PICTURES_PER_LANE;
    this.#demand = watchDemand(this.#mostJobs);
    this.#settings = { ...settings, labels: labels.length };
    this.#spare = [...lanes];
    this.#start(atFirst);
  }

  run(job: LaneJob, prepared?: Prepared): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const whole = prepared ? { ...job, prepared: prepared.data } : job;
      if (this.#spare.length > 0 && this.#demand.needsAllFor(whole)) this.#start(this.#spare.length);
      this.#waiting.push({ job: whole, resolve, reject, held: 0, ...(prepared && { decoded: prepared }) });
      this.#assign();
    });
  }

  close(): void {
    this.#end(closedError());
    this.#isClosed = true;
    for (const { worker } of this.#threads) void worker.terminate();
  }

  #start(count: number): void {
    for (const lane of this.#spare.splice(0, count)) {
      this.#threads.push(this.#startThread({ ...this.#settings, lane }, `thread ${this.#threads.length}`));
    }
  }

  #startThread(data: LaneData, name: string): LaneThread {
    // No flags of this process: loaders and the like are not for workers.
    const program = getEnvironmentData(LANE_PROGRAM);
    const file = typeof program === 'string' ? program : laneFile;
    const worker = new Worker(file, { workerData: data, execArgv: [], resourceLimits: LIMITS });
    const thread: LaneThread = { worker, jobs: new Map() };
    worker.on('message', (reply: LaneReply | { readonly job?: undefined }) => {
      // That program may have messages of its own.
      if (reply.job !== undefined) this.#receive(thread, reply);
    });
    worker.on('error', (cause) => this.#fail({ where: name, problem: cause.message }, cause));
    worker.on('exit', () => this.#fail({ where: name, problem: 'ended before the last image' }));
    return thread;
  }

  #fail(details: RuntimeError['details'], cause?: Error): void {
    if (!this.#isClosed) this.#end(new RuntimeError(details, cause ? { cause } : {}));
  }

  /** Whoever waits for a picture, or hands in another, is told why there is none. */
  #end(failure: Error): void {
    this.#failure ??= failure;
    // Replies may still arrive; they must start no threads.
    this.#spare.length = 0;
    for (const { jobs } of this.#threads) for (const { reject } of jobs.values()) reject(this.#failure);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #receive(thread: LaneThread, reply: LaneReply): void {
    const pending = thread.jobs.get(reply.job);
    if (!pending) return;
    if ('reserve' in reply) {
      void this.#gate.enter(reply.reserve).then(() => {
        pending.held = reply.reserve;
        thread.worker.postMessage({ grant: reply.job } satisfies Grant);
      });
      return;
    }
    thread.jobs.delete(reply.job);
    if (pending.held > 0) this.#gate.leave(pending.held);
    if ('ranked' in reply) {
      const ms = { decode: pending.decoded?.decode ?? reply.decode, run: reply.run };
      const { size, ...facts } = (pending.decoded ?? reply).facts!;
      const predictions = describe(reply.ranked, (index) => elementAt(this.#labels, index));
      pending.resolve({
        predictions,
        ms,
        ...facts,
        ...(reply.maps && { maps: reply.maps, size }),
      });
    } else pending.reject(errorOf(reply));
    if (this.#spare.length > 0 && this.#demand.needsAllOf(this.#threads.map(({ worker }) => worker))) {
      this.#start(this.#spare.length);
    }
    this.#assign();
  }

  /** Waiting pictures to the lanes with the fewest. */
  #assign(): void {
    while (this.#waiting.length > 0) {
      const free = this.#threads.reduce((least, each) => (each.jobs.size < least.jobs.size ? each : least));
      if (free.jobs.size >= this.#mostJobs / this.#threads.length) return;
      const pending = this.#waiting.shift()!;
      free.jobs.set(pending.job.job, pending);
      const { prepared, pixels, bytes } = pending.job;
      // Ours alone.
      const large = prepared ?? pixels?.data ?? bytes;
      free.worker.postMessage(pending.job, large ? [large.buffer as ArrayBuffer] : []);
    }
  }
}
