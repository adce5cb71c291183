import { createHash } from 'node:crypto';
import type { Stop } from '../batch/stop.js';
import { SKIPPED, UNKNOWN } from '../domain/classification.js';
import type { LearnReport } from '../domain/learning.js';
import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { printable, quoted } from '../errors/printable.js';
import { listClassFolders } from '../inputs/class-folders.js';
import type { TruthSource } from '../inputs/truth.js';
import { type EmbedRequest, embedPictures } from './embed-pictures.js';
import type { BatchHost, BatchRequest } from './open-batch.js';

/** What the process around learning provides. */
export interface LearnHost extends Omit<BatchHost, 'runInSecondProcess'> {
  readonly onProblem: (problem: string) => void;
}

/** A picture that was read, and what is in it. */
export interface LabelledPicture {
  readonly file: string;
  readonly label: string;
  /** Its features. */
  readonly vector: Float32Array;
}

export interface LabelledPictures {
  readonly pictures: readonly LabelledPicture[];
  readonly failed: LearnReport['failed'];
  /** Names of images without a class: in no class folder, or not in the table. */
  readonly withoutClass: readonly string[];
}

/**
 * The features of all pictures of classes. A picture that cannot be read is one of `failed`, and the others go on.
 * @param folder of class folders; with a table, the one that its files are in
 * @throws UsageError as `embedPictures`; the signal's reason where the run is interrupted
 */
export async function embedClasses(
  folder: string,
  truth: TruthSource,
  request: Omit<BatchRequest, 'names'>,
  host: LearnHost,
): Promise<LabelledPictures> {
  const pictures: LabelledPicture[] = [];
  const failed: LearnReport['failed'][number][] = [];
  const withoutClass: string[] = [];
  let signal: Stop | undefined;
  const listening = {
    ...host,
    listenForSignals() {
      const signals = host.listenForSignals();
      signal = signals.signal;
      return signals;
    },
  };
  const embedRequest: EmbedRequest = {
    ...request,
    ...{ names: [folder], inputs: { ...request.inputs, truth }, hash: false, cache: true },
  };
  for await (const { input, record, vector } of embedPictures(embedRequest, listening)) {
    if ('error' in record) {
      if (record.error.code === SKIPPED) continue;
      failed.push({ file: record.file, error: { code: record.error.code, message: record.error.message } });
      host.onProblem(record.error.message);
    } else if (input.truth === undefined) withoutClass.push(record.file);
    else if (vector) pictures.push({ file: record.file, label: input.truth, vector });
  }
  signal?.native.throwIfAborted();
  return { pictures, failed, withoutClass };
}

/** Labels of pictures, sorted. */
export function labelsOf(pictures: readonly LabelledPicture[]): readonly string[] {
  return [...new Set(pictures.map(({ label }) => label))].sort();
}

/** Pictures that are left, and pairs of the same picture in two classes. */
export interface WithoutConflicts {
  readonly pictures: readonly LabelledPicture[];
  readonly duplicatesAcrossClasses: LearnReport['duplicatesAcrossClasses'];
}

/** Without pictures that are in two classes. The same picture has the same features, to the last digit. */
export function withoutConflicts(pictures: readonly LabelledPicture[]): WithoutConflicts {
  const byContent = new Map<string, LabelledPicture[]>();
  for (const picture of pictures) {
    const key = contentOf(picture);
    byContent.set(key, [...(byContent.get(key) ?? []), picture]);
  }
  const conflicts = [...byContent.values()].filter((same) => labelsOf(same).length > 1);
  const left = new Set(conflicts.flat());
  return {
    pictures: pictures.filter((picture) => !left.has(picture)),
    duplicatesAcrossClasses: conflicts.flatMap(([first, ...others]) =>
      others.filter(({ label }) => label !== first!.label).map(({ file }) => [first!.file, file] as const),
    ),
  };
}

/** Pictures to test with that are not among those learned from. */
export function withoutLearned(
  tests: readonly LabelledPicture[],
  learned: readonly LabelledPicture[],
): readonly LabelledPicture[] {
  const known = new Set(learned.map(contentOf));
  return tests.filter((picture) => !known.has(contentOf(picture)));
}

function contentOf({ vector }: LabelledPicture): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return createHash('sha256').update(bytes).digest('base64');
}

const LEAST_CLASSES = 2;
const LEAST_PICTURES = 2;
/** Classes that a message names. */
const MOST_NAMED = 5;

/**
 * @param reason why there may be less than in the folders
 * @throws UsageError where nothing can be learned: fewer than two classes, or a class of one picture
 */
export function checkClasses(where: string, pictures: readonly LabelledPicture[], reason = ''): void {
  const labels = labelsOf(pictures);
  if (labels.length < LEAST_CLASSES) {
    throw new UsageError({
      where: printable(where),
      problem: (labels.length === 0 ? 'no class has images' : `one class, ${quoted(labels[0]!)}`) + reason,
      expected: 'two or more classes, each a folder of images',
    });
  }
  const counts = countLabels(pictures);
  const small = labels.filter((label) => counts.get(label)! < LEAST_PICTURES);
  if (small.length === 0) return;
  throw new UsageError({
    where: printable(where),
    problem: `one image only in ${small.length === 1 ? 'class' : 'classes'} ${small.map(quoted).join(', ')}${reason}`,
    expected: `at least ${LEAST_PICTURES} in each class`,
  });
}

/** @throws UsageError for a class that has the name of images of no class */
export function checkNotUnknown(where: string, labels: readonly string[]): void {
  const label = labels.find((name) => name.toLowerCase() === UNKNOWN);
  if (label === undefined) return;
  throw new UsageError({
    where: printable(where),
    problem: `class ${quoted(label)} has the name that results give to images of none of the classes`,
    remedy: 'rename it, such as to "other", or add --unknown off',
  });
}

/** @throws UsageError for a picture of a class that is not learned */
export function checkTestClasses(where: string, tests: readonly LabelledPicture[], labels: readonly string[]): void {
  if (tests.length === 0) throw new UsageError({ where: `--test ${printable(where)}`, problem: 'no images' });
  const other = labelsOf(tests).find((label) => !labels.includes(label));
  if (other === undefined) return;
  const meant = nearestName(other, labels);
  throw new UsageError({
    where: `--test ${printable(where)}`,
    problem: `class ${quoted(other)} is not one of those that are learned`,
    ...(meant === undefined
      ? { expected: labels.slice(0, MOST_NAMED).map(quoted).join(', ') + (labels.length > MOST_NAMED ? ', …' : '') }
      : { remedy: `did you mean ${quoted(meant)}?` }),
  });
}

export function countLabels(pictures: readonly LabelledPicture[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of pictures) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Names of class folders without a picture that could be used. */
export async function emptyClasses(folder: string, labels: readonly string[]): Promise<readonly string[]> {
  // An archive has none but those of its images.
  const folders = await listClassFolders({ file: folder, path: folder }).catch(() => []);
  return folders.map(({ name }) => name).filter((name) => !labels.includes(name));
}
