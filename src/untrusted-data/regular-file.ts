import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ModelError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';

/** Gives zeroed memory for so many bytes of a file; it may be shared memory. */
export type Allocate = (bytes: number) => Uint8Array;

/** No model of the supported families comes near this. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

function cannotRead(path: string, cause: unknown): ModelError {
  return new ModelError('model-file', { where: path, problem: describeReadError(cause) }, { cause });
}

/** A file that has been opened; whoever opened it closes it. */
export interface OpenedFile {
  readonly descriptor: number;
  readonly size: number;
}

/**
 * Opens a regular file for as long as `use` takes, and shows its first bytes. Pipes and devices are refused before they
 * are opened (opening one can hang), files longer than `maxBytes` too.
 */
export async function withModelFile<T>(
  path: string,
  headBytes: number,
  use: (file: OpenedFile, head: Uint8Array) => T | Promise<T>,
): Promise<T> {
  let descriptor: number | undefined;
  let file: OpenedFile;
  let head: Uint8Array;
  try {
    descriptor = openRegular(path);
    const { size } = fstatSync(descriptor);
    if (size > MAX_FILE_BYTES) throw tooLong(path, size, MAX_FILE_BYTES);
    head = new Uint8Array(Math.min(headBytes, size));
    head = head.subarray(0, readSync(descriptor, head, 0, head.length, 0));
    file = { descriptor, size };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw error instanceof ModelError ? error : cannotRead(path, error);
  }
  try {
    return await use(file, head);
  } finally {
    closeSync(descriptor);
  }
}

function openRegular(path: string): number {
  if (!statSync(path).isFile()) throw new ModelError('model-file', { where: path, problem: 'not a regular file' });
  return openSync(path, 'r');
}

function tooLong(path: string, size: number, maxBytes: number): ModelError {
  return new ModelError('model-file', { where: path, problem: `${size} bytes`, expected: `at most ${maxBytes}` });
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
    descriptor = openRegular(path);
    const { size } = fstatSync(descriptor);
    if (size > maxBytes) throw tooLong(path, size, maxBytes);
    const bytes = allocate(size);
    fill(descriptor, bytes, 0, path);
    return bytes;
  } catch (error) {
    throw error instanceof ModelError ? error : cannotRead(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Fills `target` from the file's byte `position` on. */
function fill(descriptor: number, target: Uint8Array, position: number, path: string): void {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (count === 0) throw new ModelError('model-file', { where: path, problem: 'became shorter while it was read' });
    filled += count;
  }
}

/** A file that is read part by part; whoever opened it closes it. */
export interface OpenedParts {
  readonly bytes: number;
  /** Throws ModelError `model-file` where the file ends before. */
  read(target: Uint8Array, position: number): void;
  /** Throws ModelError `model-file` where the file is not what it was when it was opened. */
  refuseChanged(): void;
  close(): void;
}

/** @throws ModelError `model-file` */
export function openParts(path: string): OpenedParts {
  const asRead = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof ModelError ? error : cannotRead(path, error);
    }
  };
  const descriptor = asRead(() => openRegular(path));
  const opened = asRead(() => fstatSync(descriptor));
  return {
    bytes: opened.size,
    read: (target, position) => asRead(() => fill(descriptor, target, position, path)),
    refuseChanged() {
      const { mtimeMs, size } = asRead(() => fstatSync(descriptor));
      if (mtimeMs === opened.mtimeMs && size === opened.size) return;
      throw new ModelError('model-file', { where: path, problem: 'changed while it was read' });
    },
    close: () => closeSync(descriptor),
  };
}
