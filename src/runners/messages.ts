import type { PreparedFacts } from '../domain/classification.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import type { Ranked } from '../domain/rank.js';
import type { Lane } from '../engine/lanes.js';
import type { MobilenetError } from '../errors/errors.js';
import type { DecodedPixels } from '../images/decoded-image.js';
import type { Maps } from './types.js';

/** What a decode process is started with. */
export interface PrepareSettings {
  readonly preprocessing: Preprocessing;
  readonly maxPixels: number | undefined;
  readonly lenient: boolean;
  readonly fullDecode: boolean;
}

/** What a lane's thread is started with. */
export interface LaneData extends PrepareSettings {
  readonly lane: Lane;
  /** How many labels there are: two for a network of one output are a class and its opposite. */
  readonly labels: number;
  /** Layers whose maps come with each result. */
  readonly keep: readonly string[];
}

export type PreparedPicture = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Environment data of threads: the path of a program that lanes begin with, which loads lane.cjs; without: lane.cjs itself. */
export const LANE_PROGRAM = 'mobilenet lane program';

/** A picture to prepare. */
export interface Job {
  readonly job: number;
  readonly file: string;
  /** The name's bytes where they are not UTF-8. */
  readonly path?: Uint8Array;
  readonly bytes?: Uint8Array;
  readonly pixels?: DecodedPixels;
}

/** A picture to classify; `prepared` where that was done elsewhere. */
export interface LaneJob extends Job {
  /** Predictions that are wanted. */
  readonly top: number;
  readonly prepared?: PreparedPicture;
}

/** Leave to take the memory asked for. */
export interface Grant {
  readonly grant: number;
}

export type ErrorReply =
  | { readonly job: number; readonly error: Pick<MobilenetError, 'code' | 'details'> }
  | { readonly job: number; readonly internalError: string };

export type Reply = { readonly job: number; readonly reserve: number } | ErrorReply;

export type LaneReply =
  | Reply
  | {
      readonly job: number;
      readonly ranked: readonly Ranked[];
      readonly decode: number;
      readonly run: number;
      /** Left out where the picture was prepared elsewhere. */
      readonly facts?: PreparedFacts;
      readonly maps?: Maps;
    };

export type DecoderReply =
  | Reply
  | { readonly ready: true }
  | {
      readonly job: number;
      readonly prepared: PreparedPicture;
      readonly decode: number;
      readonly facts: PreparedFacts;
    };

/** Pictures that may take more than this ask before they are decoded, so that few of them are in memory at once. */
export const LARGE_BYTES = 48 * 2 ** 20;

/** What large pictures may take together. */
export const LARGE_BUDGET = 768 * 2 ** 20;
