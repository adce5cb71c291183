import { type LockOptions, withLock } from '../files/lock.js';
import { asStoreError } from './disk.js';

/** `withLock`, with the store's errors. */
export function withStoreLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  return withLock(path, work, { ...options, describeError: asStoreError });
}
