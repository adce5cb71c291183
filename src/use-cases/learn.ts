import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { recogniseArchive } from '../archives/recognise.js';
import type { LearnReport } from '../domain/learning.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { UsageError } from '../errors/errors.js';
import { printable, quoted } from '../errors/printable.js';
import { chooseModel } from '../models/choose.js';
import { formatLabels } from '../models/labels.js';
import { ifCalibrated, levelsWithNewHead, requireHead, withNewHead } from '../models/learned-model.js';
import type { Model } from '../models/model.js';
import { modelToSafetensors } from '../models/model-to-safetensors.js';
import { storeHome } from '../store/home.js';
import { checkNewName, installModel } from '../store/install.js';
import type { NewModel } from '../store/types.js';
import { type LearnedHead, learnHead } from './learn-head.js';
import {
  checkClasses,
  checkNotUnknown,
  checkTestClasses,
  countLabels,
  embedClasses,
  emptyClasses,
  type LearnHost,
  labelsOf,
  withoutConflicts,
  withoutLearned,
} from './learn-pictures.js';
import { findUnknownRule, type UnknownRuleFound } from './learn-unknown.js';
import type { BatchRequest } from './open-batch.js';

/** What `mobilenet learn` is asked for. */
export interface LearnRequest extends Omit<BatchRequest, 'names'> {
  /** One folder for each class in it. */
  readonly folder: string;
  /** A table of files and classes, in place of class folders. */
  readonly truth: string | undefined;
  /** A folder such as the first, that is never learned from. */
  readonly test: string | undefined;
  /** What the model is called. */
  readonly name: string;
  readonly replace: boolean;
  /** Share of the pictures that the accuracy is measured on; they are learned from afterwards. */
  readonly holdOut: number;
  /** Share of pictures of the classes that may be taken for unknown; undefined: none are. */
  readonly unknown: number | undefined;
  readonly seed: number;
}

/**
 * Learns classes from pictures and installs the model.
 *
 *     class folders → inputs/find (truth) → embed-pictures (cached) → without the same picture in two classes
 *       → learn-head: groups of near-duplicates → held out? → fit → accuracy; fit on all
 *       → learn-unknown: distances across folds → threshold, vectors
 *       → models/learned-model: the network with the new head → store/install
 *
 * @throws UsageError where nothing can be learned from the pictures, ModelError `model-exists`, `store-full` and as `openBatch`
 */
export async function learn(request: LearnRequest, host: LearnHost): Promise<LearnReport> {
  const begun = performance.now();
  const { folder, truth, test, name, replace, seed, choice } = request;
  checkNewName(name, storeHome(), replace);
  for (const [option, path] of [
    ['', folder],
    ['--test ', test],
  ] as const) {
    if (path !== undefined) await checkFolder(path, option);
  }
  const { threads: _, deterministic = false, fullDecode: __, signal: ___, ...chosen } = choice;
  const backbone = await chooseModel(chosen);
  requireHead(backbone);
  const found = await embedClasses(folder, truth === undefined ? 'folder' : { table: truth }, request, host);
  const { withoutClass } = found;
  const place = truth === undefined ? 'in no class folder' : 'not in the table';
  const isAre = withoutClass.length === 1 ? 'image is' : 'images are';
  const stray = withoutClass.length > 0 ? `${withoutClass.length} ${isAre} ${place}` : undefined;
  checkClasses(truth ?? folder, found.pictures, stray && ` (${stray})`);
  const tests = test === undefined ? undefined : await embedClasses(test, 'folder', request, host);
  const { pictures, duplicatesAcrossClasses } = withoutConflicts(found.pictures);
  checkClasses(truth ?? folder, pictures, ' without the images that are in two classes');
  const labels = labelsOf(pictures);
  if (request.unknown !== undefined) checkNotUnknown(truth ?? folder, labels);
  const fresh = tests && withoutLearned(tests.pictures, pictures);
  if (fresh) checkTestClasses(test!, fresh, labels);
  const embedded = performance.now();

  const learned = await learnHead(pictures, { ...request, labels, tests: fresh, deterministic });
  const rule =
    request.unknown === undefined
      ? undefined
      : await findUnknownRule(learned.features, {
          ...{ labels: learned.classes, folds: learned.folds, share: request.unknown, seed },
        });
  const fitted = performance.now();

  const counts = countLabels(pictures);
  const trained = labels.map((label) => counts.get(label)!);
  await installModel(await newModel(request, chosen, backbone, { labels, trained, learned, rule }), { replace });
  const empty = truth === undefined ? await emptyClasses(folder, labels) : [];
  const skippedTests = tests && fresh ? tests.pictures.length - fresh.length : 0;
  return {
    model: {
      ...{ name, backbone: nameOf(backbone), resolution: backbone.network.resolution },
      dtype: backbone.facts.dtype,
      classes: labels.map((label, at) => ({ label, train: trained[at]!, test: learned.tested[at]! })),
    },
    accuracy: learned.accuracy,
    confusion: learned.confusion,
    unknown: rule ? { threshold: rule.threshold, falseAlarms: rule.falseAlarms } : null,
    calibration: learned.calibration,
    failed: [...found.failed, ...(tests?.failed ?? [])],
    duplicatesAcrossClasses,
    mislabelled: learned.mislabelled,
    warnings: warningsOf({ labels, trained, empty, skippedTests, stray, uniform: learned.uniform }),
    ms: { embed: embedded - begun, fit: fitted - embedded, total: performance.now() - begun },
    seed,
  };
}

async function checkFolder(path: string, option: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory() || recogniseArchive(path) !== undefined,
    () => false,
  );
  if (isFolder) return;
  throw new UsageError({
    where: `${option}${printable(path)}`,
    problem: 'no such folder',
    expected: 'a folder with a folder of images for each class',
  });
}

interface Learned {
  readonly labels: readonly string[];
  /** Pictures of each. */
  readonly trained: readonly number[];
  readonly learned: LearnedHead;
  readonly rule: UnknownRuleFound | undefined;
}

async function newModel(
  { name, seed }: LearnRequest,
  chosen: ModelChoice,
  backbone: Model,
  { labels, trained, learned, rule }: Learned,
): Promise<NewModel> {
  const { epsilon, preprocessing, facts } = backbone;
  const { network, weights } = withNewHead(backbone, learned.head);
  // All but the new classifier.
  const isHalf = [...weights.values()].some((layer) => layer.weights.data instanceof Uint16Array);
  const inIntegers = await ifCalibrated(() => chooseModel({ ...chosen, dtype: 'int8' }));
  const levels = await levelsWithNewHead(inIntegers, network);
  const trainedResolution = facts.trainedResolution ?? undefined;
  const bytes = modelToSafetensors(network, weights, epsilon, preprocessing, trainedResolution);
  const { value, low95, high95, pictures } = learned.accuracy;
  return {
    ...{ name, network: network.id, alpha: network.alpha, resolution: network.resolution, classes: labels.length },
    ...(trainedResolution !== undefined && trainedResolution !== network.resolution && { trainedResolution }),
    dtype: isHalf ? 'f16' : 'f32',
    ...{ format: 'safetensors', padding: network.padding, epsilon, preprocessing },
    ...{ published: null, licence: null },
    origin: {
      ...{ address: `learned from ${nameOf(backbone)}`, bytes: bytes.length },
      ...{ sha256: createHash('sha256').update(bytes).digest('hex'), hash: 'first-seen' },
    },
    learned: {
      ...{ backbone: nameOf(backbone), images: trained, seed },
      accuracy: { value, low95, high95, images: pictures },
    },
    weights: bytes,
    labels: formatLabels(labels.map((label) => ({ name: label }))),
    ...(levels && { levels }),
    ...(rule && { unknown: { threshold: rule.threshold, vectors: asBytes(rule.vectors) } }),
  };
}

/** As `--model` takes it. */
function nameOf({ facts }: Model): string {
  return facts.weights.replace(/\.safetensors$/, '');
}

function asBytes({ buffer, byteOffset, byteLength }: Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const FEW_PICTURES = 10;
const MOST_IMBALANCE = 20;

interface WarningFacts extends Pick<Learned, 'labels' | 'trained'> {
  readonly empty: readonly string[];
  readonly skippedTests: number;
  /** Images without a class, in words. */
  readonly stray: string | undefined;
  readonly uniform: readonly string[];
}

function warningsOf({ labels, trained, empty, skippedTests, stray, uniform }: WarningFacts): readonly string[] {
  const warnings: string[] = [];
  const few = labels.filter((_, at) => trained[at]! < FEW_PICTURES);
  const [least, most] = [Math.min(...trained), Math.max(...trained)];
  if (empty.length > 0) warnings.push(`no images in ${empty.map(quoted).join(', ')}: not a class of the model`);
  if (stray !== undefined) warnings.push(`${stray}: not learned from`);
  if (few.length > 0) warnings.push(`fewer than ${FEW_PICTURES} images: ${few.map(quoted).join(', ')}`);
  if (most > MOST_IMBALANCE * least) {
    const [large, small] = [labels[trained.indexOf(most)]!, labels[trained.indexOf(least)]!];
    warnings.push(`${quoted(large)} has ${most} images, ${quoted(small)} ${least}: collect more of the latter`);
  }
  if (uniform.length > 0) {
    warnings.push(`nearly the same images in ${uniform.map(quoted).join(', ')}: the accuracy is probably too high`);
  }
  if (skippedTests > 0)
    warnings.push(
      `${skippedTests} test ${skippedTests === 1 ? 'image is' : 'images are'} among the learned ones: left out of the test`,
    );
  return warnings;
}
