import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError } from '../errors/errors.js';
import { isNetworkId, type NetworkId } from '../networks/index.js';
import { type PaddingConvention, paddingConventions } from '../networks/types.js';
import { readPreprocessing } from '../store/description-fields.js';
import { Fields } from '../untrusted-data/fields.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import type { Checksums } from './checksums.js';

const MAX_CARD_BYTES = 64 * 1024;

/** A file in the card's own folder. */
export interface CardFile extends Checksums {
  readonly file: string;
}

export interface WeightsFile extends CardFile {
  /** Format of the convolution and dense weights; biases are single precision always. */
  readonly dtype: 'f16' | 'f32';
  /**
   * Lengths and checksums of its header and tensors, as `partsText` writes them, so that each can be read by itself. Cards of
   * earlier versions have none.
   */
  readonly parts?: string;
}

/** What was trained: everything about a set of weights that is no property of the network. */
export interface Card {
  readonly name: string;
  readonly network: NetworkId;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  readonly padding: PaddingConvention;
  /** Of the batch norms, whether folded already or not. */
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  /** A labels file in the card's own folder. */
  readonly labels: string;
  readonly weights: WeightsFile;
  /** How its maps are stored in integers; null for a model that nobody calibrated. */
  readonly levels: CardFile | null;
  /** Accuracy on ImageNet's validation set in percent, as the source says. */
  readonly published: { readonly top1: number; readonly top5: number; readonly source: string };
  readonly origin: string;
  readonly licence: string;
}

/**
 * A card from its JSON. Every field is checked, none but `parts` may be absent, and none besides are allowed; file names
 * cannot leave the folder.
 * @throws ModelError `card` that names the field
 */
export function readCard(path: string): Card {
  return parseCard(readModelFile(path, MAX_CARD_BYTES), path);
}

/** Like `readCard`, from bytes already at hand. */
export function parseCard(bytes: Uint8Array, where: string): Card {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelError('card', { where, problem: 'not JSON, so not the card of a model' }, { cause });
  }
  const card = new Fields(json, '', where);
  const network = card.text('network');
  if (!isNetworkId(network)) throw card.wrong('network', 'the name of a network');
  const weights = card.object('weights');
  const levels = card.nullable('levels', () => card.object('levels'));
  const published = card.object('published');
  const resolution = card.integer('resolution', 1, 4096);
  const preprocessing = readPreprocessing(card.object('preprocessing'));
  if (preprocessing.resolution !== resolution) throw card.wrong('preprocessing.resolution', `${resolution}`);
  const result: Card = {
    name: card.fileName('name'),
    network,
    alpha: card.number('alpha', Number.MIN_VALUE, 100),
    resolution,
    classes: card.integer('classes', 1, 100_000),
    padding: card.oneOf('padding', paddingConventions),
    epsilon: card.number('epsilon', 0, 1),
    preprocessing,
    labels: card.fileName('labels'),
    weights: {
      ...readCardFile(weights),
      dtype: weights.oneOf('dtype', ['f16', 'f32'] as const),
      ...(weights.has('parts') && {
        parts: weights.matching('parts', /^(?:[0-9a-f]{16})+$/, '16 lower-case hexadecimal digits for each part'),
      }),
    },
    levels: levels && readCardFile(levels),
    published: {
      top1: published.number('top1', 0, 100),
      top5: published.number('top5', 0, 100),
      source: published.text('source'),
    },
    origin: card.text('origin'),
    licence: card.text('licence'),
  };
  for (const fields of [card, weights, published]) fields.refuseRest();
  levels?.refuseRest();
  return result;
}

function readCardFile(fields: Fields): CardFile {
  return {
    file: fields.fileName('file'),
    bytes: fields.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
    sha256: fields.matching('sha256', /^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
    crc32: fields.matching('crc32', /^[0-9a-f]{8}$/, '8 lower-case hexadecimal digits'),
  };
}
