import type { BegunRun } from '../batch/begun-file.js';
import type { DoneRecord } from '../batch/done-file.js';
import type { StopSignal } from '../batch/stop.js';
import { type Done, tasksToDo } from '../batch/tasks-to-do.js';
import type { Task } from '../batch/types.js';
import type { ModelFacts } from '../domain/classification.js';
import { printable } from '../errors/printable.js';
import type { Shard } from '../inputs/shard.js';
import type { Batch, BatchHost } from './open-batch.js';
import { countDone, countEarlier, countOthers, type Tally } from './tally.js';

/** Where results go. */
export interface Output {
  /** Comes back when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
  readonly isTerminal: boolean;
  /** @param isWhole whether all was written that was to be */
  close(isWhole?: boolean): void;
}

/** What the process around a batch provides whose results are written. */
export interface OutputHost extends BatchHost {
  /** Keeps other processes from writing to the output; gives what releases it. */
  readonly lockOutput?: () => Promise<() => Promise<void>>;
  readonly openOutput: () => Output;
  /** Told each problem of an input, in one line. */
  readonly onProblem: (problem: string) => void;
}

/** What the file beside a finished output says besides numbers. */
export interface PartRequest {
  readonly shard?: Shard | undefined;
  /** Options that decide which rows there are and what they say. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Names of those that a run which resumes may change. */
  readonly changeable: readonly string[];
  /** Of this package. */
  readonly version: string;
}

export interface OutputRequest {
  /** The file that results go to; left out: stdout. */
  readonly output?: string | undefined;
  readonly resume: boolean;
  /** Where given, a run that has finished says so in `FILE.done` beside the output. */
  readonly part?: PartRequest | undefined;
  /** Size and time of files in each row. */
  readonly hasMeta: boolean;
  /** SHA-256 in each row. */
  readonly hash: boolean;
  /** Rows for files in folders that are something else than pictures. */
  readonly reportsSkipped: boolean;
  /** End at the first picture that fails. */
  readonly strict: boolean;
}

/** Writes what became of inputs, one by one. */
export interface OutcomeWriter<Outcome, T extends Tally> {
  readonly tally: T;
  /** @returns false where the picture failed */
  write(outcome: Outcome): Promise<boolean>;
  /** All is written. */
  end(): Promise<void>;
  /** Lets go of what the writer has opened itself. */
  close?(): void;
}

/** What is a kind of results' own. */
export interface BatchResults<Outcome, T extends Tally> {
  /**
   * Leaves in the files of an earlier run what still holds, and says what that is.
   * @param changed names of options that are not those of that run; undefined where those are not known
   */
  readonly keepDone: (changed: readonly string[] | undefined) => Promise<Done>;
  readonly createWriter: (output: Pick<Output, 'write'>) => OutcomeWriter<Outcome, T>;
  /** What becomes of each task, in order; aborted: no more are begun. */
  readonly run: (tasks: AsyncIterable<Task>, signal: StopSignal) => AsyncIterable<Outcome>;
}

/**
 * Runs what is left to do of a batch and writes the results, with signals and progress around it.
 * @param prepare does all that may fail before anything is written
 */
export async function writeBatch<Outcome, T extends Tally>(
  batch: Batch,
  request: OutputRequest,
  host: OutputHost,
  prepare: (isTerminal: boolean) => Promise<BatchResults<Outcome, T>>,
): Promise<T | 'output-closed'> {
  const { output: target, part, resume, hasMeta: meta, hash, strict } = request;
  const signals = host.listenForSignals();
  let output: Output | undefined;
  let release: (() => Promise<void>) | undefined;
  let writer: OutcomeWriter<Outcome, T> | undefined;
  let begun: BegunRun | undefined;
  let isWhole = false;
  let rows = 0;
  try {
    if (target === undefined) output = host.openOutput();
    const { keepDone, createWriter, run } = await prepare(output?.isTerminal ?? false);
    release = await host.lockOutput?.();
    // First, as it refuses a file that is not empty.
    if (!resume) output ??= host.openOutput();
    begun = part && (await describeBegun(part, batch.runner.model));
    const before = begun && (await beginRows(target!, begun, request, host));
    const done = resume ? await keepDone(before?.changed) : undefined;
    rows = done?.size ?? 0;
    output ??= host.openOutput();
    if (before?.note === 'at once') before.noteOptions();
    let isNoted = before?.note !== 'with the first row';
    const { write } = output;
    writer = createWriter({
      async write(chunk) {
        if (chunk.length > 0) rows++;
        await write(chunk);
        if (isNoted || chunk.length === 0) return;
        isNoted = true;
        before?.noteOptions();
      },
    });
    const { tally } = writer;
    const tasks = tasksToDo(batch.inputs, {
      ...{ meta, hash },
      ...(done && { done }),
      onSkip: (input, error) => countEarlier(tally, input, error),
    });
    isWhole = await writeOutcomes(run(tasks, signals.signal), writer, output, {
      strict,
      progress: await host.startProgress(batch.total),
    });
    return isWhole ? tally : 'output-closed';
  } finally {
    signals.stop();
    writer?.close?.();
    output?.close(isWhole);
    const hasEnded = signals.signal.aborted || (strict && (writer?.tally.failed ?? 0) > 0);
    if (begun && isWhole && !hasEnded && batch.hasInputs()) {
      await noteFinished(target!, describePart({ ...part!, ...begun }, writer!.tally, rows), host);
    }
    await release?.();
  }
}

async function describeBegun({ options, changeable }: PartRequest, model: ModelFacts): Promise<BegunRun> {
  const { withContents } = await import('../batch/begun-file.js');
  return { options: { ...(await withContents(options)), model }, changeable };
}

async function beginRows(output: string, begun: BegunRun, { resume }: OutputRequest, { onNote }: OutputHost) {
  const files = await import('../batch/begun-file.js');
  const before = files.beginRows(output, begun, resume);
  if (!before.changed) {
    const path = printable(files.begunPath(output));
    onNote(`--resume: ${path} is missing or damaged, so only the model of earlier rows is compared, not their options`);
  }
  return { ...before, noteOptions: () => files.noteOptions(output, begun) };
}

/** Where that cannot be written, the rows are there all the same, and so are the options that they were made with. */
async function noteFinished(
  output: string,
  done: ReturnType<typeof describePart>,
  { onProblem }: OutputHost,
): Promise<void> {
  if (!(await import('../batch/done-file.js')).writeDone(output, done, onProblem)) return;
  (await import('../batch/begun-file.js')).removeBegun(output);
}

function describePart(part: PartRequest, tally: Tally, rows: number): Omit<DoneRecord, 'bytes' | 'digest'> {
  const { succeeded, failed, skipped } = tally;
  const { shard, options, version } = part;
  return {
    ...{ inputs: countDone(tally), classified: succeeded + skipped, failed, notImages: countOthers(tally) },
    ...{ rows, shard: shard ? `${shard.part}/${shard.parts}` : null, options, version },
  };
}

interface WriteOptions {
  readonly strict: boolean;
  readonly progress: Awaited<ReturnType<BatchHost['startProgress']>>;
}

/** @returns false where nobody reads any more */
async function writeOutcomes<Outcome, T extends Tally>(
  outcomes: AsyncIterable<Outcome>,
  writer: OutcomeWriter<Outcome, T>,
  output: Output,
  { strict, progress }: WriteOptions,
): Promise<boolean> {
  const { tally } = writer;
  const begun = performance.now();
  try {
    for await (const outcome of outcomes) {
      if (output.isClosed) return false;
      progress.clear();
      const isDone = await writer.write(outcome);
      progress.progress(countDone(tally));
      if (!isDone && strict) break;
    }
    progress.stop();
    tally.seconds = (performance.now() - begun) / 1000;
    await writer.end();
    return true;
  } finally {
    progress.stop();
  }
}
