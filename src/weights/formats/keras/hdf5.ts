import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../../../errors/errors.js';
import { printable } from '../../../errors/printable.js';
import { packageFile } from '../../../files/package-files.js';
import type { OpenedFile } from '../../../untrusted-data/regular-file.js';
import type { NamedTensors } from '../../types.js';
import { readMetadata, readSafetensors } from '../safetensors/safetensors.js';

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/weights/`) alike. */
const childFile = packageFile('dist/code/hdf5.cjs');

const MIB = 2 ** 20;
/** A budget of work beside the one of bytes: damaged files make the library search for minutes. */
const TIME_LIMIT_MS = 10_000;
/** What a large file may take beyond, on a slow or busy machine. */
const TIME_PER_MIB_MS = 200;
/** The library itself takes 17 MB; a file's indices and one dataset at a time come on top. */
const LIBRARY_BYTES = 32 * MIB;
const HEAP_MIB = 128;
const MAX_PROBLEM = 2000;
const LENGTH_BYTES = 8;

export interface Hdf5Limits {
  /** After this the process is ended. */
  readonly milliseconds?: number;
}

/** The file's bytes, or an open file that is read from its beginning: this process then never holds it. */
export type Hdf5Source = Uint8Array | OpenedFile;

export interface Hdf5File {
  /** Floating-point datasets as f32, by path without the first slash; those of an optimiser are left out. */
  readonly tensors: NamedTensors;
  /** Texts at the root, `model_config` and `keras_version`; `GROUP@name`, and `GROUP@weight_names` as a JSON list. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * An HDF5 file's floats, read by the HDF5 library in a process of its own, with an end to its time and memory. All
 * datasets together may take four times the file and 64 MiB.
 * @throws ModelError `weights-damaged` whatever the process does wrong
 */
export async function readHdf5(source: Hdf5Source, where: string, limits: Hdf5Limits = {}): Promise<Hdf5File> {
  const size = source instanceof Uint8Array ? source.length : source.size;
  const { milliseconds = TIME_LIMIT_MS + Math.round((size / MIB) * TIME_PER_MIB_MS) } = limits;
  const output = await runChild(source, where, milliseconds);
  // It is checked as if it came from anywhere.
  const tensors = readSafetensors(output, where);
  const attributes = readMetadata(output);
  return { tensors, attributes: isTexts(attributes) ? attributes : {} };
}

function runChild(source: Hdf5Source, where: string, milliseconds: number): Promise<Uint8Array<ArrayBuffer>> {
  const size = source instanceof Uint8Array ? source.length : source.size;
  const maxTensorBytes = 4 * size + 64 * MIB;
  const maxOutput = maxTensorBytes + 16 * MIB;
  const libraryBytes = LIBRARY_BYTES + 2 * size;
  return new Promise((resolve, reject) => {
    const numbers = [size, maxTensorBytes, libraryBytes].map(String);
    const args = [`--max-old-space-size=${HEAP_MIB}`, fileURLToPath(childFile), ...numbers];
    // No flags of this process: loaders and the like are not for this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')));
    const input = source instanceof Uint8Array ? 'pipe' : source.descriptor;
    const child = spawn(process.execPath, args, { stdio: [input, 'pipe', 'pipe'], env, windowsHide: true });
    const collector = new Collector(maxOutput);
    let problem = '';
    let failure: ModelError | undefined;
    const end = (what: string): void => {
      failure ??= damaged(where, what);
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end(`not read within ${milliseconds / 1000} s`), milliseconds);
    child.on('error', (cause) => {
      failure ??= new ModelError(
        'weights-damaged',
        { where, problem: 'no process to read HDF5 in could be started' },
        { cause },
      );
    });
    child.stdout!.on('data', (chunk: Uint8Array) => {
      if (!collector.add(chunk)) end(`more than ${maxOutput} bytes of weights`);
    });
    child.stderr!.on('data', (chunk: Uint8Array) => {
      problem = (problem + Buffer.from(chunk).toString('utf8')).slice(-MAX_PROBLEM);
    });
    // A process that ends early does not read everything; its exit says why.
    child.stdin?.on('error', () => {});
    if (source instanceof Uint8Array) child.stdin?.end(source);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (failure === undefined && code !== 0) {
        const line =
          code === 1 && problem.includes('\n')
            ? printable(problem.slice(problem.lastIndexOf('\n') + 1))
            : 'the HDF5 library failed';
        failure = damaged(where, line);
      }
      const content = collector.finish();
      if (failure !== undefined) reject(failure);
      else if (content === undefined) reject(damaged(where, 'the HDF5 library failed'));
      else resolve(content);
    });
  });
}

/** Puts what comes in where it belongs: its length, 8 bytes, then as many bytes. */
class Collector {
  readonly #prefix = new Uint8Array(LENGTH_BYTES);
  readonly #maxBytes: number;
  #received = 0;
  #content: Uint8Array<ArrayBuffer> | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False for more than was announced, or more than is allowed. */
  add(chunk: Uint8Array): boolean {
    const missing = Math.min(Math.max(LENGTH_BYTES - this.#received, 0), chunk.length);
    this.#prefix.set(chunk.subarray(0, missing), Math.min(this.#received, LENGTH_BYTES));
    this.#received += chunk.length;
    if (this.#received < LENGTH_BYTES) return true;
    if (this.#content === undefined) {
      const length = Number(new DataView(this.#prefix.buffer).getBigUint64(0, true));
      if (length > this.#maxBytes) return false;
      this.#content = new Uint8Array(length);
    }
    const rest = chunk.subarray(missing);
    const at = this.#received - LENGTH_BYTES - rest.length;
    if (at + rest.length > this.#content.length) return false;
    this.#content.set(rest, at);
    return true;
  }

  /** Undefined where less came than was announced. */
  finish(): Uint8Array<ArrayBuffer> | undefined {
    return this.#content?.length === this.#received - LENGTH_BYTES ? this.#content : undefined;
  }
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}

function damaged(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', { where, problem: `HDF5: ${problem}` });
}
