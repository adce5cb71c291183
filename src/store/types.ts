import type { CalibrationFacts } from '../domain/calibration.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import type { PaddingConvention } from '../networks/types.js';

/** How the bytes of stored weights are read: `safetensors` is the project's own naming and layout, batch norm apart or folded. */
export type StoredFormat = 'safetensors' | 'tflite' | 'onnx';

/** Where weights came from. */
export interface Origin {
  /** An address, or a file's name without its folder. */
  readonly address: string;
  /** Of the file as it was fetched, before anything was taken out of it or converted. */
  readonly bytes: number;
  readonly sha256: string;
  /** `published`: checked against the catalog's hash; `first-seen`: nobody publishes one, this is what came first. */
  readonly hash: 'published' | 'first-seen';
}

/** How a model was learned from a person's own images, for people. */
export interface LearnedFacts {
  /** The model whose features it classifies. */
  readonly backbone: string;
  /** Images of each class, in the order of the labels. */
  readonly images: readonly number[];
  readonly seed: number;
  /** On images that were not learned from, from 0 to 1, with the limits of its 95 % confidence interval. */
  readonly accuracy: {
    readonly value: number;
    readonly low95: number;
    readonly high95: number;
    readonly images: number;
  };
}

/** What a model is besides its bytes; everything about a set of weights that is no property of the network. */
export interface ModelDescription {
  /** Letters, digits, `_`, `-` and `.`; how `--model` calls it. */
  readonly name: string;
  /** A network's id where it is one of the papers' networks, else what the file calls it. */
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  /** Set where the weights were trained at another. */
  readonly trainedResolution?: number;
  readonly classes: number;
  /** Numbers that the weights are stored in. */
  readonly dtype: 'f32' | 'f16' | 'int8';
  readonly format: StoredFormat;
  /** Needed for `safetensors`; files that hold a graph state their own. */
  readonly padding: PaddingConvention | null;
  /** Of the batch norms, whether folded already or not. Needed for `safetensors`. */
  readonly epsilon: number | null;
  /** Needed for `safetensors`; elsewhere null for what the file itself says. */
  readonly preprocessing: Preprocessing | null;
  /** Accuracy on ImageNet's validation set in percent, as the source says. */
  readonly published: { readonly top1: number; readonly top5: number | null; readonly source: string } | null;
  readonly licence: string | null;
  readonly origin: Origin;
  /** Set for what `import --calibrate` has made. */
  readonly calibration?: CalibrationFacts;
  /** Set for what `learn` has made. */
  readonly learned?: LearnedFacts;
}

/** The bytes of a file, or the path of one that is copied; `sha256`: what it must have. */
export type FileSource = Uint8Array | { readonly file: string; readonly sha256?: string };

/** A model to put into the store. */
export interface NewModel extends ModelDescription {
  readonly weights: FileSource;
  /** A JSON file of labels, one for each class; null for ImageNet's (1000 or 1001 classes) and otherwise numbers. */
  readonly labels: FileSource | null;
  /** How its maps are stored in integers, a safetensors file; left out where nobody calibrated it. */
  readonly levels?: FileSource;
  readonly unknown?: UnknownRule<FileSource>;
}

/**
 * Which images are none of the model's classes: those whose features are further than `threshold` from the learned ones.
 * `vectors` are these, normalised, in integers: [count, features], a byte each.
 */
export interface UnknownRule<Vectors> {
  readonly threshold: number;
  readonly vectors: Vectors;
}

/** How a file of the store is read. */
export type BlobEnding = StoredFormat | 'json' | 'vectors';

/** A file of the store, found by its hash. */
export interface Blob {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A model of the store, as its record `models/NAME/model.json` says. */
export interface InstalledModel extends ModelDescription {
  readonly weights: Blob;
  readonly labels: Blob | null;
  /** A safetensors file; null where nobody calibrated the model. */
  readonly levels: Blob | null;
  readonly unknown?: UnknownRule<Blob>;
  /** ISO 8601. */
  readonly installed: string;
}
