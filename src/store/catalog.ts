import { fileURLToPath } from 'node:url';
import { isModelName } from '../domain/model-name.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { isNetworkId, type NetworkId } from '../networks/index.js';
import { type PaddingConvention, paddingConventions } from '../networks/types.js';
import { Fields } from '../untrusted-data/fields.js';
import { MAX_FILE_BYTES, readModelFile } from '../untrusted-data/regular-file.js';
import { type FormatName, formatNames, weightsFormats } from '../weights/formats/table.js';
import { distanceFromDefault } from './default-variant.js';
import { readPreprocessing, readPublished } from './description-fields.js';
import type { PublishedHash } from './download-request.js';
import type { ModelDescription } from './types.js';

/** The package's list of published checkpoints; the same place from `src/` and from `dist/`. */
const CATALOG = fileURLToPath(packageFile('models/catalog.json'));

const MAX_CATALOG_BYTES = 2 * 1024 * 1024;
const MAX_ENTRIES = 2000;
const MAX_ARCHIVE_BYTES = 512 * 1024 * 1024;

/** `tgz`: an archive that holds a TFLite file. */
export type PublishedFormat = FormatName | 'tgz';

/** Whether `pull` installs it: a file that stands alone, perhaps in an archive. */
export function canPull(format: string): boolean {
  return format === 'tgz' || weightsFormats.some(({ name, isOneFile }) => name === format && isOneFile);
}

const FORMATS: readonly PublishedFormat[] = [...formatNames, 'tgz'];

/** A published checkpoint: where it is and what it is, as its publisher says. */
export interface CatalogEntry {
  /** What it is called once installed. */
  readonly name: string;
  readonly network: NetworkId;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  /** `int8`: quantised, of one byte each. */
  readonly dtype: 'f32' | 'int8';
  /** Who trained or converted it: `keras`, `slim`, … */
  readonly family: string;
  readonly format: PublishedFormat;
  /** The file wanted from an archive; for `tgz` alone. */
  readonly member: string | null;
  /** The same file at several places, the best first. */
  readonly addresses: readonly string[];
  readonly bytes: number | null;
  readonly hash: PublishedHash | null;
  readonly published: ModelDescription['published'];
  readonly licence: string;
  readonly preprocessing: Preprocessing;
  readonly padding: PaddingConvention;
  readonly epsilon: number;
  /** The day when the address was last seen to give this file; null: nobody has fetched it for this list. */
  readonly checked: string | null;
}

/**
 * The catalog; of several entries for the same model the preferred one is first.
 * @throws ModelError `catalog` that names entry and field
 */
export function readCatalog(path: string = CATALOG): CatalogEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(readModelFile(path, MAX_CATALOG_BYTES)));
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError('catalog', { where: path, problem: 'not JSON' }, { cause });
  }
  const catalog = new Fields(json, '', path);
  const entries = catalog
    .list('models', MAX_ENTRIES)
    .map((value, index) => readEntry(value, `models[${index}].`, path));
  catalog.refuseRest();
  const names = new Set<string>();
  for (const { name } of entries) {
    if (names.has(name)) throw new ModelError('catalog', { where: path, problem: `two models are called ${name}` });
    names.add(name);
  }
  return entries;
}

function readEntry(value: unknown, prefix: string, path: string): CatalogEntry {
  const entry = new Fields(value, prefix, path);
  const network = entry.text('network');
  if (!isNetworkId(network)) throw entry.wrong('network', 'the name of a network');
  const resolution = entry.integer('resolution', 1, 4096);
  const format = entry.oneOf('format', FORMATS);
  const result: CatalogEntry = {
    name: entry.fileName('name'),
    network,
    alpha: entry.number('alpha', Number.MIN_VALUE, 100),
    resolution,
    classes: entry.integer('classes', 1, 100_000),
    dtype: entry.oneOf('dtype', ['f32', 'int8'] as const),
    family: entry.text('family'),
    format,
    member: entry.nullable('member', () => entry.fileName('member')),
    addresses: entry.list('addresses', 10).map((address) => readAddress(address, entry)),
    bytes: entry.nullable('bytes', () => entry.integer('bytes', 1, largest(format))),
    hash: entry.nullable('hash', () => readHash(entry.object('hash'))),
    published: entry.nullable('published', () => readPublished(entry.object('published'))),
    licence: entry.text('licence'),
    preprocessing: readPreprocessing(entry.object('preprocessing')),
    padding: entry.oneOf('padding', paddingConventions),
    epsilon: entry.number('epsilon', 0, 1),
    checked: entry.nullable('checked', () => entry.matching('checked', /^\d{4}-\d\d-\d\d$/, 'a day, YYYY-MM-DD')),
  };
  entry.refuseRest();
  if (!isModelName(result.name) || isNetworkId(result.name)) throw entry.wrong('name', 'the name of a model');
  if (result.preprocessing.resolution !== resolution) throw entry.wrong('preprocessing', `resolution ${resolution}`);
  if ((result.member !== null) !== (format === 'tgz')) throw entry.wrong('member', 'a name for tgz, null otherwise');
  return result;
}

function readAddress(value: unknown, entry: Fields): string {
  try {
    const url = new URL(String(value));
    if (url.protocol === 'https:' || url.protocol === 'http:') return url.href;
  } catch {
    // Told below.
  }
  throw entry.wrong('addresses', 'http:// or https:// addresses');
}

const DIGITS: Readonly<Record<PublishedHash['algorithm'], RegExp>> = {
  sha256: /^[0-9a-f]{64}$/,
  'sha256-prefix': /^[0-9a-f]{8,63}$/,
  md5: /^[0-9a-f]{32}$/,
};

function readHash(fields: Fields): PublishedHash {
  const algorithm = fields.oneOf('algorithm', ['sha256', 'sha256-prefix', 'md5'] as const);
  const value = fields.matching('value', DIGITS[algorithm], `lower-case hexadecimal digits of ${algorithm}`);
  fields.refuseRest();
  return { algorithm, value };
}

function largest(format: PublishedFormat): number {
  return format === 'tgz' ? MAX_ARCHIVE_BYTES : MAX_FILE_BYTES;
}

/** The most bytes that a download of this entry may have. */
export function maxBytesOf(entry: CatalogEntry): number {
  return entry.bytes ?? largest(entry.format);
}

export interface CatalogQuery {
  /** An entry's own name, or a network's. */
  readonly model: string;
  readonly alpha?: number | undefined;
  readonly resolution?: number | undefined;
  readonly dtype?: 'f32' | 'int8' | undefined;
}

/**
 * Entries that fit, the preferred one first: α 1 and the usual resolution where nothing else was asked for, then integers
 * before floats, since they are a quarter of the size.
 */
export function findEntries(query: CatalogQuery, catalog: readonly CatalogEntry[] = readCatalog()): CatalogEntry[] {
  const { model, alpha, resolution, dtype } = query;
  const rank = (entry: CatalogEntry): number =>
    2 * distanceFromDefault(entry, query) + (entry.dtype === 'int8' ? 0 : 1);
  return catalog
    .filter(
      (entry) =>
        (entry.name === model || entry.network === model) &&
        (alpha === undefined || entry.alpha === alpha) &&
        (resolution === undefined || entry.resolution === resolution) &&
        (dtype === undefined || entry.dtype === dtype),
    )
    .sort((a, b) => rank(a) - rank(b));
}
