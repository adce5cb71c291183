import { ImageError } from '../../errors/errors.js';
import { MEMORY_LIMIT } from '../decode-size.js';
import type { OtherFormat } from '../format.js';
import { openBmp } from './bmp.js';
import { openIcon } from './ico.js';
import { openNetpbm } from './netpbm.js';
import { PictureProblem } from './picture-problem.js';
import { type RandomAccess, withRandomAccess } from './random-access.js';
import type { Contained, Readable } from './readable.js';

function whole(file: RandomAccess): Uint8Array {
  if (file.size > MEMORY_LIMIT) throw new PictureProblem('too-large', `${file.size} bytes`);
  return file.read(0, file.size);
}

/** What reads the formats that sharp does not. */
const readers: Readonly<Record<OtherFormat, (file: RandomAccess) => Readable | Contained>> = {
  BMP: (file) => openBmp(whole(file)),
  PPM: (file) => openNetpbm(whole(file)),
  ICO: (file) => openIcon(whole(file)),
};

/** The problem with the name of the file and of its format. */
export function asImageError(name: string, format: string, problem: unknown): unknown {
  if (!(problem instanceof PictureProblem)) return problem;
  const { code, message, remedy } = problem;
  const sentence = {
    corrupt: `damaged ${format} (${message})`,
    'unsupported-format': `${format} with ${message} is not supported`,
    'too-large': message,
  }[code];
  return new ImageError(code, { where: name, problem: sentence, ...(remedy !== undefined && { remedy }) });
}

/**
 * Reads the header of a picture that sharp does not read.
 * @throws ImageError
 */
export async function openOther(
  name: string,
  format: OtherFormat,
  input: Uint8Array | string,
): Promise<Readable | Contained> {
  try {
    return await withRandomAccess(input, readers[format]);
  } catch (error) {
    throw asImageError(name, format, error);
  }
}
