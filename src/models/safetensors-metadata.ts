import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Label } from '../domain/label.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError } from '../errors/errors.js';
import { type Network, type PaddingConvention, paddingConventions } from '../networks/types.js';
import { readPreprocessing } from '../store/description-fields.js';
import { Fields } from '../untrusted-data/fields.js';
import { parseNetwork } from '../weights/network-json.js';
import { readCard } from './card.js';
import { labelsOfJson } from './label-formats.js';
import { labelsToJson } from './labels.js';

/** What weights do not show, written into the header of the safetensors files that this project exports. */
export interface OwnMetadata {
  readonly resolution: number;
  /** Left out where it is not known. */
  readonly trainedResolution?: number | undefined;
  readonly padding: PaddingConvention;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  /** Set where the network is none of the papers'. */
  readonly network?: Network;
  /** Left out where they are not known, or are ImageNet's. */
  readonly labels?: readonly Label[] | undefined;
}

/** Its key in the header's metadata; the value is JSON. */
const KEY = 'mobilenet';

export function formatMetadata(metadata: OwnMetadata): Readonly<Record<string, string>> {
  const { resolution, trainedResolution, padding, epsilon, preprocessing, network, labels } = metadata;
  const isOther = trainedResolution !== undefined && trainedResolution !== resolution;
  const facts = { resolution, ...(isOther && { trainedResolution }), padding, epsilon, preprocessing };
  return {
    [KEY]: JSON.stringify({ ...facts, ...(network && { network }), ...(labels && { labels: labelsToJson(labels) }) }),
  };
}

/**
 * From a safetensors header's free text; undefined for a file that another program wrote.
 * @param where the file's name, for messages
 * @throws ModelError `card`, `network` where it is there and damaged
 */
export function readOwnMetadata(metadata: unknown, where: string): OwnMetadata | undefined {
  const text = (metadata as Readonly<Record<string, unknown>> | undefined)?.[KEY];
  if (typeof text !== 'string') return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelError(
      'card',
      { where, problem: `the metadata ${KEY} in its header is not JSON`, remedy: 'export it again' },
      { cause },
    );
  }
  const fields = new Fields(json, `${KEY}.`, where);
  const { network, labels } = json as { readonly network?: unknown; readonly labels?: unknown };
  const preprocessing = readPreprocessing(fields.object('preprocessing'));
  const resolution = fields.integer('resolution', preprocessing.resolution, preprocessing.resolution);
  return {
    resolution,
    trainedResolution: fields.has('trainedResolution') ? fields.integer('trainedResolution', 1, 4096) : resolution,
    padding: fields.oneOf('padding', paddingConventions),
    epsilon: fields.number('epsilon', 0, 1),
    preprocessing,
    ...(network !== undefined && { network: parseNetwork(network, where) }),
    ...(labels !== undefined && { labels: labelsOfJson(labels, where) }),
  };
}

/**
 * From the card beside a bundled file; undefined where there is none, or it is the card of another file.
 */
export function readCardBeside(path: string): OwnMetadata | undefined {
  const card = path.replace(/\.safetensors$/, '.json');
  if (card === path || !existsSync(card)) return undefined;
  try {
    const { weights, resolution, padding, epsilon, preprocessing } = readCard(card);
    return weights.file === basename(path)
      ? { resolution, trainedResolution: resolution, padding, epsilon, preprocessing }
      : undefined;
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
