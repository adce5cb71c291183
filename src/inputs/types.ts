import type { RgbPixels } from '../domain/image-input.js';

/** A picture to classify; whether it exists and can be read shows later. */
export interface Input {
  /** The name that is reported; where the name's bytes are not UTF-8, with U+FFFD in their place. */
  readonly file: string;
  /** What is opened: the name's bytes where they are not UTF-8. */
  readonly path: string | Buffer;
  /** The picture itself, where it is already at hand. */
  readonly bytes?: Uint8Array;
  /** In place of bytes: pixels that have been decoded already. */
  readonly pixels?: RgbPixels;
  /** Gets the picture's bytes or pixels, where it is far away; rejects with ImageError. */
  readonly fetch?: () => Promise<Uint8Array | RgbPixels>;
  /**
   * Of an argument that leads nowhere, since nothing is there or a folder cannot be listed: what it was to be, by its name. A
   * root is in every shard, a picture in one.
   */
  readonly lost?: 'root' | 'picture';
  /** Found in a folder, not named: it may be something else than a picture. */
  readonly isFound?: true;
  /** The class that it shows, as its folder, its name or a table has it. */
  readonly truth?: string;
  /** Known already not to be classified, as a folder that cannot be listed. */
  readonly error?: { readonly code: string; readonly message: string };
}
