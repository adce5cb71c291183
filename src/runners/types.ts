import type { Classification, CostFacts, ModelFacts, PictureSize } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { DecodedPixels } from '../images/decoded-image.js';
import type { Input } from '../inputs/types.js';

/** A picture to run: a file, its bytes, or its pixels. */
export type Picture = Pick<Input, 'file' | 'path' | 'bytes'> & { readonly pixels?: DecodedPixels };

/** Maps of one picture by layer, each height × width × channels. */
export type Maps = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** What a run says of one picture. */
export interface RunResult extends Classification {
  /** Those that the runner was opened to keep, if there are any. */
  readonly maps?: Maps;
  /** With maps: the size of the picture. */
  readonly size?: PictureSize;
}

/** A model in memory that takes several pictures at a time. */
export interface Runner {
  readonly model: ModelFacts;
  readonly cost: CostFacts;
  /** Resolves once the weights are in memory; rejects with ModelError for an error in them. */
  readonly ready: Promise<void>;
  /** Pictures that keep it busy. */
  readonly busy: number;
  /** Whether it tells images that are none of the model's classes. */
  readonly tellsUnknown?: boolean;
  /** What was assumed of the model, and what was found and could not be used, each in one line. */
  readonly notes: readonly string[];
  /** One for each class. */
  readLabels(): readonly Label[];
  /**
   * The `top` most probable classes, 5 by default.
   * Rejects with an error of the picture (see `isPictureError`), or with any other where the runner cannot go on.
   */
  classify(picture: Picture, options?: { readonly top?: number | undefined }): Promise<RunResult>;
  /** Lets go of memory, threads and processes once pictures that were handed in before are done. */
  close(): void;
}

export interface RunnerOptions {
  /** Pictures of more pixels are refused. */
  readonly maxPixels?: number | undefined;
  /** The same last digits on every runtime: no fused multiply-add. */
  readonly deterministic?: boolean | undefined;
  /** Whether to take what is left of a JPEG, PNG or GIF file that ends early. */
  readonly lenient?: boolean | undefined;
  /** Whether every pixel of a large picture is decoded, also where fewer are enough. */
  readonly fullDecode?: boolean | undefined;
  /** Layers whose maps come with each result; none by default. */
  readonly keep?: readonly string[] | undefined;
}

/** One after the other on this thread: nothing has to start up. */
export interface OnThisThread {
  readonly kind: 'thread';
  /** Threads that share the work of each picture, this one among them; by default 2 where there is much work, else 1. */
  readonly threads?: number | undefined;
  /** How many pictures there will be, where that is known. */
  readonly pictures?: number | undefined;
}

/** Several at the same time, each by a thread of its own; for many pictures. */
export interface InLanes {
  readonly kind: 'lanes';
  readonly lanes: number;
  /** Where given, pictures are decoded in processes of their own, which are killed after so many milliseconds for one. */
  readonly timeoutMs?: number | undefined;
}

export type RunnerPlan = OnThisThread | InLanes;
