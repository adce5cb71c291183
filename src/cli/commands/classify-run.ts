import { DEFAULT_MODEL } from '../../domain/defaults.js';
import { exitCodes } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { batchSummary } from '../../report/batch-summary.js';
import { filterText } from '../../report/filter-text.js';
import { type Classified, type ClassifyHost, classifyPictures } from '../../use-cases/classify-pictures.js';
import type { ClassifyFlags } from '../options/classify-options.js';
import { readRequest } from '../options/classify-request.js';
import { runInSecondProcess, wantsSecondProcess } from '../second-process.js';
import { startBatchProgress } from '../terminal/batch-progress.js';
import { openFile, openStdout, outputTest, refuseInput } from '../terminal/output.js';
import { listenForSignals, type Signals } from '../terminal/signals.js';
import { hasTerminal } from '../terminal/spinner.js';

/** `mobilenet classify`: the streams, signals and exit code around the use case. */
export async function runClassify(names: readonly string[], flags: ClassifyFlags): Promise<number> {
  const request = readRequest(names, flags);
  const { output, labels, weights = [], filesFrom = [] } = flags;
  if (output !== undefined) {
    refuseInput(output, [...names, ...filesFrom, ...weights, ...(labels === undefined ? [] : [labels])]);
  }
  let signals: Signals | undefined;
  const listen = () => {
    signals = listenForSignals();
    return signals;
  };
  const result = await classifyPictures(request, await hostOf(names, flags, listen));
  if (result === 'output-closed') return exitCodes.ok;
  if ('exitCode' in result) return result.exitCode;
  if (!flags.quiet && result.isBatch) {
    for (const line of batchSummary(result)) process.stderr.write(`mobilenet: ${printable(line)}\n`);
  }
  const filtered = flags.quiet ? undefined : filterText(request.filter, result, request.top);
  if (filtered !== undefined) process.stderr.write(`mobilenet: ${printable(filtered)}\n`);
  return signals?.exitCode ?? exitCodeOf(result, flags);
}

async function hostOf(names: readonly string[], flags: ClassifyFlags, listen: () => Signals): Promise<ClassifyHost> {
  const { output, resume: append = false, overwrite = false, progress = false, quiet = false, filesFrom = [] } = flags;
  const usesStdin = names.includes('-') || filesFrom.includes('-');
  return {
    ...(usesStdin && { stdin: process.stdin }),
    ...(flags.allowUrl && { fetchPicture: (await import('../../net/fetch-picture.js')).fetchPicture }),
    ...(flags.pull && { installModel: () => installModel(flags) }),
    ...(wantsSecondProcess() && { runInSecondProcess }),
    openOutput: () => (output === undefined ? openStdout() : openFile(output, { append, overwrite })),
    ...(output !== undefined && {
      lockOutput: async () => (await import('../terminal/output-lock.js')).lockOutput(output),
    }),
    isOutput: outputTest(output),
    showsProgress: !quiet && (progress || hasTerminal()),
    startProgress: (total) => startBatchProgress(total, { asked: progress, quiet }),
    listenForSignals: listen,
    onNote: (note) => {
      if (!quiet) process.stderr.write(`mobilenet: ${printable(note)}\n`);
    },
    onProblem: (problem) => process.stderr.write(`mobilenet: ${printable(problem)}\n`),
  };
}

async function installModel(flags: ClassifyFlags): Promise<void> {
  const { pullToRun } = await import('./pull.js');
  const { model = DEFAULT_MODEL, alpha, resolution, dtype, json = false, quiet = false } = flags;
  await pullToRun({ model, alpha, resolution, dtype }, json || quiet);
}

function exitCodeOf(tally: Classified, flags: ClassifyFlags): number {
  const { classified, failed, notFinite, lost, skipped } = tally;
  // A part of all inputs may be empty, all of them may not.
  if (classified + failed + skipped === 0 && !(flags.shard && tally.hasInputs)) {
    process.stderr.write('mobilenet: no images found\n');
    return exitCodes.noInput;
  }
  if (failed === 0) return exitCodes.ok;
  if (classified + skipped > 0) return flags.allowFailures ? exitCodes.ok : exitCodes.someInputsFailed;
  // No picture is to blame.
  if (failed === notFinite) return exitCodes.runtime;
  // Where no argument leads anywhere there are no pictures that could have failed.
  return flags.allowFailures && failed > lost ? exitCodes.ok : exitCodes.noInput;
}
