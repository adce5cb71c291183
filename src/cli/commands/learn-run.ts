import { availableParallelism } from 'node:os';
import { exitCodes } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { jsonDocument } from '../../report/json.js';
import { learnText } from '../../report/learn-text.js';
import { type LearnRequest, learn } from '../../use-cases/learn.js';
import type { LearnHost } from '../../use-cases/learn-pictures.js';
import type { LearnFlags } from '../options/learn-options.js';
import { runInSecondProcess, wantsSecondProcess } from '../second-process.js';
import { startBatchProgress } from '../terminal/batch-progress.js';
import { listenForSignals, type Signals } from '../terminal/signals.js';
import { hasTerminal } from '../terminal/spinner.js';

/** `mobilenet learn`: the streams, signals and exit code around the use case. */
export async function runLearn(folder: string, flags: LearnFlags): Promise<number> {
  // Memory grows with the images, as in all long runs.
  const exitCode = wantsSecondProcess() ? await runInSecondProcess() : undefined;
  if (exitCode !== undefined) return exitCode;
  let signals: Signals | undefined;
  const listen = () => {
    signals = listenForSignals();
    return signals;
  };
  try {
    const report = await learn(requestOf(folder, flags), hostOf(flags, listen));
    process.stdout.write(flags.json ? jsonDocument(report) : learnText(report));
    return report.failed.length > 0 ? exitCodes.someInputsFailed : exitCodes.ok;
  } catch (error) {
    if (signals?.exitCode === undefined) throw error;
    process.stderr.write('mobilenet: interrupted; nothing was installed\n');
    return signals.exitCode;
  }
}

function requestOf(folder: string, flags: LearnFlags): LearnRequest {
  const { name, truth, test, holdOut, seed, unknown, timeout } = flags;
  const { model, alpha, resolution, dtype, deterministic } = flags;
  const { recursive, hidden, include, exclude } = flags;
  return {
    ...{ folder, truth, test, name, holdOut, seed },
    replace: flags.replace ?? false,
    unknown: unknown === 'off' ? undefined : unknown,
    inputs: {
      recursive,
      ...(hidden && { hidden }),
      ...(include && { include }),
      ...(exclude && { exclude }),
    },
    choice: {
      ...(model !== undefined && { model }),
      ...(alpha !== undefined && { alpha }),
      ...(resolution !== undefined && { resolution }),
      ...(dtype !== undefined && { dtype }),
      ...(deterministic !== undefined && { deterministic }),
      ...(flags.fullDecode !== undefined && { fullDecode: flags.fullDecode }),
    },
    maxPixels: flags.maxPixels,
    lenient: flags.lenient ?? false,
    jobs: flags.jobs,
    defaultJobs: availableParallelism(),
    timeoutMs: timeout === undefined ? undefined : Math.ceil(1000 * timeout),
  };
}

function hostOf({ progress = false, quiet = false }: LearnFlags, listen: () => Signals): LearnHost {
  const say = (text: string) => process.stderr.write(`mobilenet: ${printable(text)}\n`);
  return {
    showsProgress: !quiet && (progress || hasTerminal()),
    startProgress: (total) => startBatchProgress(total, { asked: progress, quiet }),
    listenForSignals: listen,
    onNote(note) {
      if (!quiet) say(note);
    },
    onProblem: say,
  };
}
