import type { ArchiveFacts, RecordError } from '../domain/classification.js';
import type { RgbPixels } from '../domain/image-input.js';

/** A picture to classify; whether it exists and can be read shows later. */
export interface Input {
  /** The name that is reported; where the name's bytes are not UTF-8, with U+FFFD in their place. */
  readonly file: string;
  /** What is opened: the name's bytes where they are not UTF-8. */
  readonly path: string | Buffer;
  /** The picture itself, where it is already at hand. */
  readonly bytes?: Uint8Array;
  /** The bytes are only the first ones, which show that it is none. */
  readonly isStart?: true;
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
  /** One of many that come one after the other, each with its bytes: nobody looks ahead, which would hold them all. */
  readonly inSequence?: true;
  /** Of a picture in an archive. */
  readonly member?: MemberFacts;
  /** The class that it shows, as its folder, its name or a table has it. */
  readonly truth?: string;
  /** Known already not to be classified, as a folder that cannot be listed. */
  readonly error?: RecordError;
}

/** What is known of a picture in an archive beside its bytes. */
export interface MemberFacts {
  /** Where the archive has it: a byte, or a row. */
  readonly at: number;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970; the archive's own where it has none for its members. */
  readonly mtime: number;
  readonly archive: ArchiveFacts;
  /** Of a sample of several files, such as a picture and its caption: the name that they share. */
  readonly key?: string;
  /** Those that were asked for, of the sample or the row that the picture is in; null where there is none. */
  readonly fields?: Readonly<Record<string, unknown>>;
}
