import { ClassNames } from '../batch/class-names.js';
import { loadGroups } from '../batch/groups.js';
import { isSameModel, parseAnyRow, readRows, rowName } from '../batch/read-rows.js';
import { type ModelFacts, type RowPrediction, type RowRecord, SKIPPED } from '../domain/classification.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { UsageError } from '../errors/errors.js';
import { printable, quoted } from '../errors/printable.js';
import type { EvaluationRecord } from '../evaluation/record.js';
import { openRowTruths } from '../inputs/row-truths.js';
import { SeenNames } from '../inputs/seen-names.js';
import type { TruthSource } from '../inputs/truth.js';
import { loadImagenetLabels } from '../models/bundled.js';
import { keepYoungGenerationSmall } from '../runners/collect-garbage.js';
import { type EvaluationHost, errorRow, noteIndices, readMap } from './evaluate.js';
import { type Answer, Evaluation } from './evaluation.js';
import { TrueClasses } from './true-classes.js';

const IMAGENET_CLASSES = 1000;

/** Results that are there already. */
export interface EvaluateRowsRequest {
  /** A file of rows, `-` for stdin. */
  readonly rows: string;
  readonly truth: TruthSource;
  /** That class folders are in. */
  readonly folders: readonly string[];
  readonly map?: string | undefined;
  /** Whose labels all classes are; by default those of ImageNet where rows have its synset ids, else those in the rows. */
  readonly model?: ModelChoice | undefined;
}

export interface EvaluatedRows {
  readonly failed: number;
  /** Left out where no row has an answer. */
  readonly record?: EvaluationRecord;
}

/**
 * Compares the rows of `classify` with what is in the pictures. The classes become known with the rows, so that one pass is
 * enough and few rows are in memory.
 * @throws UsageError for what are no rows of one model, and for truths that fit no class or several
 */
export async function evaluateRows(
  request: EvaluateRowsRequest,
  host: EvaluationHost,
  until?: AbortSignal,
): Promise<EvaluatedRows> {
  const { truth, folders } = request;
  keepYoungGenerationSmall();
  const truths = await openRowTruths(truth, folders);
  const names = await RowClasses.open(request.model);
  const classes = new TrueClasses(names.names, await readMap(request.map));
  const evaluation = new Evaluation(names.names, classes);
  const firstFiles = new Map<string, string>();
  const counts = { failed: 0, withoutTruth: 0 };
  // A table tells that its file has no row.
  const onTorn = () => {
    if (typeof truth !== 'object') counts.failed++;
  };
  let model: ModelFacts | undefined;
  const errors = host.openErrors?.();
  let isWhole = false;
  try {
    for await (const { record, model: own, where } of distinctRows(request.rows, host, onTorn, until)) {
      model = own;
      if ('error' in record) {
        if (record.error.code !== SKIPPED) counts.failed++;
        truths.of(rowName(record));
        continue;
      }
      const name = truths.of(rowName(record));
      if (name === undefined) {
        counts.withoutTruth++;
        continue;
      }
      if (!firstFiles.has(name)) firstFiles.set(name, record.file);
      const answer = { ...answerOf(record.predictions, names, where), isUnknown: record.unknown !== undefined };
      const trueClass = classes.get(name);
      const isRight = evaluation.add(trueClass, answer);
      if (!isRight) await errors?.write(errorRow(record, classes.labelOf(trueClass), own));
    }
    const describe = (name: string) => `class ${quoted(name)} of ${printable(firstFiles.get(name)!)}`;
    const remedy = names.isComplete
      ? 'name the class with --map'
      : 'if it is a class that no row has, name the model with --model';
    noteIndices(classes.check(describe, remedy), names.names, host.onProblem);
    isWhole = true;
  } finally {
    errors?.close(isWhole);
  }
  const missing = truths.unused();
  if (missing > 0) host.onProblem(`files with a true class but no row: ${missing}`);
  if (counts.withoutTruth > 0) host.onNote(`rows without a true class, not evaluated: ${counts.withoutTruth}`);
  const failed = counts.failed + missing;
  if (evaluation.n === 0) return { failed };
  const { reasons, ...metrics } = evaluation.result(model?.output === 'independent');
  return { failed, record: { ...metrics, failed, withoutTruth: counts.withoutTruth, reasons, model } };
}

/** The rows of one model, of several for one name the first. */
async function* distinctRows(
  path: string,
  { onNote, onProblem }: EvaluationHost,
  onTorn: () => void,
  until?: AbortSignal,
): AsyncGenerator<{ readonly record: RowRecord; readonly model: ModelFacts | undefined; readonly where: string }> {
  const seen = new SeenNames();
  let known: ModelFacts | undefined;
  let knownText: string | undefined;
  let line = 0;
  let repeated = 0;
  for await (const { text, isWhole } of readRows(path, until)) {
    line++;
    const where = `${printable(path === '-' ? 'stdin' : path)}:${line}`;
    if (text.trim() === '') continue;
    if (!isWhole && !text.trimEnd().endsWith('}')) {
      onProblem(`${where}: the last row is incomplete and was left out`);
      onTorn();
      break;
    }
    const { model, ...record } = parseAnyRow(text, where) as RowRecord & { readonly model?: ModelFacts };
    const modelText = JSON.stringify(model);
    if (line > 1 && modelText !== knownText && !(model && known && isSameModel(model, known))) {
      throw new UsageError({ where, problem: 'the result of another model', expected: 'rows of one model' });
    }
    known = model;
    knownText = modelText;
    if (await seen.add(rowName(record).toString('latin1'))) yield { record, model, where };
    else repeated++;
  }
  if (repeated > 0) onNote(`repeated rows for the same image, not evaluated: ${repeated}`);
}

function answerOf(
  predictions: readonly RowPrediction[],
  classes: RowClasses,
  where: string,
): Omit<Answer, 'isUnknown'> {
  const best = predictions.map((prediction, at) => {
    const { probability, rank = at + 1 } = prediction;
    return { place: classes.placeOf(prediction, where), probability, rank };
  });
  if (best[0]?.rank === 1) return { best };
  throw new UsageError({
    where,
    problem: 'the row does not hold the most probable class',
    expected: 'rows written without --min, --only and --not',
  });
}

/** The classes that rows name, by their places among the names of classes. */
class RowClasses {
  readonly names = new ClassNames([], loadGroups());
  /** Whether all classes of the model are known. */
  isComplete = false;
  readonly #known = new Map<number, { readonly place: number; readonly label: string }>();
  #imagenet: ReadonlyMap<string, number> | undefined;

  static async open(choice: ModelChoice | undefined): Promise<RowClasses> {
    const classes = new RowClasses();
    if (choice === undefined) return classes;
    const { chooseModel } = await import('../models/choose.js');
    for (const [index, label] of (await chooseModel(choice)).readLabels().entries()) {
      classes.#set(index, classes.names.add(label), label.name);
    }
    classes.isComplete = true;
    return classes;
  }

  placeOf({ index, id, label }: RowPrediction, where: string): number {
    if (index === null) {
      throw new UsageError({ where, problem: 'a group of classes', expected: 'rows written without --group' });
    }
    const known = this.#known.get(index);
    if (known?.label === label) return known.place;
    if (known || (this.isComplete && !this.#imagenet)) {
      const problem = `class ${index} is ${quoted(label)}${known ? ` here and ${quoted(known.label)} elsewhere` : ''}`;
      throw new UsageError({ where, problem, expected: 'the classes of one model' });
    }
    const place = this.#add(id, label);
    this.#set(index, place, label);
    return place;
  }

  #set(index: number, place: number, label: string): void {
    this.#known.set(index, { place, label });
    this.names.setIndex(place, index);
  }

  /** Of ImageNet's classes all are known by their synset ids, so that a truth may be one that is in no row. */
  #add(id: string | null, label: string): number {
    if (id !== null && !this.#imagenet) {
      const all = loadImagenetLabels(IMAGENET_CLASSES);
      if (all.some((each) => each.id === id)) {
        this.#imagenet = new Map(all.map((each) => [each.id!, this.names.add(each)]));
        this.isComplete = true;
      }
    }
    const place = id === null ? undefined : this.#imagenet?.get(id);
    return place ?? this.names.add({ ...(id !== null && { id }), name: label });
  }
}
