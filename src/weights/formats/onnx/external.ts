import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import type { FileSource } from '../../../untrusted-data/files-beside.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import type { ExternalData, OnnxTensor } from './tensor.js';

const MAX_EXTERNAL_FILES = 64;

/** Files beside a model that hold its weights: in its folder or below, none through a link that leads out. */
export class ExternalFiles {
  readonly #where: string;
  readonly #source: FileSource | undefined;
  readonly #files = new Map<string, Uint8Array>();
  #bytesLeft: number;

  /** `source` is undefined where there can be none; `bytes` is the length of the model's own file. */
  constructor(where: string, bytes: number, source: FileSource | undefined) {
    this.#where = where;
    this.#source = source;
    this.#bytesLeft = Math.max(MAX_FILE_BYTES - bytes, 0);
  }

  /** Bytes that files beside the model may add, as the graph states them; they are checked when they are read. */
  measure(constants: Iterable<OnnxTensor>): number {
    let total = 0;
    for (const { external } of constants) total += external?.length ?? 0;
    return Math.min(total, MAX_FILE_BYTES);
  }

  open({ location, offset, length }: ExternalData): Uint8Array {
    let bytes = this.#files.get(location);
    if (bytes === undefined) {
      bytes = this.#read(location);
      this.#files.set(location, bytes);
    }
    const end = length === undefined ? bytes.length : offset + length;
    if (offset > end || end > bytes.length) {
      throw new ModelError('weights-damaged', {
        where: this.#where,
        problem: `bytes ${offset} to ${end} of ${quoted(location)}`,
        expected: `at most ${bytes.length}`,
      });
    }
    return bytes.subarray(offset, end);
  }

  #read(location: string): Uint8Array {
    if (this.#source === undefined || this.#files.size >= MAX_EXTERNAL_FILES) {
      throw new ModelError('weights-missing', {
        where: this.#where,
        problem: `weights in ${quoted(location)}`,
        expected: 'them in one file',
      });
    }
    const bytes = this.#source.read(location, this.#bytesLeft);
    this.#bytesLeft -= bytes.length;
    return bytes;
  }
}
