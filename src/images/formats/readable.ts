import type { ImageFormat } from '../../domain/image-format.js';

/** A picture whose header has been read and found right. */
export interface Readable {
  readonly width: number;
  readonly height: number;
  /** Memory that `decode` takes, its result included. */
  readonly bytes: number;
  /** Upright RGB, 0…255, [height, width, 3]. */
  readonly decode: () => Uint8Array | Promise<Uint8Array>;
}

/** A picture of another format that a file contains: an icon's PNG, a camera's preview. */
export interface Contained {
  readonly format: ImageFormat;
  readonly data: Uint8Array;
  /** It stands for something larger that is not decoded. */
  readonly isPreview?: true;
  /** EXIF orientation of the file around it, for a picture that has none of its own. */
  readonly orientation?: number;
}
