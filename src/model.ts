import { basename } from 'node:path';
import { ModelError, UsageError } from './errors.js';
import type { Preprocessing, ResizeFilter } from './images/types.js';
import { identify } from './networks/identify.js';
import { buildNetwork } from './networks/index.js';
import { resolve } from './networks/resolve.js';
import type { Network, ResolvedNetwork } from './networks/types.js';
import type { ModelFacts } from './report/records.js';
import { findModel, loadImagenetLabels, loadLabels, loadWeights, type StoredModel } from './weights/box.js';
import { checkWeights } from './weights/check.js';
import { readModelFile } from './weights/file.js';
import { type ImportedModel, joinModels } from './weights/imported.js';
import { type Label, readLabels } from './weights/labels.js';
import { joinGraphs, type QuantisedGraph } from './weights/quantised.js';
import type { NetworkWeights } from './weights/types.js';

/** What a caller asks for; everything left out follows from the weights. */
export interface ModelChoice {
  /** Network id; the default is the box's first model. */
  readonly model?: string;
  readonly alpha?: number;
  /** Side of the network's square input in pixels. */
  readonly resolution?: number;
  /** One .tflite file, or two that run one after the other. */
  readonly weights?: readonly string[];
  /** File of class names. */
  readonly labels?: string;
  readonly crop?: Preprocessing['crop'];
  readonly filter?: ResizeFilter;
  /** Compute in the integers of quantised files, to the same bytes as TFLite's reference kernels. */
  readonly exact?: boolean;
}

/** All that a session and its inputs need; weights and labels are read when asked for. */
export interface Model {
  readonly facts: ModelFacts;
  readonly network: ResolvedNetwork;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  readWeights(): NetworkWeights;
  /** Set where integers were asked for: the network as its files store it. */
  readonly exact?: ExactModel;
  /** One for each class. */
  readLabels(): readonly Label[];
}

export interface ExactModel {
  readonly graph: QuantisedGraph;
  /** The graph ends in logits; their softmax is wanted. */
  readonly softmaxAdded: boolean;
}

/**
 * Takes the model from the files given, or finds it in the box, or among those installed.
 * Throws UsageError for an unknown network or options that contradict the files, ModelError where weights are missing
 * (`model-not-installed` where they can be pulled), damaged or unsuitable.
 */
export async function chooseModel(choice: ModelChoice = {}): Promise<Model> {
  if (choice.weights?.length) {
    return modelFromFiles(
      choice,
      choice.weights.map((path) => ({ path, bytes: readTfliteFile(path) })),
    );
  }
  const inBox = findInBox(choice);
  if (inBox instanceof ModelError) return modelFromStore(choice, inBox);
  if (choice.exact) throw new UsageError('--exact: no weights given, expected --weights with a quantised .tflite file');
  return modelFromBox(choice, inBox);
}

/** The box's model, or why there is none. */
function findInBox(choice: ModelChoice): StoredModel | ModelError {
  try {
    return findModel(choice);
  } catch (error) {
    if (error instanceof ModelError && error.code === 'model-not-in-box') return error;
    throw error;
  }
}

async function modelFromStore(choice: ModelChoice, notInBox: ModelError): Promise<Model> {
  const { findInstalledModel, loadInstalled, loadInstalledLabels, networkOf, weightsOf } = await import(
    './installed-model.js'
  );
  const { installed, path, bytes } = loadInstalled(findInstalledModel(choice, notInBox));
  const { name, classes, preprocessing } = installed;
  const readOwnLabels = () =>
    choice.labels === undefined ? (loadInstalledLabels(installed) ?? labelsFor(undefined, classes)) : undefined;
  if (installed.format !== 'safetensors') {
    const { model: _name, alpha: _alpha, resolution: _resolution, ...rest } = choice;
    const model = await modelFromFiles(rest, [{ path, bytes }]);
    return {
      ...model,
      facts: { ...model.facts, weights: name },
      preprocessing: preprocessing ? adjust(preprocessing, choice) : model.preprocessing,
      readLabels: () => readOwnLabels() ?? model.readLabels(),
    };
  }
  if (choice.exact) throw new UsageError(`--exact: ${name} computes in floats, expected a quantised model`);
  const network = networkOf(installed);
  return {
    facts: { network: network.id, alpha: network.alpha, resolution: installed.resolution, dtype: 'f32', weights: name },
    network,
    epsilon: installed.epsilon!,
    preprocessing: adjust(preprocessing!, choice),
    readWeights() {
      const found = weightsOf(bytes, path);
      checkWeights(network, found, name);
      return found;
    },
    readLabels: () => readOwnLabels() ?? readLabels(choice.labels!, classes),
  };
}

function modelFromBox(choice: ModelChoice, stored: StoredModel): Model {
  const { network, alpha, resolution, classes, padding, epsilon, preprocessing, weights } = stored.card;
  const resolved = resolve(buildNetwork(network, { alpha, classes }), { resolution, padding });
  return {
    facts: { network, alpha, resolution, dtype: 'f32', weights: weights.file },
    network: resolved,
    epsilon,
    preprocessing: adjust(preprocessing, choice),
    readWeights() {
      const found = loadWeights(stored);
      checkWeights(resolved, found, weights.file);
      return found;
    },
    readLabels: () => (choice.labels === undefined ? loadLabels(stored) : readLabels(choice.labels, classes)),
  };
}

interface WeightsFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function modelFromFiles(choice: ModelChoice, files: readonly WeightsFile[]): Promise<Model> {
  const { readTflite } = await import('./weights/tflite.js');
  const imported = files.map(({ path, bytes }) => readTflite(bytes, path)).reduce(joinModels);
  const { where, output } = imported;
  const { height, width } = imported.inputResolution;
  if (!imported.inputIsPicture) {
    throw new ModelError(
      'weights-incomplete',
      `${where}: takes features, expected a file that takes a picture (the first half goes before it: --weights FIRST --weights ${where})`,
    );
  }
  if (imported.network.inputChannels !== 3) {
    throw new ModelError(
      'network-unsupported',
      `${where}: takes pictures of ${imported.network.inputChannels} channels, expected red, green and blue`,
    );
  }
  if (height !== width) {
    throw new ModelError('network-unsupported', `${where}: takes pictures of ${width}×${height}, expected a square`);
  }
  if (!output.isProbability) {
    throw new ModelError(
      'weights-incomplete',
      `${where}: gives ${output.classes} features and no classes, expected a classifier (the second half goes after it: --weights ${where} --weights SECOND)`,
    );
  }
  const network = named(imported.network);
  refuseContradictions(choice, network, height, where);
  const exact = choice.exact
    ? { graph: await readExact(files, imported), softmaxAdded: output.softmaxAdded }
    : undefined;
  return {
    facts: {
      network: network.id,
      alpha: network.alpha,
      resolution: height,
      dtype: exact === undefined ? 'f32' : 'int8',
      weights: files.map(({ path }) => basename(path)).join(' + '),
    },
    network: resolve(network, { resolution: height, padding: imported.padding }),
    epsilon: 0,
    preprocessing: adjust(importedPreprocessing(imported, height), choice),
    readWeights: () => imported.weights,
    ...(exact && { exact }),
    readLabels: () => labelsFor(choice.labels, output.classes),
  };
}

/** Under the name of the paper's network where it is one. */
function named(network: Network): Network {
  return { ...network, ...identify(network) };
}

function readTfliteFile(path: string): Uint8Array {
  if (!path.toLowerCase().endsWith('.tflite')) {
    throw new ModelError('format-unsupported', `${path}: weights of an unknown format, expected a .tflite file`);
  }
  return readModelFile(path);
}

async function readExact(files: readonly WeightsFile[], { where, quantised }: ImportedModel): Promise<QuantisedGraph> {
  const refuse = (cause?: unknown) =>
    new UsageError(`--exact: ${where} computes in floats, expected a quantised .tflite file`, { cause });
  if (!quantised) throw refuse();
  const { readQuantisedTflite } = await import('./weights/tflite/quantised.js');
  try {
    return files.map(({ path, bytes }) => readQuantisedTflite(bytes, path)).reduce(joinGraphs);
  } catch (error) {
    // Integers are stored, but widened before they are computed with.
    throw error instanceof ModelError && error.code === 'not-quantised' ? refuse(error) : error;
  }
}

function refuseContradictions(choice: ModelChoice, network: Network, resolution: number, where: string): void {
  const stated: [string, string | number | undefined, string | number][] = [
    ['--model', choice.model, network.id],
    ['--alpha', choice.alpha, network.alpha],
    ['--res', choice.resolution, resolution],
  ];
  for (const [option, asked, found] of stated) {
    if (asked !== undefined && asked !== found) {
      throw new UsageError(`${option} ${asked}: ${where} holds ${found}, expected the same or no ${option}`);
    }
  }
}

/** Slim's evaluation takes the middle 87.5 % of a picture (research/slim/preprocessing/inception_preprocessing.py). */
const CENTRAL_FRACTION = 0.875;

/** value = (byte − zeroPoint) · scale, written as mean and deviation; −1…1 where the file does not say. */
function importedPreprocessing({ inputQuantisation }: ImportedModel, resolution: number): Preprocessing {
  const { scale, zeroPoint } = inputQuantisation ?? { scale: 1 / 127.5, zeroPoint: 127.5 };
  const mean = zeroPoint / 255;
  const std = 1 / (255 * scale);
  return {
    crop: 'center',
    resize: Math.round(resolution / CENTRAL_FRACTION),
    resolution,
    filter: 'pil-bilinear',
    mean: [mean, mean, mean],
    std: [std, std, std],
  };
}

function adjust(preprocessing: Preprocessing, { crop, filter }: ModelChoice): Preprocessing {
  return { ...preprocessing, ...(crop && { crop }), ...(filter && { filter }) };
}

/** ImageNet's where the number of classes says so; otherwise classes go by number. */
function labelsFor(path: string | undefined, classes: number): readonly Label[] {
  if (path !== undefined) return readLabels(path, classes);
  if (classes === 1000 || classes === 1001) return loadImagenetLabels(classes);
  return Array.from({ length: classes }, (_, index) => ({ name: `class ${index}` }));
}
