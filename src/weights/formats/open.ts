import { extname, join } from 'node:path';
import { ZipArchive } from '../../archives/zip.js';
import { zipSource } from '../../archives/zip-source.js';
import { ModelError } from '../../errors/errors.js';
import { folderSource, isFolder } from '../../untrusted-data/files-beside.js';
import { readModelFile, withModelFile } from '../../untrusted-data/regular-file.js';
import { findModel } from './find-model.js';
import type { Opened, OpenOptions } from './opened.js';
import { SNIFFED_BYTES } from './other-files.js';
import { sniff } from './sniff.js';
import { findFormat, formatOfKind, listFormats } from './table.js';

/**
 * Opens weights of any format that is understood, told by their content.
 * @param path a file, or the folder of a TensorFlow.js model
 * @throws ModelError `format-unsupported` for anything else, and what the format's reader throws
 */
export async function openWeights(path: string, options: OpenOptions = {}): Promise<Opened> {
  if (isFolder(path)) return openFolder(path, options);
  const opened = await withModelFile(path, SNIFFED_BYTES, (file, head) => {
    const kind = sniff(head);
    // An archive is read as a whole.
    return kind === 'zip' ? undefined : formatOfKind(kind, path)?.openFile?.(file, path, options);
  });
  return opened ?? openAny(readModelFile(path), path, options, true);
}

/** Like `openWeights`, from the bytes of a file that stands alone; `path` is for messages. */
export async function openBytes(bytes: Uint8Array, path: string, options: OpenOptions = {}): Promise<Opened> {
  return openAny(bytes, path, options, false);
}

/** The model in a folder: TensorFlow.js's if there is a model.json, otherwise the one file of another format. */
async function openFolder(path: string, options: OpenOptions): Promise<Opened> {
  const source = folderSource(path);
  if (source.names.includes('model.json')) {
    return findFormat('tfjs').open(new Uint8Array(), join(path, 'model.json'), options);
  }
  return openWeights(join(path, findModel(source, path, 'folder').name), options);
}

/** An export as it comes: the model and what lies beside it, read in memory. */
async function openArchive(bytes: Uint8Array, path: string, options: OpenOptions): Promise<Opened> {
  const { files, name } = findModel(zipSource(bytes, path), path, 'archive');
  const inner = files.read(name);
  const kind = sniff(inner);
  const place = files.where(name);
  const format = formatOfKind(kind, place);
  if (format === undefined) throw unknownKind(kind, place);
  return { ...(await format.open(inner, place, { ...options, files })), files };
}

/** Keras's and PyTorch's own files are archives too. */
function isOwnArchive(bytes: Uint8Array, path: string): boolean {
  if (extname(path).toLowerCase() === '.keras') return true;
  const { names } = new ZipArchive(bytes, path);
  return names.some((name) => /^[^/]+\/(data\.pkl|version)$|(^|\/)serialized_exported_program\.json$/.test(name));
}

function unknownKind(kind: string | undefined, path: string): ModelError {
  const found =
    kind === undefined ? 'weights of an unknown format' : /^[aeiou]/i.test(kind) ? `an ${kind}` : `a ${kind}`;
  return new ModelError('format-unsupported', { where: path, problem: found, expected: listFormats() });
}

async function openAny(bytes: Uint8Array, path: string, options: OpenOptions, inFolder: boolean): Promise<Opened> {
  const kind = sniff(bytes);
  if (kind === 'zip' && !isOwnArchive(bytes, path)) return openArchive(bytes, path, options);
  const format = formatOfKind(kind, path);
  if (format !== undefined && (format.isOneFile || inFolder)) return format.open(bytes, path, options);
  throw unknownKind(kind, path);
}
