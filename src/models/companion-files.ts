import { existsSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';
import type { PaddingConvention } from '../networks/types.js';
import { type FileSource, folderSource, isFolder } from '../untrusted-data/files-beside.js';
import { labelsField, labelsOfJson, parseLabels } from './label-formats.js';
import { MAX_LABELS_BYTES, tryFit } from './labels.js';
import {
  type ConfiguredPreprocessing,
  readImageProcessor,
  readTeachableMachine,
  readTimmConfig,
} from './preprocessor-config.js';

/** The folder of a file of weights, or (TensorFlow.js) the folder that is the model. */
export function folderOf(path: string): FileSource {
  const folder = isFolder(path) ? path : dirname(path);
  return existsSync(folder) ? folderSource(folder) : noCompanions;
}

/** Of weights that have nothing beside them. */
export const noCompanions: FileSource = {
  names: [],
  read: (name) => {
    throw new ModelError('model-file', { where: name, problem: 'no such file' });
  },
  where: (name) => name,
};

const MAX_CONFIG_BYTES = MAX_LABELS_BYTES;

/** Names that tools give to files of labels, the likeliest first. */
const LABEL_FILES: readonly string[] = [
  ...['labels.txt', 'labels.json', 'labels.csv', 'class_names.txt', 'class_names.json', 'classes.txt', 'classes.json'],
  ...['class_indices.json', 'class_to_idx.json', 'labelmap.txt', 'label_map.txt', 'dict.txt'],
  // TensorFlow's retrain.py, and its graphs of ImageNet.
  ...['retrained_labels.txt', 'output_labels.txt', 'imagenet_slim_labels.txt'],
];

/** Have labels among other things, or none. */
const CONFIGURATIONS: readonly string[] = ['metadata.json', 'config.json'];

/** A file of labels that is there and cannot be used. */
export interface UnusedLabels {
  readonly where: string;
  readonly problem: string;
}

/** Labels that were found beside weights. */
export interface FoundLabels {
  readonly labels: readonly Label[];
  readonly where: string;
}

/**
 * Labels that lie beside weights under one of the usual names; a file that is called like the weights comes first.
 * @param outputs how many the network has
 * @param onUnused told of a file that is there and cannot be used
 */
export function findLabels(
  folder: FileSource,
  weights: string,
  outputs: number,
  onUnused: (unused: UnusedLabels) => void,
): FoundLabels | undefined {
  for (const name of labelFiles(folder, weights)) {
    const where = folder.where(name);
    try {
      const labels = readFoundLabels(folder, name);
      if (labels === undefined) continue;
      const fitted = tryFit(labels, outputs);
      if (fitted) return { labels: fitted, where };
      onUnused({ where, problem: `${labels.length} labels for ${outputs} classes` });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      onUnused({ where, problem: error.details.problem ?? error.message });
    }
  }
  return undefined;
}

function labelFiles({ names }: FileSource, weights: string): readonly string[] {
  const stem = basename(weights, extname(weights));
  const own = ['.labels', '_labels', '-labels', '.classes', '_classes'].flatMap((part) =>
    ['.txt', '.json', '.csv'].map((ending) => stem + part + ending),
  );
  const there = new Set(names);
  return [...own, ...LABEL_FILES, ...CONFIGURATIONS].filter((name) => there.has(name));
}

function readFoundLabels(folder: FileSource, name: string): readonly Label[] | undefined {
  if (!CONFIGURATIONS.includes(name)) return parseLabels(folder.read(name, MAX_LABELS_BYTES), folder.where(name));
  const json = readConfiguration(folder, name);
  const labels = labelsField(json);
  return labels === undefined ? undefined : labelsOfJson(labels, folder.where(name));
}

/** How pictures are prepared, and the file that says so. */
export interface FoundPreprocessing extends ConfiguredPreprocessing {
  readonly where: string;
}

/** Hugging Face's, timm's or Teachable Machine's description of how pictures are prepared, beside the weights. */
export function findPreprocessing(folder: FileSource): FoundPreprocessing | undefined {
  const readers = [
    ['preprocessor_config.json', readImageProcessor],
    ['config.json', readTimmConfig],
    ['metadata.json', readTeachableMachine],
  ] as const;
  for (const [name, read] of readers) {
    const found = read(readConfiguration(folder, name));
    if (found) return { ...found, where: folder.where(name) };
  }
  return undefined;
}

/** How timm's networks with `tf_` before their names pad and normalise; their tensors are called as those without it. */
const TIMM_TENSORFLOW = { padding: 'tensorflow', epsilon: 1e-3 } as const;

/**
 * What `config.json` says of the layers: of Hugging Face's MobileNets `tf_padding`, of timm's networks the architecture. Where
 * there is none, the name of timm's file says it.
 */
export function readConvention(
  folder: FileSource,
  file: string,
): {
  readonly padding?: PaddingConvention;
  readonly epsilon?: number;
} {
  const config = readConfiguration(folder, 'config.json') as Readonly<Record<string, unknown>> | null | undefined;
  const architecture = typeof config?.architecture === 'string' ? config.architecture : basename(file);
  if (/^tf_(efficientnet|mobilenet)/.test(architecture)) return TIMM_TENSORFLOW;
  if (architecture !== basename(file) && /^efficientnet_b0/.test(architecture))
    return { padding: 'pytorch', epsilon: 1e-5 };
  if (typeof config?.tf_padding !== 'boolean') return {};
  const epsilon = config.layer_norm_eps;
  const isEpsilon = typeof epsilon === 'number' && epsilon > 0 && epsilon < 1;
  return { padding: config.tf_padding ? 'tensorflow' : 'pytorch', ...(isEpsilon && { epsilon }) };
}

/** A JSON file that may be of any tool: undefined where there is none, or it is not JSON. */
function readConfiguration(folder: FileSource, name: string): unknown {
  if (!folder.names.includes(name)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(folder.read(name, MAX_CONFIG_BYTES)));
  } catch {
    return undefined;
  }
}
