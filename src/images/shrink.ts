import type { Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-format.js';
import { isReversed, type Orientation } from './orientation.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a picture is decoded to in place of its own size, upright. */
export interface SmallerSize extends Size {
  /** Pixels of each row and column of which the decoder makes one; 1 where it scales in another way. */
  readonly block: number;
}

/** A stretch of an axis of pixels; both may lie between pixels. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A picture that was decoded to fewer pixels than it has: where it lies in them, and its own size. */
export interface Shrunk extends Pick<SmallerSize, 'block'> {
  readonly from: Size;
  /** Columns or rows that are too few for a block are missing. */
  readonly x: Stretch;
  readonly y: Stretch;
}

type Known = Pick<Metadata, 'space' | 'depth'> & Partial<Pick<Metadata, 'hasAlpha' | 'pages'>>;

/** JPEGs of up to so many pixels are decoded whole, which takes little time and no sharp (small-jpeg.ts). */
export const SMALL_JPEG_PIXELS = 2 ** 20;
/** And of so many bytes. */
export const SMALL_JPEG_BYTES = 2 ** 20;

interface Way {
  /** By how much the picture becomes smaller. */
  readonly factor: number;
  readonly block: number;
  /** So many times the size that it is scaled to, at least: with less, answers change too often (docs/measurements.md). */
  readonly least: number;
}

/** Most first. libjpeg makes one pixel of a block; halves save least, so they are for pictures that hardly change. */
const ways: Readonly<Partial<Record<ImageFormat, readonly Way[]>>> = {
  JPEG: [
    { factor: 8, block: 8, least: 2.1 },
    { factor: 4, block: 4, least: 2.1 },
    { factor: 2, block: 2, least: 3 },
  ],
  WebP: [9, 5, 3].map((factor) => ({ factor, block: 1, least: 2 })),
};

/**
 * The size to decode a picture to, where fewer pixels than it has are enough; undefined where it has to be decoded as it is.
 *
 * Of a JPEG, the decoder computes the averages of blocks from the coefficients. A WebP is scaled as it is decoded.
 *
 * @param upright the picture's own size
 * @param scaled what it is going to be scaled to
 */
export function shrinkOf(
  format: ImageFormat,
  metadata: Known,
  upright: Size,
  scaled: Size | undefined,
): SmallerSize | undefined {
  if (scaled === undefined || !canShrink(format, metadata)) return undefined;
  if (format === 'JPEG' && upright.width * upright.height <= SMALL_JPEG_PIXELS) return undefined;
  for (const { factor, block, least } of ways[format] ?? []) {
    const width = Math.floor(upright.width / factor);
    const height = Math.floor(upright.height / factor);
    if (width >= least * scaled.width && height >= least * scaled.height) return { width, height, block };
  }
  return undefined;
}

/** sharp does not shrink ink while it decodes it, and resizing would mix colours with those below transparent pixels. */
function canShrink(format: ImageFormat, { space, depth, hasAlpha, pages = 1 }: Known): boolean {
  if (depth !== 'uchar') return false;
  return format === 'JPEG' ? space !== 'cmyk' : format === 'WebP' && !hasAlpha && pages === 1;
}

/** Where a picture lies in the pixels that `shrinkOf` asked for. Sizes are upright. */
export function placeShrunk(from: Size, { block, width, height }: SmallerSize, orientation: Orientation): Shrunk {
  const reversed = isReversed(orientation);
  return {
    from,
    block,
    x: stretchOf(from.width, width, block, reversed.x),
    y: stretchOf(from.height, height, block, reversed.y),
  };
}

function stretchOf(from: number, pixels: number, block: number, isReversed: boolean): Stretch {
  const length = (pixels * from) / (Math.floor(from / block) * block);
  return { start: isReversed ? pixels - length : 0, length };
}
