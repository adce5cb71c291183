import type { FilterOptions } from '../batch/filter.js';
import { keepValidRows, tasksToDo } from '../batch/resume.js';
import { classifyAll } from '../batch/run.js';
import type { Selection } from '../batch/select-predictions.js';
import { createFormat, type FormatName, type FormatOptions } from '../report/formats.js';
import type { Runner } from '../runners/types.js';
import { type Batch, type BatchHost, type BatchRequest, openBatch, type Progress } from './open-batch.js';
import { type ResultOutput, ResultWriter, type Tally } from './result-writer.js';

/** What `mobilenet classify` is asked for. */
export interface ClassifyRequest extends BatchRequest {
  readonly top: number;
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

/** What the process around a run provides. */
export interface ClassifyHost extends BatchHost {
  /** Keeps other processes from writing to the output; gives what releases it. */
  readonly lockOutput?: () => Promise<() => Promise<void>>;
  readonly openOutput: () => Output;
  readonly onProblem: (problem: string) => void;
}

export interface Classified extends Tally {
  /** There are inputs, be they of other shards. */
  readonly hasInputs: boolean;
  /** More may have been named than a person looks at one by one: a folder, a pattern, a list, or many names. */
  readonly isBatch: boolean;
}

export type ClassifyResult = Classified | { readonly exitCode: number } | 'output-closed';

/**
 * Classifies what the names stand for, in order; a broken picture is reported and the others go on.
 *
 *     names, lists → open-batch: inputs, and a runner; or all of it in a second process
 *         → batch/resume: less what an earlier run has done → batch/run: outcomes in order
 *         → result-writer: filter, format → output
 *
 * @throws UsageError, ModelError as `openBatch`; RuntimeError where the runner cannot go on
 */
export async function classifyPictures(request: ClassifyRequest, host: ClassifyHost): Promise<ClassifyResult> {
  const batch = await openBatch(request, host);
  if ('exitCode' in batch) return batch;
  const { first, isBatch } = batch;
  try {
    // One line for each of several pictures, in columns as wide as the names that are known so far.
    const lines = request.isLong || first.length === 1 ? undefined : { names: first.map(({ file }) => file) };
    const tally = await writeResults(batch, { ...request, lines }, host);
    return tally === 'output-closed' ? tally : { ...tally, hasInputs: batch.hasInputs(), isBatch };
  } finally {
    batch.close();
  }
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
  { inputs, runner, total }: Batch,
  request: ClassifyRequest & { readonly lines: FormatOptions['lines'] },
  host: ClassifyHost,
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
