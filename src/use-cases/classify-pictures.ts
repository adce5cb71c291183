import type { FilterOptions } from '../batch/filter.js';
import { countInBackground, lookAhead } from '../batch/look-ahead.js';
import { keepValidRows, tasksToDo } from '../batch/resume.js';
import { classifyAll } from '../batch/run.js';
import type { Selection } from '../batch/select-predictions.js';
import { MobilenetError } from '../errors/errors.js';
import { isReadOnce, mayBeMore } from '../inputs/extent.js';
import { findInputs, type InputOptions } from '../inputs/find.js';
import type { Input } from '../inputs/types.js';
import { createFormat, type FormatName, type FormatOptions } from '../report/formats.js';
import { keepYoungGenerationSmall } from '../runners/collect-garbage.js';
import { limitDecodeThreads } from '../runners/decode-threads.js';
import { openRunner } from '../runners/open.js';
import type { Runner, RunnerPlan } from '../runners/types.js';
import type { LoadOptions } from './classifier.js';
import { type ResultOutput, ResultWriter, type Tally } from './result-writer.js';

/** What `mobilenet classify` is asked for. */
export interface ClassifyRequest {
  /** Arguments: files, folders, patterns, `-`. */
  readonly names: readonly string[];
  readonly inputs: InputOptions;
  readonly choice: LoadOptions;
  readonly top: number;
  readonly maxPixels: number;
  /** Whether to take what is left of a JPEG, PNG or GIF file that ends early. */
  readonly lenient: boolean;
  /** Pictures at a time; undefined where few pictures are done one by one. */
  readonly jobs: number | undefined;
  readonly defaultJobs: number;
  /** Where given, pictures are decoded in separate processes, killed after so long. */
  readonly timeoutMs: number | undefined;
  readonly filter: FilterOptions;
  /** Probabilities are added up within groups of classes. */
  readonly group: boolean;
  readonly format: FormatName;
  readonly template?: string | undefined;
  readonly nulOutput: boolean;
  /** In text: all predictions of each picture, also where there are several. */
  readonly isLong: boolean;
  /** The model in each row of JSON lines. */
  readonly rowModel: boolean;
  /** The file that results go to; left out: stdout. */
  readonly output?: string | undefined;
  readonly resume: boolean;
  /** Size and time of files in each row. */
  readonly hasMeta: boolean;
  /** SHA-256 in each row. */
  readonly hash: boolean;
  /** Rows for files in folders that are something else than pictures. */
  readonly reportsSkipped: boolean;
  /** End at the first picture that cannot be classified. */
  readonly strict: boolean;
}

export interface Output extends ResultOutput {
  readonly isTerminal: boolean;
  /** @param isWhole whether all was written that was to be */
  close(isWhole?: boolean): void;
}

export interface Progress {
  progress(done: number): void;
  clear(): void;
  stop(): void;
}

/** What the process around a run provides. */
export interface ClassifyHost {
  /** stdin, where an argument or list is `-`. */
  readonly stdin?: NodeJS.ReadableStream & { destroy(): void };
  readonly fetchPicture?: (address: string, until: AbortSignal) => Promise<Uint8Array>;
  /** Installs the model that is not there; left out where nobody asked for that. */
  readonly installModel?: () => Promise<void>;
  /**
   * Does all of the work in a second process, whose memory does not grow, and gives its exit code; undefined where none can
   * be started. Left out where this process does the work.
   */
  readonly runInSecondProcess?: () => Promise<number | undefined>;
  /** Keeps other processes from writing to the output; gives what releases it. */
  readonly lockOutput?: () => Promise<() => Promise<void>>;
  readonly openOutput: () => Output;
  /** Whether a file of this name is what results are written to; undefined where that is no file. */
  readonly isOutput?: ((name: string) => boolean) | undefined;
  /** Whether somebody sees how far the run is. */
  readonly showsProgress: boolean;
  readonly startProgress: (total: () => number | undefined) => Promise<Progress>;
  /** Listens for signals from now on; aborted: no more pictures are begun, those in flight are finished. */
  readonly listenForSignals: () => { readonly signal: AbortSignal; stop(): void };
  /** Told what was assumed of the model. */
  readonly onNote: (note: string) => void;
  readonly onProblem: (problem: string) => void;
}

export interface Classified extends Tally {
  /** There are inputs, be they of other shards. */
  readonly hasInputs: boolean;
  /** More may have been named than a person looks at one by one: a folder, a pattern, a list, or many names. */
  readonly isBatch: boolean;
}

export type ClassifyResult = Classified | { readonly exitCode: number } | 'output-closed';

/** Up to so many pictures are done one after the other on this thread: more threads would not have started by then. */
const MOST_ON_THIS_THREAD = 8;

/** Of more, a second process is worth its start: memory grows for some thousands. */
const MOST_IN_FIRST_PROCESS = 200;

/**
 * Classifies what the names stand for, in order; a broken picture is reported and the others go on.
 *
 *     names, lists → inputs/find → look ahead: few, many, or unknown?
 *         more than 200 → all of it in a second process
 *         → runners/open: on this thread, or in lanes
 *         → batch/resume: less what an earlier run has done → batch/run: outcomes in order
 *         → result-writer: filter, format → output
 *
 * @throws UsageError, ModelError as `openRunner`; RuntimeError where the runner cannot go on
 */
export async function classifyPictures(request: ClassifyRequest, host: ClassifyHost): Promise<ClassifyResult> {
  const { names, inputs, jobs, defaultJobs } = request;
  const { filesFrom = [] } = inputs;
  const isBatch = mayBeMore(MOST_ON_THIS_THREAD, names, filesFrom);
  if (isBatch) limitDecodeThreads(jobs ?? defaultJobs);
  const ended = new AbortController();
  let hasInputs = false;
  const onFirst = () => {
    hasInputs = true;
  };
  const find = () => findInputs(names, { ...inputOptions(request, host, ended.signal), onFirst });
  // A list that arrives is many: nobody waits for its end.
  const isArriving = filesFrom.some((list) => list === '-' || isReadOnce(list));
  // What has been read once, here, is not there for a second process.
  const isOurs = names.includes('-') || filesFrom.some((list) => list !== '-' && isReadOnce(list));
  const runInSecondProcess = isOurs ? undefined : host.runInSecondProcess;
  const most = runInSecondProcess ? MOST_IN_FIRST_PROCESS : MOST_ON_THIS_THREAD;
  const { first, all } = await lookAhead(find(), isArriving ? 0 : most + 1);
  if (runInSecondProcess && (isArriving || first.length > MOST_IN_FIRST_PROCESS)) {
    const exitCode = await runInSecondProcess();
    if (exitCode !== undefined) return { exitCode };
  }
  const isMany = isArriving || first.length > MOST_ON_THIS_THREAD;
  const runner = await openFor(request, isMany ? undefined : first.length, host);
  for (const note of runner.notes) host.onNote(note);
  const isCounted = isMany && !isArriving && !host.stdin && host.showsProgress;
  try {
    const total = countInBackground(isCounted ? find() : undefined);
    // One line for each of several pictures, in columns as wide as the names that are known so far.
    const lines = request.isLong || first.length === 1 ? undefined : { names: first.map(({ file }) => file) };
    const tally = await writeResults(all, runner, { ...request, lines }, host, total);
    return tally === 'output-closed' ? tally : { ...tally, hasInputs, isBatch };
  } finally {
    runner.close();
    // A list whose end nobody waits for must not keep the process, nor a picture that is being fetched.
    ended.abort();
    host.stdin?.destroy();
  }
}

function inputOptions({ inputs }: ClassifyRequest, host: ClassifyHost, until: AbortSignal): InputOptions {
  const { stdin, fetchPicture, isOutput } = host;
  return {
    ...inputs,
    until,
    // What is being written may lie in a folder that is read.
    ...(isOutput && { omits: (input) => isFile(input) && isOutput(input.path) }),
    ...(stdin && { stdin: stdin as AsyncIterable<Uint8Array> }),
    ...(fetchPicture && { fetch: (address) => fetchPicture(address, until) }),
  };
}

/** A runner that suits so many pictures; undefined: many. */
async function openFor(
  request: ClassifyRequest,
  pictures: number | undefined,
  { installModel }: ClassifyHost,
): Promise<Runner> {
  const { threads, deterministic, ...choice } = request.choice;
  const plan = planFor(request, pictures);
  if (plan.kind === 'lanes') keepYoungGenerationSmall();
  const options = { maxPixels: request.maxPixels, lenient: request.lenient, deterministic };
  try {
    return await openRunner(choice, plan, options);
  } catch (error) {
    if (!installModel || !(error instanceof MobilenetError && error.code === 'model-not-installed')) throw error;
    await installModel();
    return openRunner(choice, plan, options);
  }
}

function planFor(request: ClassifyRequest, pictures: number | undefined): RunnerPlan {
  const { choice, jobs, defaultJobs, timeoutMs } = request;
  const sharesPictures = choice.exact || (choice.threads ?? 1) > 1;
  const takesLanes = timeoutMs !== undefined || (jobs ?? 1) > 1 || (pictures === undefined && !sharesPictures);
  if (takesLanes) return { kind: 'lanes', lanes: jobs ?? (pictures === undefined ? defaultJobs : 1), timeoutMs };
  return { kind: 'thread', threads: choice.threads, pictures: pictures ?? MOST_ON_THIS_THREAD };
}

/** What is kept of the predictions of a picture, and how many of them are asked of the network. */
async function selectionOf({ filter, group, top }: ClassifyRequest, runner: Runner): Promise<Selection> {
  if (!group && Object.keys(filter).length === 0) return { filter: (predictions) => predictions, top };
  // Apart, as most starts need none of it.
  const { createSelection } = await import('../batch/select-predictions.js');
  const labels = filter.only || filter.not || group ? runner.readLabels() : [];
  return createSelection({ filter, group, top }, labels, runner.model);
}

async function writeResults(
  inputs: AsyncGenerator<Input>,
  runner: Runner,
  request: ClassifyRequest & { readonly lines: FormatOptions['lines'] },
  host: ClassifyHost,
  total: () => number | undefined,
): Promise<Tally | 'output-closed'> {
  const { format: formatName, nulOutput, template: print, output: target, resume, hash, hasMeta, lines } = request;
  const signals = host.listenForSignals();
  let output: Output | undefined;
  let progress: Progress | undefined;
  let release: (() => Promise<void>) | undefined;
  let isWhole = false;
  try {
    const { top, ...selection } = await selectionOf(request, runner);
    if (target === undefined) output = host.openOutput();
    const { isTerminal = false } = output ?? {};
    const { model, cost } = runner;
    const format = createFormat(formatName, {
      ...{ model, cost, template: print, nul: nulOutput, isTerminal, lines },
      rowModel: request.rowModel,
    });
    release = await host.lockOutput?.();
    const done = resume
      ? await keepValidRows(target!, model, { retry: request.strict, hash, lenient: request.lenient })
      : undefined;
    output ??= host.openOutput();
    const writer = new ResultWriter(output, format, {
      formatName,
      nulOutput,
      ...selection,
      reportsSkipped: request.reportsSkipped,
      onProblem: host.onProblem,
    });
    const tasks = tasksToDo(inputs, {
      ...(done && { done }),
      meta: hasMeta,
      hash,
      onSkip: (input, error) => writer.skip(input, error),
    });
    progress = await host.startProgress(total);
    const begun = performance.now();
    for await (const outcome of classifyAll(tasks, runner, { signal: signals.signal, top })) {
      if (output.isClosed) return 'output-closed';
      progress.clear();
      const isClassified = await writer.write(outcome);
      progress.progress(writer.done);
      if (!isClassified && request.strict) break;
    }
    progress.stop();
    writer.tally.seconds = (performance.now() - begun) / 1000;
    await writer.end();
    isWhole = true;
    return writer.tally;
  } finally {
    progress?.stop();
    signals.stop();
    output?.close(isWhole);
    await release?.();
  }
}

function isFile(input: Input): input is Input & { readonly path: string } {
  return typeof input.path === 'string' && !input.bytes && !input.fetch;
}
