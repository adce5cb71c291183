import type { OtherFormat } from '../../domain/image-format.js';
import { ImageError } from '../../errors/errors.js';
import { MEMORY_LIMIT } from '../decode-size.js';
import { openBmp } from './bmp.js';
import { openCameraRaw, openRawTiff } from './camera-raw.js';
import { openHeic } from './heic.js';
import { openIcon } from './ico.js';
import { openNetpbm } from './netpbm.js';
import { PictureProblem } from './picture-problem.js';
import { type RandomAccess, withRandomAccess } from './random-access.js';
import type { Contained, Readable } from './readable.js';

function whole(file: RandomAccess): Uint8Array {
  if (file.size > MEMORY_LIMIT)
    throw new PictureProblem('too-large', (format) => `${file.size} bytes are too many for a ${format} file`);
  return file.read(0, file.size);
}

type Opened = Readable | Contained;

/** What reads the formats that sharp does not. */
const readers: Readonly<Record<OtherFormat, (file: RandomAccess, least: number) => Opened | Promise<Opened>>> = {
  BMP: (file) => openBmp(whole(file)),
  PPM: (file) => openNetpbm(whole(file)),
  ICO: (file) => openIcon(whole(file)),
  HEIC: (file) => openHeic(whole(file)),
  'camera raw': openCameraRaw,
};

/** The problem with the name of the file; other errors as they are. */
export function asImageError(name: string, format: string, problem: unknown): unknown {
  if (!(problem instanceof PictureProblem)) return problem;
  const { code, remedy } = problem;
  return new ImageError(
    code,
    { where: name, problem: problem.describe(format), ...(remedy !== undefined && { remedy }) },
    { cause: problem },
  );
}

/**
 * Reads the header of a picture that sharp does not read.
 * @param leastPreview shorter side that the preview of a camera raw file must have
 * @throws ImageError
 */
export function openOther(
  name: string,
  format: OtherFormat,
  input: Uint8Array | string,
  leastPreview = 0,
): Promise<Opened> {
  return openNamed(name, format, input, (file) => readers[format](file, leastPreview));
}

/**
 * The preview in a file that begins as TIFF files do but comes from a camera; undefined for any other TIFF file.
 * @throws ImageError
 */
export function openTiffOfCamera(
  name: string,
  input: Uint8Array | string,
  leastPreview = 0,
): Promise<Contained | undefined> {
  return openNamed(name, 'camera raw', input, (file) => openRawTiff(file, leastPreview));
}

async function openNamed<T>(
  name: string,
  format: OtherFormat,
  input: Uint8Array | string,
  open: (file: RandomAccess) => T | Promise<T>,
): Promise<T> {
  try {
    return await withRandomAccess(input, open);
  } catch (error) {
    throw asImageError(name, format, error);
  }
}
