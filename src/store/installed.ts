import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { isModelName } from '../domain/model-name.js';
import { ModelError } from '../errors/errors.js';
import { isNetworkId } from '../networks/index.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { readSafetensors } from '../weights/formats/safetensors/safetensors.js';
import type { NamedTensors } from '../weights/types.js';
import { distanceFromDefault } from './default-variant.js';
import { places, storeHome } from './home.js';
import { readRecord } from './record.js';
import type { Blob, InstalledModel } from './types.js';

const CHUNK_BYTES = 1024 * 1024;

/** What is asked for; a name of the store goes before a network's. */
export interface InstalledQuery {
  readonly model: string;
  readonly alpha?: number | undefined;
  readonly resolution?: number | undefined;
  readonly dtype?: InstalledModel['dtype'] | undefined;
}

/** Float before integers where both fit: the more exact one. */
const DTYPE_ORDER: readonly InstalledModel['dtype'][] = ['f32', 'f16', 'int8'];

/**
 * The model of that name; otherwise the first that fits the network, α and resolution: α 1 and the usual resolution
 * where nothing else is asked for, then float first, then by name.
 * Damaged records are passed over. A network stands for its ImageNet weights: a model with other classes is found by its own
 * name alone.
 * @throws ModelError where the record of that very name is damaged
 */
export function findInstalled(query: InstalledQuery, home = storeHome()): InstalledModel | undefined {
  const { model, alpha, resolution, dtype } = query;
  const fits = (each: InstalledModel): boolean =>
    (alpha === undefined || each.alpha === alpha) &&
    (resolution === undefined || each.resolution === resolution) &&
    (dtype === undefined || each.dtype === dtype);
  const named = isModelName(model) ? readInstalled(home, model) : undefined;
  if (named !== undefined && fits(named)) return named;
  const rank = (each: InstalledModel): number =>
    DTYPE_ORDER.length * distanceFromDefault(each, query) + DTYPE_ORDER.indexOf(each.dtype);
  return listInstalled(home)
    .models.filter((each) => isNetworkId(model) && each.network === model && hasImageNetClasses(each) && fits(each))
    .sort((a, b) => rank(a) - rank(b))[0];
}

function hasImageNetClasses({ classes, learned }: InstalledModel): boolean {
  return !learned && (classes === 1000 || classes === 1001);
}

/** The record of a name, or undefined where there is none. */
export function readInstalled(home: string, name: string): InstalledModel | undefined {
  const path = places.record(home, name);
  try {
    const model = readRecord(path);
    if (model.name === name) return model;
    throw new ModelError('card', { where: path, problem: `name is ${model.name}`, expected: name });
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  }
}

export interface Installed {
  /** By name. */
  readonly models: InstalledModel[];
  /** Names whose records cannot be read. */
  readonly damaged: { readonly name: string; readonly problem: string }[];
}

/** Everything in the store; a store that does not exist is empty. */
export function listInstalled(home = storeHome()): Installed {
  const installed: Installed = { models: [], damaged: [] };
  for (const name of listNames(home)) {
    try {
      const model = readInstalled(home, name);
      if (model !== undefined) installed.models.push(model);
    } catch (error) {
      installed.damaged.push({ name, problem: (error as Error).message });
    }
  }
  return installed;
}

/** Names of all records, whatever they are worth. */
export function listNames(home: string): string[] {
  try {
    return readdirSync(places.models(home)).filter(isModelName).sort();
  } catch {
    return [];
  }
}

/** File names of all blobs that models refer to, or undefined where a record is damaged. */
export function readBlobNames(home: string): ReadonlySet<string> | undefined {
  const { models, damaged } = listInstalled(home);
  if (damaged.length > 0) return undefined;
  const files = models.flatMap((model) => Object.values(filesOf(model, home)));
  return new Set(files.map(({ path }) => basename(path)));
}

/** A file of a model, where it lies and what it should be. */
export interface BlobFile {
  readonly path: string;
  readonly blob: Blob;
}

/** All files of a model. */
export function filesOf(
  model: InstalledModel,
  home: string,
): {
  readonly weights: BlobFile;
  readonly labels?: BlobFile;
  readonly levels?: BlobFile;
  readonly vectors?: BlobFile;
} {
  const { weights, labels, levels, unknown } = model;
  return {
    weights: { path: weightsPath(model, home), blob: weights },
    ...(labels && { labels: { path: labelsPath(labels, home), blob: labels } }),
    ...(levels && { levels: { path: levelsPath(levels, home), blob: levels } }),
    ...(unknown && { vectors: { path: vectorsPath(unknown.vectors, home), blob: unknown.vectors } }),
  };
}

/** Where a model's weights lie; their ending says the format. */
export function weightsPath(model: InstalledModel, home = storeHome()): string {
  return places.blob(home, model.weights.sha256, model.format);
}

function labelsPath(labels: Blob, home: string): string {
  return places.blob(home, labels.sha256, 'json');
}

function vectorsPath(vectors: Blob, home: string): string {
  return places.blob(home, vectors.sha256, 'vectors');
}

function levelsPath(levels: Blob, home: string): string {
  return places.blob(home, levels.sha256, 'safetensors');
}

/**
 * A model's weights, length and sha-256 checked.
 * @throws ModelError `weights-damaged`, which says how to get the model anew
 */
export function readInstalledWeights(model: InstalledModel, home = storeHome()): Uint8Array<ArrayBuffer> {
  return readBlob(weightsPath(model, home), model.weights, model.name);
}

/**
 * The JSON file of a model's own labels, or undefined where it has none.
 * @throws ModelError `weights-damaged`
 */
export function readInstalledLabels(
  { name, labels }: InstalledModel,
  home = storeHome(),
): { readonly path: string; readonly bytes: Uint8Array } | undefined {
  if (labels === null) return undefined;
  const path = labelsPath(labels, home);
  return { path, bytes: readBlob(path, labels, name) };
}

/**
 * The tensors of a model's levels.
 * @throws ModelError `weights-damaged`
 */
export function readInstalledLevels({ name }: InstalledModel, levels: Blob, home = storeHome()): NamedTensors {
  const path = levelsPath(levels, home);
  return readSafetensors(readBlob(path, levels, name), path);
}

/**
 * Vectors of the images that a model was learned from, in integers, one after the other.
 * @throws ModelError `weights-damaged`
 */
export function readInstalledVectors({ name }: InstalledModel, vectors: Blob, home = storeHome()): Int8Array {
  const { buffer, byteOffset, length } = readBlob(vectorsPath(vectors, home), vectors, name);
  return new Int8Array(buffer, byteOffset, length);
}

function readBlob(path: string, blob: Blob, name: string): Uint8Array<ArrayBuffer> {
  const remedy = `pull or import ${name} again (mobilenet models verify checks the others)`;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = readModelFile(path, blob.bytes);
  } catch (cause) {
    const details = cause instanceof ModelError ? cause.details : { where: path, problem: String(cause) };
    throw new ModelError('weights-damaged', { ...details, remedy }, { cause });
  }
  if (bytes.length !== blob.bytes) {
    throw new ModelError('weights-damaged', {
      where: path,
      problem: `${bytes.length} bytes`,
      expected: `${blob.bytes}`,
      remedy,
    });
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== blob.sha256) {
    throw new ModelError('weights-damaged', {
      where: path,
      problem: `sha-256 ${sha256}`,
      expected: blob.sha256,
      remedy,
    });
  }
  return bytes;
}

/** Whether the file is there with that length and that sha-256; read in pieces. */
export async function isBlobIntact(path: string, blob: Blob): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size !== blob.bytes) return false;
    const hash = createHash('sha256');
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let position = 0; ; ) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
    return hash.digest('hex') === blob.sha256;
  } finally {
    await handle.close();
  }
}

/** Whether all files of a model are there and whole. */
export async function isIntact(model: InstalledModel, home = storeHome()): Promise<boolean> {
  return (await findDamaged(model, home)) === undefined;
}

/** The first of a model's files that is absent or not what the record says. */
export async function findDamaged(model: InstalledModel, home: string): Promise<BlobFile | undefined> {
  for (const file of Object.values(filesOf(model, home))) {
    if (!(await isBlobIntact(file.path, file.blob))) return file;
  }
  return undefined;
}

/** The model of a name, where it is there and whole; a damaged one is as good as none. */
export async function findWhole(home: string, name: string): Promise<InstalledModel | undefined> {
  try {
    const model = readInstalled(home, name);
    return model && (await isIntact(model, home)) ? model : undefined;
  } catch {
    return undefined;
  }
}

export interface Verified {
  readonly name: string;
  /** In one line, or null for a whole model. */
  readonly problem: string | null;
}

/** Reads every file of every model and compares with the record. */
export async function verifyModels(home = storeHome()): Promise<Verified[]> {
  const { models, damaged } = listInstalled(home);
  const verified: Verified[] = [...damaged];
  for (const model of models) {
    const found = await findDamaged(model, home);
    const problem = found ? `${found.path}: damaged or absent, expected ${found.blob.bytes} bytes` : null;
    verified.push({ name: model.name, problem });
  }
  return verified.sort((a, b) => (a.name < b.name ? -1 : 1));
}
