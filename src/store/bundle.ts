import { lstatSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { isFolder } from '../untrusted-data/files-beside.js';
import { MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';
import { readCatalog } from './catalog.js';
import { places } from './home.js';
import { filesOf, findDamaged, listNames, readInstalled } from './installed.js';
import type { InstalledModel, Origin } from './types.js';

/**
 * A bundle is a folder to carry to another machine. It is laid out like the store: `models/NAME/model.json` and
 * `blobs/SHA256.ENDING`.
 */
const MAX_MODELS = 2000;

/**
 * Refuses to write a bundle among other files. A folder that does not exist is made later.
 * @throws ModelError `bundle`
 */
export function checkBundleTarget(folder: string): void {
  const names = listFolder(folder);
  const isFree = names === undefined || names.every((name) => name.startsWith('.'));
  if (isFree || names.includes('models')) return;
  throw new ModelError('bundle', {
    where: folder,
    problem: 'not empty, and not a bundle',
    remedy: `choose a new folder, such as ${join(folder, 'mobilenet-bundle')}`,
  });
}

/** Whether a folder looks like a bundle, for messages. */
export function looksLikeBundle(folder: string): boolean {
  return [places.models(folder), places.blobs(folder)].every(isFolder);
}

/** Removes what only a download needs. */
export function finishBundle(folder: string): void {
  try {
    rmdirSync(places.downloads(folder));
  } catch {
    // Another process is at it, or nothing was downloaded.
  }
}

/**
 * Names of the models in a bundle.
 * @throws ModelError `bundle` for a folder that is none
 */
export function listBundle(folder: string): string[] {
  const found = listFolder(folder);
  if (found === undefined) throw new ModelError('bundle', { where: folder, problem: 'no such folder' });
  const remedy = 'give the folder that mobilenet pull --to has written';
  if (!found.includes('models')) {
    throw new ModelError('bundle', { where: folder, problem: 'not a bundle: it has no folder “models”', remedy });
  }
  for (const part of [places.models(folder), places.blobs(folder)]) refuseLink(part, 'folder');
  const names = listNames(folder);
  if (names.length === 0)
    throw new ModelError('bundle', { where: folder, problem: 'no models in this bundle', remedy });
  if (names.length > MAX_MODELS) {
    throw new ModelError('bundle', {
      where: folder,
      problem: `${names.length} models`,
      expected: `at most ${MAX_MODELS}`,
    });
  }
  return names;
}

/**
 * A model of a bundle, its files compared with their SHA-256. Names of files are hashes, so that only links could lead out
 * of the folder; they are refused.
 * @throws ModelError `bundle`, `card`, `weights-damaged`
 */
export async function readBundled(folder: string, name: string): Promise<InstalledModel> {
  const record = places.record(folder, name);
  refuseLink(join(places.models(folder), name), 'folder');
  refuseLink(record, 'file');
  const model = readInstalled(folder, name)!;
  for (const { path, blob } of Object.values(filesOf(model, folder))) {
    refuseLink(path, 'file');
    // Before hours go into its hash.
    if (blob.bytes > MAX_FILE_BYTES) {
      throw new ModelError('bundle', {
        where: path,
        problem: `${blob.bytes} bytes`,
        expected: `at most ${MAX_FILE_BYTES}`,
      });
    }
  }
  const damaged = await findDamaged(model, folder);
  if (damaged) {
    throw new ModelError('weights-damaged', {
      where: damaged.path,
      problem: 'damaged',
      expected: `${damaged.blob.bytes} bytes with SHA-256 ${damaged.blob.sha256}`,
      remedy: 'copy the bundle again',
    });
  }
  return { ...model, origin: confirmOrigin(model) };
}

/**
 * The catalog's word on a record. A hash counts as published only where the catalog of this installation has it.
 * @throws ModelError `weights-damaged` for a model that is not what the catalog has under its name
 */
function confirmOrigin(model: InstalledModel): Origin {
  const { name, origin, format, weights, licence } = model;
  const entry = readCatalog().find((each) => each.name === name);
  // Somebody's own model may be called so too.
  if (entry === undefined || licence === null) return { ...origin, hash: 'first-seen' };
  const differs = (['network', 'alpha', 'resolution', 'classes'] as const).find(
    (field) => model[field] !== entry[field],
  );
  if (differs !== undefined) throw wrongModel(name, `${differs} ${model[differs]}`, String(entry[differs]));
  const { hash } = entry;
  if (hash === null || hash.algorithm === 'md5') return { ...origin, hash: 'first-seen' };
  // A file that is kept as it was published has the published hash itself.
  const sha256 = entry.format === format && format !== 'safetensors' ? weights.sha256 : origin.sha256;
  if (!sha256.startsWith(hash.value)) throw wrongModel(name, `SHA-256 ${sha256}`, `${hash.value}, as published`);
  return { ...origin, hash: 'published' };
}

function wrongModel(where: string, problem: string, expected: string): ModelError {
  return new ModelError('weights-damaged', { where, problem, expected });
}

/** Names in a folder, or undefined where there is none. */
function listFolder(folder: string): string[] | undefined {
  try {
    if (statSync(folder).isDirectory()) return readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ModelError('bundle', { where: folder, problem: describeReadError(cause) }, { cause });
  }
  throw new ModelError('bundle', { where: folder, problem: 'not a folder' });
}

function refuseLink(path: string, kind: 'file' | 'folder'): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  const isRight = kind === 'file' ? stats?.isFile() : stats?.isDirectory();
  if (isRight) return;
  const problem = stats === undefined ? 'missing from the bundle' : `not a regular ${kind}`;
  const remedy = stats === undefined ? 'copy the bundle again' : 'links are not followed in a bundle';
  throw new ModelError('bundle', { where: path, problem, remedy });
}
