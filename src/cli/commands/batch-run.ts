import { DEFAULT_MODEL } from '../../domain/defaults.js';
import { exitCodes, formatError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { batchSummary } from '../../report/batch-summary.js';
import type { Tally } from '../../use-cases/tally.js';
import type { Output, OutputHost } from '../../use-cases/write-batch.js';
import type { BatchFlags } from '../options/batch-request.js';
import { runInSecondProcess, wantsSecondProcess } from '../second-process.js';
import { startBatchProgress } from '../terminal/batch-progress.js';
import { openFile, openStdin, openStdout, outputTest, refuseInput } from '../terminal/output.js';
import { listenForSignals, type Signals } from '../terminal/signals.js';
import { hasTerminal } from '../terminal/spinner.js';

/** What a batch came to whose results are written. */
export interface BatchTally extends Tally {
  /** There are inputs, be they of other shards. */
  readonly hasInputs: boolean;
  /** More may have been named than a person looks at one by one. */
  readonly isBatch: boolean;
}

/** What is a command's own. */
export interface BatchCommand<T extends BatchTally> {
  readonly run: (host: OutputHost) => Promise<T | { readonly exitCode: number } | 'output-closed'>;
  /** What is done with pictures: `classified`. */
  readonly verb: string;
  /** A line for people at the end. */
  readonly note?: (tally: T) => string | undefined;
  /** A file that is written beside `--output`. */
  readonly beside?: string | undefined;
  /** Opens `--output` in another way than as one file of text. */
  readonly openOutput?: (how: { readonly append: boolean; readonly overwrite: boolean }) => Output;
}

/** The streams, signals and exit code around a batch of pictures whose results are written. */
export async function runBatch<T extends BatchTally>(
  names: readonly string[],
  flags: BatchFlags,
  command: BatchCommand<T>,
): Promise<number> {
  const { output, labels, weights = [], filesFrom = [] } = flags;
  for (const written of [output, command.beside].filter((file) => file !== undefined)) {
    refuseInput(written, [...names, ...filesFrom, ...weights, ...(labels === undefined ? [] : [labels])]);
  }
  let signals: Signals | undefined;
  const listen = () => {
    signals = listenForSignals();
    return signals;
  };
  const result = await command.run(await hostOf(names, flags, listen, command));
  if (result === 'output-closed') return exitCodes.ok;
  if ('exitCode' in result) return result.exitCode;
  if (!flags.quiet) {
    const summary = result.isBatch ? batchSummary(result, command.verb) : [];
    const last = command.note?.(result);
    for (const line of last === undefined ? summary : [...summary, last]) writeLine(line);
  }
  return signals?.exitCode ?? (await exitCodeOf(result, names, flags));
}

async function hostOf(
  names: readonly string[],
  flags: BatchFlags,
  listen: () => Signals,
  { beside, openOutput }: Pick<BatchCommand<BatchTally>, 'beside' | 'openOutput'>,
): Promise<OutputHost> {
  const { output, resume: append = false, overwrite = false, progress = false, quiet = false, filesFrom = [] } = flags;
  const usesStdin = flags.stdinFrames || names.includes('-') || filesFrom.includes('-');
  return {
    ...(usesStdin && { stdin: openStdin() }),
    ...(flags.allowUrl && { fetchPicture: (await import('../../net/fetch-picture.js')).fetchPicture }),
    ...(flags.pull && { installModel: () => installModel(flags) }),
    ...(wantsSecondProcess() && { runInSecondProcess }),
    openOutput() {
      if (output === undefined) return openStdout();
      return openOutput ? openOutput({ append, overwrite }) : openFile(output, { append, overwrite });
    },
    ...(output !== undefined && {
      lockOutput: async () => (await import('../terminal/output-lock.js')).lockOutput(output),
    }),
    isOutput: outputTest(output, beside, output && `${output}.done`, output && `${output}.options`),
    showsProgress: !quiet && (progress || hasTerminal()),
    startProgress: (total) => startBatchProgress(total, { asked: progress, quiet }),
    listenForSignals: listen,
    onNote: (note) => {
      if (!quiet) writeLine(note);
    },
    onProblem: writeLine,
  };
}

export function writeLine(line: string): void {
  process.stderr.write(`mobilenet: ${printable(line)}\n`);
}

async function installModel(flags: BatchFlags): Promise<void> {
  const { pullToRun } = await import('./pull.js');
  const { model = DEFAULT_MODEL, alpha, resolution, dtype, json = false, quiet = false } = flags;
  await pullToRun({ model, alpha, resolution, dtype }, json || quiet);
}

async function exitCodeOf(tally: BatchTally, names: readonly string[], flags: BatchFlags): Promise<number> {
  const { succeeded, failed, notFinite, lost, skipped } = tally;
  // A part of all inputs may be empty, as may what another program sends; all of them may not.
  const mayBeEmpty = flags.stdinFrames || (flags.shard && tally.hasInputs);
  if (succeeded + failed + skipped === 0 && !mayBeEmpty) {
    const { filesFrom = [], recursive, hidden, include = [], exclude = [] } = flags;
    const isFiltered = include.length + exclude.length > 0;
    const { noImagesFound } = await import('../../report/no-images.js');
    const search = { names, lists: filesFrom, recursive, hidden, isFiltered, others: tally.others };
    writeLine(formatError(noImagesFound(search)));
    return exitCodes.noInput;
  }
  if (failed === 0) return exitCodes.ok;
  if (succeeded + skipped > 0) return flags.allowFailures ? exitCodes.ok : exitCodes.someInputsFailed;
  // No picture is to blame.
  if (failed === notFinite) return exitCodes.runtime;
  // Where no argument leads anywhere there are no pictures that could have failed.
  return flags.allowFailures && failed > lost ? exitCodes.ok : exitCodes.noInput;
}
