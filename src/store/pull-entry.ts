import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { FetchError } from '../net/fetch-error.js';
import { SNIFFED_BYTES } from '../weights/formats/other-files.js';
import { type FileKind, sniff } from '../weights/formats/sniff.js';
import { findFormat } from '../weights/formats/table.js';
import { type CatalogEntry, maxBytesOf, type PublishedFormat } from './catalog.js';
import { asStoreError, type Disk, realDisk } from './disk.js';
import { type DownloadLimits, defaultLimits, download, type Progress } from './download.js';
import type { DownloadRequest } from './download-request.js';
import { refuseChanged, remember } from './first-seen.js';
import { places, storeHome } from './home.js';
import { installModel } from './install.js';
import { findWhole } from './installed.js';
import { chooseMirror, MIRROR_LAYOUT, mirrored } from './mirror.js';
import { PartialDownload } from './partial-download.js';
import { withStoreLock } from './store-lock.js';
import type { InstalledModel, NewModel, Origin } from './types.js';

const WITHOUT_NETWORK =
  'on a machine with a network, run mobilenet pull with --to FOLDER; here, import --bundle FOLDER';

/** A file that is complete and has the right hash, on the disk until `prepare` is done with it. */
export interface FetchedFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly origin: Origin;
}

export interface PullOptions {
  /** The folder that the model goes into: the store, or a bundle. */
  readonly home?: string;
  /** The folder that remembers hashes which came first; `home` by default. */
  readonly seenHome?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly disk?: Disk;
  readonly limits?: Partial<DownloadLimits>;
  /** A file's path or an address in place of the catalog's. */
  readonly from?: string | undefined;
  /** Asked in place of the catalog's addresses; by default what `MOBILENET_MIRROR` says. */
  readonly mirror?: string | undefined;
  /** Fetches what is installed already, and takes a file other than the one that was seen first. */
  readonly force?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Called once where another process is at the same model. */
  readonly onWait?: () => void;
}

export interface Pulled {
  readonly model: InstalledModel;
  /** False where it was there already. */
  readonly fetched: boolean;
}

/**
 * Fetches a published model and installs it, unless it is there and whole. Of several processes that want the same
 * model one does the work.
 * @param prepare makes a model of the file, or throws where it is not the one that the entry describes
 * @throws ModelError `download`, `proxy`, `store-full`, `store`, and what `prepare` throws; the store is as before then
 */
export async function pullEntry(
  entry: CatalogEntry,
  prepare: (file: FetchedFile) => Promise<NewModel>,
  options: PullOptions = {},
): Promise<Pulled> {
  const { home = storeHome(), force = false, onWait } = options;
  const key = createHash('sha256').update(entry.name).digest('hex').slice(0, 16);
  const present = await findWhole(home, entry.name);
  if (present && !force) return { model: present, fetched: false };
  const begun = Date.now();
  return withStoreLock(
    join(places.downloads(home), `${key}.lock`),
    async () => {
      const model = await findWhole(home, entry.name);
      // Another process may have been at it meanwhile.
      const isNew = model !== undefined && Date.parse(model.installed) >= begun;
      if (model && (!force || isNew)) return { model, fetched: false };
      return { model: await fetchAndInstall(entry, key, prepare, home, options), fetched: true };
    },
    onWait && { onWait },
  );
}

async function fetchAndInstall(
  entry: CatalogEntry,
  key: string,
  prepare: (file: FetchedFile) => Promise<NewModel>,
  home: string,
  options: PullOptions,
): Promise<InstalledModel> {
  const { disk = realDisk, env = process.env, from, force = false, seenHome = home } = options;
  const local = from === undefined ? undefined : localPath(from);
  const install = async (file: FetchedFile): Promise<InstalledModel> =>
    installModel(await prepare(file), { home, disk, replace: true });
  if (local !== undefined) return install(await openLocal(local, entry));
  const mirror = from === undefined ? chooseMirror(options.mirror, env) : undefined;
  const published = mirror ? entry.addresses.map((address) => mirrored(address, mirror)) : entry.addresses;
  const addresses = from === undefined ? published : [from];
  const isArchive = entry.format === 'tgz';
  const request: DownloadRequest = {
    addresses,
    bytes: from === undefined ? entry.bytes : null,
    maxBytes: maxBytesOf(entry),
    hash: entry.hash,
    inspect: (head) => wrongKind(sniff(head), entry.format, from !== undefined && isArchive),
  };
  const partial = await PartialDownload.open(places.downloads(home), key, disk).catch((error) => {
    throw asStoreError(places.downloads(home), error);
  });
  try {
    const { limits: own, onProgress = () => {} } = options;
    const limits = { ...defaultLimits, ...own };
    const done = await download(request, partial, { env, disk, limits, onProgress }).catch((error) => {
      throw withRemedy(error, mirror !== undefined);
    });
    const seen = from === undefined && entry.hash === null ? places.seen(seenHome, entry.name) : undefined;
    if (seen && !force) await refuseChanged(seen, done);
    const kind = (await readKind(partial.path))!;
    const origin: Origin = { ...done, hash: entry.hash ? 'published' : 'first-seen' };
    const model = await install({ path: partial.path, kind, origin });
    if (seen) await remember(seen, origin, disk);
    return model;
  } finally {
    await partial.discard();
  }
}

/** What else can be done, where the mirror lacks the file or there is no network. */
function withRemedy(error: unknown, hasMirror: boolean): unknown {
  if (!(error instanceof FetchError)) return error;
  const isLaidOut = !hasMirror || error.status !== 404;
  if (isLaidOut && !error.isOffline) return error;
  const remedy = isLaidOut ? WITHOUT_NETWORK : MIRROR_LAYOUT;
  return new FetchError({ ...error.details, remedy }, error.isPassing, { cause: error });
}

function kindsOf(format: PublishedFormat): readonly FileKind[] {
  return format === 'tgz' ? [format] : findFormat(format).kinds.map(({ kind }) => kind);
}

function wrongKind(kind: FileKind | undefined, format: PublishedFormat, orUnpacked: boolean): string | undefined {
  const expected = orUnpacked ? [...kindsOf(format), ...kindsOf('tflite')] : kindsOf(format);
  if (kind !== undefined && expected.includes(kind)) return undefined;
  return `${kind ? `a ${kind}`.replace('a empty', 'an empty') : 'an unknown kind of file'}, expected ${expected.join(' or ')}`;
}

async function readKind(path: string): Promise<FileKind | undefined> {
  const handle = await open(path, 'r');
  try {
    const head = new Uint8Array(SNIFFED_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return sniff(head.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** A path, unless it is an address of the web. */
function localPath(from: string): string | undefined {
  if (/^https?:\/\//i.test(from)) return undefined;
  const [, protocol = ''] = /^([a-z][a-z\d+.-]+):\/\//i.exec(from) ?? [];
  if (protocol === '') return from;
  if (protocol.toLowerCase() !== 'file') {
    const problem = `unsupported protocol ${protocol}`;
    throw new ModelError('model-file', { where: from, problem, expected: 'a file, http:// or https://' });
  }
  try {
    return fileURLToPath(from);
  } catch (cause) {
    throw new ModelError(
      'model-file',
      { where: from, problem: 'not the address of a file', expected: 'file:///…' },
      { cause },
    );
  }
}

/** The user's copy of the entry's file, or what its archive holds; a published hash counts for the former. */
async function openLocal(path: string, entry: CatalogEntry): Promise<FetchedFile> {
  const stats = await stat(path).catch((cause) => {
    throw new ModelError('model-file', { where: path, problem: describeReadError(cause) }, { cause });
  });
  if (!stats.isFile()) throw new ModelError('model-file', { where: path, problem: 'not a regular file' });
  const most = maxBytesOf(entry);
  if (stats.size > most)
    throw new ModelError('model-file', { where: path, problem: `${stats.size} bytes`, expected: `at most ${most}` });
  const kind = await readKind(path);
  const problem = wrongKind(kind, entry.format, entry.format === 'tgz');
  if (problem !== undefined) throw new ModelError('model-file', { where: path, problem });
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  const handle = await open(path, 'r');
  for await (const chunk of handle.createReadStream()) {
    sha256.update(chunk);
    md5.update(chunk);
  }
  const origin = { address: basename(path), bytes: stats.size, sha256: sha256.digest('hex') };
  const isEntrysFile = kindsOf(entry.format).includes(kind!);
  if (entry.hash === null || !isEntrysFile) return { path, kind: kind!, origin: { ...origin, hash: 'first-seen' } };
  const { algorithm, value } = entry.hash;
  const found = algorithm === 'md5' ? md5.digest('hex') : origin.sha256;
  if (!found.startsWith(value)) {
    throw new ModelError('model-file', {
      where: path,
      problem: `${algorithm === 'md5' ? 'MD5' : 'sha-256'} ${found}`,
      expected: value,
    });
  }
  return { path, kind: kind!, origin: { ...origin, hash: 'published' } };
}
