import type { PictureFacts } from '../domain/classification.js';
import type { RgbPixels } from '../domain/image-input.js';
import type { ColumnSpan } from '../domain/pixel-kernels.js';
import { ImageError } from '../errors/errors.js';
import type { Shrunk, Size } from './shrink.js';

/** An upright picture: `data` is [height, held.count, 3], RGB, 0…255. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The columns that the data have: all of them, or those that were asked for. */
  readonly held: ColumnSpan;
  /** Size in the file, upright: larger than `width` × `height` where the picture was reduced while decoding. */
  readonly original: Size;
  /** Where the picture was decoded to fewer pixels because they are enough. */
  readonly shrunk?: Shrunk;
  readonly facts: PictureFacts;
  /** Where the pixels lie in memory that is used again. */
  release?(): void;
}

/** Pixels to prepare. */
export type DecodedPixels = RgbPixels & Partial<Pick<DecodedImage, 'held' | 'shrunk'>>;

export interface DecodeOptions {
  /** What messages call a picture that comes as bytes. */
  readonly name?: string;
  /** What is opened instead of the name `input`: bytes that are not UTF-8. */
  readonly path?: Buffer;
  /** More are refused before anything is decoded. */
  readonly maxPixels?: number;
  /** Whether to take what is left of a JPEG, PNG or GIF file that ends early. */
  readonly lenient?: boolean;
  /** Whether the process decodes a few pictures only: what takes little time to start comes before what decodes fast. */
  readonly isBrief?: boolean;
  /** Whether the caller calls `release` when it is done with the pixels: many small JPEGs then share a decoder. */
  readonly releases?: boolean;
  /** Shorter side that the preview of a camera raw file must have, in pixels. */
  readonly leastPreview?: number;
  /** EXIF orientation of a picture that says nothing about its own. */
  readonly orientation?: number;
  /**
   * The columns that are needed of a picture of this size. Others may be left out where that saves work; the whole file is
   * decoded all the same, so that damage anywhere is found.
   */
  readonly columnsOf?: (width: number, height: number) => ColumnSpan;
  /**
   * What a picture of this size, upright, is going to be scaled to: it may be shrunk somewhat less while it is decoded, where
   * that is faster. Undefined where every pixel is wanted.
   */
  readonly scaledTo?: ((width: number, height: number) => Size | undefined) | undefined;
  /** Told, before anything is decoded, how much memory that may take; decoding waits for it. */
  readonly reserve?: (bytes: number) => Promise<void>;
}

/** @throws ImageError `too-large` */
export function refuseMoreThan(
  most: number | undefined,
  name: string,
  { width, height }: DecodedImage['original'],
): void {
  if (most !== undefined && width * height > most) {
    throw new ImageError('too-large', {
      where: name,
      problem: `${width} × ${height} pixels`,
      expected: `at most ${most}`,
      remedy: 'raise --max-pixels to accept it',
    });
  }
}
