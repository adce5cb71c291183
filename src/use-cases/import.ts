import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve as resolvePath } from 'node:path';
import { foldBatchNorm } from '../engine/fold.js';
import { ModelError } from '../errors/errors.js';
import { type FileOptions, openFile, sourceOf } from '../models/from-files.js';
import { formatLabels, readLabels } from '../models/labels.js';
import { makeModel } from '../models/make-model.js';
import type { Model } from '../models/model.js';
import { modelToSafetensors } from '../models/model-to-safetensors.js';
import { tryModel } from '../runners/try-model.js';
import { installModel, type StoreOptions } from '../store/install.js';
import type { InstalledModel, NewModel } from '../store/types.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { openBytes } from '../weights/formats/open.js';
import type { Opened } from '../weights/formats/opened.js';
import { findFormat } from '../weights/formats/table.js';
import { narrowToHalf, toFloat32 } from '../weights/half.js';
import type { LayerWeights, NetworkWeights, Tensor } from '../weights/types.js';
import { type ImportCalibration, levelsFor } from './calibrate.js';

export interface ImportOptions extends FileOptions, StoreOptions {
  /** What `--model` will call it. */
  readonly name: string;
  /** File of class names. */
  readonly labels?: string;
  /** Takes the place of a model of that name. */
  readonly replace?: boolean;
  /** Folder of pictures to choose integer ranges by, and what is to be told of it. */
  readonly calibrate?: ImportCalibration;
}

export interface Imported {
  readonly installed: InstalledModel;
  /** What the file was taken for. */
  readonly title: string;
  /** What was assumed of the file, each in one line. */
  readonly notes: readonly string[];
}

/**
 * Puts a file of weights into the store under a name of its own, once it has run. Files that hold a graph and stand alone
 * (TFLite, ONNX) are kept as they are; all others become the project's safetensors, batch norms folded, weights in half
 * precision where that holds them exactly. Labels and configurations beside the file are kept with it.
 * @throws ModelError where the file is damaged or cannot be run, `model-exists`, `labels`; UsageError for options that
 * contradict it
 */
export async function importModel(path: string, options: ImportOptions): Promise<Imported> {
  const { name, labels: labelsPath, replace, home, calibrate, ...choice } = options;
  const opened = await openFile(path, choice);
  const source = await sourceOf([opened], choice);
  const model = await makeModel(source, labelsPath === undefined ? {} : { labels: labelsPath });
  const { network, epsilon, preprocessing } = model;
  const { trainedResolution } = model.facts;
  await tryModel(model);
  const labels = labelsPath === undefined ? source.findLabels?.().labels : readLabels(labelsPath, network.classes);
  const { id, alpha, resolution, classes } = network;
  const common = {
    ...{ name, network: id, alpha, resolution, classes, preprocessing },
    ...(trainedResolution !== null && trainedResolution !== resolution && { trainedResolution }),
    labels: labels ? formatLabels(labels) : null,
    published: null,
    licence: null,
    origin: originOf(opened, path),
  } as const;
  const found = calibrate && (await levelsFor(model, calibrate));
  // A file that is kept is opened again by its content alone.
  const format = choice.outputName === undefined ? await formatAlone(opened, resolution) : undefined;
  const own: NewModel =
    format !== undefined && opened.kind === 'graph'
      ? {
          ...common,
          ...{ format, padding: null, epsilon: null, weights: opened.bytes },
          dtype: opened.imported.quantised ? 'int8' : 'f32',
        }
      : {
          ...common,
          ...packWeights(model),
          ...{ format: 'safetensors', padding: network.padding, epsilon },
        };
  const calibrated = found ? { ...own, levels: found.bytes, calibration: found.facts } : own;
  const stores = { ...(replace !== undefined && { replace }), ...(home !== undefined && { home }) };
  return {
    installed: await installModel(calibrated, stores),
    title: model.title,
    notes: model.notes,
  };
}

/** What a file is kept as where it needs no others; undefined where it does, or is of a format that is not kept. */
async function formatAlone(opened: Opened, resolution: number): Promise<'tflite' | 'onnx' | undefined> {
  const keptAs = opened.kind === 'graph' ? findFormat(opened.imported.format).keptAs : undefined;
  if (keptAs === undefined || opened.kind !== 'graph') return undefined;
  try {
    // In a folder that cannot be.
    await openBytes(opened.bytes, join(opened.path, basename(opened.path)), { resolution });
    return keptAs;
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** The bytes of a safetensors file, and the numbers that it is in. */
function packWeights(model: Model): { readonly weights: Uint8Array; readonly dtype: 'f16' | 'f32' } {
  const { network, epsilon, preprocessing, facts } = model;
  const folded = foldWeights(model.readWeights(), epsilon);
  const bytes = modelToSafetensors(network, folded, epsilon, preprocessing, facts.trainedResolution ?? undefined);
  const isHalf = [...folded.values()].every((layer) => layer.weights.data instanceof Uint16Array);
  return { weights: bytes, dtype: isHalf ? 'f16' : 'f32' };
}

/** Batch norms drawn in; weights in half precision in layers whose values it holds exactly, biases in single. */
function foldWeights(weights: NetworkWeights, epsilon: number): NetworkWeights {
  const folded = new Map<string, LayerWeights>();
  for (const [layer, parameters] of weights) {
    const { weights: values, bias } = foldBatchNorm(parameters, epsilon);
    const { shape } = parameters.weights;
    folded.set(layer, {
      weights: { shape, data: narrowed(values, layer) },
      ...((parameters.bias || parameters.batchNorm) && { bias: { shape: [bias.length], data: bias } }),
    });
  }
  return folded;
}

/** In half precision where that holds every value as it is: rounding weights would change what the network gives. */
function narrowed(values: Tensor['data'], layer: string): Tensor['data'] {
  if (values instanceof Uint16Array) return values;
  const floats = toFloat32(values);
  try {
    const halves = narrowToHalf(floats, layer);
    return toFloat32(halves).every((value, index) => value === floats[index]) ? halves : floats;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'weights-range' && floats.every(Number.isFinite)) return floats;
    throw error;
  }
}

/** The file that was given; a TensorFlow.js model is known by its model.json. */
function originOf(opened: Opened, given: string): NewModel['origin'] {
  const isArchive = opened.files !== undefined;
  const path = resolvePath(isArchive ? given : opened.path);
  const isRead = !isArchive && opened.kind === 'graph' && opened.bytes.length > 0;
  const bytes = isRead ? opened.bytes : readModelFile(path);
  const name = basename(path);
  const address = name === 'model.json' ? join(basename(dirname(path)), name) : name;
  return { address, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), hash: 'first-seen' };
}
