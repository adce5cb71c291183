import type { PreparedFacts } from '../domain/classification.js';
import type { PixelKernels } from '../domain/pixel-kernels.js';
import { type Preprocessing, preparedLength } from '../domain/preprocessing.js';
import { placedSize } from '../images/placement.js';
import { givesBytes, type Prepared, prepareDecoded, prepareImage } from '../images/prepare.js';
import { type Job, LARGE_BYTES, type PreparedPicture, type PrepareSettings, type Reply } from './messages.js';
import type { Picture } from './types.js';

export interface PreparePictureOptions {
  readonly maxPixels?: number | undefined;
  readonly lenient?: boolean | undefined;
  readonly isBrief?: boolean;
  readonly hasMany?: boolean;
  readonly fullDecode?: boolean | undefined;
  /** Told, before anything is decoded, how much memory that may take; decoding waits for it. */
  readonly reserve?: (bytes: number) => Promise<void>;
}

/**
 * Decodes, scales and normalises a picture into `target`, as the network takes it.
 * @param target from `createTarget`, or as many floats
 * @returns what is to be known of how it was read
 * @throws ImageError for a picture that cannot be read
 */
export async function preparePicture(
  { file, path, bytes, pixels }: Picture,
  preprocessing: Preprocessing,
  target: Prepared,
  kernels: PixelKernels | Promise<PixelKernels>,
  { maxPixels, lenient = false, isBrief = false, hasMany = false, fullDecode, reserve }: PreparePictureOptions = {},
): Promise<PreparedFacts> {
  if (pixels) {
    prepareDecoded(pixels, preprocessing, target, await kernels);
    return { size: placedSize(pixels) };
  }
  const { facts, width, height } = await prepareImage(bytes ?? file, preprocessing, target, kernels, {
    name: file,
    lenient,
    isBrief,
    hasMany,
    fullDecode,
    ...(typeof path !== 'string' && { path }),
    ...(maxPixels !== undefined && { maxPixels }),
    ...(reserve && { reserve }),
  });
  return { ...facts, size: { width, height } };
}

/** What a picture is prepared into: bytes where they say it all, a quarter of the memory. */
export function createTarget(preprocessing: Preprocessing): PreparedPicture {
  const length = preparedLength(preprocessing);
  return givesBytes(preprocessing) ? new Uint8Array(length) : new Float32Array(length);
}

/** Prepares pictures in a thread or process of its own; asks for memory through `send`. */
export interface Preparer {
  /** @param target from `createTarget` */
  prepare(job: Job, target: Prepared): Promise<PreparedFacts>;
  grant(job: number): void;
}

export function createPreparer(
  { preprocessing, maxPixels, lenient, fullDecode }: PrepareSettings,
  kernels: Promise<PixelKernels>,
  send: (reply: Reply) => void,
): Preparer {
  const waiting = new Map<number, () => void>();
  return {
    async prepare({ job, file, path, bytes, pixels }, target) {
      const picture: Picture = {
        file,
        path: path ? Buffer.from(path) : file,
        ...(bytes && { bytes }),
        ...(pixels && { pixels }),
      };
      return preparePicture(picture, preprocessing, target, kernels, {
        maxPixels,
        lenient,
        hasMany: true,
        fullDecode,
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
