import { ImageError, MobilenetError } from '../errors/errors.js';
import { explain, shown } from './fetch-error.js';
import { fetchAnswer } from './http.js';
import { retryPassing } from './retry.js';

/** What is read of an answer at most. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_MS = 120_000;

/** How long a server may be silent or slow, and how often it is asked. */
export interface PictureLimits {
  readonly idleMs: number;
  readonly windowMs?: number;
  readonly attempts: number;
  readonly backoffMs: number;
}

const LIMITS: PictureLimits = { idleMs: 30_000, attempts: 3, backoffMs: 500 };

/**
 * The bytes of a picture at an http(s) address: at most 64 MiB, in at most 2 minutes, after at most 10 redirects. What may
 * pass (silence, a broken connection, 408, 429, 5xx) is tried again, three times in all. Proxies as the environment says.
 * @param until ends it
 * @throws ImageError `not-fetched`
 */
export async function fetchPicture(address: string, until: AbortSignal, limits = LIMITS): Promise<Uint8Array> {
  const where = URL.canParse(address) ? shown(new URL(address)) : address;
  const timeout = AbortSignal.timeout(MOST_MS);
  try {
    const signal = AbortSignal.any([timeout, until]);
    return await retryPassing(() => receive(address, where, limits, signal), { ...limits, signal });
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const isKnown = error instanceof MobilenetError && !timeout.aborted;
    const problem = timeout.aborted ? `took longer than ${MOST_MS / 1000} s` : 'the connection broke';
    const details = isKnown ? error.details : { where, problem };
    throw new ImageError('not-fetched', details, { cause: error });
  }
}

async function receive(
  address: string,
  where: string,
  limits: PictureLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const answer = await fetchAnswer(address, {}, { env: process.env, ...limits, signal });
  if (answer.status !== 200) {
    answer.close();
    throw new ImageError('not-fetched', { where, problem: `the server answered ${answer.status}`, expected: '200' });
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) {
        throw new ImageError('not-fetched', { where, problem: `larger than ${MOST_BYTES / 2 ** 20} MiB` });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ImageError ? error : explain(error, where, signal);
  } finally {
    answer.close();
  }
  return Buffer.concat(chunks);
}
