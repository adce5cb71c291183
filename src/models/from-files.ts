import { basename, dirname, resolve as resolvePath } from 'node:path';
import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { identify } from '../networks/identify.js';
import { resolve } from '../networks/resolve.js';
import type { Network } from '../networks/types.js';
import { openWeights } from '../weights/formats/open.js';
import type { Opened, OpenedGraph, OpenedTensors } from '../weights/formats/opened.js';
import { type ImportedModel, joinModels, sanitiseName } from '../weights/graph/imported-model.js';
import { joinGraphs, type QuantisedGraph } from '../weights/quantised-graph.js';
import { type Checkpoint, type CheckpointOptions, readCheckpoint, requireHead } from './checkpoint.js';
import type { ModelSource } from './model.js';

/** What a caller knows of files of weights; what contradicts them is an error. */
export interface FileOptions extends CheckpointOptions {
  /** As the files store it, in integers. */
  readonly exact?: boolean;
}

/**
 * The weights that one file holds, or two graphs that run one after the other.
 * @throws UsageError for options that contradict the files, ModelError where they are damaged or unsuitable
 */
export async function openFiles(paths: readonly string[], options: FileOptions): Promise<ModelSource> {
  const { resolution } = options;
  return sourceOf(await Promise.all(paths.map((path) => openWeights(path, { resolution }))), options);
}

/** Like `openFiles`, of files that have been opened. */
export async function sourceOf(files: readonly Opened[], options: FileOptions): Promise<ModelSource> {
  const settled = await Promise.all(files.map((file) => (file.kind === 'tensors' ? settle(file, options) : file)));
  const checkpoint = settled.find((file) => file.kind === 'checkpoint');
  if (!checkpoint) return sourceOfGraphs(settled as readonly OpenedGraph[], options);
  if (settled.length > 1) {
    throw new UsageError({
      where: `--weights ${checkpoint.path}`,
      problem: 'holds no graph',
      expected: 'two files with graphs, of which the second continues the first',
    });
  }
  return sourceOfCheckpoint(checkpoint);
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
async function settle(opened: OpenedTensors, options: FileOptions): Promise<OpenedCheckpoint | OpenedGraph> {
  const { path, readGraph } = opened;
  try {
    return { kind: 'checkpoint', path, checkpoint: readCheckpoint(opened, options) };
  } catch (error) {
    const isUnknown = error instanceof ModelError && /^weights-(unknown|mismatch)$/.test(error.code);
    if (!isUnknown || readGraph === undefined) throw error;
    const imported = await readGraph();
    const network = { ...imported.network, id: sanitiseName(nameOf(path)) };
    return { kind: 'graph', path, bytes: new Uint8Array(), imported: { ...imported, network } };
  }
}

function sourceOfCheckpoint({ path, checkpoint }: OpenedCheckpoint): ModelSource {
  requireHead(checkpoint, path);
  const { title, network, resolution, padding, epsilon, preprocessing, weights } = checkpoint;
  return {
    name: nameOf(path),
    title,
    network: resolve(network, { resolution, padding }),
    epsilon,
    preprocessing,
    readWeights: () => weights,
  };
}

async function sourceOfGraphs(files: readonly OpenedGraph[], options: FileOptions): Promise<ModelSource> {
  const imported = files.map((file) => file.imported).reduce(joinModels);
  refuseUnfit(imported);
  const { where, output, weights, padding } = imported;
  const { height: resolution } = imported.inputResolution;
  const network = named(imported.network);
  refuseContradictions(options, network, resolution, where);
  const exact = options.exact
    ? { graph: await readExact(files, imported), softmaxAdded: output.softmaxAdded }
    : undefined;
  return {
    name: files.map(({ path }) => nameOf(path)).join(' + '),
    network: resolve(network, { resolution, padding }),
    epsilon: 0,
    preprocessing: importedPreprocessing(imported, resolution),
    readWeights: () => weights,
    ...(exact && { exact }),
  };
}

/** Refuses what does not make classes of a square picture in colour. */
function refuseUnfit({ where, output, network, inputIsPicture, inputResolution }: ImportedModel): void {
  const { height, width } = inputResolution;
  if (!inputIsPicture) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: 'takes features, not an image',
      remedy: `give the first half before it: --weights FIRST --weights ${where}`,
    });
  }
  if (network.inputChannels !== 3) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes images of ${network.inputChannels} channels`,
      expected: '3 (red, green and blue)',
    });
  }
  if (height !== width) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes images of ${width}×${height}`,
      expected: 'a square input',
    });
  }
  if (!output.isProbability) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: `gives ${output.classes} features and no classes`,
      remedy: `give the second half after it: --weights ${where} --weights SECOND`,
    });
  }
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

function refuseContradictions(options: FileOptions, network: Network, resolution: number, where: string): void {
  const facts = [
    ['--model', options.model, network.id],
    ['--alpha', options.alpha, network.alpha],
    ['--res', options.resolution, resolution],
  ] as const;
  for (const [option, asked, found] of facts) {
    if (asked !== undefined && asked !== found) {
      throw new UsageError({
        where: `${option} ${asked}`,
        problem: `${where} has ${found}`,
        remedy: 'leave the option out, or give that value',
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
