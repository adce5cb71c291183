import { type Share, shareOf } from './intervals.js';

/** What a model said of one picture, and what is in it. Classes are numbers from 0, places in a list of labels. */
export interface Judged {
  readonly truth: number;
  /** The most probable class. */
  readonly predicted: number;
  /** Its probability. */
  readonly confidence: number;
  /** Of the true class; undefined where the row does not say. */
  readonly truthProbability?: number | undefined;
  /** Whether the true class is among the five most probable ones; undefined where the row does not say. */
  readonly isInTop5?: boolean | undefined;
}

export interface ClassMetrics {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Pictures of this class. */
  readonly support: number;
}

export interface Confusion {
  readonly labels: readonly string[];
  /** [truth][predicted] */
  readonly counts: readonly (readonly number[])[];
}

export interface CoverageRow {
  /** The smallest probability that is accepted (`--min`). */
  readonly min: number;
  /** The share of pictures with such a prediction. */
  readonly coverage: number;
  /** The share of those that is right; null where there are none. */
  readonly accuracy: number | null;
}

export interface Metrics {
  readonly n: number;
  readonly top1: Share;
  /** Null where a row does not say. */
  readonly top5: Share | null;
  readonly macroPrecision: number;
  readonly macroRecall: number;
  readonly macroF1: number;
  /** In nats; null where a row does not hold the true class's probability. */
  readonly logLoss: number | null;
  /** Expected calibration error, from 0 to 1. */
  readonly ece: number;
  /** Classes that occur in the truth or among the predictions. */
  readonly perClass: readonly ClassMetrics[];
  readonly confusion: Confusion;
  readonly coverage: readonly CoverageRow[];
}

const THRESHOLDS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/**
 * All metrics of one picture at least. Precision, recall and F1 of a class without the pictures that they need are 0, and
 * macro means are over classes that occur, as in scikit-learn's `classification_report`.
 * @param unknown the label that stands for none of the classes: an answer that is wrong, that no threshold covers, and that
 * has no calibration
 */
export function metricsOf(rows: readonly Judged[], labels: readonly string[], unknown?: number): Metrics {
  const n = rows.length;
  const occurring = classMetrics(rows, labels);
  const perClass = occurring.filter(({ label }) => label !== unknown);
  const answered = unknown === undefined ? rows : rows.filter(({ predicted }) => predicted !== unknown);
  const meanOf = (key: 'precision' | 'recall' | 'f1') =>
    perClass.reduce((sum, each) => sum + each[key], 0) / perClass.length;
  const hits = (isHit: (row: Judged) => boolean | undefined) => shareOf(count(rows, isHit), n);
  return {
    n,
    top1: hits(isRight),
    top5: rows.every(({ isInTop5 }) => isInTop5 !== undefined) ? hits(({ isInTop5 }) => isInTop5) : null,
    macroPrecision: meanOf('precision'),
    macroRecall: meanOf('recall'),
    macroF1: meanOf('f1'),
    logLoss: logLoss(rows),
    ece: answered.length === 0 ? 0 : calibrationError(answered),
    perClass: perClass.map(({ label, ...rest }) => ({ label: labels[label]!, ...rest })),
    confusion: confusionOf(
      rows,
      occurring.map(({ label }) => label),
      labels,
    ),
    coverage: coverageOf(answered, n),
  };
}

function isRight({ truth, predicted }: Judged): boolean {
  return truth === predicted;
}

function classMetrics(rows: readonly Judged[], labels: readonly string[]) {
  const truths = new Int32Array(labels.length);
  const predictions = new Int32Array(labels.length);
  const rights = new Int32Array(labels.length);
  for (const row of rows) {
    truths[row.truth]!++;
    predictions[row.predicted]!++;
    if (isRight(row)) rights[row.truth]!++;
  }
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return Array.from(labels.keys())
    .filter((label) => truths[label]! + predictions[label]! > 0)
    .map((label) => {
      const [right, predicted, support] = [rights[label]!, predictions[label]!, truths[label]!];
      return {
        label,
        precision: share(right, predicted),
        recall: share(right, support),
        f1: share(2 * right, predicted + support),
        support,
      };
    });
}

/** Probabilities of 0 count as the smallest that a double can tell from 1, as in scikit-learn. */
function logLoss(rows: readonly Judged[]): number | null {
  let sum = 0;
  for (const { truthProbability } of rows) {
    if (truthProbability === undefined) return null;
    sum -= Math.log(Math.min(Math.max(truthProbability, Number.EPSILON), 1 - Number.EPSILON));
  }
  return sum / rows.length;
}

const BINS = 15;

/**
 * The mean distance between confidence and accuracy over bins of equal width, (0, 1/15], (1/15, 2/15], …, each weighted by its
 * pictures (Guo et al. 2017, arXiv:1706.04599).
 */
export function calibrationError(rows: readonly Judged[]): number {
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0 }));
  for (const row of rows) {
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(row.confidence * BINS) - 1))]!;
    bin.confidence += row.confidence;
    if (isRight(row)) bin.right++;
  }
  return bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / rows.length;
}

/** Of the classes `shown`, in their order. */
function confusionOf(rows: readonly Judged[], shown: readonly number[], labels: readonly string[]): Confusion {
  const place = new Map(shown.map((label, at) => [label, at]));
  const counts = shown.map(() => new Array<number>(shown.length).fill(0));
  for (const { truth, predicted } of rows) counts[place.get(truth)!]![place.get(predicted)!]!++;
  return { labels: shown.map((label) => labels[label]!), counts };
}

function coverageOf(rows: readonly Judged[], n: number): CoverageRow[] {
  return THRESHOLDS.map((min) => {
    const accepted = count(rows, ({ confidence }) => confidence >= min);
    const right = count(rows, (row) => row.confidence >= min && isRight(row));
    return { min, coverage: accepted / n, accuracy: accepted === 0 ? null : right / accepted };
  });
}

function count(rows: readonly Judged[], isCounted: (row: Judged) => boolean | undefined): number {
  let sum = 0;
  for (const row of rows) if (isCounted(row)) sum++;
  return sum;
}

/** A pair of classes that were taken for each other. */
export interface Mistake {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  /** Pictures of the true class. */
  readonly of: number;
}

/** The most frequent mistakes, at most `count` of them. */
export function worstMistakes({ labels, counts }: Confusion, count: number): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  // Of a thousand classes there are a million pairs, nearly all without a mistake: nothing is made for those.
  for (const [truth, row] of counts.entries()) {
    const of = row.reduce((sum, each) => sum + each, 0);
    for (let predicted = 0; predicted < row.length; predicted++) {
      const each = row[predicted]!;
      if (each === 0 || predicted === truth) continue;
      mistakes.push({ truth: labels[truth]!, predicted: labels[predicted]!, count: each, of });
    }
  }
  return mistakes.sort((a, b) => b.count - a.count || b.count / b.of - a.count / a.of).slice(0, count);
}
