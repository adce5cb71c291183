import { countInBackground, lookAhead } from '../batch/look-ahead.js';
import { Stop } from '../batch/stop.js';
import { type ModelRequest, preferExact } from '../domain/model-choice.js';
import { MobilenetError } from '../errors/errors.js';
import { callOnThisThread } from '../files/file-calls.js';
import { isReadOnce, mayBeMore } from '../inputs/extent.js';
import { findInputs, type InputOptions } from '../inputs/find.js';
import type { Input } from '../inputs/types.js';
import { chooseModel } from '../models/choose.js';
import type { Model } from '../models/model.js';
import { keepYoungGenerationSmall } from '../runners/collect-garbage.js';
import { limitDecodeThreads } from '../runners/decode-threads.js';
import { openModel } from '../runners/open.js';
import type { Runner, RunnerPlan } from '../runners/types.js';
import type { LoadOptions } from './classifier.js';

/** Pictures and how they are run, whatever is done with the results. */
export interface BatchRequest {
  /** Arguments: files, folders, patterns, `-`. */
  readonly names: readonly string[];
  readonly inputs: InputOptions;
  /** Finds the inputs; left out: `findInputs` of `names`. May be called several times. */
  readonly find?: (options: InputOptions) => AsyncGenerator<Input>;
  readonly choice: LoadOptions;
  readonly maxPixels: number;
  /** Whether to take what is left of a JPEG, PNG or GIF file that ends early. */
  readonly lenient: boolean;
  /** Pictures at a time; undefined where few pictures are done one by one. */
  readonly jobs: number | undefined;
  readonly defaultJobs: number;
  /** Where given, pictures are decoded in separate processes, killed after so long. */
  readonly timeoutMs: number | undefined;
}

export interface Progress {
  progress(done: number): void;
  clear(): void;
  stop(): void;
}

/** What the process around a batch provides. */
export interface BatchHost {
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
  /** Whether a file of this name is what results are written to; undefined where that is no file. */
  readonly isOutput?: ((name: string) => boolean) | undefined;
  /** Whether somebody sees how far the run is. */
  readonly showsProgress: boolean;
  readonly startProgress: (total: () => number | undefined) => Promise<Progress>;
  /** Listens for signals from now on; aborted: no more pictures are begun, those in flight are finished. */
  readonly listenForSignals: () => { readonly signal: Stop; stop(): void };
  /** Told what was assumed of the model. */
  readonly onNote: (note: string) => void;
}

/** Pictures that were found, and a runner that suits their number. */
export interface Batch {
  readonly model: Model;
  readonly runner: Runner;
  readonly inputs: AsyncGenerator<Input>;
  /** Those that were looked at ahead. */
  readonly first: readonly Input[];
  /** More may have been named than a person looks at one by one: a folder, a pattern, a list, or many names. */
  readonly isBatch: boolean;
  /** There are inputs, be they of other shards. */
  hasInputs(): boolean;
  /** How many there are, counted while they are run; undefined until that is known. */
  total(): number | undefined;
  close(): void;
}

/** Up to so many pictures are done one after the other on this thread: more threads would not have started by then. */
const MOST_ON_THIS_THREAD = 8;

/** Of more, a second process is worth its start: memory grows for some thousands. */
const MOST_IN_FIRST_PROCESS = 200;

/**
 * Finds pictures and opens the model that runs them.
 *
 *     names, lists → inputs/find → look ahead: few, many, or unknown?
 *         more than 200 → all of it in a second process, whose exit code this is
 *         → models/choose → runners/open: on this thread, or in lanes
 *
 * @param keep layers whose maps come with each result; throws where the network has no such layers
 * @throws UsageError, ModelError as `openModel`
 */
export async function openBatch(
  request: BatchRequest,
  host: BatchHost,
  keep?: (model: Model) => readonly string[],
): Promise<Batch | { readonly exitCode: number }> {
  const { names, inputs, jobs, defaultJobs, find: findAll = (options) => findInputs(names, options) } = request;
  const { filesFrom = [] } = inputs;
  const tables = typeof inputs.truth === 'object' ? [inputs.truth.table] : [];
  const isBatch = inputs.frames || mayBeMore(MOST_ON_THIS_THREAD, names, [...filesFrom, ...tables]);
  if (isBatch) limitDecodeThreads(jobs ?? defaultJobs);
  const isAlone = !inputs.frames && request.timeoutMs === undefined && !mayBeMore(1, names, [...filesFrom, ...tables]);
  callOnThisThread(isAlone);
  const ended = new Stop();
  let hasInputs = false;
  const onFirst = () => {
    hasInputs = true;
  };
  const find = () => findAll({ ...inputOptions(inputs, host, ended), onFirst });
  // What arrives on stdin or through a pipe is many: nobody waits for its end.
  const isArriving = inputs.frames || filesFrom.some((list) => list === '-' || isReadOnce(list));
  // What has been read once, here, is not there for a second process.
  const isOurs = names.includes('-') || filesFrom.some((list) => list !== '-' && isReadOnce(list));
  const runInSecondProcess = isOurs ? undefined : host.runInSecondProcess;
  const most = runInSecondProcess ? MOST_IN_FIRST_PROCESS : MOST_ON_THIS_THREAD;
  const { first, all } = await lookAhead(find(), isArriving ? 0 : most + 1, isInSequence);
  const hasSequence = first.some(isInSequence);
  const isLong = !runInSecondProcess || isArriving || hasSequence || first.length > MOST_IN_FIRST_PROCESS;
  if (runInSecondProcess && isLong) {
    const exitCode = await runInSecondProcess();
    if (exitCode !== undefined) return { exitCode };
  }
  const isMany = isArriving || hasSequence || first.length > MOST_ON_THIS_THREAD;
  const plan = planFor(request, isMany ? undefined : first.length);
  // A setting of V8: the code of a short run would not be kept with it.
  if (isLong && plan.kind === 'lanes') keepYoungGenerationSmall();
  const opened = await openFor(request, plan, host, keep);
  for (const note of opened.runner.notes) host.onNote(note);
  const isCounted = isMany && !isArriving && !host.stdin && host.showsProgress;
  const total = countInBackground(isCounted ? find() : undefined, isInSequence);
  return {
    ...opened,
    ...{ inputs: all, first, isBatch, total },
    hasInputs: () => hasInputs,
    close() {
      opened.runner.close();
      // A list whose end nobody waits for must not keep the process, nor a picture that is being fetched.
      ended.abort();
      host.stdin?.destroy();
    },
  };
}

/** What of the host is for finding inputs. */
export function inputOptions(inputs: InputOptions, host: BatchHost, until: Stop): InputOptions {
  const { stdin, fetchPicture, isOutput } = host;
  return {
    ...inputs,
    until: () => until.native,
    // What is being written may lie in a folder that is read.
    ...(isOutput && { omits: (input) => isFile(input) && isOutput(input.path) }),
    ...(stdin && { stdin: stdin as AsyncIterable<Uint8Array> }),
    ...(fetchPicture && { fetch: (address) => fetchPicture(address, until.native) }),
  };
}

async function openFor(
  request: BatchRequest,
  plan: RunnerPlan,
  { installModel }: BatchHost,
  keep: (model: Model) => readonly string[] = () => [],
): Promise<Pick<Batch, 'model' | 'runner'>> {
  const { threads: _, deterministic, fullDecode, ...choice } = request.choice;
  const model = await chooseOrInstall(preferExact(choice), installModel);
  const { maxPixels, lenient } = request;
  const runner = await openModel(model, plan, { maxPixels, lenient, fullDecode, deterministic, keep: keep(model) });
  return { model, runner };
}

/** The model, installed first where it is not there and somebody asked for that. */
export async function chooseOrInstall(choice: ModelRequest, installModel: BatchHost['installModel']): Promise<Model> {
  try {
    return await chooseModel(choice);
  } catch (error) {
    if (!installModel || !(error instanceof MobilenetError && error.code === 'model-not-installed')) throw error;
    await installModel();
    return chooseModel(choice);
  }
}

/** What suits so many pictures; undefined: many. */
function planFor(request: BatchRequest, pictures: number | undefined): RunnerPlan {
  const { choice, jobs, defaultJobs, timeoutMs } = request;
  const sharesPictures = (choice.threads ?? 1) > 1;
  const takesLanes = timeoutMs !== undefined || (jobs ?? 1) > 1 || (pictures === undefined && !sharesPictures);
  if (takesLanes) return { kind: 'lanes', lanes: jobs ?? (pictures === undefined ? defaultJobs : 1), timeoutMs };
  return { kind: 'thread', threads: choice.threads, pictures: pictures ?? MOST_ON_THIS_THREAD };
}

/** Of such inputs there may be any number. */
function isInSequence({ inSequence }: Input): boolean {
  return inSequence === true;
}

function isFile(input: Input): input is Input & { readonly path: string } {
  return typeof input.path === 'string' && !input.bytes && !input.fetch;
}
