import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ModelError } from '../errors/errors.js';
import { besides } from './besides.js';

/** A holder touches its lock this often; one untouched for `STALE_MS` is nobody's. */
const BEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 100;

export interface LockOptions {
  /** Called once where another process holds the lock. */
  readonly onWait?: () => void;
  /** Gives up after so long; 0 for never. */
  readonly patienceMs?: number;
  /** Gives up as soon as another process is known to hold the lock, with this error. */
  readonly refusal?: () => Error;
  /** Makes the folder that the lock is in, where there is none. */
  readonly makesFolder?: boolean;
  /** What is thrown in place of an error of the file system. */
  readonly describeError?: (path: string, error: unknown) => unknown;
}

/** Gives a lock back. */
export type Release = () => Promise<void>;

/**
 * Runs `work` while no other process runs its own under the same lock file. A holder that died is noticed by its
 * process id, on another machine by the age of its lock. The lock saves work; that stored files are whole does not
 * depend on it.
 * @throws ModelError `store-busy` where patience ends
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const release = await takeLock(path, options);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** The same, in two steps. */
export async function takeLock(path: string, options: LockOptions = {}): Promise<Release> {
  const token = [process.pid, hostname(), randomBytes(8).toString('hex'), startOf(process.pid)].join(' ');
  await acquire(path, token, options);
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if ((await readToken(path)) === token) await rm(path, { force: true }).catch(() => {});
  };
}

async function acquire(path: string, token: string, options: LockOptions): Promise<void> {
  const { onWait, patienceMs = 0, refusal } = options;
  const start = performance.now();
  let waited = false;
  let touched: number | undefined;
  while (!(await create(path, token, options))) {
    const holder = await readToken(path);
    if (holder !== undefined && (await isStale(path, holder))) {
      await breakLock(path, holder);
      continue;
    }
    const now = await lastTouch(path);
    touched ??= now;
    // Of another machine's process only a touch tells that it lives.
    if (refusal && holder !== undefined && (isLocal(holder) || now !== touched)) throw refusal();
    if (!waited) onWait?.();
    waited = true;
    if (patienceMs > 0 && performance.now() - start > patienceMs) {
      throw new ModelError('store-busy', {
        where: path,
        problem: 'locked by another process',
        remedy: 'try again when that is done',
      });
    }
    await wait(POLL_MS);
  }
}

/** The token stands in a file of its own first, so that nobody ever reads half of one. */
async function create(path: string, token: string, options: LockOptions): Promise<boolean> {
  const { makesFolder = true, describeError = (_, error) => error } = options;
  const temporary = besides(path);
  try {
    if (makesFolder) await mkdir(dirname(path), { recursive: true });
    const handle = await open(temporary, 'wx');
    await handle.writeFile(token).finally(() => handle.close());
    return await place(temporary, path, token);
  } catch (error) {
    // Windows: the lock that another process just removed lingers.
    if (process.platform === 'win32' && (error as NodeJS.ErrnoException).code === 'EPERM') return false;
    throw describeError(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

async function place(temporary: string, path: string, token: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // File systems without hard links.
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(token).finally(() => handle.close());
      return true;
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw second;
    }
  }
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: string): Promise<boolean> {
  const [id, , , begun] = holder.split(' ');
  if (isLocal(holder) && (!isAlive(Number(id)) || (begun !== undefined && startOf(Number(id)) !== begun))) return true;
  const touched = await lastTouch(path);
  return touched !== undefined && Date.now() - touched > STALE_MS;
}

function isLocal(holder: string): boolean {
  return holder.split(' ')[1] === hostname();
}

async function lastTouch(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}

/**
 * When a process began, in the system's own units: another process that has got its number began at another time. `-` where
 * the system does not say so in a file (all but Linux).
 */
function startOf(id: number): string {
  return statusOf(id)[19] ?? '-';
}

/** What Linux says of a process, from its state on (proc(5), `/proc/PID/stat`); nothing elsewhere. */
function statusOf(id: number): readonly string[] {
  try {
    const status = readFileSync(`/proc/${id}/stat`, 'latin1');
    // Behind the name, which may hold anything.
    return status.slice(status.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/**
 * Whether a process of this machine still runs. One that has ended but that its parent never asks after (`Z`), as in
 * containers whose first process is no init, does not.
 */
export function isAlive(id: number): boolean {
  if (!Number.isInteger(id) || id < 1) return false;
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statusOf(id)[0] !== 'Z';
}

/** Of several that find the same dead lock one moves it away; a new lock moved by mistake goes back. */
async function breakLock(path: string, holder: string): Promise<void> {
  const aside = besides(path);
  try {
    await rename(path, aside);
    if ((await readToken(aside)) !== holder) await link(aside, path);
  } catch {
    // Gone already, or somebody else's: the next try will tell.
  } finally {
    await rm(aside, { force: true }).catch(() => {});
  }
}
