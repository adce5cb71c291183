import { basename, dirname, resolve as resolvePath } from 'node:path';
import { type InputRange, inputRanges } from '../domain/input-range.js';
import { elementAt } from '../errors/element-at.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { identify } from '../networks/identify.js';
import { checkResolution, isNetworkId } from '../networks/index.js';
import { resolveAtOther } from '../networks/other-resolution.js';
import { resolve } from '../networks/resolve.js';
import type { Network, ResolvedNetwork } from '../networks/types.js';
import type { FileSource } from '../untrusted-data/files-beside.js';
import { recognise } from '../weights/families/recognise.js';
import { type Family, slimInput } from '../weights/families/types.js';
import { openWeights } from '../weights/formats/open.js';
import type { Opened, OpenedGraph, OpenedTensors } from '../weights/formats/opened.js';
import { type ImportedModel, joinModels } from '../weights/graph/imported-model.js';
import { joinGraphs, type QuantisedGraph } from '../weights/quantised-graph.js';
import type { NamedTensors } from '../weights/types.js';
import { type CheckpointOptions, readCheckpoint, requireHead } from './checkpoint.js';
import type { RangeOptions } from './choose-input-range.js';
import { choosePreprocessing, type Geometry, type PreprocessingFacts } from './choose-preprocessing.js';
import { findLabels, findPreprocessing, folderOf, type UnusedLabels } from './companion-files.js';
import { hasWeightsForBytes, rangeInFile, scalingOf, usualRange } from './graph-facts.js';
import { parseLabels } from './label-formats.js';
import { fitLabels } from './labels.js';
import type { ModelSource, SourceLabels } from './model.js';

/** What a caller knows of files of weights; what contradicts them is an error. */
export interface FileOptions extends CheckpointOptions, RangeOptions {
  /** As the files store it, in integers, or in floats where that cannot be. */
  readonly exact?: boolean | 'preferred';
  /** Which output of the (last) file has the classes, where it has several. */
  readonly outputName?: string;
  /** What messages call the file, where it lies in the store. */
  readonly installedAs?: string;
}

/**
 * The weights that one file holds, or two graphs that run one after the other.
 * @throws UsageError for options that contradict the files, ModelError where they are damaged or unsuitable
 */
export async function openFiles(paths: readonly string[], options: FileOptions): Promise<ModelSource> {
  const last = paths.length - 1;
  const { outputName, ...others } = options;
  const files = paths.map((path, index) => openFile(path, index === last ? options : others));
  return sourceOf(await Promise.all(files), options);
}

const SEVERAL_OUTPUTS: readonly string[] = ['onnx', 'frozen-graph'];

/** Opens one file. Throws UsageError where an output is named in a format whose files are read as having one. */
export async function openFile(path: string, { resolution, outputName }: FileOptions): Promise<Opened> {
  const opened = await openWeights(path, { resolution, outputName });
  const mayHaveSeveral = opened.kind === 'graph' && SEVERAL_OUTPUTS.includes(opened.imported.format);
  if (outputName !== undefined && !mayHaveSeveral) {
    const problem = `${path} is neither an ONNX file nor a TensorFlow frozen graph`;
    throw new UsageError({ where: `--output-name ${outputName}`, problem });
  }
  return opened;
}

/**
 * Like `openFiles`, of files that have been opened. Where a file has a graph, that runs; the names of its tensors only tell
 * which family it is of. Tensors without a graph are a checkpoint of a family or nothing.
 * @param beside where labels and configurations are looked for; by default the archive or folder of the first file
 */
export async function sourceOf(
  files: readonly Opened[],
  options: FileOptions,
  beside?: FileSource,
): Promise<ModelSource> {
  const [{ path, files: archived }] = files as readonly [Opened, ...Opened[]];
  const folder = { files: beside ?? archived ?? folderOf(path), isArchive: archived !== undefined };
  const graphs = await Promise.all(files.map(readGraph));
  const tensors = files.find((_, index) => graphs[index] === undefined);
  if (!tensors) return sourceOfGraphs(graphs as readonly GraphFile[], options, folder);
  if (files.length > 1) {
    throw new UsageError({
      where: `--weights ${tensors.path}`,
      problem: 'holds no graph',
      expected: 'two files with graphs, of which the second continues the first',
    });
  }
  return sourceOfTensors(tensors as OpenedTensors, options, folder);
}

/** What lies beside a file. */
interface Surroundings {
  readonly files: FileSource;
  readonly isArchive: boolean;
}

/** A file's graph, and its tensors by the names in the file where it has both. */
interface GraphFile extends Pick<OpenedGraph, 'path' | 'bytes' | 'imported'> {
  readonly tensors?: NamedTensors;
}

async function readGraph(opened: Opened): Promise<GraphFile | undefined> {
  if (opened.kind === 'graph') return opened;
  const { path, tensors, readGraph: read } = opened;
  return read && { path, bytes: new Uint8Array(), imported: await read(), tensors };
}

function sourceOfTensors(opened: OpenedTensors, options: FileOptions, folder: Surroundings): ModelSource {
  const { path } = opened;
  const checkpoint = readCheckpoint(opened, options, folder.files);
  requireHead(checkpoint, path);
  if (isNetworkId(checkpoint.network.id)) checkResolution(checkpoint.network.id, checkpoint.resolution);
  const { title, network, resolution, trainedResolution, padding, epsilon, weights, labels } = checkpoint;
  return {
    name: nameOf(path),
    title,
    network: resolve(network, { resolution, padding }),
    epsilon,
    preprocessing: checkpoint.preprocessing,
    trainedResolution,
    notes: checkpoint.notes,
    readWeights: () => weights,
    own: 'file',
    findLabels: () =>
      labels
        ? { labels: fitLabels(labels, network.classes, path), notes: [] }
        : labelsBeside(folder, path, network.classes),
  };
}

async function sourceOfGraphs(
  files: readonly GraphFile[],
  options: FileOptions,
  folder: Surroundings,
): Promise<ModelSource> {
  const imported = files.map((file) => file.imported).reduce(joinModels);
  refuseUnfit(imported);
  const { where, output, weights, padding } = imported;
  const { height: own } = imported.inputResolution;
  const { resolution = own } = options;
  const network = named(imported.network);
  refuseContradictions(options, network, where);
  const resolved = resolveAtOther(network, { own, resolution, padding }, options.installedAs ?? where);
  const stored = await readStored(files, imported, { ...options, resolution });
  const exact = stored.graph && { graph: stored.graph, added: output.added, output: lastLayer(resolved) };
  const family = files.length === 1 ? familyOf(files[0]!, network) : undefined;
  const { scaling, range: ofScaling, isSure } = scalingOf(imported);
  const beside = findPreprocessing(folder.files);
  return {
    name: files.map(({ path }) => nameOf(path)).join(' + '),
    ...(family && { title: family.title }),
    network: resolved,
    // A size that the graph leaves open is not stated by it.
    trainedResolution: options.resolution === own ? beside?.resolution : own,
    epsilon: 0,
    preprocessing: choosePreprocessing({
      resolution,
      grey: network.inputChannels === 1,
      options,
      ofFile: rangeInFile(imported),
      graphScaling: scaling,
      ofScaling: isSure ? ofScaling : undefined,
      beside,
      otherwise: rangeOtherwise(imported, ofScaling, publishedRange(imported, network, family)),
      geometry: family ? { crop: 'center', ...family.input } : SLIM,
    }),
    readWeights: () => weights,
    own: 'file',
    findLabels: () => labelsOf(imported, folder, files[0]!.path),
    ...(exact && { exact }),
    notes: stored.notes,
  };
}

/** Slim's evaluation takes the middle 87.5 % of a picture (research/slim/preprocessing/inception_preprocessing.py). */
const SLIM: Geometry = { crop: 'center', ...slimInput };

/** Where nothing says the range. */
function rangeOtherwise(
  imported: ImportedModel,
  ofScaling: InputRange | undefined,
  published: InputRange | undefined,
): PreprocessingFacts['otherwise'] {
  if (ofScaling) return { range: ofScaling, reason: 'its graph begins with a scaling for such values' };
  if (hasWeightsForBytes(imported)) {
    return { range: inputRanges['0..255'], reason: 'the weights of its first layer are small enough for them' };
  }
  return published ? { range: published } : usualRange(imported);
}

/** Of ImageNet's classes: what the publishers of TensorFlow's networks trained on. */
function publishedRange(imported: ImportedModel, network: Network, family: Family | undefined): InputRange | undefined {
  if (network.classes !== 1000 && network.classes !== 1001) return undefined;
  if (family) return family.input;
  const isTensorflows = imported.format !== 'onnx' && /^(mobilenet_v1|mobilenet_v2|xception)$/.test(network.id);
  return isTensorflows ? inputRanges['-1..1'] : undefined;
}

/** The family that the tensors' names tell, where the graph is its network. */
function familyOf({ path, tensors }: GraphFile, { id, alpha }: Network): Family | undefined {
  if (tensors === undefined) return undefined;
  try {
    const { family, network } = recognise(tensors, path);
    return network.id === id && network.alpha === alpha ? family : undefined;
  } catch (error) {
    if (error instanceof ModelError || error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Those inside the file come before those beside it. */
function labelsOf(imported: ImportedModel, folder: Surroundings, path: string): SourceLabels {
  const { labelFile, missingLabelFile, where, output } = imported;
  if (labelFile === undefined) {
    const beside = labelsBeside(folder, path, output.classes);
    if (beside.labels !== undefined || missingLabelFile === undefined) return beside;
    const note = `${missingLabelFile}, which the metadata of ${where} name, is missing from it; --labels FILE gives the labels`;
    return { ...beside, notes: [...beside.notes, note] };
  }
  const name = `${labelFile.name} in ${where}`;
  return { labels: fitLabels(parseLabels(labelFile.bytes, name, labelFile.name), output.classes, name), notes: [] };
}

/** In a folder may be labels of other models; in an archive they are this one's, and an error where they do not fit. */
function labelsBeside({ files, isArchive }: Surroundings, path: string, outputs: number): SourceLabels {
  const unused: UnusedLabels[] = [];
  const found = findLabels(files, path, outputs, (each) => unused.push(each));
  const [first] = unused;
  if (isArchive && !found && first)
    throw new ModelError('labels', { ...first, remedy: 'give others with --labels FILE' });
  const notes = unused.map(({ where, problem }) => `${where} is not used: ${problem}; --labels FILE gives others`);
  return { ...(found && { labels: found.labels }), notes };
}

/** Refuses what does not make classes of a square picture. */
function refuseUnfit({ where, output, network, inputIsPicture, inputResolution }: ImportedModel): void {
  const { height, width } = inputResolution;
  if (!inputIsPicture) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: 'takes features, not an image',
      remedy: `give the first half before it: --weights FIRST --weights ${where}`,
    });
  }
  if (network.inputChannels !== 3 && network.inputChannels !== 1) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes images of ${network.inputChannels} channels`,
      expected: '3 (red, green and blue) or 1 (grey)',
    });
  }
  if (height !== width) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `takes images of ${width}×${height}`,
      expected: 'a square input',
    });
  }
  const { shape, classes } = output;
  if (shape.height * shape.width > 1) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: `gives a map of ${shape.height}×${shape.width}×${shape.channels}, not a value for each class`,
      remedy: 'only classifiers can be run',
    });
  }
  if (!output.isProbability) {
    throw new ModelError('weights-incomplete', {
      where,
      problem: `gives ${classes} features and no classes`,
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
  return { ...network, ...(identify(network) ?? { id: 'graph', alpha: 1 }) };
}

/** Of the integers that files store: the network, where it was asked for and can be computed, or why it is not. */
interface Stored {
  readonly graph?: QuantisedGraph;
  readonly notes: readonly string[];
}

/** @throws UsageError or ModelError where the integers were asked for and cannot be computed */
async function readStored(
  files: readonly GraphFile[],
  imported: ImportedModel,
  { exact, resolution, installedAs }: Pick<FileOptions, 'exact' | 'installedAs'> & { readonly resolution: number },
): Promise<Stored> {
  const { where, inputResolution } = imported;
  if (!exact || (exact === 'preferred' && !imported.quantised)) return { notes: [] };
  try {
    if (resolution !== inputResolution.height) {
      throw new UsageError({
        where: `--res ${resolution}`,
        problem: `--exact runs ${where} as it is stored`,
        expected: `${inputResolution.height}`,
      });
    }
    return { graph: await readExact(files, imported), notes: [] };
  } catch (error) {
    if (exact !== 'preferred' || !(error instanceof ModelError || error instanceof UsageError)) throw error;
    if (error.cause instanceof ModelError && error.cause.code === 'not-quantised') return { notes: [] };
    const reason =
      resolution === inputResolution.height
        ? error.message
        : `it is stored for ${inputResolution.height}×${inputResolution.height}`;
    return { notes: [`${installedAs ?? where} is computed in floats, not in TFLite's integers: ${reason}`] };
  }
}

function lastLayer({ layers }: ResolvedNetwork): string {
  return elementAt(layers, layers.length - 1).name;
}

/** @throws UsageError where the files compute in floats, ModelError where their integers cannot be computed with */
async function readExact(files: readonly GraphFile[], { where, quantised }: ImportedModel): Promise<QuantisedGraph> {
  const refuse = (cause?: unknown) =>
    new UsageError(
      { where: '--exact', problem: `${where} computes in floats`, expected: 'a quantised .tflite file' },
      { cause },
    );
  if (!quantised) throw refuse();
  const { readQuantisedTflite } = await import('../weights/formats/tflite/integer-graph.js');
  const { checkScales } = await import('../engine/exact/scales.js');
  try {
    const graph = files.map(({ path, bytes }) => readQuantisedTflite(bytes, path)).reduce(joinGraphs);
    checkScales(graph);
    return graph;
  } catch (error) {
    // Integers are stored, but widened before they are computed with.
    throw error instanceof ModelError && error.code === 'not-quantised' ? refuse(error) : error;
  }
}

function refuseContradictions(options: FileOptions, network: Network, where: string): void {
  const facts = [
    ['--model', options.model, network.id],
    ['--alpha', options.alpha, network.alpha],
    ['--classes', options.classes, network.classes],
  ] as const;
  for (const [option, asked, found] of facts) {
    if (asked !== undefined && asked !== found) {
      const isUnnamed = found === 'graph';
      throw new UsageError({
        where: `${option} ${asked}`,
        problem: isUnnamed ? `${where} is not a network from a known paper` : `${where} has ${found}`,
        remedy: isUnnamed ? 'leave the option out' : 'leave the option out, or give that value',
      });
    }
  }
}
