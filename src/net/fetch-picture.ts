import { ImageError, MobilenetError } from '../errors/errors.js';
import { shown } from './fetch-error.js';
import { fetchAnswer } from './http.js';

/** What is read of an answer at most. */
const MOST_BYTES = 64 * 2 ** 20;
const IDLE_MS = 30_000;
const MOST_MS = 120_000;

/**
 * The bytes of a picture at an http(s) address: at most 64 MiB, in at most 2 minutes, after at most 10 redirects. Proxies as
 * the environment says.
 * @param until ends it
 * @param limits how long a server may be silent or slow
 * @throws ImageError `not-fetched`
 */
export async function fetchPicture(
  address: string,
  until: AbortSignal,
  limits: { readonly idleMs: number; readonly windowMs?: number } = { idleMs: IDLE_MS },
): Promise<Uint8Array> {
  const where = URL.canParse(address) ? shown(new URL(address)) : address;
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(MOST_MS), until]);
    const answer = await fetchAnswer(address, {}, { env: process.env, ...limits, signal });
    if (answer.status !== 200) {
      answer.close();
      throw new ImageError('not-fetched', { where, problem: `the server answered ${answer.status}`, expected: '200' });
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) {
        throw new ImageError('not-fetched', {
          where,
          problem: `larger than ${MOST_BYTES / 2 ** 20} MiB`,
        });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const isLate = (error as Error).name === 'TimeoutError';
    const details =
      error instanceof MobilenetError
        ? error.details
        : { where, problem: isLate ? `took longer than ${MOST_MS / 1000} s` : 'the connection broke' };
    throw new ImageError('not-fetched', details, { cause: error });
  }
}
