import { basename } from 'node:path';
import type { CatalogEntry } from '../../src/store/catalog.js';
import type { FetchedFile } from '../../src/store/pull-entry.js';
import type { NewModel } from '../../src/store/types.js';

/** An entry for files that nobody could run; what is said of it is as in the catalog. */
export function makeEntry(addresses: readonly string[], fields: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    name: 'mobilenet_v1_0.25_128_test',
    network: 'mobilenet_v1',
    alpha: 0.25,
    resolution: 128,
    classes: 1001,
    dtype: 'int8',
    family: 'test',
    format: 'tflite',
    member: null,
    addresses,
    bytes: null,
    hash: null,
    published: null,
    licence: 'none',
    preprocessing: {
      crop: 'center',
      resize: 146,
      resolution: 128,
      filter: 'pil-bilinear',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    },
    padding: 'tensorflow',
    epsilon: 0.001,
    checked: null,
    ...fields,
  };
}

/** Takes any file as the model. */
export async function accept({ path, origin }: FetchedFile, entry = makeEntry([])): Promise<NewModel> {
  const { name, network, alpha, resolution, classes, dtype, published, licence } = entry;
  return {
    ...{ name, network, alpha, resolution, classes, dtype, published, licence },
    origin: { ...origin, address: basename(origin.address) },
    format: 'tflite',
    padding: null,
    epsilon: null,
    preprocessing: null,
    weights: { file: path },
    labels: null,
  };
}
