import { setTimeout as wait } from 'node:timers/promises';
import { FetchError } from './fetch-error.js';

/** No server is waited for any longer, whatever it asks for. */
const MAX_BACKOFF_MS = 30_000;

export interface RetryOptions {
  /** Requests at most, the first among them. */
  readonly attempts: number;
  /** Before the second; doubled for each further one. A server may ask for more. */
  readonly backoffMs: number;
  readonly signal: AbortSignal;
}

/** Tries again after errors that may pass. Rejects with the last error, or the signal's reason. */
export async function retryPassing<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, backoffMs, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof FetchError && error.isPassing && !signal.aborted;
      if (!isPassing || attempt >= attempts) throw error;
      const delay = Math.max(backoffMs * 2 ** (attempt - 1), error.retryAfter ?? 0);
      await wait(Math.min(delay, MAX_BACKOFF_MS), undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}
