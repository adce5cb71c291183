import { checkRows } from '../../batch/read-rows.js';
import { exitCodes, UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import type { EvaluationRecord } from '../../evaluation/record.js';
import type { TruthSource } from '../../inputs/truth.js';
import { classSection, evaluationSections } from '../../report/evaluation-text.js';
import { jsonLine } from '../../report/json.js';
import { pageCsv, pageText } from '../../report/table.js';
import { type EvaluationHost, evaluatePictures } from '../../use-cases/evaluate.js';
import { evaluateRows } from '../../use-cases/evaluate-rows.js';
import { readBatchRequest } from '../options/batch-request.js';
import { type EvaluateFlags, metricOf, modelOptions } from '../options/evaluate-options.js';
import { pick } from '../options/option-table.js';
import { openWhole, refuseInput } from '../terminal/output.js';
import { listenForSignals } from '../terminal/signals.js';
import { runBatch, writeLine } from './batch-run.js';

/** `mobilenet evaluate`: returns the exit code. */
export async function runEvaluate(folders: readonly string[], flags: EvaluateFlags): Promise<number> {
  checkOutputs(folders, flags);
  return flags.rows === undefined ? runOnPictures(folders, flags) : runOnRows(flags.rows, folders, flags);
}

async function runOnPictures(folders: readonly string[], flags: EvaluateFlags): Promise<number> {
  const truth = truthSource(flags);
  if (folders.length === 0 && typeof truth !== 'object') {
    throw new UsageError({
      problem: 'no input given',
      expected: 'a folder of class folders, --truth FILE or --rows FILE',
    });
  }
  // The table names the images.
  const { inputs, ...request } = readBatchRequest(folders, flags, false, typeof truth === 'object');
  let isMissed = false;
  const exitCode = await runBatch(folders, flags, {
    verb: 'classified',
    beside: flags.errors,
    async run(host) {
      const evaluated = await evaluatePictures(
        { ...request, inputs: { ...inputs, truth }, map: flags.map },
        { ...host, ...hostOf(flags) },
      );
      if ('record' in evaluated && evaluated.record) isMissed = !(await report(evaluated.record, flags));
      return evaluated;
    },
  });
  return withDemands(exitCode, isMissed);
}

async function runOnRows(rows: string, folders: readonly string[], flags: EvaluateFlags): Promise<number> {
  if (flags.truth === undefined && folders.length === 0) {
    throw new UsageError({
      where: '--rows',
      problem: 'needs the true classes',
      expected: '--truth FILE, or the folder of class folders',
    });
  }
  checkRows(rows);
  const { pull: _, ...model } = pick(flags, modelOptions);
  const signals = listenForSignals();
  try {
    const { record, failed } = await evaluateRows(
      {
        ...{ rows, folders, truth: truthSource(flags), map: flags.map },
        ...(Object.keys(model).length > 0 && { model }),
      },
      hostOf(flags),
      signals.signal.native,
    );
    if (!record) {
      writeLine('no row has an answer and a true class');
      return exitCodes.noInput;
    }
    const isMissed = !(await report(record, flags));
    return withDemands(failed === 0 || flags.allowFailures ? exitCodes.ok : exitCodes.someInputsFailed, isMissed);
  } catch (error) {
    if (signals.exitCode !== undefined) return signals.exitCode;
    throw error;
  } finally {
    signals.stop();
  }
}

function truthSource({ truth = 'folder' }: EvaluateFlags): TruthSource {
  return truth === 'folder' || truth === 'name' ? truth : { table: truth };
}

/** What is read must not be written over. */
function checkOutputs(
  folders: readonly string[],
  { errors, csv, rows, map, truth, weights = [], labels }: EvaluateFlags,
): void {
  const read = [...folders, rows, map, truth, ...weights, labels].filter((file) => file !== undefined);
  if (errors !== undefined) refuseInput(errors, csv === undefined ? read : [...read, csv], '--errors');
  if (csv !== undefined) refuseInput(csv, read, '--csv');
}

function hostOf({ errors, overwrite = false, quiet = false }: EvaluateFlags): EvaluationHost {
  return {
    ...(errors !== undefined && { openErrors: () => openWhole(errors, overwrite, '--errors') }),
    onNote: (note) => {
      if (!quiet) writeLine(note);
    },
    onProblem: writeLine,
  };
}

/** @returns whether all that was demanded is reached */
async function report(record: EvaluationRecord, flags: EvaluateFlags): Promise<boolean> {
  const { json = false, perClass = false, csv, overwrite = false, atLeast = [] } = flags;
  if (csv !== undefined) {
    const file = openWhole(csv, overwrite, '--csv');
    await file.write(pageCsv([classSection(record.perClass)]));
    file.close(true);
  }
  process.stdout.write(json ? jsonLine(record) : pageText(evaluationSections(record, perClass)));
  const missed = atLeast.filter((demand) => !((metricOf(demand, record) ?? -1) >= demand.least));
  for (const demand of missed) {
    const { metric, least } = demand;
    const value = metricOf(demand, record);
    const found = value === null ? `not known: ${record.reasons.top5}` : value.toFixed(4);
    writeLine(printable(`${metric} is ${found}; --at-least asks for ${least}`));
  }
  return missed.length === 0;
}

/** An interruption or an error says more than a metric. */
function withDemands(exitCode: number, isMissed: boolean): number {
  const isDone = exitCode === exitCodes.ok || exitCode === exitCodes.someInputsFailed;
  return isMissed && isDone ? exitCodes.belowTarget : exitCode;
}
