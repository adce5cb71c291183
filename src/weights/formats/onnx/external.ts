import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ModelError } from '../../../errors/errors.js';
import { MAX_FILE_BYTES, readModelFile } from '../../../untrusted-data/regular-file.js';
import { quote } from '../../graph/graph-importer.js';
import type { ExternalData, OnnxTensor } from './tensor.js';

const MAX_EXTERNAL_FILES = 64;

/** Files beside a model that hold its weights: in its folder or below, none through a link that leads out. */
export class ExternalFiles {
  readonly #where: string;
  readonly #folder: string | undefined;
  readonly #files = new Map<string, Uint8Array>();
  #bytes: number;

  /** `folder` is undefined where there can be none; `bytes` is the length of the model's own file. */
  constructor(where: string, bytes: number, folder: string | undefined) {
    this.#where = where;
    this.#folder = folder;
    this.#bytes = bytes;
  }

  /** Bytes that files beside the model may add, as the graph states them; they are checked when they are read. */
  measure(constants: Iterable<OnnxTensor>): number {
    let total = 0;
    for (const { external } of constants) {
      if (external === undefined) continue;
      this.#checkLocation(external.location);
      total += external.length ?? 0;
    }
    return Math.min(total, MAX_FILE_BYTES);
  }

  /** Plain names, in folders below the model's at most. */
  #checkLocation(location: string): void {
    const parts = location.split('/');
    if (parts.length > 4 || !parts.every((part) => /^[\w@+-][\w.@+-]{0,254}$/.test(part))) {
      throw new ModelError('weights-unsafe', {
        where: this.#where,
        problem: `weights in ${quote(location)}`,
        expected: `a file in the model's own folder`,
      });
    }
  }

  open({ location, offset, length }: ExternalData): Uint8Array {
    this.#checkLocation(location);
    let bytes = this.#files.get(location);
    if (bytes === undefined) {
      bytes = this.#read(location);
      this.#files.set(location, bytes);
    }
    const end = length === undefined ? bytes.length : offset + length;
    if (offset > end || end > bytes.length) {
      throw new ModelError('weights-damaged', {
        where: this.#where,
        problem: `bytes ${offset} to ${end} of ${quote(location)}`,
        expected: `at most ${bytes.length}`,
      });
    }
    return bytes.subarray(offset, end);
  }

  #read(location: string): Uint8Array {
    if (this.#folder === undefined || this.#files.size >= MAX_EXTERNAL_FILES) {
      throw new ModelError('weights-missing', {
        where: this.#where,
        problem: `weights in ${quote(location)}`,
        expected: 'them in one file',
      });
    }
    const path = join(this.#folder, location);
    let root: string;
    let real: string;
    try {
      root = realpathSync(this.#folder);
      real = realpathSync(path);
    } catch (cause) {
      throw new ModelError(
        'weights-missing',
        { where: this.#where, problem: `${quote(location)} beside it is missing` },
        { cause },
      );
    }
    // A symbolic link may lead out of the folder.
    if (
      !dirname(real)
        .concat(sep)
        .startsWith(root.endsWith(sep) ? root : root + sep)
    ) {
      throw new ModelError('weights-unsafe', {
        where: this.#where,
        problem: `${quote(location)} leads out of the model's folder`,
      });
    }
    const bytes = readModelFile(path, MAX_FILE_BYTES - Math.min(this.#bytes, MAX_FILE_BYTES));
    this.#bytes += bytes.length;
    return bytes;
  }
}
