import type { ClassNames } from '../batch/class-names.js';
import { UNKNOWN } from '../domain/classification.js';
import { type Judged, type Metrics, metricsOf } from '../evaluation/metrics.js';
import type { EvaluationRecord } from '../evaluation/record.js';
import type { EvaluatedClasses, TrueClass, TrueClasses } from './true-classes.js';

/** What a model says of one picture: classes by their places, the most probable first. */
export interface Answer {
  readonly best: readonly { readonly place: number; readonly probability: number; readonly rank: number }[];
  /** By place, where all are known. */
  readonly all?: ArrayLike<number> | undefined;
  readonly isUnknown: boolean;
}

interface Kept {
  readonly truth: TrueClass;
  readonly place: number;
  readonly confidence: number;
  readonly isUnknown: boolean;
  /** The sum of what the answer has of the true classes, of which there are `held`. */
  readonly truthProbability: number;
  readonly held: number;
  /** Undefined where the answer is too short to tell. */
  readonly isInTop5: boolean | undefined;
  /** Classes in the answer. */
  readonly length: number;
}

const TOP = 5;

/** Answers and truths, until they are counted. */
export class Evaluation {
  readonly #rows: Kept[] = [];
  readonly #classes: TrueClasses;
  readonly #names: ClassNames;

  constructor(names: ClassNames, classes: TrueClasses) {
    this.#names = names;
    this.#classes = classes;
  }

  get n(): number {
    return this.#rows.length;
  }

  /** @returns whether the answer is right */
  add(truth: TrueClass, { best, all, isUnknown }: Answer): boolean {
    const [first] = best;
    const own = best.filter(({ place }) => truth.places.has(place));
    const isRight = !isUnknown && own[0]?.rank === 1;
    const isInTop5 = own.some(({ rank }) => rank <= TOP);
    const isTold = isInTop5 || isUnknown || best.filter(({ rank }) => rank <= TOP).length === TOP;
    this.#rows.push({
      truth,
      place: first!.place,
      confidence: first!.probability,
      isUnknown,
      truthProbability: all ? sumAt(all, truth.places) : own.reduce((sum, { probability }) => sum + probability, 0),
      held: all ? truth.places.size : own.length,
      isInTop5: isTold ? isInTop5 && !isUnknown : undefined,
      length: all?.length ?? best.length,
    });
    return isRight;
  }

  /**
   * Of one picture at least. The order of the pictures makes no difference.
   * @param independent each class has a probability of its own, so that there is no log loss
   */
  result(independent: boolean): Metrics & Pick<EvaluationRecord, 'unknown' | 'zeroProbability' | 'reasons'> {
    const isUnknown = (row: Kept) => row.isUnknown;
    const classes = this.#classes.evaluated(
      new Set(this.#rows.map(({ truth }) => truth)),
      new Set(this.#rows.filter((row) => !row.isUnknown).map(({ place }) => place)),
    );
    const unknown = this.#rows.some(isUnknown) ? classes.labels.length : undefined;
    const judged = this.#rows.map((row) => this.#judge(row, classes, unknown ?? 0, independent)).sort(inOneOrder);
    const labels = unknown === undefined ? classes.labels : [...classes.labels, UNKNOWN];
    return {
      ...metricsOf(judged, labels, unknown),
      unknown: this.#rows.filter(isUnknown).length,
      zeroProbability: judged.filter(({ truthProbability }) => truthProbability === 0).length,
      reasons: reasonsOf(judged, independent),
    };
  }

  #judge(row: Kept, { numberOf, answered }: EvaluatedClasses, unknown: number, independent: boolean): Judged {
    const { truth, place, confidence, truthProbability, held, isUnknown } = row;
    const isWhole = row.length >= this.#names.labels.length;
    const hasTruth = !independent && (held === truth.places.size || isWhole);
    return {
      truth: numberOf(truth),
      predicted: isUnknown ? unknown : answered(place, truth),
      confidence,
      truthProbability: hasTruth ? Math.min(1, truthProbability) : undefined,
      isInTop5: row.isInTop5 ?? (isWhole ? false : undefined),
    };
  }
}

/** Sums of floats depend on their order. */
function inOneOrder(a: Judged, b: Judged): number {
  return (
    a.truth - b.truth ||
    a.predicted - b.predicted ||
    a.confidence - b.confidence ||
    (a.truthProbability ?? 0) - (b.truthProbability ?? 0)
  );
}

function reasonsOf(judged: readonly Judged[], independent: boolean): EvaluationRecord['reasons'] {
  const without = (key: 'isInTop5' | 'truthProbability') => judged.filter((row) => row[key] === undefined).length;
  const rows = (count: number) => (count === 1 ? '1 row does' : `${count} rows do`);
  const [top5, logLoss] = [without('isInTop5'), without('truthProbability')];
  return {
    ...(top5 > 0 && { top5: `${rows(top5)} not hold the five most probable classes` }),
    ...(independent
      ? { logLoss: 'each class has a probability of its own' }
      : logLoss > 0 && { logLoss: `${rows(logLoss)} not hold the probability of the true class` }),
  };
}

function sumAt(values: ArrayLike<number>, places: ReadonlySet<number>): number {
  let sum = 0;
  for (const place of places) sum += values[place]!;
  return sum;
}
