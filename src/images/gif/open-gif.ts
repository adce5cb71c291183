import type { PictureFacts } from '../../domain/classification.js';
import { ImageError } from '../../errors/errors.js';
import { MEMORY_LIMIT, tooLarge } from '../decode-size.js';
import type { RandomAccess } from '../formats/random-access.js';
import { decodeGifFrame, type GifError, readGifFrame } from './decode-gif.js';

export interface OpenedGif {
  readonly width: number;
  readonly height: number;
  /** Memory that decoding takes. */
  readonly bytes: number;
  /**
   * RGB, [height, width, 3].
   * @param lenient whether to take a frame of which pixels are missing
   */
  decode(file: RandomAccess, lenient: boolean): { readonly data: Uint8Array; readonly facts: PictureFacts };
}

/** An index of the frame, one of the screen, and a colour for each pixel. */
const BYTES_PER_PIXEL = 5;

const reasons: Readonly<Record<GifError, string>> = {
  'ends early': 'the file ends early',
  'no picture': 'it has no frame',
  'not a block': 'a block of unknown kind',
};

function damaged(name: string, reason: string): ImageError {
  return new ImageError('corrupt', { where: name, problem: `damaged GIF (${reason})` });
}

/**
 * Reads what comes before the pixels.
 * @throws ImageError `corrupt`, `too-large`
 */
export function openGif(name: string, file: RandomAccess): OpenedGif {
  const frame = readGifFrame(file);
  if (typeof frame === 'string') throw damaged(name, reasons[frame]);
  const { width, height } = frame;
  if (frame.frame.width === 0 || frame.frame.height === 0) throw damaged(name, 'its first frame has no pixels');
  const bytes = width * height * BYTES_PER_PIXEL;
  if (bytes > MEMORY_LIMIT) throw tooLarge(name, 'GIF', frame);
  return {
    width,
    height,
    bytes,
    decode(opened, lenient) {
      const pixels = decodeGifFrame(opened, frame);
      if (typeof pixels === 'string') throw damaged(name, reasons[pixels]);
      const truncated = pixels.found < pixels.wanted;
      if (truncated && (!lenient || pixels.found < frame.frame.width)) {
        throw damaged(name, `it has ${pixels.found} of ${pixels.wanted} pixels`);
      }
      return { data: pixels.data, facts: truncated ? { truncated } : {} };
    },
  };
}
