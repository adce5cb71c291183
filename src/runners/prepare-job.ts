import type { PixelKernels } from '../domain/pixel-kernels.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { givesBytes, type Prepared, prepareImage } from '../images/prepare.js';
import { isOfPicture } from './error-messages.js';
import { type Job, LARGE_BYTES, type PreparedPicture, type Reply } from './messages.js';

/** Prepares pictures in a thread or process of its own; asks for memory through `send`. */
export interface Preparer {
  /** @param target from `createTarget` */
  prepare(job: Job, target: Prepared): Promise<void>;
  grant(job: number): void;
}

export function createPreparer(
  preprocessing: Preprocessing,
  maxPixels: number,
  kernels: Promise<PixelKernels>,
  send: (reply: Reply) => void,
): Preparer {
  const waiting = new Map<number, () => void>();
  return {
    async prepare({ job, file, path, bytes }, target) {
      await prepareImage(bytes ?? file, preprocessing, target, kernels, {
        name: file,
        ...(path && { path: Buffer.from(path) }),
        maxPixels,
        reserve(wanted) {
          if (wanted <= LARGE_BYTES) return Promise.resolve();
          return new Promise((granted) => {
            waiting.set(job, granted);
            send({ job, reserve: wanted });
          });
        },
      });
    },
    grant(job) {
      waiting.get(job)?.();
      waiting.delete(job);
    },
  };
}

/** A picture's fault, or one of ours. */
export function replyOf(job: number, error: unknown): Reply {
  if (isOfPicture(error)) return { job, error: { code: error.code, details: error.details } };
  return { job, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** What a picture is prepared into: bytes where they say it all, a quarter of the memory. */
export function createTarget(preprocessing: Preprocessing): PreparedPicture {
  const length = 3 * preprocessing.resolution ** 2;
  return givesBytes(preprocessing) ? new Uint8Array(length) : new Float32Array(length);
}
