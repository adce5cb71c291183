import type { Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import type { Size, SmallerSize } from './shrink.js';

/**
 * Bytes that libvips may take for one picture, estimated from its header before anything is decoded. With Node and
 * the engine a process stays below 1 GiB.
 */
export const MEMORY_LIMIT = 640 * 2 ** 20;

/** Longest side that is decoded row by row: the cost of a row bounds the memory, the number of them the time. */
export const MAX_REDUCED_SIDE = 2 ** 16;

/** Pixels that a picture is reduced to while it is decoded, where the whole would not fit into `MEMORY_LIMIT`. */
const REDUCED_PIXELS = 2 ** 24;

/** What a picture's header says that matters here and for decoding. */
export type HeaderFacts = Pick<Metadata, 'width' | 'height' | 'channels' | 'depth' | 'space'> &
  Partial<
    Pick<Metadata, 'orientation' | 'isProgressive' | 'chromaSubsampling' | 'hasAlpha' | 'pages' | 'exif' | 'xmp'>
  >;

const chromaShares: Readonly<Record<string, number>> = { '4:2:0': 0.5, '4:2:2': 2 / 3 };

/** Bytes per pixel that the decoder itself holds (measured, rounded up); 0 where rows stream through it. */
function heldBytesPerPixel(format: ImageFormat, metadata: HeaderFacts, pixelBytes: number): number {
  switch (format) {
    case 'JPEG':
      // A progressive file is complete only at its end: all coefficients stay, 16 bits each.
      return metadata.isProgressive ? 2 * pixelBytes * (chromaShares[metadata.chromaSubsampling ?? ''] ?? 1) : 0;
    case 'PNG':
      return metadata.isProgressive ? 1.5 * pixelBytes : 0;
    case 'TIFF':
      return pixelBytes;
    case 'WebP':
    case 'GIF':
      return 8;
    case 'AVIF':
      return metadata.depth === 'uchar' ? 16 : 32;
    default:
      return format satisfies never;
  }
}

export interface DecodeSize extends Size {
  /** Whether that is less than the picture has, because the whole would take too much memory. */
  readonly reduced: boolean;
  /** Memory that decoding may take. */
  readonly bytes: number;
}

export const SCALE_DOWN = 'scale the image down first';

/** That a picture needs more than `MEMORY_LIMIT`. */
export function memorySentence(format: string, { width, height }: Size): string {
  return `${width} × ${height} pixels as ${format} need more than ${MEMORY_LIMIT / 2 ** 20} MiB of memory`;
}

export function tooLarge(name: string, format: string, size: Size): ImageError {
  return new ImageError('too-large', { where: name, problem: memorySentence(format, size), remedy: SCALE_DOWN });
}

/**
 * The size to decode to: the smaller one that is enough, else the picture's own, or less where that would not fit into
 * memory.
 * @param upright the picture's own
 */
export function chooseSize(
  name: string,
  format: ImageFormat,
  metadata: HeaderFacts,
  upright: Size,
  smaller: SmallerSize | undefined,
): DecodeSize {
  const { width, height } = smaller ?? upright;
  const pixels = width * height;
  const pixelBytes = (metadata.channels ?? 4) * (metadata.depth === 'uchar' ? 1 : 2);
  const loaded = smaller?.block ?? 1;
  // libvips streams, but through a window of rows on either side of each step.
  const rows = Math.min(Math.max(metadata.height / loaded, 16), 1024);
  const window = (2 * rows * metadata.width * pixelBytes) / loaded;
  const held = heldBytesPerPixel(format, metadata, pixelBytes) * metadata.width * metadata.height + window;
  // Turning or mirroring needs the whole picture at hand besides its turned copy.
  const turned = (metadata.orientation ?? 1) > 1 || upright.width !== metadata.width ? pixelBytes : 0;
  const bytes = held + pixels * (3 + turned);
  if (bytes <= MEMORY_LIMIT) return { width, height, reduced: false, bytes };
  if (held > MEMORY_LIMIT || Math.max(width, height) > MAX_REDUCED_SIDE) throw tooLarge(name, format, upright);
  const shrink = Math.ceil(Math.sqrt(pixels / REDUCED_PIXELS));
  return { width: Math.ceil(width / shrink), height: Math.ceil(height / shrink), reduced: true, bytes: MEMORY_LIMIT };
}
