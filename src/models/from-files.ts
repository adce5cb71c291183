import { basename, dirname, resolve as resolvePath } from 'node:path';
import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { identify } from '../networks/identify.js';
import { resolve } from '../networks/resolve.js';
import type { Network } from '../networks/types.js';
import { type Opened, type OpenedGraph, type OpenedTensors, openWeights } from '../weights/formats/open.js';
import { type ImportedModel, joinModels, sanitiseName } from '../weights/graph/imported-model.js';
import { joinGraphs, type QuantisedGraph } from '../weights/quantised-graph.js';
import { type Checkpoint, type CheckpointOptions, readCheckpoint, requireHead } from './checkpoint.js';
import { adjust, labelsFor, type Model, type ModelChoice } from './choose.js';

/** What a caller knows of a file of weights, beside what runs it. */
export interface FileChoice
  extends Omit<ModelChoice, 'weights' | 'labels'>,
    Pick<CheckpointOptions, 'padding' | 'epsilon' | 'classes'> {
  readonly labels?: string;
}

/** `title`: what a file of named tensors was taken for. */
type FileModel = Model & { readonly title?: string };

/**
 * The model that one file of weights is, or two graphs that run one after the other.
 * Throws UsageError for options that contradict the files, ModelError where they are damaged or unsuitable.
 */
export async function modelFromPaths(choice: ModelChoice, paths: readonly string[]): Promise<Model> {
  return modelFromOpened(
    choice,
    await Promise.all(paths.map((path) => openWeights(path, { resolution: choice.resolution }))),
  );
}

/** Like `modelFromPaths`, of files that have been opened. */
export async function modelFromOpened(choice: FileChoice, files: readonly Opened[]): Promise<FileModel> {
  const settled = await Promise.all(files.map((file) => (file.kind === 'tensors' ? settle(file, choice) : file)));
  const checkpoint = settled.find((file) => file.kind === 'checkpoint');
  if (!checkpoint) return modelFromGraphs(choice, settled as readonly OpenedGraph[]);
  if (settled.length > 1) {
    throw new UsageError({
      where: `--weights ${checkpoint.path}`,
      problem: 'part of a sequence',
      expected: 'two files that hold graphs',
    });
  }
  return modelFromCheckpoint(choice, checkpoint);
}

interface OpenedCheckpoint {
  readonly kind: 'checkpoint';
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Named tensors as a checkpoint of a known family, or else as the graph that the file describes beside them.
 * Throws ModelError that says why they are neither.
 */
async function settle(opened: OpenedTensors, choice: FileChoice): Promise<OpenedCheckpoint | OpenedGraph> {
  const { path, readGraph } = opened;
  try {
    return { kind: 'checkpoint', path, checkpoint: readCheckpoint(opened, choice) };
  } catch (error) {
    const isUnknown = error instanceof ModelError && /^weights-(unknown|mismatch)$/.test(error.code);
    if (!isUnknown || readGraph === undefined) throw error;
    const imported = await readGraph();
    const network = { ...imported.network, id: sanitiseName(nameOf(path)) };
    return { kind: 'graph', path, bytes: new Uint8Array(), imported: { ...imported, network } };
  }
}

function modelFromCheckpoint(choice: FileChoice, { path, checkpoint }: OpenedCheckpoint): FileModel {
  requireHead(checkpoint, path);
  const { network, resolution, padding, epsilon, preprocessing, weights } = checkpoint;
  if (choice.exact)
    throw new UsageError({
      where: '--exact',
      problem: `${path} computes in floats`,
      expected: 'a quantised .tflite file',
    });
  return {
    title: checkpoint.title,
    facts: { network: network.id, alpha: network.alpha, resolution, dtype: 'f32', weights: nameOf(path) },
    network: resolve(network, { resolution, padding }),
    epsilon,
    preprocessing: adjust(preprocessing, choice),
    readWeights: () => weights,
    readLabels: () => labelsFor(choice.labels, network.classes),
  };
}

async function modelFromGraphs(choice: ModelChoice, files: readonly OpenedGraph[]): Promise<Model> {
  const imported = files.map((file) => file.imported).reduce(joinModels);
  const { where, output } = imported;
  const { height, width } = imported.inputResolution;
  if (!imported.inputIsPicture) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: 'takes features',
      expected: `a file that takes a picture (the first half goes before it: --weights FIRST --weights ${where})`,
    });
  }
  if (imported.network.inputChannels !== 3) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes pictures of ${imported.network.inputChannels} channels`,
      expected: 'red, green and blue',
    });
  }
  if (height !== width) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes pictures of ${width}×${height}`,
      expected: 'a square',
    });
  }
  if (!output.isProbability) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: `gives ${output.classes} features and no classes`,
      expected: `a classifier (the second half goes after it: --weights ${where} --weights SECOND)`,
    });
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
      weights: files.map(({ path }) => nameOf(path)).join(' + '),
    },
    network: resolve(network, { resolution: height, padding: imported.padding }),
    epsilon: 0,
    preprocessing: adjust(importedPreprocessing(imported, height), choice),
    readWeights: () => imported.weights,
    ...(exact && { exact }),
    readLabels: () => labelsFor(choice.labels, output.classes),
  };
}

/** A TensorFlow.js model is called like its folder. */
function nameOf(path: string): string {
  const name = basename(path);
  return name === 'model.json' ? basename(dirname(resolvePath(path))) : name;
}

/** Under the name of the paper's network where it is one. */
function named(network: Network): Network {
  return { ...network, ...identify(network) };
}

async function readExact(files: readonly OpenedGraph[], { where, quantised }: ImportedModel): Promise<QuantisedGraph> {
  const refuse = (cause?: unknown) =>
    new UsageError(
      { where: '--exact', problem: `${where} computes in floats`, expected: 'a quantised .tflite file' },
      { cause },
    );
  if (!quantised) throw refuse();
  const { readQuantisedTflite } = await import('../weights/formats/tflite/integer-graph.js');
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
      throw new UsageError({
        where: `${option} ${asked}`,
        problem: `${where} holds ${found}`,
        expected: `the same or no ${option}`,
      });
    }
  }
}

/** Slim's evaluation takes the middle 87.5 % of a picture (research/slim/preprocessing/inception_preprocessing.py). */
const CENTRAL_FRACTION = 0.875;

/** What the graph itself did to the picture; else value = (byte − zeroPoint) · scale; −1…1 where the file does not say. */
function importedPreprocessing(imported: ImportedModel, resolution: number): Preprocessing {
  const { scale, zeroPoint } = imported.inputQuantisation ?? { scale: 1 / 127.5, zeroPoint: 127.5 };
  const all = (value: number) => [value, value, value] as const;
  const { mean, std } = imported.inputNormalisation ?? { mean: all(zeroPoint / 255), std: all(1 / (255 * scale)) };
  return {
    crop: 'center',
    resize: Math.round(resolution / CENTRAL_FRACTION),
    resolution,
    filter: 'pil-bilinear',
    mean: [mean[0]!, mean[1]!, mean[2]!],
    std: [std[0]!, std[1]!, std[2]!],
  };
}
