import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MODEL } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import type { HalfWeights } from '../engine/session.js';
import { ModelError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { buildNetwork, checkResolution } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { type Allocate, MAX_FILE_BYTES, openParts } from '../untrusted-data/regular-file.js';
import { checkWeights } from '../weights/check.js';
import { readSafetensors, readSafetensorsParts } from '../weights/formats/safetensors/safetensors.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { NamedTensors, NetworkWeights } from '../weights/types.js';
import { type Card, type CardFile, readCard } from './card.js';
import { checkParts, readUndamaged } from './checksums.js';
import { openLabelTable, readLabels } from './labels.js';
import type { ModelSource } from './model.js';

/** The package's own folder of models; the same from `src/` and from `dist/`. */
const FOLDER = fileURLToPath(packageFile('models/'));

/** Lies beside the cards, and is none: what others publish. */
const CATALOG = 'catalog.json';

const MAX_LEVELS_BYTES = 16 * 1024 * 1024;

/** A card and the folder that its files are in. */
export interface BundledModel {
  readonly card: Card;
  readonly folder: string;
}

export interface ModelQuery {
  readonly model?: string | undefined;
  readonly alpha?: number | undefined;
  readonly resolution?: number | undefined;
}

/**
 * The models of a folder, the default first, then by name.
 * @throws ModelError `card` for a card that cannot be read, `model-file` for a folder that cannot
 */
export function listBundledModels(folder: string = FOLDER): BundledModel[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== CATALOG);
  } catch (cause) {
    throw new ModelError(
      'model-file',
      { where: folder, problem: 'the folder of bundled models cannot be read', remedy: 'install mobilenet again' },
      { cause },
    );
  }
  const rank = ({ card }: BundledModel): number => (card.network === DEFAULT_MODEL ? 0 : 1);
  return files
    .toSorted()
    .map((file) => ({ card: readCard(join(folder, file)), folder }))
    .toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The first bundled model that fits what is asked for, by network or by its own name; MobileNetV2 by default. One that was
 * trained at the resolution goes before the others, which run at it all the same.
 */
export function findBundledModel(query: ModelQuery = {}, folder: string = FOLDER): BundledModel | undefined {
  const { model = DEFAULT_MODEL, alpha, resolution } = query;
  const fitting = listBundledModels(folder).filter(
    ({ card }) => (card.network === model || card.name === model) && (alpha === undefined || card.alpha === alpha),
  );
  return fitting.find(({ card }) => card.resolution === resolution) ?? fitting[0];
}

/** What a query asks for, for messages. */
export function describeQuery({ model = DEFAULT_MODEL, alpha, resolution }: ModelQuery): string {
  const parts = [model];
  if (alpha !== undefined) parts.push(`α ${alpha}`);
  if (resolution !== undefined) parts.push(`${resolution}×${resolution}`);
  return parts.join(' ');
}

/**
 * Weights and preprocessing of a bundled model.
 * @param resolution by default the one that it was trained at
 * @throws UsageError for a resolution that is too small or too large
 */
export function openBundled(bundled: BundledModel, resolution = bundled.card.resolution): ModelSource {
  const { name, network, alpha, classes, padding, epsilon, preprocessing, weights, levels } = bundled.card;
  checkResolution(network, resolution);
  const resolved = resolve(buildNetwork(network, { alpha, classes }), { resolution, padding });
  return {
    name: weights.file,
    network: resolved,
    epsilon,
    preprocessing,
    trainedResolution: bundled.card.resolution,
    readWeights(allocate) {
      const found = loadWeights(bundled, allocate);
      checkWeights(resolved, found, weights.file);
      return found;
    },
    ...(weights.dtype === 'f16' && {
      openHalves(allocate, left) {
        const halves = openHalves(bundled, allocate, left);
        checkWeights(resolved, halves.weights, weights.file);
        return halves;
      },
    }),
    readLabels: () => loadLabels(bundled),
    openLabels: () => openLabels(bundled),
    ...(levels && {
      readLevels: () => loadLevels(bundled, levels),
      packedKey: `${name}.${weights.crc32}.${levels.crc32}`,
    }),
  };
}

/**
 * The model's weights, their file's length and checksum compared with the card's. Half-precision tensors are views of
 * the file's bytes, which lie in what `allocate` gives.
 * @throws ModelError `weights-damaged`
 */
export function loadWeights(
  { card, folder }: BundledModel,
  allocate: Allocate = (bytes) => new Uint8Array(bytes),
): NetworkWeights {
  const path = join(folder, card.weights.file);
  return groupTensors(readSafetensors(readUndamaged(path, card.weights, MAX_FILE_BYTES, allocate), path), path);
}

/**
 * The same, but the weights of some layers are left in the file, and are compared when they are read.
 * @throws ModelError `weights-damaged`
 */
function openHalves({ card, folder }: BundledModel, allocate: Allocate, left: ReadonlySet<string>): HalfWeights {
  const path = join(folder, card.weights.file);
  const opened = openParts(path);
  try {
    const file = checkParts(path, opened, card.weights);
    const names = new Set([...left].map((layer) => `${layer}/weights`));
    const tensors = readSafetensorsParts(file, allocate(file.bytes), path, (name) => !names.has(name));
    return { weights: groupTensors(tensors, path), file };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/**
 * The tensors of a model's levels, length and checksum compared.
 * @throws ModelError `weights-damaged`
 */
export function loadLevels({ folder }: Pick<BundledModel, 'folder'>, levels: CardFile): NamedTensors {
  const path = join(folder, levels.file);
  return readSafetensors(
    readUndamaged(path, levels, MAX_LEVELS_BYTES, (bytes) => new Uint8Array(bytes)),
    path,
  );
}

/** The model's labels, as many as it has classes. */
export function loadLabels({ card, folder }: BundledModel): Label[] {
  return readLabels(join(folder, card.labels), card.classes);
}

/** Gives single labels of the model. */
export function openLabels({ card, folder }: BundledModel): (index: number) => Label {
  return openLabelTable(join(folder, card.labels), card.classes);
}

/** The labels of ImageNet's 1000 classes that come with the package, fitted to a head of 1000 or 1001. */
export function loadImagenetLabels(classes: number): Label[] {
  return readLabels(join(FOLDER, 'imagenet-1k.tsv'), classes);
}
