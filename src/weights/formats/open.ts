import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../../errors/errors.js';
import { readModelFile, withModelFile } from '../../untrusted-data/regular-file.js';
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
  if (isFolder(path)) return findFormat('tfjs').open(new Uint8Array(), join(path, 'model.json'), options);
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

async function openAny(bytes: Uint8Array, path: string, options: OpenOptions, inFolder: boolean): Promise<Opened> {
  const kind = sniff(bytes);
  const format = formatOfKind(kind, path);
  if (format !== undefined && (format.isOneFile || inFolder)) return format.open(bytes, path, options);
  const found =
    kind === undefined ? 'weights of an unknown format' : /^[aeiou]/i.test(kind) ? `an ${kind}` : `a ${kind}`;
  throw new ModelError('format-unsupported', { where: path, problem: found, expected: listFormats() });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
