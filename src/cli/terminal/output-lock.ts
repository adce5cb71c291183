import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { type Release, takeLock } from '../../files/lock.js';
import { refuseUnwritable } from './output.js';

/** A file's name may have 255 bytes. */
const MOST_NAME_BYTES = 200;

/**
 * Keeps other processes from writing to the same file until it is released. What is not a regular file needs no lock, and
 * where none can be made (a folder that is not ours) there is none.
 * @throws UsageError where another process is writing to the file, or there can be no file of this name
 */
export async function lockOutput(output: string): Promise<Release> {
  const path = lockPath(output);
  const busy = new UsageError({
    where: `--output ${printable(output)}`,
    problem: 'another process is writing to this file',
    remedy: 'wait for it, or choose another file',
  });
  try {
    if (path !== undefined) return await takeLock(path, { refusal: () => busy, makesFolder: false });
  } catch (error) {
    if (error === busy) throw error;
  }
  return async () => {};
}

/** Beside the file itself, whatever link leads to it, under a hidden name. */
function lockPath(output: string): string | undefined {
  const old = refuseUnwritable(output, () => statSync(output, { throwIfNoEntry: false }));
  if (old && !old.isFile()) return undefined;
  const file = old ? realpathSync(output) : output;
  const name = Buffer.from(basename(file)).subarray(0, MOST_NAME_BYTES).toString();
  return join(dirname(file), `.${name}.lock`);
}
