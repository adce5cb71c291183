import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createFilter } from '../batch/filter.js';
import { takeUp, undone } from '../batch/resume.js';
import { classifyAll } from '../batch/run.js';
import { openSingle } from '../batch/single.js';
import type { LoadOptions } from '../classifier.js';
import { exitCodes, MobilenetError } from '../errors.js';
import { findInputs } from '../inputs/find.js';
import { isGlob } from '../inputs/glob.js';
import { nameBytes } from '../inputs/name.js';
import type { Input } from '../inputs/types.js';
import { printable } from '../printable.js';
import { NOT_FINITE } from '../rank.js';
import { createFormat, refuseLines } from '../report/formats.js';
import type { ImageRecord } from '../report/records.js';
import { startBatchProgress } from './batch-progress.js';
import type { ClassifyFlags } from './classify.js';
import { type ClassifyWishes, readWishes } from './classify-options.js';
import { type Output, openFile, openStdout, refuseInput, stdoutTest } from './output.js';
import { listenForSignals } from './signals.js';
import { hasTerminal } from './spinner.js';
import { runSteadily, wantsSteadyMemory } from './steady.js';

const DEFAULT_MODEL = 'mobilenet_v2';

/** Up to so many pictures are done one after the other on this thread: more threads would not have started by then. */
const FEW = 8;

/** From so many on a second process is worth its start: memory grows for some thousands. */
const MANY = 200;

/** Classifies what the names stand for, in order; a broken picture is reported and the others go on. Returns the exit code. */
export async function runClassify(names: readonly string[], flags: ClassifyFlags): Promise<number> {
  const wishes = readWishes(names, flags);
  if (flags.output !== undefined) refuseInput(flags.output, [...names, ...(flags.filesFrom ?? [])]);
  if (mayBeMany(names, flags)) limitPool(wishes.jobs ?? wishes.defaultJobs);
  const { filter, format: formatName, nulOutput } = wishes;
  const fetch = flags.allowUrl ? (await import('../fetch-picture.js')).fetchPicture : undefined;
  const usesStdin = names.includes('-') || wishes.inputs.filesFrom?.includes('-');
  const sources = { ...(usesStdin && { stdin: process.stdin }), ...(fetch && { fetch }) };
  const find = () => withoutOutput(findInputs(names, { ...wishes.inputs, ...sources }), flags.output);
  const steadies = wantsSteadyMemory();
  const { first, all } = await peek(find(), usesStdin ? 0 : (steadies ? MANY : FEW) + 1);
  const isMany = usesStdin ? names.length === 0 : first.length > FEW;
  if (steadies && isMany && (usesStdin || first.length > MANY)) {
    const code = await runSteadily();
    if (code !== undefined) return code;
  }
  const runner = await openRunner(wishes, isMany ? undefined : first.length, flags);
  const signals = listenForSignals();
  let output: Output | undefined;
  let progress: Awaited<ReturnType<typeof startBatchProgress>> | undefined;
  try {
    const chosen =
      filter.only || filter.not ? createFilter(filter, await runner.readLabels()) : createFilter(filter, []);
    output = flags.output === undefined ? openStdout() : undefined;
    const format = createFormat(formatName, {
      model: runner.model,
      cost: runner.cost,
      template: flags.print,
      nul: nulOutput,
      isTerminal: output?.isTerminal ?? false,
    });
    const done = flags.resume
      ? await takeUp(flags.output!, runner.model, { retry: flags.strict ?? false, hash: flags.hash ?? false })
      : undefined;
    output ??= openFile(flags.output!, { append: flags.resume ?? false, overwrite: flags.overwrite ?? false });
    let skipped = 0;
    let failed = 0;
    const tasks = undone(all, {
      ...(done && { done }),
      ...(wishes.hasMeta && { meta: true }),
      ...(flags.hash && { hash: true }),
      onSkip: (code) => {
        if (code === undefined) skipped++;
        else failed++;
      },
    });
    const total = countLater(isMany && !usesStdin && !fetch && (flags.progress || hasTerminal()) ? find : undefined);
    progress = await startBatchProgress(() => total.count, flags.progress ?? false);
    const times: number[] = [];
    let classified = 0;
    let brokenNetwork = 0;
    await output.write(format.begin());
    for await (const { input, record } of classifyAll(tasks, runner, { signal: signals.signal })) {
      if (output.isClosed) return exitCodes.ok;
      progress.clear();
      const name = nameBytes(input);
      const fault = 'error' in record ? record.error.message : refuseLines(formatName, nulOutput, name);
      if (fault !== undefined) {
        failed++;
        if ('error' in record && record.error.code === NOT_FINITE) brokenNetwork++;
        process.stderr.write(`mobilenet: ${printable(fault)}\n`);
      } else classified++;
      if ('ms' in record) times.push(record.ms.run);
      if (fault === undefined || 'error' in record) await output.write(format.entry(select(record, chosen, name)));
      progress.progress(skipped + classified + failed);
      if (fault !== undefined && flags.strict) break;
    }
    progress.stop();
    await output.write(format.end(median(times)));
    if (signals.exitCode !== undefined) return signals.exitCode;
    if (classified + failed + skipped === 0 && !flags.shard) {
      process.stderr.write('mobilenet: no input found, expected pictures\n');
      return exitCodes.noInput;
    }
    if (failed === 0) return exitCodes.ok;
    if (classified + skipped > 0) return exitCodes.someInputsFailed;
    // No picture is to blame.
    return failed === brokenNetwork ? exitCodes.runtime : exitCodes.noInput;
  } finally {
    progress?.stop();
    runner.close();
    signals.stop();
    output?.close();
    // A list whose end nobody waits for must not keep the process.
    if (usesStdin) process.stdin.destroy();
  }
}

/** Whether there may be more than a few, as far as a quick look tells. */
function mayBeMany(names: readonly string[], { filesFrom = [] }: ClassifyFlags): boolean {
  const isFile = (name: string) => {
    try {
      return statSync(name).isFile();
    } catch {
      // What is not there is one input, unless it is a pattern.
      return !isGlob(name);
    }
  };
  return filesFrom.length > 0 || names.length > FEW || !names.every(isFile);
}

/**
 * Pictures are decoded by libuv's threads, four unless the environment says otherwise: too few for many lanes, and with more
 * than there are lanes memory grows, as the C library keeps a heap for each thread. They start when they are first used.
 */
function limitPool(jobs: number): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(2, jobs));
}

type AnyRunner = Awaited<ReturnType<typeof openSingle>>;

/** One that suits so many pictures; undefined: many. With `--pull` a model that is not installed is fetched first. */
async function openRunner(
  wishes: ClassifyWishes,
  pictures: number | undefined,
  flags: ClassifyFlags,
): Promise<AnyRunner> {
  const { choice, jobs, defaultJobs, timeoutMs, top, maxPixels } = wishes;
  const sharesPictures = choice.exact || (choice.threads ?? 1) > 1;
  const isFleet = timeoutMs !== undefined || (jobs ?? 1) > 1 || (pictures === undefined && !sharesPictures);
  const openOne = async (chosen: LoadOptions): Promise<AnyRunner> => {
    if (!isFleet) return openSingle(chosen, pictures ?? FEW, { top, maxPixels });
    const count = jobs ?? (pictures === undefined ? defaultJobs : 1);
    const { openFleet } = await import('../batch/fleet.js');
    const fleet = await openFleet(chosen, {
      jobs: count,
      top,
      maxPixels,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return { ...fleet, readLabels: async () => fleet.labels };
  };
  try {
    return await openOne(choice);
  } catch (error) {
    if (!(flags.pull && error instanceof MobilenetError && error.code === 'model-not-installed')) throw error;
    const { runPull } = await import('./pull.js');
    await runPull(choice.model ?? DEFAULT_MODEL, flags);
    return openOne(choice);
  }
}

/** The first few inputs, and all of them, those included. */
async function peek(
  inputs: AsyncGenerator<Input>,
  most: number,
): Promise<{ first: readonly Input[]; all: AsyncGenerator<Input> }> {
  const first: Input[] = [];
  while (first.length < most) {
    const { done, value } = await inputs.next();
    if (done) break;
    first.push(value);
  }
  async function* all() {
    yield* first;
    yield* inputs;
  }
  return { first, all: all() };
}

/** The file that is being written, by `--output` or a shell's `>`, may lie in a folder that is read. */
async function* withoutOutput(inputs: AsyncGenerator<Input>, output: string | undefined): AsyncGenerator<Input> {
  const own = output === undefined ? [] : [resolve(output), resolve(`${output}.resume`)];
  const isOutput = output === undefined ? stdoutTest() : (name: string) => own.includes(resolve(name));
  if (!isOutput) {
    yield* inputs;
    return;
  }
  for await (const input of inputs) {
    if (typeof input.path !== 'string' || input.bytes || !isOutput(input.path)) yield input;
  }
}

/** Counts the inputs while the first are classified. */
function countLater(find: (() => AsyncGenerator<Input>) | undefined): { readonly count: number | undefined } {
  const total: { count: number | undefined } = { count: undefined };
  const count = async (inputs: AsyncGenerator<Input>) => {
    let sum = 0;
    for await (const _ of inputs) sum++;
    total.count = sum;
  };
  // A fault shows where the inputs are read.
  if (find) count(find()).catch(() => {});
  return total;
}

function select(record: ImageRecord, chosen: ReturnType<typeof createFilter>, name: Buffer) {
  if ('error' in record) return { record, ranks: [], name };
  const predictions = chosen(record.predictions);
  const ranks = predictions.map((prediction) => record.predictions.indexOf(prediction) + 1);
  return { record: { ...record, predictions }, ranks, name };
}

function median(times: readonly number[]): number | undefined {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
