import type { LearnReport, MeasuredOn, Mislabelled } from '../domain/learning.js';
import { seededRandom } from '../domain/seeded-random.js';
import { matrixProducts } from '../engine/matrix-products.js';
import { shareOf } from '../evaluation/intervals.js';
import { calibrationError, type Judged, metricsOf } from '../evaluation/metrics.js';
import { FOLDS, fitHead } from '../learning/fit-head.js';
import { Groups } from '../learning/groups.js';
import { predict } from '../learning/logistic-regression.js';
import { holdOut } from '../learning/split.js';
import type { Features, LinearHead } from '../learning/types.js';
import { openSearch } from '../vectors/search.js';
import { VectorSet } from '../vectors/vector-set.js';
import type { LabelledPicture } from './learn-pictures.js';

export interface HeadOptions {
  readonly labels: readonly string[];
  /** Pictures that are never learned from; without them some are held out, and learned from in the end. */
  readonly tests: readonly LabelledPicture[] | undefined;
  readonly holdOut: number;
  readonly seed: number;
  readonly deterministic: boolean;
}

export interface LearnedHead extends Pick<LearnReport, 'accuracy' | 'confusion' | 'calibration' | 'mislabelled'> {
  readonly head: LinearHead;
  readonly features: Features;
  readonly classes: Int32Array;
  readonly folds: Int32Array;
  /** Pictures that the accuracy was measured on, by class. */
  readonly tested: readonly number[];
  /** Classes whose pictures are nearly all alike. */
  readonly uniform: readonly string[];
}

/** Pictures of a class that are nearer than this are taken for one picture: a crop, another size, the next of a burst. */
const SAME_COSINE = 0.98;

/** Learns from all pictures, and measures on some that were not learned from. */
export async function learnHead(pictures: readonly LabelledPicture[], options: HeadOptions): Promise<LearnedHead> {
  const { labels, tests, seed, deterministic } = options;
  const productsOf = (given: Features) => matrixProducts(given, labels.length, { deterministic });
  const features = featuresOf(pictures);
  const classes = classesOf(pictures, labels);
  const { groups, uniform } = await groupAlike(features, classes, labels);
  const set = { features, labels: classes, classes: labels.length, groups };
  const fitOptions = { seed, productsOf };
  const held = tests ? [] : holdOut(set, options.holdOut, seededRandom(seed));
  const trial = held.includes(true) ? await fitHead({ ...set, isHeldOut: (row) => held[row]! }, fitOptions) : undefined;
  // What suits four fifths of the images suits all of them.
  const fit = await fitHead(set, { ...fitOptions, inverseRegularisation: trial?.inverseRegularisation });
  const all = Array.from(classes, (truth, row) => judge(fit.crossValidated, row, truth, labels.length));
  const [measuredOn, judged] = await measure();
  const { confusion } = metricsOf(judged, labels);
  const right = (rows: readonly Judged[]) => rows.filter(({ truth, predicted }) => truth === predicted).length;
  return {
    ...{ head: fit.head, features, classes, folds: fit.folds, uniform, confusion },
    accuracy: {
      ...shareOf(right(judged), judged.length),
      ...{ pictures: judged.length, measuredOn, crossValidated: right(all) / all.length },
    },
    calibration: { ece: calibrationError(all) },
    tested: labels.map((_, label) => judged.filter(({ truth }) => truth === label).length),
    mislabelled: findMislabelled(pictures, all, labels),
  };

  async function measure(): Promise<readonly [MeasuredOn, readonly Judged[]]> {
    if (tests) {
      const given = featuresOf(tests);
      const probabilities = predict(await productsOf(given), fit.head);
      const truths = classesOf(tests, labels);
      return ['test', Array.from(truths, (truth, row) => judge(probabilities, row, truth, labels.length))];
    }
    if (!trial) return ['cross-validation', all];
    const rows = held.flatMap((isHeld, row) => (isHeld ? [row] : []));
    return ['held-out', rows.map((row) => judge(trial.probabilities, row, classes[row]!, labels.length))];
  }
}

function featuresOf(pictures: readonly LabelledPicture[]): Features {
  const rows = pictures.length;
  const columns = pictures[0]!.vector.length;
  const data = new Float32Array(rows * columns);
  pictures.forEach(({ vector }, row) => {
    data.set(vector, row * columns);
  });
  return { rows, columns, data };
}

function classesOf(pictures: readonly LabelledPicture[], labels: readonly string[]): Int32Array {
  const places = new Map(labels.map((label, at) => [label, at]));
  return Int32Array.from(pictures, ({ label }) => places.get(label)!);
}

/**
 * Nearly the same pictures of a class, in groups. Where a class would have fewer groups than there are folds, its pictures count
 * one by one: they are all alike, and could not be tested otherwise.
 */
async function groupAlike(
  features: Features,
  classes: Int32Array,
  labels: readonly string[],
): Promise<{ readonly groups: Int32Array; readonly uniform: readonly string[] }> {
  const { rows, columns, data } = features;
  const vectors = new VectorSet(columns);
  for (let row = 0; row < rows; row++) vectors.add(data.subarray(row * columns, (row + 1) * columns));
  const found = new Groups(rows);
  const search = await openSearch(columns);
  search.pairs(vectors, SAME_COSINE, (a, b) => {
    if (classes[a] === classes[b]) found.join(a, b);
  });
  const groups = Int32Array.from(classes, (_, row) => found.of(row));
  const sizes = labels.map((_, label) => classes.filter((each) => each === label).length);
  const counts = labels.map((_, label) => new Set(groups.filter((_, row) => classes[row] === label)).size);
  const isUniform = (label: number) => counts[label]! < Math.min(FOLDS, sizes[label]!);
  return {
    groups: groups.map((group, row) => (isUniform(classes[row]!) ? row : group)),
    uniform: labels.filter((_, label) => isUniform(label)),
  };
}

function judge(probabilities: Float64Array, row: number, truth: number, classes: number): Judged {
  const own = probabilities.subarray(row * classes, (row + 1) * classes);
  let predicted = 0;
  for (let each = 1; each < classes; each++) if (own[each]! > own[predicted]!) predicted = each;
  return { truth, predicted, confidence: own[predicted]!, truthProbability: own[truth]! };
}

/** A picture may be mislabelled where a classifier that has not seen it gives its class less than this, and another more than that. */
const LITTLE = 0.1;
const MUCH = 0.9;

function findMislabelled(
  pictures: readonly LabelledPicture[],
  judged: readonly Judged[],
  labels: readonly string[],
): readonly Mislabelled[] {
  return judged
    .map((each, row) => ({ ...each, ...pictures[row]! }))
    .filter(({ truthProbability, confidence }) => truthProbability! < LITTLE && confidence > MUCH)
    .sort((a, b) => b.confidence - a.confidence)
    .map(({ file, label, predicted, confidence }) => ({
      ...{ file, label, predicted: labels[predicted]! },
      probability: Math.round(confidence * 1e6) / 1e6,
    }));
}
