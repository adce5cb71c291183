import type { Metadata } from 'sharp';
import type { ImageFormat } from './format.js';
import { isReversed, type Orientation } from './orientation.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a picture is decoded to in place of its own size, upright. */
export interface SmallerSize extends Size {
  /** By how much the decoder shrinks; the rest is done by resizing. */
  readonly factor: number;
}

/** A stretch of an axis of pixels; both may lie between pixels. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** A picture that was decoded to fewer pixels than it has: where it lies in them, and its own size. */
export interface Shrunk {
  readonly from: Size;
  /** A JPEG decoder makes one pixel of several; a column or row that is too few for one is missing. */
  readonly x: Stretch;
  readonly y: Stretch;
}

type Known = Pick<Metadata, 'space' | 'depth'> & Partial<Pick<Metadata, 'hasAlpha' | 'pages'>>;

/** By how much libjpeg shrinks while it decodes, most first. */
const FACTORS = [8, 4, 2] as const;

/**
 * The size to decode a picture to, where fewer pixels than it has are enough; undefined where it has to be decoded as it is.
 *
 * Of a JPEG, the decoder computes every second, fourth or eighth pixel from its coefficients. sharp does that on the way to
 * a smaller size alone, and only if a further step of resizing is left: by 3 ÷ 2, 5 ÷ 4 or 9 ÷ 8 here. A WebP is scaled to
 * the same sizes as it is decoded.
 *
 * @param upright the picture's own size
 * @param enough no side becomes less
 */
export function shrinkOf(
  format: ImageFormat,
  metadata: Known,
  upright: Size,
  enough: Size | undefined,
): SmallerSize | undefined {
  if (enough === undefined || !canShrink(format, metadata)) return undefined;
  for (const factor of FACTORS) {
    const width = Math.floor(upright.width / (factor + 1));
    const height = Math.floor(upright.height / (factor + 1));
    if (width >= enough.width && height >= enough.height) return { factor, width, height };
  }
  return undefined;
}

/** sharp does not shrink ink while it decodes it, and resizing would mix colours with those below transparent pixels. */
function canShrink(format: ImageFormat, { space, depth, hasAlpha, pages = 1 }: Known): boolean {
  if (depth !== 'uchar') return false;
  return format === 'JPEG' ? space !== 'cmyk' : format === 'WebP' && !hasAlpha && pages === 1;
}

/** Where a picture lies in the pixels that `shrinkOf` asked for. Sizes are upright. */
export function placeShrunk(
  format: ImageFormat,
  from: Size,
  { factor, width, height }: SmallerSize,
  orientation: Orientation,
): Shrunk {
  const blocks = format === 'JPEG' ? factor : 1;
  const reversed = isReversed(orientation);
  return {
    from,
    x: stretchOf(from.width, width, blocks, reversed.x),
    y: stretchOf(from.height, height, blocks, reversed.y),
  };
}

function stretchOf(from: number, pixels: number, blocks: number, isReversed: boolean): Stretch {
  const length = (pixels * from) / (Math.floor(from / blocks) * blocks);
  return { start: isReversed ? pixels - length : 0, length };
}
