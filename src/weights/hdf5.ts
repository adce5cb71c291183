import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../errors.js';
import { printable } from '../printable.js';
import { readMetadata, readSafetensors } from './safetensors.js';
import type { NamedTensors } from './types.js';

/** The built file, seen from the bundle (`dist/code/`) and from the sources (`src/weights/`) alike. */
const childFile = new URL('../../dist/code/hdf5.cjs', import.meta.url);

const MIB = 2 ** 20;
const TIME_LIMIT_MS = 60_000;
/** The library itself takes 17 MB; a file's indices and one dataset at a time come on top. */
const LIBRARY_BYTES = 32 * MIB;
const HEAP_MIB = 128;
const MAX_PROBLEM = 2000;

export interface Hdf5Limits {
  /** After this the process is ended. */
  readonly milliseconds?: number;
}

export interface Hdf5File {
  /** Floating-point datasets as f32, by path without the first slash; those of an optimiser are left out. */
  readonly tensors: NamedTensors;
  /** Texts at the root, `model_config` and `keras_version`, and `GROUP@name` of groups that have one. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * An HDF5 file's floats, read by the HDF5 library in a process of its own, with an end to its time and memory. All
 * datasets together may take four times the file and 64 MiB.
 * @throws ModelError `weights-damaged` whatever the process does wrong
 */
export async function readHdf5(bytes: Uint8Array, where: string, limits: Hdf5Limits = {}): Promise<Hdf5File> {
  const { milliseconds = TIME_LIMIT_MS } = limits;
  const maxTensorBytes = 4 * bytes.length + 64 * MIB;
  const output = await runChild(bytes, where, maxTensorBytes, milliseconds);
  // It is checked as if it came from anywhere.
  const tensors = readSafetensors(output, where);
  const attributes = readMetadata(output);
  return { tensors, attributes: isTexts(attributes) ? attributes : {} };
}

function runChild(
  bytes: Uint8Array,
  where: string,
  maxTensorBytes: number,
  milliseconds: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const maxOutput = maxTensorBytes + 16 * MIB;
  const libraryBytes = LIBRARY_BYTES + 2 * bytes.length;
  return new Promise((resolve, reject) => {
    const args = [
      `--max-old-space-size=${HEAP_MIB}`,
      fileURLToPath(childFile),
      String(maxTensorBytes),
      String(libraryBytes),
    ];
    // No flags of this process: loaders and the like are not for this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')));
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env, windowsHide: true });
    const chunks: Uint8Array[] = [];
    let received = 0;
    let problem = '';
    let fault: ModelError | undefined;
    const end = (what: string): void => {
      fault ??= damaged(where, what);
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end(`not read within ${milliseconds / 1000} s`), milliseconds);
    child.on('error', (cause) => {
      fault ??= new ModelError('weights-damaged', `${where}: no process to read HDF5 in could be started`, { cause });
    });
    child.stdout.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
      if (received > maxOutput) end(`more than ${maxOutput} bytes of weights`);
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Uint8Array) => {
      problem = (problem + Buffer.from(chunk).toString('utf8')).slice(-MAX_PROBLEM);
    });
    // A process that ends early does not read everything; its exit says why.
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (fault === undefined && code !== 0) {
        const line =
          code === 1 && problem.includes('\n')
            ? printable(problem.slice(problem.lastIndexOf('\n') + 1))
            : 'the HDF5 library failed';
        fault = damaged(where, line);
      }
      if (fault !== undefined) reject(fault);
      else resolve(join(chunks, received));
    });
  });
}

/** Frees each chunk as it is copied: a model is not held twice. */
function join(chunks: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = length;
  for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) {
    at -= chunk.length;
    bytes.set(chunk, at);
  }
  return bytes;
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}

function damaged(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', `${where}: HDF5: ${problem}`);
}
