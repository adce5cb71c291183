import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ModelError } from '../errors/errors.js';
import { asStoreError, besides } from './disk.js';

/** A holder touches its lock this often; one untouched for `STALE_MS` is nobody's. */
const BEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 100;

export interface LockOptions {
  /** Called once where another process holds the lock. */
  readonly onWait?: () => void;
  /** Gives up after so long; 0 for never. */
  readonly patienceMs?: number;
}

/**
 * Runs `work` while no other process runs its own under the same lock file. A holder that died is noticed by its
 * process id, on another machine by the age of its lock. The lock saves work; that stored files are whole does not
 * depend on it.
 * @throws ModelError `store-busy` where patience ends
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const token = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  await acquire(path, token, options);
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if ((await readToken(path)) === token) await rm(path, { force: true }).catch(() => {});
  }
}

async function acquire(path: string, token: string, { onWait, patienceMs = 0 }: LockOptions): Promise<void> {
  const start = performance.now();
  let waited = false;
  while (!(await create(path, token))) {
    const holder = await readToken(path);
    if (holder !== undefined && (await isStale(path, holder))) {
      await breakLock(path, holder);
      continue;
    }
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
async function create(path: string, token: string): Promise<boolean> {
  const temporary = besides(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(temporary, 'wx');
    await handle.writeFile(token).finally(() => handle.close());
    return await place(temporary, path, token);
  } catch (error) {
    // Windows: the lock that another process just removed lingers.
    if (process.platform === 'win32' && (error as NodeJS.ErrnoException).code === 'EPERM') return false;
    throw asStoreError(path, error);
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
  const [id, host] = holder.split(' ');
  if (host === hostname() && !isAlive(Number(id))) return true;
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}

/** Whether a process of this machine still runs. */
export function isAlive(id: number): boolean {
  if (!Number.isInteger(id) || id < 1) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
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
