import type { Preprocessing } from './preprocessing.js';

/** One class with its probability, 0…1. */
export interface Prediction {
  /** Position in the network's output. */
  readonly index: number;
  /** Synset id (WordNet 3.0 noun offset) where the labels have one. */
  readonly id: string | null;
  readonly label: string;
  /** Six decimals. */
  readonly probability: number;
  /** From 1, its place among all, where it is not its place here: what was before it has been left out. */
  readonly rank?: number;
}

/** Several classes together: `id` and `label` are those of their group in WordNet. */
export interface GroupPrediction extends Omit<Prediction, 'index'> {
  readonly index: null;
  /** How many classes of the model are in the group. */
  readonly classes: number;
}

/** What a row of results may hold. */
export type RowPrediction = Prediction | GroupPrediction;

/** How images are prepared: value = (pixel / 255 − mean) / std, pixel in 0…255. */
export interface PreprocessingRecord extends Omit<Preprocessing, 'resolution' | 'cropShare' | 'assumed'> {
  /** Nothing says the range of values: it is the one that such weights usually take. */
  readonly assumed: boolean;
  /** Why it was assumed. */
  readonly reason?: string;
}

/** The model that runs. */
export interface ModelFacts {
  /** Its id in `networks`, or the name of a graph that is none of them. */
  readonly network: string;
  /** Width multiplier. */
  readonly alpha: number;
  /** Side of the network's square input in pixels. */
  readonly resolution: number;
  /** The one that the weights were trained at; null where nothing says it. */
  readonly trainedResolution: number | null;
  /** What is computed in: 32-bit floats, or 8-bit integers. */
  readonly dtype: 'f32' | 'int8' | 'exact';
  /** The weights' file name, or two joined by ` + `. */
  readonly weights: string;
  /** Set where each class has a probability of its own, so that they need not add up to 1. */
  readonly output?: 'independent';
  /** How images are prepared, for weights of one's own. */
  readonly preprocessing?: PreprocessingRecord;
}

/** For one image. */
export interface CostFacts {
  /** Multiply-accumulates of convolutions and dense layers. */
  readonly macs: number;
  /** 2 × MACs. */
  readonly flops: number;
  /** Trainable parameters. */
  readonly params: number;
}

/** Milliseconds that an image took. */
export interface Timing {
  /** Reading, decoding and scaling it. */
  readonly decode: number;
  /** Running the network. */
  readonly run: number;
}

/** What is to be known of how an image was read. */
export interface PictureFacts {
  /** The file ends early: only what it still has was classified. */
  readonly truncated?: true;
  /** Upright size in pixels of the preview that was classified in place of a camera raw file's own samples. */
  readonly preview?: PictureSize;
}

/** Of an upright picture, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What is known of a picture once it is prepared for a network. */
export interface PreparedFacts extends PictureFacts {
  readonly size: PictureSize;
}

/** What an image is called that is none of a learned model's classes. */
export const UNKNOWN = 'unknown';

/** Of an image that is none of a learned model's classes. */
export interface UnknownFacts {
  /** From the images that were learned, above the threshold: 1 − cosine of the features, 0 to 2. */
  readonly distance: number;
  readonly threshold: number;
}

/** What is in one image, as far as a model says. */
export interface Classification extends PictureFacts {
  /** All that were asked for, most probable first. */
  readonly predictions: readonly Prediction[];
  /** Set where the image is none of the model's classes; the predictions say which it is nearest to. */
  readonly unknown?: UnknownFacts;
  readonly ms: Timing;
}

/** The picture's name, and what it was when it was read. */
export interface Origin {
  readonly file: string;
  /** The name's bytes, where they are not UTF-8. */
  readonly fileBase64?: string;
  /** Of an image in an archive whose sample has several files: the name that they share. */
  readonly key?: string;
  /** Of an image in an archive: what was asked for of its sample's JSON, or of its row in a table. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Bytes, and milliseconds since 1970, in files of results that can be resumed; left out where they are not known. */
  readonly size?: number;
  readonly mtime?: number;
  /** Of the picture's bytes, where it was asked for. */
  readonly sha256?: string;
  /** With size and time: the archive that the image is in. */
  readonly archive?: ArchiveFacts;
}

/** An archive, and what it was when it was read. */
export interface ArchiveFacts {
  readonly file: string;
  /** The name's bytes, where they are not UTF-8. */
  readonly fileBase64?: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
}

export interface ClassifiedRecord<P extends RowPrediction = Prediction> extends Origin, PictureFacts {
  readonly predictions: readonly P[];
  readonly unknown?: UnknownFacts;
  readonly ms: Timing;
}

export interface FailedRecord extends Origin {
  readonly error: RecordError;
}

export interface RecordError {
  readonly code: string;
  readonly message: string;
  /** With the code `SKIPPED`: what the file is. */
  readonly kind?: string;
}

/** The code of a file in a folder that is something else than a picture: nothing failed. */
export const SKIPPED = 'skipped';

/** What became of one input. */
export type ImageRecord<P extends RowPrediction = Prediction> = ClassifiedRecord<P> | FailedRecord;

/** The same, as results have it. */
export type RowRecord = ImageRecord<RowPrediction>;
