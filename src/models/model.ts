import type { ModelFacts } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import type { ExactNetwork } from '../engine/exact/preparation.js';
import type { IntegerLimits, Levels } from '../engine/int8/levels.js';
import type { PackedStore } from '../engine/int8/packed-store.js';
import type { OpenHalves } from '../engine/session.js';
import type { ResolvedNetwork } from '../networks/types.js';
import type { Allocate } from '../untrusted-data/regular-file.js';
import type { NamedTensors, NetworkWeights } from '../weights/types.js';

/** Weights that were found, bundled, installed or in files, and what is known of them. */
export interface ModelSource {
  /** What results call the weights: a file's name, or an installed model's. */
  readonly name: string;
  /** What the weights were recognised as; by default the network's id. */
  readonly title?: string;
  readonly network: ResolvedNetwork;
  readonly epsilon: number;
  /** Of the network's resolution, or of the one that the weights were trained at: `makeModel` brings it to the former. */
  readonly preprocessing: Preprocessing;
  /** Left out where nothing says it. */
  readonly trainedResolution?: number | undefined;
  readWeights(allocate?: Allocate): NetworkWeights;
  readonly openHalves?: OpenHalves;
  /** The network as quantised files store it, where `--exact` asked for it. */
  readonly exact?: ExactNetwork;
  /** What had to be assumed of the layers. */
  readonly notes?: readonly string[];
  /** Set for a person's own weights: results say how pictures were prepared for them. */
  readonly own?: 'file' | 'imported';
  /** The labels that belong to the weights. */
  readonly readLabels?: () => readonly Label[];
  /** Looks for labels in the files and beside them. Throws ModelError `labels` for those in a file that do not fit. */
  readonly findLabels?: () => SourceLabels;
  /** Single ones of them. */
  readonly openLabels?: () => (index: number) => Label;
  /** The levels of a calibration. */
  readonly readLevels?: () => NamedTensors;
  /** Set for a learned model that says of an image that it is none of its classes. */
  readonly unknown?: UnknownSource;
  /** Names weights and levels together: what packing them for one resolution gives is the same as long as it is. */
  readonly packedKey?: string;
}

/** All that a session and its inputs need; weights and labels are read when asked for. */
export interface Model {
  readonly facts: ModelFacts;
  /** What the weights were recognised as, for people. */
  readonly title: string;
  readonly network: ResolvedNetwork;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  /** Where the weights are a file that can be used as it is, its bytes lie in what `allocate` gives. */
  readWeights(allocate?: Allocate): NetworkWeights;
  /** Set where the weights of linear layers are in half precision. */
  readonly openHalves?: OpenHalves;
  /** Set where the network is to run in integers. */
  readonly readLevels?: (limits: IntegerLimits) => Levels;
  /** Where parameters that an earlier start has packed are kept; set where weights and levels have a common name. */
  readonly packed?: () => PackedStore;
  readonly unknown?: UnknownSource;
  /** Set where integers were asked for: the network as its files store it. */
  readonly exact?: ExactNetwork;
  /** What was assumed, and what was found and could not be used, each in one line. */
  readonly notes: readonly string[];
  /** One for each class. */
  readLabels(): readonly Label[];
  /** Gives single labels, where that is less work than reading all. */
  openLabels?(): (index: number) => Label;
}

/** What an image's features are compared with. */
export interface UnknownSource {
  /** Features that are further from the learned ones are those of an unknown image. */
  readonly threshold: number;
  /** The learned ones: [count, features], normalised, in integers. */
  readonly readVectors: () => Int8Array;
}

/** Labels that were found, and notes about those that could not be used. */
export interface SourceLabels {
  readonly labels?: readonly Label[];
  readonly notes: readonly string[];
}
