import { ImageError, MobilenetError } from '../errors/errors.js';
import { fetchAnswer, shown } from './http.js';

/** What is read of an answer at most. */
const MOST_BYTES = 64 * 2 ** 20;
const IDLE_MS = 30_000;
const MOST_MS = 120_000;

/**
 * The bytes of a picture at an http(s) address: at most 64 MiB, in at most 2 minutes, after at most 10 redirects. Proxies as
 * the environment says.
 * @param until ends it
 * @throws ImageError `not-fetched`
 */
export async function fetchPicture(address: string, until: AbortSignal): Promise<Uint8Array> {
  const where = URL.canParse(address) ? shown(new URL(address)) : address;
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(MOST_MS), until]);
    const answer = await fetchAnswer(address, {}, { env: process.env, idleMs: IDLE_MS, signal });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) {
        answer.destroy();
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
