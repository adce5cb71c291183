import type { ArchiveFacts, ImageRecord, PictureSize } from '../domain/classification.js';
import type { Input } from '../inputs/types.js';
import type { Maps } from '../runners/types.js';

/** An input with what is known about it before it is classified. */
export interface Task {
  readonly input: Input;
  readonly meta?: Meta;
}

/** What tells a file from another one under the same name. */
export interface Meta {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  readonly sha256?: string;
  /** That it is in. */
  readonly archive?: ArchiveFacts;
}

export interface Outcome {
  readonly input: Input;
  readonly record: ImageRecord;
  /** Of a classified picture, where the runner keeps some. */
  readonly maps?: Maps;
  readonly size?: PictureSize;
}
