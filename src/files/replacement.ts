import {
  closeSync,
  fchmodSync,
  fchownSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A new file that takes the place of another when all is written, or leaves that one as it is. */
export interface Replacement {
  write(chunk: string | Uint8Array): void;
  /** Puts it there. */
  commit(): void;
  /** As if it had never been; nothing after `commit`. */
  abandon(): void;
}

/** Files of dead processes that had this one's number. */
const MOST_ATTEMPTS = 100;

/**
 * Beside the file that `path` leads to, under a hidden name of its own, with that file's permissions. There may be none yet.
 * Throws as `openSync` does.
 */
export function openReplacement(path: string): Replacement {
  const old = statSync(path, { throwIfNoEntry: false });
  const target = old ? realpathSync(path) : path;
  const { file, temporary } = openNew(dirname(target));
  let isOpen = true;
  let isThere = true;
  const close = () => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  const abandon = () => {
    close();
    if (isThere) rmSync(temporary, { force: true });
    isThere = false;
  };
  try {
    if (old) copyPermissions(file, old);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    write(chunk) {
      const bytes = Buffer.from(chunk);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    },
    commit() {
      close();
      renameSync(temporary, target);
      isThere = false;
    },
    abandon,
  };
}

function openNew(folder: string): { file: number; temporary: string } {
  for (let attempt = 1; ; attempt++) {
    const temporary = join(folder, `.mobilenet-${process.pid}-${attempt}.tmp`);
    try {
      return { file: openSync(temporary, 'wx'), temporary };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

function copyPermissions(file: number, { mode, uid, gid }: { mode: number; uid: number; gid: number }): void {
  try {
    fchownSync(file, uid, gid);
  } catch {
    // Not for everybody to give away.
  }
  fchmodSync(file, mode & 0o777);
}
