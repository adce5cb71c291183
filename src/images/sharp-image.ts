import { type RgbPixels, rgbOf, type SharpImage } from '../domain/image-input.js';
import { ImageError, MobilenetError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';

/** Whether it is a pipeline of sharp: the caller's own, perhaps of another version. */
export function isSharpImage(value: object): value is SharpImage {
  return ['clone', 'removeAlpha', 'toColourspace', 'raw', 'toBuffer'].every(
    (method) => typeof (value as Record<string, unknown>)[method] === 'function',
  );
}

/**
 * The pixels that a pipeline gives, alpha dropped; the pipeline itself stays as it is.
 * @param where for messages
 * @throws ImageError `corrupt` where sharp fails
 */
export async function readSharpImage(image: SharpImage, where: string): Promise<RgbPixels> {
  try {
    const pipeline = image.clone().removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    return rgbOf({ data, width, height });
  } catch (cause) {
    if (cause instanceof MobilenetError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ImageError('corrupt', { where, problem: `sharp cannot read it (${printable(reason)})` }, { cause });
  }
}
