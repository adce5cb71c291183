import { ClassNames, plainName } from '../batch/class-names.js';
import { loadGroups } from '../batch/groups.js';
import { classifyAll } from '../batch/run.js';
import type { Outcome, Task } from '../batch/types.js';
import { type ClassifiedRecord, type ModelFacts, type RowRecord, SKIPPED } from '../domain/classification.js';
import { isNamedLikePicture } from '../domain/picture-names.js';
import { ofLabels } from '../domain/rank.js';
import { elementAt } from '../errors/element-at.js';
import { UsageError } from '../errors/errors.js';
import { printable, quoted } from '../errors/printable.js';
import type { EvaluationRecord } from '../evaluation/record.js';
import { isReadOnce } from '../inputs/extent.js';
import { findInputs } from '../inputs/find.js';
import type { TruthSource } from '../inputs/truth.js';
import type { Model } from '../models/model.js';
import { jsonlRow } from '../report/jsonl.js';
import { type Answer, Evaluation } from './evaluation.js';
import { type Batch, type BatchHost, type BatchRequest, openBatch } from './open-batch.js';
import { countDone, countError, newTally, type Tally } from './tally.js';
import { TrueClasses } from './true-classes.js';

/** Pictures whose classes are known. */
export interface EvaluateRequest extends BatchRequest {
  readonly inputs: BatchRequest['inputs'] & { readonly truth: TruthSource };
  /** A table of names and the classes that they stand for. */
  readonly map?: string | undefined;
}

/** Where rows of wrong answers go. */
export interface ErrorRows {
  write(chunk: string): Promise<void>;
  close(isWhole?: boolean): void;
}

export interface EvaluationHost {
  readonly openErrors?: (() => ErrorRows) | undefined;
  readonly onNote: (note: string) => void;
  /** Told each problem of an input, in one line. */
  readonly onProblem: (problem: string) => void;
}

export interface Evaluated extends Tally {
  readonly hasInputs: boolean;
  readonly isBatch: boolean;
  /** Left out where no picture was classified, or the run was interrupted. */
  readonly record?: EvaluationRecord;
}

/**
 * Classifies pictures and compares the answers with what is in them.
 *
 *     names → inputs/find, with truths → TrueClasses: which classes of the model they are
 *         → open-batch → batch/run: outcomes, with all probabilities → Evaluation → evaluation/metrics
 *
 * @throws UsageError for truths that fit no class or several, before any picture is classified; else as `openBatch`
 */
export async function evaluatePictures(
  request: EvaluateRequest,
  host: BatchHost & EvaluationHost,
): Promise<Evaluated | { readonly exitCode: number }> {
  const { truth } = request.inputs;
  if (typeof truth === 'object' && isReadOnce(truth.table)) {
    throw new UsageError({ where: `--truth ${printable(truth.table)}`, problem: 'is a pipe', expected: 'a file' });
  }
  const map = await readMap(request.map);
  const batch = await openBatch(request, host, outputLayer);
  if ('exitCode' in batch) return batch;
  try {
    const names = new ClassNames(batch.runner.readLabels(), loadGroups());
    const classes = new TrueClasses(names, map);
    const withoutTruth = await findTruths(request, classes, names, host);
    const evaluation = new Evaluation(names, classes);
    const tally = newTally();
    const isWhole = await run(batch, { classes, evaluation, tally }, host);
    const known = { ...tally, hasInputs: batch.hasInputs(), isBatch: batch.isBatch };
    if (!isWhole || evaluation.n === 0) return known;
    const { model } = batch.runner;
    const { reasons, ...metrics } = evaluation.result(model.output === 'independent');
    return { ...known, record: { ...metrics, failed: tally.failed, withoutTruth, reasons, model } };
  } finally {
    batch.close();
  }
}

/** The probabilities of all classes. */
function outputLayer({ network }: Model): readonly string[] {
  return [elementAt(network.layers, network.layers.length - 1).name];
}

/** By the plain form of the names. */
export async function readMap(file: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (file === undefined) return new Map();
  const { readTruthTable } = await import('../inputs/truth-table.js');
  const { className } = await import('../inputs/truth.js');
  return new Map((await readTruthTable(file)).map(({ file: name, truth }) => [plainName(className(name)), truth]));
}

/** @returns how many pictures have no truth */
async function findTruths(
  { names, inputs }: EvaluateRequest,
  classes: TrueClasses,
  known: ClassNames,
  { onNote, onProblem }: EvaluationHost,
): Promise<number> {
  const firstFiles = new Map<string, string>();
  let withoutTruth = 0;
  for await (const { file, truth, lost, error } of findInputs(names, { ...inputs, contents: false })) {
    if (truth !== undefined) {
      if (!firstFiles.has(truth)) firstFiles.set(truth, file);
    } else if (!lost && !error && isNamedLikePicture(file)) withoutTruth++;
  }
  for (const truth of firstFiles.keys()) classes.get(truth);
  const byFolder = inputs.truth === 'folder';
  if (firstFiles.size === 0 && withoutTruth > 0 && byFolder) {
    throw new UsageError({
      where: names.map(printable).join(', '),
      problem: 'no images in class folders',
      expected: 'a folder for each class, with its images',
      remedy: 'for other sources of the true classes, see --truth',
    });
  }
  const indices = classes.check(
    (truth) =>
      byFolder ? `folder ${quoted(truth)}` : `class ${quoted(truth)} of ${printable(firstFiles.get(truth)!)}`,
    byFolder ? 'rename the folder, skip it with --exclude, or name its class with --map' : 'name the class with --map',
  );
  noteIndices(indices, known, onProblem);
  if (withoutTruth > 0) onNote(`images in no class folder, not evaluated: ${withoutTruth}`);
  if (byFolder) await noteEmpty(names, firstFiles, onNote);
  return withoutTruth;
}

/** Numbers may have been meant in another order, so that they are never taken quietly. */
export function noteIndices(indices: readonly string[], names: ClassNames, onProblem: (problem: string) => void): void {
  const [first] = indices;
  if (first === undefined) return;
  const label = elementAt(names.labels, names.atIndex(Number(first))!).name;
  onProblem(`classes named by numbers are taken for the model’s indices, from 0: ${first} is ${label}`);
}

async function noteEmpty(
  names: readonly string[],
  truths: ReadonlyMap<string, unknown>,
  onNote: (note: string) => void,
): Promise<void> {
  const { listClassFolders } = await import('../inputs/class-folders.js');
  for (const name of names) {
    const folders = await listClassFolders({ file: name, path: name }).catch(() => []);
    const empty = folders.filter((folder) => !truths.has(folder.name));
    if (empty.length > 0)
      onNote(`${name}: no images were taken from ${empty.map((folder) => quoted(folder.name)).join(', ')}`);
  }
}

interface Run {
  readonly classes: TrueClasses;
  readonly evaluation: Evaluation;
  readonly tally: Tally;
}

/** @returns whether all pictures were run */
async function run(
  batch: Batch,
  { classes, evaluation, tally }: Run,
  host: BatchHost & EvaluationHost,
): Promise<boolean> {
  const { runner, model } = batch;
  const [layer] = outputLayer(model);
  const labels = runner.readLabels().length;
  const signals = host.listenForSignals();
  const errors = host.openErrors?.();
  const progress = await host.startProgress(batch.total);
  const begun = performance.now();
  let isWhole = false;
  try {
    const options = { signal: signals.signal, top: layer === undefined ? labels : 5 };
    for await (const { input, record, maps } of classifyAll(tasksWithTruth(batch), runner, options)) {
      progress.clear();
      if ('error' in record) {
        countError(tally, input, record.error);
        if (record.error.code !== SKIPPED) host.onProblem(record.error.message);
      } else {
        tally.succeeded++;
        const all = layer === undefined ? undefined : ofLabels(maps!.get(layer)!, labels);
        const truth = classes.get(input.truth!);
        const isRight = evaluation.add(truth, answerOf(record, all));
        if (!isRight) await errors?.write(errorRow(record, classes.labelOf(truth), runner.model));
      }
      progress.progress(countDone(tally));
    }
    tally.seconds = (performance.now() - begun) / 1000;
    isWhole = !signals.signal.aborted;
    return isWhole;
  } finally {
    progress.stop();
    signals.stop();
    errors?.close(isWhole);
  }
}

/** Pictures with a truth, and what cannot be read at all. */
async function* tasksWithTruth({ inputs }: Batch): AsyncGenerator<Task> {
  for await (const input of inputs) if (input.truth !== undefined || input.lost || input.error) yield { input };
}

function answerOf(record: Extract<Outcome['record'], ClassifiedRecord>, all: Float32Array | undefined): Answer {
  const best = record.predictions.map(({ index, probability }, at) => ({ place: index, probability, rank: at + 1 }));
  return { best, all, isUnknown: record.unknown !== undefined };
}

/** As `classify` writes it, with what it should be. */
export function errorRow(record: RowRecord, truth: string, model: ModelFacts | undefined): string {
  const row: RowRecord & { readonly truth: string } = { ...record, truth };
  return jsonlRow(row, model);
}
