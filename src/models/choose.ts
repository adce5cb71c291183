import type { ModelFacts } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { Preprocessing, ResizeFilter } from '../domain/preprocessing.js';
import type { Levels } from '../engine/int8/levels.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { buildNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { ResolvedNetwork } from '../networks/types.js';
import type { Allocate } from '../untrusted-data/regular-file.js';
import { checkWeights } from '../weights/check.js';
import type { QuantisedGraph } from '../weights/quantised-graph.js';
import type { NetworkWeights } from '../weights/types.js';
import {
  findModel,
  loadImagenetLabels,
  loadLabels,
  loadLevels,
  loadWeights,
  openLabels,
  type StoredModel,
} from './bundled.js';
import type { LoadedModel } from './from-store.js';
import type { ReadLevels } from './integers.js';
import { readLabels } from './labels.js';

/** What a caller asks for; everything left out follows from the weights. */
export interface ModelChoice {
  /** Network id; the default is the box's first model. */
  readonly model?: string;
  readonly alpha?: number;
  /** Side of the network's square input in pixels. */
  readonly resolution?: number;
  /** One file of weights (or TensorFlow.js folder), or two graphs that run one after the other. */
  readonly weights?: readonly string[];
  /** File of class names. */
  readonly labels?: string;
  readonly crop?: Preprocessing['crop'];
  readonly filter?: ResizeFilter;
  /** Compute in the integers of quantised files, to the same bytes as TFLite's reference kernels. */
  readonly exact?: boolean;
  /** What the network computes in: floats, or 7 and 12 bit integers, faster and a little less accurate. `f32` by default. */
  readonly dtype?: ModelFacts['dtype'];
}

/** All that a session and its inputs need; weights and labels are read when asked for. */
export interface Model {
  readonly facts: ModelFacts;
  readonly network: ResolvedNetwork;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  /** Where the weights are a file that can be used as it is, its bytes lie in what `allocate` gives. */
  readWeights(allocate?: Allocate): NetworkWeights;
  /** Length of the file that `readWeights` reads, where it has the weights of linear layers in half precision. */
  readonly halfFileBytes?: number;
  /** Set where the network is to run in integers. */
  readonly readLevels?: () => Levels;
  /** Names weights and levels together: what packing them gives is the same as long as it is. */
  readonly packedKey?: string;
  /** Set where integers were asked for: the network as its files store it. */
  readonly exact?: ExactModel;
  /** One for each class. */
  readLabels(): readonly Label[];
  /** Gives single labels, where that is less work than reading all. */
  openLabels?(): (index: number) => Label;
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
  const { model, readLevels, packedKey } = await chooseFloats(choice);
  if (choice.dtype !== 'int8') return model;
  const { inIntegers } = await import('./integers.js');
  return { ...inIntegers(model, readLevels), ...(packedKey !== undefined && { packedKey }) };
}

interface FloatModel {
  readonly model: Model;
  readonly readLevels?: ReadLevels;
  readonly packedKey?: string;
}

async function chooseFloats(choice: ModelChoice): Promise<FloatModel> {
  if (choice.weights?.length) {
    const { modelFromPaths } = await import('./from-files.js');
    return { model: await modelFromPaths(choice, choice.weights) };
  }
  const inBox = findInBox(choice);
  if (inBox instanceof ModelError) return modelFromStore(choice, inBox);
  if (choice.exact)
    throw new UsageError({
      where: '--exact',
      problem: 'no weights given',
      expected: '--weights with a quantised .tflite file',
    });
  const model = modelFromBox(choice, inBox);
  const { name, weights, levels } = inBox.card;
  if (levels === null) return { model };
  return { model, readLevels: () => loadLevels(inBox, levels), packedKey: `${name}.${weights.crc32}.${levels.crc32}` };
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

async function modelFromStore(choice: ModelChoice, notInBox: ModelError): Promise<FloatModel> {
  const { findInstalledModel, loadInstalled, readInstalledLevels } = await import('./from-store.js');
  const loaded = loadInstalled(findInstalledModel(choice, notInBox));
  const model = await modelFromInstalled(choice, loaded);
  const { installed } = loaded;
  const { levels } = installed;
  return levels === null ? { model } : { model, readLevels: () => readInstalledLevels(installed, levels) };
}

async function modelFromInstalled(choice: ModelChoice, { installed, path, bytes }: LoadedModel): Promise<Model> {
  const { loadInstalledLabels, networkOf, weightsOf } = await import('./from-store.js');
  const { name, classes, preprocessing } = installed;
  const readOwnLabels = () =>
    choice.labels === undefined ? (loadInstalledLabels(installed) ?? labelsFor(undefined, classes)) : undefined;
  // A graph, or a network of nobody's paper that its file describes.
  if (installed.format !== 'safetensors' || !isNetworkId(installed.network)) {
    const { model: _name, alpha: _alpha, resolution: _resolution, ...rest } = choice;
    const [{ modelFromOpened }, { openBytes }] = await Promise.all([
      import('./from-files.js'),
      import('../weights/formats/open.js'),
    ]);
    const model = await modelFromOpened(rest, [await openBytes(bytes, path)]);
    return {
      ...model,
      facts: { ...model.facts, weights: name },
      preprocessing: preprocessing ? adjust(preprocessing, choice) : model.preprocessing,
      readLabels: () => readOwnLabels() ?? model.readLabels(),
    };
  }
  if (choice.exact)
    throw new UsageError({ where: '--exact', problem: `${name} computes in floats`, expected: 'a quantised model' });
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
    ...(weights.dtype === 'f16' && { halfFileBytes: weights.bytes }),
    network: resolved,
    epsilon,
    preprocessing: adjust(preprocessing, choice),
    readWeights(allocate) {
      const found = loadWeights(stored, allocate);
      checkWeights(resolved, found, weights.file);
      return found;
    },
    readLabels: () => (choice.labels === undefined ? loadLabels(stored) : readLabels(choice.labels, classes)),
    ...(choice.labels === undefined && { openLabels: () => openLabels(stored) }),
  };
}

/** With what the caller wants otherwise. */
export function adjust(preprocessing: Preprocessing, { crop, filter }: ModelChoice): Preprocessing {
  return { ...preprocessing, ...(crop && { crop }), ...(filter && { filter }) };
}

/** ImageNet's where the number of classes says so; otherwise classes go by number. */
export function labelsFor(path: string | undefined, classes: number): readonly Label[] {
  if (path !== undefined) return readLabels(path, classes);
  if (classes === 1000 || classes === 1001) return loadImagenetLabels(classes);
  return Array.from({ length: classes }, (_, index) => ({ name: `class ${index}` }));
}
