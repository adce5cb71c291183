import { basename } from 'node:path';
import { ModelError, UsageError } from './errors.js';
import { identify } from './networks/identify.js';
import { findNetwork, isNetworkId } from './networks/index.js';
import { readArchiveMember } from './store/archive.js';
import { type CatalogEntry, type CatalogQuery, findEntries, type PublishedFormat } from './store/catalog.js';
import { type FetchedFile, type Pulled, type PullOptions, pullEntry } from './store/pull-entry.js';
import type { NewModel } from './store/types.js';
import { readModelFile } from './weights/file.js';

export type { Progress } from './store/download.js';
export type { Pulled, PullOptions } from './store/pull-entry.js';

/** Published formats that can be installed. */
const INSTALLABLE: ReadonlySet<PublishedFormat> = new Set(['tflite', 'tgz']);

/**
 * The published checkpoint to fetch for a network, α, resolution and numbers: of several the catalog's first that can be
 * installed, one byte a weight before four.
 * @throws UsageError for a name that neither a network nor a published model has, ModelError `model-not-published`
 */
export function chooseEntry(query: CatalogQuery): CatalogEntry {
  const entries = findEntries(query);
  const entry = entries.find(({ format }) => INSTALLABLE.has(format));
  if (entry) return entry;
  const { model, alpha, resolution, dtype } = query;
  const known = findEntries({ model });
  if (known.length === 0 && !isNetworkId(model)) findNetwork(model);
  const asked = [model, alpha && `α ${alpha}`, resolution && `${resolution}×${resolution}`, dtype]
    .filter(Boolean)
    .join(' ');
  if (entries.length > 0) {
    const { name, format, addresses } = entries[0]!;
    throw new ModelError(
      'model-not-published',
      `${asked}: published as ${format} only, expected a format that can be pulled; fetch ${addresses[0]} yourself and import it as ${name}`,
    );
  }
  const choices = [
    ...new Set(known.map((each) => `α ${each.alpha} ${each.resolution}×${each.resolution} ${each.dtype}`)),
  ];
  throw new ModelError(
    'model-not-published',
    `${asked}: no published weights are known, expected one of ${choices.join(', ') || 'those that mobilenet models lists'}`,
  );
}

/**
 * Fetches a published model into the store, unless it is there and whole.
 * @throws UsageError, ModelError; the store is as before then
 */
export async function pull(query: CatalogQuery, options: PullOptions = {}): Promise<Pulled & { entry: CatalogEntry }> {
  const { from } = options;
  if (from !== undefined && from.trim() === '') throw new UsageError('--from: empty, expected a file or an address');
  const entry = chooseEntry(query);
  return { ...(await pullEntry(entry, (file) => prepare(entry, file), options)), entry };
}

/** What the file holds, checked to be what the entry says. */
async function prepare(entry: CatalogEntry, { path, kind, origin }: FetchedFile): Promise<NewModel> {
  const where = origin.address;
  const bytes = kind === 'tgz' ? await readArchiveMember(path, entry.member!, where) : readModelFile(path);
  const { readTflite } = await import('./weights/tflite.js');
  const imported = readTflite(bytes, kind === 'tgz' ? entry.member! : basename(where));
  const { height, width } = imported.inputResolution;
  const identity = identify(imported.network);
  const found = describe({
    network: identity?.id ?? 'another network',
    alpha: identity?.alpha ?? 1,
    size: `${width}×${height}`,
    classes: imported.output.classes,
    dtype: imported.quantised ? 'int8' : 'f32',
  });
  const expected = describe({ ...entry, size: `${entry.resolution}×${entry.resolution}` });
  if (found !== expected) throw new ModelError('weights-shape', `${where}: ${found}, expected ${expected}`);
  const { name, network, alpha, resolution, classes, dtype, published, licence } = entry;
  return {
    ...{ name, network, alpha, resolution, classes, dtype, published, licence, origin },
    format: 'tflite',
    padding: null,
    epsilon: null,
    // The file itself says how it wants pictures.
    preprocessing: null,
    weights: bytes,
    labels: null,
  };
}

interface Facts {
  readonly network: string;
  readonly alpha: number;
  readonly size: string;
  readonly classes: number;
  readonly dtype: string;
}

function describe({ network, alpha, size, classes, dtype }: Facts): string {
  return `${network} α ${alpha}, ${size}, ${classes} classes, ${dtype}`;
}
