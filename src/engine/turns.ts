/**
 * How threads share the work of a run. A run is a list of stages, one after the other; a stage is a list of parts that
 * may run at once. Each thread has a share of a stage's parts, takes them one by one, and then those that others have
 * not begun: a thread that starts late, or that the system holds up, costs no more than the part that it is in.
 */

/** What one thread has to do: by stage and part. Each does the same work; only the scratch memory is its own. */
export type Stages = readonly (readonly (() => void)[])[];

/** What the threads have in common; it can be posted to a worker. */
export interface Turns {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly threads: number;
  readonly stages: number;
  /** How long a thread looks for the next stage before it sleeps, in ms: 0 where there are fewer cores than threads. */
  readonly patience: number;
}

/** Words that different threads write lie in different cache lines. */
const LINE = 16;
/** The stage's number, counted on from run to run: turn % (stages + 1), where the last one means that nothing is to do. */
const TURN = 0;
/** Parts of this stage that are done. */
const DONE = LINE;
/** 0, or 1 + the number of a thread that failed or CLOSED. */
const ENDED = 2 * LINE;
/** For each thread, how many parts of its share are taken, under the turn they belong to: a late look finds neither. */
const SHARES = 3 * LINE;

const CLOSED = -1;
const NO_TURN = -1;
const PART_BITS = 11;
/** Turns below this go with a part into 31 bits. */
const TURN_LIMIT = 2 ** (31 - PART_BITS);
export const MOST_PARTS = 2 ** PART_BITS - 1;

export function createTurns(threads: number, stages: number, patience: number): Turns {
  const words = new Int32Array(new SharedArrayBuffer(4 * (SHARES + threads * LINE)));
  words[TURN] = stages;
  return { words, threads, stages, patience };
}

/** How a run ended: by the last stage, by the fault of thread `failed`, or by waiting in vain for a part. */
export type RunResult = 'done' | { readonly failed: number } | 'stalled';

/**
 * How long the first thread waits for a part that another one has taken: this many times this many ms without any
 * progress. Several short waits, so that a process that was stopped for a while does not count as stalled.
 */
export interface Stall {
  readonly times: number;
  readonly ms: number;
}

/**
 * The first thread's part in a run: begins it and comes back at its end, or when another thread failed or is gone.
 * Throws what its own parts throw.
 */
export function lead(turns: Turns, stages: Stages, stall: Stall): RunResult {
  const { words } = turns;
  let turn = advance(turns, Atomics.load(words, TURN));
  let waits = 0;
  let done = -1;
  while (!isIdle(turns, turn)) {
    takeParts(turns, turn, 0, stages[turn % (turns.stages + 1)]!);
    if (!waitForTurn(turns, turn, stall.ms)) {
      const now = Atomics.load(words, DONE);
      waits = now === done ? waits + 1 : 0;
      done = now;
      if (waits >= stall.times) return 'stalled';
    } else waits = 0;
    const ended = Atomics.load(words, ENDED);
    if (ended > 0) return { failed: ended - 1 };
    turn = Atomics.load(words, TURN);
  }
  return 'done';
}

/** Any other thread's part in all runs: comes back when the turns have ended. */
export function follow(turns: Turns, stages: Stages, thread: number): void {
  const { words } = turns;
  while (Atomics.load(words, ENDED) === 0) {
    const turn = Atomics.load(words, TURN);
    if (turn === NO_TURN) return;
    if (!isIdle(turns, turn)) {
      try {
        takeParts(turns, turn, thread, stages[turn % (turns.stages + 1)]!);
      } catch (error) {
        end(turns, thread + 1);
        throw error;
      }
    }
    waitForTurn(turns, turn, Number.POSITIVE_INFINITY);
  }
}

/** Sends all threads home. */
export function closeTurns(turns: Turns): void {
  end(turns, CLOSED);
}

function end({ words }: Turns, value: number): void {
  Atomics.compareExchange(words, ENDED, 0, value);
  // Whoever sleeps is woken by a turn that is none, and whoever is about to sleep finds it changed.
  Atomics.store(words, TURN, NO_TURN);
  Atomics.notify(words, TURN);
}

function isIdle({ stages }: Turns, turn: number): boolean {
  return turn % (stages + 1) === stages;
}

/** Lets the next stage begin; called by one thread alone, when all parts are done. */
function advance({ words, threads, stages }: Turns, turn: number): number {
  const next = turn + 1 >= TURN_LIMIT - (TURN_LIMIT % (stages + 1)) ? 0 : turn + 1;
  for (let thread = 0; thread < threads; thread++) Atomics.store(words, SHARES + thread * LINE, next << PART_BITS);
  Atomics.store(words, DONE, 0);
  Atomics.store(words, TURN, next);
  Atomics.notify(words, TURN);
  return next;
}

function takeParts(turns: Turns, turn: number, thread: number, parts: readonly (() => void)[]): void {
  const { words } = turns;
  for (;;) {
    const part = take(turns, turn, thread, parts.length);
    if (part < 0) return;
    parts[part]!();
    if (Atomics.add(words, DONE, 1) + 1 === parts.length) advance(turns, turn);
  }
}

/** The next part of this thread's own share, or of the others' after it; −1 where all are taken. */
function take({ words, threads }: Turns, turn: number, thread: number, parts: number): number {
  for (let next = 0; next < threads; next++) {
    const owner = (thread + next) % threads;
    const first = Math.floor((parts * owner) / threads);
    const count = Math.floor((parts * (owner + 1)) / threads) - first;
    const at = SHARES + owner * LINE;
    let word = Atomics.load(words, at);
    while (word >> PART_BITS === turn && (word & MOST_PARTS) < count) {
      const found = Atomics.compareExchange(words, at, word, word + 1);
      if (found === word) return first + (word & MOST_PARTS);
      word = found;
    }
  }
  return -1;
}

/** Whether the turn has changed, within `ms` of sleep. */
function waitForTurn({ words, patience }: Turns, turn: number, ms: number): boolean {
  if (patience > 0) {
    const until = performance.now() + patience;
    do {
      for (let look = 0; look < 200; look++) if (Atomics.load(words, TURN) !== turn) return true;
    } while (performance.now() < until);
  }
  return Atomics.wait(words, TURN, turn, ms) !== 'timed-out';
}
