import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { type Allocate, MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';
import { readSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { NamedTensors, NetworkWeights } from '../weights/types.js';
import { type Card, type CardFile, readCard } from './card.js';
import { readChecked } from './checksums.js';
import { openLabelTable, readLabels } from './labels.js';

/** The package's own folder of models; the same from `src/` and from `dist/`. */
const BOX = fileURLToPath(packageFile('models/'));

/** Lies beside the cards, and is none: what others publish. */
const CATALOG = 'catalog.json';

const DEFAULT_MODEL = 'mobilenet_v2';

const MAX_LEVELS_BYTES = 16 * 1024 * 1024;

/** A card and the folder that its files are in. */
export interface StoredModel {
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
export function listModels(folder: string = BOX): StoredModel[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== CATALOG);
  } catch (cause) {
    throw new ModelError(
      'model-file',
      { where: folder, problem: 'cannot be read', expected: 'the folder of models' },
      { cause },
    );
  }
  const rank = ({ card }: StoredModel): number => (card.network === DEFAULT_MODEL ? 0 : 1);
  return files
    .toSorted()
    .map((file) => ({ card: readCard(join(folder, file)), folder }))
    .toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The first model of the folder that fits what is asked for, by network or by its own name: by default MobileNetV2, α 1.0, 224 × 224.
 * @throws ModelError `model-not-in-box` that says what is there and what would provide the rest
 */
export function findModel(query: ModelQuery = {}, folder: string = BOX): StoredModel {
  const { model = DEFAULT_MODEL, alpha, resolution } = query;
  const models = listModels(folder);
  const found = models.find(
    ({ card }) =>
      (card.network === model || card.name === model) &&
      (alpha === undefined || card.alpha === alpha) &&
      (resolution === undefined || card.resolution === resolution),
  );
  if (found) return found;
  const asked = [model];
  if (alpha !== undefined) asked.push(`α ${alpha}`);
  if (resolution !== undefined) asked.push(`${resolution}×${resolution}`);
  const box = models.map(({ card }) => `${card.network} α ${card.alpha} ${card.resolution}×${card.resolution}`);
  throw new ModelError('model-not-in-box', {
    where: asked.join(' '),
    problem: 'no weights in the box',
    expected: `one of ${box.join(', ') || 'none'}; a checkpoint of your own provides others: --weights FILE.tflite`,
  });
}

/**
 * The model's weights, their file's length and checksum compared with the card's. Half-precision tensors are views of
 * the file's bytes, which lie in what `allocate` gives.
 * @throws ModelError `weights-damaged`
 */
export function loadWeights(
  { card, folder }: StoredModel,
  allocate: Allocate = (bytes) => new Uint8Array(bytes),
): NetworkWeights {
  const path = join(folder, card.weights.file);
  return groupTensors(readSafetensors(readChecked(path, card.weights, MAX_FILE_BYTES, allocate), path), path);
}

/**
 * The tensors of a model's levels, length and checksum compared.
 * @throws ModelError `weights-damaged`
 */
export function loadLevels({ folder }: Pick<StoredModel, 'folder'>, levels: CardFile): NamedTensors {
  const path = join(folder, levels.file);
  return readSafetensors(
    readChecked(path, levels, MAX_LEVELS_BYTES, (bytes) => new Uint8Array(bytes)),
    path,
  );
}

/** The model's labels, as many as it has classes. */
export function loadLabels({ card, folder }: StoredModel): Label[] {
  return readLabels(join(folder, card.labels), card.classes);
}

/** Gives single labels of the model. */
export function openLabels({ card, folder }: StoredModel): (index: number) => Label {
  return openLabelTable(join(folder, card.labels), card.classes);
}

/** The labels of ImageNet's 1000 classes that come with the package, fitted to a head of 1000 or 1001. */
export function loadImagenetLabels(classes: number): Label[] {
  return readLabels(join(BOX, 'imagenet-1k.tsv'), classes);
}
