import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ModelError } from '../errors.js';
import type { Allocate } from './types.js';

/** No model of the supported families comes near this. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

function cannotRead(path: string, cause: unknown): ModelError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  const problem = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
  return new ModelError('model-file', `${path}: ${problem}`, { cause });
}

/**
 * A whole regular file. Pipes and devices are refused before they are opened (opening one can hang), files longer
 * than `maxBytes` before anything is allocated.
 */
export function readModelFile(path: string, maxBytes?: number): Uint8Array<ArrayBuffer>;
/** @param allocate gives the bytes to read into, as many as it is asked for */
export function readModelFile(path: string, maxBytes: number, allocate: Allocate): Uint8Array;
export function readModelFile(
  path: string,
  maxBytes = MAX_FILE_BYTES,
  allocate: Allocate = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  let descriptor: number | undefined;
  try {
    if (!statSync(path).isFile()) throw new ModelError('model-file', `${path}: not a regular file`);
    descriptor = openSync(path, 'r');
    const { size } = fstatSync(descriptor);
    if (size > maxBytes) {
      throw new ModelError('model-file', `${path}: ${size} bytes, expected at most ${maxBytes}`);
    }
    const bytes = allocate(size);
    let filled = 0;
    while (filled < size) {
      const count = readSync(descriptor, bytes, filled, size - filled, filled);
      if (count === 0) throw new ModelError('model-file', `${path}: became shorter while it was read`);
      filled += count;
    }
    return bytes;
  } catch (error) {
    throw error instanceof ModelError ? error : cannotRead(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
