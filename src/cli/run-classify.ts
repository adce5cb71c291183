import { statSync } from 'node:fs';
import { createFilter } from '../batch/filter.js';
import { takeUp, undone } from '../batch/resume.js';
import { classifyAll } from '../batch/run.js';
import type { ImageRecord } from '../domain/classification.js';
import { DEFAULT_MODEL } from '../domain/defaults.js';
import { NOT_FINITE } from '../domain/rank.js';
import { exitCodes, MobilenetError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { findInputs } from '../inputs/find.js';
import { isGlob } from '../inputs/glob.js';
import { nameBytes } from '../inputs/name.js';
import type { Input } from '../inputs/types.js';
import { createFormat, refuseLines } from '../report/formats.js';
import { openSingle } from '../runners/single.js';
import type { LoadOptions } from '../use-cases/classifier.js';
import type { ClassifyFlags } from './options/classify-options.js';
import { type ClassifyRequest, readRequest } from './options/classify-request.js';
import { runSteadily, wantsSteadyMemory } from './second-process.js';
import { startBatchProgress } from './terminal/batch-progress.js';
import { type Output, openFile, openStdout, outputTest, refuseInput } from './terminal/output.js';
import { listenForSignals } from './terminal/signals.js';
import { hasTerminal } from './terminal/spinner.js';

/** Up to so many pictures are done one after the other on this thread: more threads would not have started by then. */
const FEW = 8;

/** From so many on a second process is worth its start: memory grows for some thousands. */
const MANY = 200;

/** Classifies what the names stand for, in order; a broken picture is reported and the others go on. Returns the exit code. */
export async function runClassify(names: readonly string[], flags: ClassifyFlags): Promise<number> {
  const request = readRequest(names, flags);
  const { output: target, filesFrom = [] } = flags;
  if (target !== undefined) {
    const { weights, labels } = flags;
    refuseInput(target, [...names, ...filesFrom, ...(weights ?? []), ...(labels === undefined ? [] : [labels])]);
  }
  if (mayBeMany(names, flags)) limitPool(request.jobs ?? request.defaultJobs);
  const { filter, format: formatName, nulOutput } = request;
  const ended = new AbortController();
  const fetchPicture = flags.allowUrl ? (await import('../net/fetch-picture.js')).fetchPicture : undefined;
  const fetch = fetchPicture && ((address: string) => fetchPicture(address, ended.signal));
  const usesStdin = names.includes('-') || filesFrom.includes('-');
  const sources = { until: ended.signal, ...(usesStdin && { stdin: process.stdin }), ...(fetch && { fetch }) };
  const find = () => findInputs(names, { ...request.inputs, ...sources });
  // A list that arrives is many: nobody waits for its end.
  const arrives = filesFrom.some((list) => list === '-' || isGoneOnceRead(list));
  // What has been read once, here, is not there for a second process.
  const isOurs = names.includes('-') || filesFrom.some((list) => list !== '-' && isGoneOnceRead(list));
  const steadies = wantsSteadyMemory() && !isOurs;
  const { first, all } = await peek(find(), arrives ? 0 : (steadies ? MANY : FEW) + 1);
  const isMany = arrives || first.length > FEW;
  if (steadies && (arrives || first.length > MANY)) {
    const code = await runSteadily();
    if (code !== undefined) return code;
  }
  const runner = await openRunner(request, isMany ? undefined : first.length, flags);
  const signals = listenForSignals();
  let output: Output | undefined;
  let isWhole = false;
  let progress: Awaited<ReturnType<typeof startBatchProgress>> | undefined;
  try {
    const chosen =
      filter.only || filter.not ? createFilter(filter, await runner.readLabels()) : createFilter(filter, []);
    output = target === undefined ? openStdout() : undefined;
    const format = createFormat(formatName, {
      model: runner.model,
      cost: runner.cost,
      template: flags.print,
      nul: nulOutput,
      isTerminal: output?.isTerminal ?? false,
    });
    const done = flags.resume
      ? await takeUp(target!, runner.model, { retry: flags.strict ?? false, hash: flags.hash ?? false })
      : undefined;
    output ??= openFile(target!, { append: flags.resume ?? false, overwrite: flags.overwrite ?? false });
    let skipped = 0;
    let failed = 0;
    const tasks = undone(withoutOutput(all, target), {
      ...(done && { done }),
      ...(request.hasMeta && { meta: true }),
      ...(flags.hash && { hash: true }),
      onSkip: (code) => {
        if (code === undefined) skipped++;
        else failed++;
      },
    });
    const isCounted = isMany && !usesStdin && !arrives && (flags.progress || hasTerminal());
    const total = countLater(isCounted ? withoutOutput(find(), target) : undefined);
    progress = await startBatchProgress(() => total.count, flags.progress ?? false);
    const times: number[] = [];
    let classified = 0;
    let brokenNetwork = 0;
    let hasBegun = false;
    const begin = async (to: Output) => {
      if (!hasBegun) await to.write(format.begin());
      hasBegun = true;
    };
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
      if (fault === undefined || 'error' in record) {
        await begin(output);
        await output.write(format.entry(select(record, chosen, name)));
      }
      progress.progress(skipped + classified + failed);
      if (fault !== undefined && flags.strict) break;
    }
    progress.stop();
    await begin(output);
    await output.write(format.end(median(times)));
    isWhole = true;
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
    output?.close(isWhole);
    // A list whose end nobody waits for must not keep the process, nor a picture that is being fetched.
    ended.abort();
    if (usesStdin) process.stdin.destroy();
  }
}

/** A pipe, as of `<(find …)`. */
function isGoneOnceRead(list: string): boolean {
  try {
    const stats = statSync(list);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    return false;
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
  request: ClassifyRequest,
  pictures: number | undefined,
  flags: ClassifyFlags,
): Promise<AnyRunner> {
  const { choice, jobs, defaultJobs, timeoutMs, top, maxPixels } = request;
  const sharesPictures = choice.exact || (choice.threads ?? 1) > 1;
  const isFleet = timeoutMs !== undefined || (jobs ?? 1) > 1 || (pictures === undefined && !sharesPictures);
  const openOne = async (chosen: LoadOptions): Promise<AnyRunner> => {
    if (!isFleet) return openSingle(chosen, pictures ?? FEW, { top, maxPixels });
    const count = jobs ?? (pictures === undefined ? defaultJobs : 1);
    const { openFleet } = await import('../runners/lanes.js');
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
    const { runPull } = await import('./commands/pull.js');
    const { alpha, resolution, dtype } = choice;
    const { json = false } = flags;
    await runPull({ model: choice.model ?? DEFAULT_MODEL, alpha, resolution, dtype }, { json });
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

/** What is being written, once it has been opened, may lie in a folder that is read. */
async function* withoutOutput(inputs: AsyncGenerator<Input>, output: string | undefined): AsyncGenerator<Input> {
  const isOutput = outputTest(output);
  for await (const input of inputs) {
    if (!(isOutput && isFile(input) && isOutput(input.path))) yield input;
  }
}

function isFile(input: Input): input is Input & { readonly path: string } {
  return typeof input.path === 'string' && !input.bytes && !input.fetch;
}

/** Counts the inputs while the first are classified. */
function countLater(found: AsyncGenerator<Input> | undefined): { readonly count: number | undefined } {
  const total: { count: number | undefined } = { count: undefined };
  const count = async (inputs: AsyncGenerator<Input>) => {
    let sum = 0;
    for await (const _ of inputs) sum++;
    total.count = sum;
  };
  // A fault shows where the inputs are read.
  if (found) count(found).catch(() => {});
  return total;
}

function select(record: ImageRecord, chosen: ReturnType<typeof createFilter>, name: Buffer) {
  if ('error' in record) return { record, ranks: [], name };
  const kept = chosen(record.predictions);
  const ranks = kept.map((prediction) => record.predictions.indexOf(prediction) + 1);
  const predictions = kept.map((prediction, at) =>
    ranks[at] === at + 1 ? prediction : { ...prediction, rank: ranks[at]! },
  );
  return { record: { ...record, predictions }, ranks, name };
}

function median(times: readonly number[]): number | undefined {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
