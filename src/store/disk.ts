import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ModelError } from '../errors/errors.js';
import { besides } from '../files/besides.js';
import { isNowhere } from './home.js';

/** The one way to disk of every byte of the store; tests put a full disk here. */
export interface Disk {
  write(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void>;
}

export const realDisk: Disk = {
  async write(handle, bytes, position) {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
      written += bytesWritten;
    }
  },
};

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** What the file system refused as a ModelError; errors that are one already, or none of the file system's, stay as they are. */
export function asStoreError(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof ModelError || typeof code !== 'string') return error;
  const options = { cause: error };
  if (FULL.has(code))
    return new ModelError(
      'store-full',
      { where: path, problem: `disk full (${code})`, remedy: 'free some space' },
      options,
    );
  const remedy = 'set MOBILENET_HOME to a folder that you can write to';
  if (isNowhere(path)) return new ModelError('store', { problem: 'this user has no home folder', remedy }, options);
  const problem = `${FORBIDDEN.has(code) ? 'permission denied' : 'cannot be written'} (${code})`;
  return new ModelError('store', { where: path, problem, remedy }, options);
}

/**
 * A file that is there whole or not at all: written beside its place, flushed to the disk, renamed.
 * @param fill writes the content
 * @throws ModelError `store-full`, `store`; the temporary file is gone then
 */
export async function writeAtomically<T>(path: string, fill: (handle: FileHandle) => Promise<T>): Promise<T> {
  const temporary = besides(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(temporary, 'wx');
    let result: T;
    try {
      result = await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await moveInto(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw asStoreError(path, error);
  }
}

/** Renames over what is there, and has the folder remember it. */
export async function moveInto(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      break;
    } catch (error) {
      // Windows refuses while another process (a virus scanner, say) has the file open.
      const { code } = error as NodeJS.ErrnoException;
      const isBusy = process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY');
      if (!isBusy || attempt === 10) throw error;
      await wait(50 * attempt);
    }
  }
  await syncFolder(dirname(to));
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Not every platform can; the rename is atomic all the same.
  }
}
