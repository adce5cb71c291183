import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { bindCalls, type StageCalls } from './calls.js';
import { orderCall } from './kernel-signatures.js';
import type { CompiledKernels, KernelMemory, KernelModule } from './kernels.js';
import type { Plan, Step } from './plan.js';
import { forThread, splitStep } from './split.js';
import { closeTurns, createTurns, lead, MOST_PARTS, type Stall, type Turns } from './turns.js';

/** Worker threads: they start up while the caller goes on, and keep no process alive. */
export interface Crew {
  /** The caller's thread and the workers. */
  readonly threads: number;
  /** Tells the threads what they will run, once. */
  assign(plan: Pick<Plan, 'steps'>, kernels: KernelModule, memory: KernelMemory): Pool;
  /** Ends the workers. */
  close(): void;
}

/** Threads that run one plan together. */
export interface Pool {
  /**
   * Runs the plan. Throws RuntimeError where a thread failed, died or does not come back; once it has, it always does.
   */
  run(): void;
}

/** What a worker is told. */
export interface Assignment {
  readonly module: CompiledKernels;
  readonly memory: KernelMemory;
  readonly turns: Turns;
  readonly thread: number;
  readonly stages: StageCalls;
}

/**
 * Parts of a step for each thread. With one, a thread that the system holds up holds up all others; with many, the
 * linear kernels read their weights that many times.
 */
const PARTS_PER_THREAD = 2;

/**
 * A thread that looks for its next stage finds it within a µs; one that sleeps takes tens of them to wake. Longer than
 * this it only takes time from the thread it waits for, where they have to share a core.
 */
const PATIENCE_MS = 0.05;

const STALL: Stall = { times: 100, ms: 100 };

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/engine/`) alike. */
const workerFile = packageFile('dist/code/worker.cjs');

/** Starts threads − 1 workers. */
export function startCrew(threads: number): Crew {
  let turns: Turns | undefined;
  let fault: RuntimeError | undefined;
  let closed = false;

  const lose = (thread: number, cause?: unknown): void => {
    if (closed) return;
    const why = cause instanceof Error ? `ended with "${cause.message}"` : 'ended';
    fault ??= new RuntimeError(
      { where: `thread ${thread}`, problem: why, expected: 'it to run until the model is closed' },
      { cause },
    );
    close();
  };
  const workers = Array.from({ length: threads - 1 }, (_, index) => {
    // No flags of this process: loaders and the like are not for workers.
    const worker = new Worker(workerFile, { execArgv: [] });
    worker.on('error', (error) => lose(index + 1, error));
    worker.on('exit', () => lose(index + 1));
    worker.unref();
    return worker;
  });

  function close(): void {
    closed = true;
    if (turns) closeTurns(turns);
    for (const worker of workers) void worker.terminate();
  }

  function assign(plan: Pick<Plan, 'steps'>, kernels: KernelModule, memory: KernelMemory): Pool {
    const { module, constants } = kernels;
    const stages = splitSteps(plan.steps, threads, constants.pixelTile);
    const patience = availableParallelism() >= threads ? PATIENCE_MS : 0;
    const shared = createTurns(threads, stages.length, patience);
    turns = shared;
    workers.forEach((worker, index) => {
      const thread = index + 1;
      const assignment: Assignment = { module, memory, turns: shared, thread, stages: callsOf(stages, thread) };
      worker.postMessage(assignment);
    });
    const own = bindCalls(module, memory, callsOf(stages, 0));
    return {
      run() {
        if (fault) throw fault;
        try {
          const result = lead(shared, own, STALL);
          if (result === 'done') return;
          fault =
            result === 'stalled'
              ? new RuntimeError({
                  where: 'threads',
                  problem: 'one took up work and did not end it',
                  expected: 'all to stay alive',
                })
              : new RuntimeError({
                  where: `thread ${result.failed}`,
                  problem: 'a kernel failed',
                  expected: 'it to run through',
                });
        } catch (error) {
          fault = new RuntimeError(
            { where: 'thread 0', problem: 'a kernel failed', expected: 'it to run through' },
            { cause: error },
          );
        }
        close();
        throw fault;
      },
    };
  }

  return { threads, assign, close };
}

/** Steps → stages of parts; steps that run as a whole, one after another, share a stage of one part. */
export function splitSteps(
  steps: readonly Step[],
  threads: number,
  pixelTile: number,
): readonly (readonly (readonly Step[])[])[] {
  const most = Math.min(threads * PARTS_PER_THREAD, MOST_PARTS);
  const stages: Step[][][] = [];
  for (const step of steps) {
    const parts = splitStep(step, most, pixelTile);
    const last = stages.at(-1);
    if (parts.length === 1 && last?.length === 1) last[0]!.push(parts[0]!);
    else stages.push(parts.map((part) => [part]));
  }
  return stages;
}

function callsOf(stages: ReturnType<typeof splitSteps>, thread: number): StageCalls {
  return stages.map((parts) => parts.map((steps) => steps.map((step) => orderCall(forThread(step, thread)))));
}
