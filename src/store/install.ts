import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { besides } from '../files/besides.js';
import { isNetworkId } from '../networks/index.js';
import { MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';
import { asStoreError, type Disk, moveInto, realDisk, writeAtomically } from './disk.js';
import { checkModelName, places, storeHome } from './home.js';
import { type BlobFile, filesOf, isBlobIntact, readBlobNames, readInstalled } from './installed.js';
import { formatRecord } from './record.js';
import { withStoreLock } from './store-lock.js';
import type { Blob, BlobEnding, FileSource, InstalledModel, ModelDescription, NewModel } from './types.js';

const CHUNK_BYTES = 1024 * 1024;
/** Installing and removing take moments; a store busy for longer has a problem that its user should hear of. */
const PATIENCE_MS = 60_000;

export interface StoreOptions {
  /** The store's folder; by default `$MOBILENET_HOME`, else the platform's folder for caches. */
  readonly home?: string;
  readonly disk?: Disk;
}

export interface InstallOptions extends StoreOptions {
  /** Takes the place of a model of that name; otherwise that is an error. */
  readonly replace?: boolean;
}

/**
 * Puts a model into the store: blobs first, its record last, each by a temporary file and a rename, so that other
 * processes see it whole or not at all.
 * @throws ModelError `model-exists`, `model-name`, `store`, `store-full`, `store-busy`, `model-file`
 */
export async function installModel(model: NewModel, options: InstallOptions = {}): Promise<InstalledModel> {
  const { home = storeHome(), disk = realDisk, replace = false } = options;
  const { name } = model;
  checkNewName(name, home, replace);
  return withStoreLock(
    places.lock(home),
    async () => {
      checkNewName(name, home, replace);
      const weights = await storeBlob(home, model.weights, model.format, disk);
      const labels = model.labels && (await storeBlob(home, model.labels, 'json', disk));
      const levels = model.levels ? await storeBlob(home, model.levels, 'safetensors', disk) : null;
      const { unknown } = model;
      const vectors = unknown && (await storeBlob(home, unknown.vectors, 'vectors', disk));
      const installed: InstalledModel = {
        ...{ ...describe(model), weights, labels, levels },
        ...(unknown && vectors && { unknown: { threshold: unknown.threshold, vectors } }),
        installed: new Date().toISOString(),
      };
      const text = new TextEncoder().encode(formatRecord(installed));
      await writeAtomically(places.record(home, name), (handle) => disk.write(handle, text, 0));
      return installed;
    },
    { patienceMs: PATIENCE_MS },
  );
}

/**
 * Whether a model can be installed under a name, before any work is done for it.
 * @throws ModelError `model-name`, `model-exists`
 */
export function checkNewName(name: string, home: string, replace: boolean): void {
  checkModelName(name);
  if (isNetworkId(name)) {
    throw new ModelError('model-name', {
      where: name,
      problem: 'already the name of a network',
      expected: `another name, such as ${name}_mine`,
    });
  }
  if (replace || readInstalled(home, name) === undefined) return;
  throw new ModelError('model-exists', {
    where: name,
    problem: 'already installed',
    remedy: `choose another name, add --replace, or run: mobilenet models remove ${name}`,
  });
}

/** The fields of the record and no others, in its order. */
function describe(model: ModelDescription): ModelDescription {
  const { name, network, alpha, resolution, trainedResolution, classes, dtype, format } = model;
  const { padding, epsilon, preprocessing, published, licence, origin, calibration, learned } = model;
  return {
    ...{ name, network, alpha, resolution },
    ...(trainedResolution !== undefined && { trainedResolution }),
    ...{ classes, dtype, format },
    ...{ padding, epsilon, preprocessing, published, licence, origin },
    ...(calibration && { calibration }),
    ...(learned && { learned }),
  };
}

/** One blob; what is there already and whole stays. */
async function storeBlob(home: string, source: FileSource, ending: BlobEnding, disk: Disk): Promise<Blob> {
  const folder = places.blobs(home);
  const temporary = besides(join(folder, 'new'));
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, 'wx');
    let blob: Blob;
    try {
      blob = source instanceof Uint8Array ? await writeBytes(handle, source, disk) : await copy(handle, source, disk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const path = places.blob(home, blob.sha256, ending);
    if (!(await isBlobIntact(path, blob))) await moveInto(temporary, path);
    return blob;
  } catch (error) {
    throw asStoreError(folder, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

async function writeBytes(handle: FileHandle, bytes: Uint8Array, disk: Disk): Promise<Blob> {
  await disk.write(handle, bytes, 0);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function copy(handle: FileHandle, source: Exclude<FileSource, Uint8Array>, disk: Disk): Promise<Blob> {
  const blob = await copyFile(handle, source.file, disk);
  const { file, sha256 = blob.sha256 } = source;
  if (blob.sha256 === sha256) return blob;
  throw new ModelError('weights-damaged', { where: file, problem: `sha-256 ${blob.sha256}`, expected: sha256 });
}

async function copyFile(handle: FileHandle, file: string, disk: Disk): Promise<Blob> {
  const source = await open(file, 'r').catch((cause) => {
    throw new ModelError('model-file', { where: file, problem: describeReadError(cause) }, { cause });
  });
  try {
    const { size } = await source.stat();
    if (size > MAX_FILE_BYTES) {
      throw new ModelError('model-file', {
        where: file,
        problem: `${size} bytes`,
        expected: `at most ${MAX_FILE_BYTES}`,
      });
    }
    const hash = createHash('sha256');
    const chunk = new Uint8Array(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await source.read(chunk, 0, chunk.length, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      if (bytes + bytesRead > MAX_FILE_BYTES)
        throw new ModelError('model-file', { where: file, problem: 'the file grew while it was read' });
      const part = chunk.subarray(0, bytesRead);
      hash.update(part);
      await disk.write(handle, part, bytes);
      bytes += bytesRead;
    }
  } finally {
    await source.close();
  }
}

/**
 * Puts a model of one folder, the store or a bundle, into another.
 * @throws ModelError as `installModel` does, `weights-damaged`
 */
export async function copyModel(model: InstalledModel, home: string, options: InstallOptions): Promise<InstalledModel> {
  const { weights, labels, levels, vectors } = filesOf(model, home);
  const source = ({ path, blob }: BlobFile): FileSource => ({ file: path, sha256: blob.sha256 });
  const files = {
    ...{ weights: source(weights), labels: labels ? source(labels) : null },
    ...(levels && { levels: source(levels) }),
    ...(vectors && { unknown: { threshold: model.unknown!.threshold, vectors: source(vectors) } }),
  };
  return installModel({ ...describe(model), ...files }, options);
}

/**
 * Takes a model out of the store, and the blobs that no other model uses.
 * @throws ModelError `model-not-installed`, `model-name`, `store`
 */
export async function removeModel(name: string, options: StoreOptions = {}): Promise<void> {
  const { home = storeHome() } = options;
  checkModelName(name);
  await withStoreLock(
    places.lock(home),
    async () => {
      const folder = dirname(places.record(home, name));
      const entries = await readdir(folder).catch(() => undefined);
      if (entries === undefined) {
        throw new ModelError('model-not-installed', {
          where: name,
          problem: 'not installed',
          remedy: 'mobilenet models lists the installed models',
        });
      }
      try {
        await rm(folder, { recursive: true });
        await sweepBlobs(home);
      } catch (error) {
        throw asStoreError(folder, error);
      }
    },
    { patienceMs: PATIENCE_MS },
  );
}

/** Removes blobs without a record. A damaged record keeps everything: it cannot say what it needs. */
async function sweepBlobs(home: string): Promise<void> {
  const used = readBlobNames(home);
  if (used === undefined) return;
  for (const file of await readdir(places.blobs(home)).catch(() => [])) {
    if (!used.has(file)) await rm(join(places.blobs(home), file), { force: true });
  }
}
