import { ImageError } from '../../errors/errors.js';
import { MEMORY_LIMIT } from '../decode-size.js';
import type { OtherFormat } from '../format.js';
import { openBmp } from './bmp.js';
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
const readers: Readonly<Record<OtherFormat, (file: RandomAccess) => Opened | Promise<Opened>>> = {
  BMP: (file) => openBmp(whole(file)),
  PPM: (file) => openNetpbm(whole(file)),
  ICO: (file) => openIcon(whole(file)),
  HEIC: (file) => openHeic(whole(file)),
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
 * @throws ImageError
 */
export async function openOther(name: string, format: OtherFormat, input: Uint8Array | string): Promise<Opened> {
  try {
    return await withRandomAccess(input, readers[format]);
  } catch (error) {
    throw asImageError(name, format, error);
  }
}
