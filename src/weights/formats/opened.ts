import type { FileSource } from '../../untrusted-data/files-beside.js';
import type { ImportedModel } from '../graph/imported-model.js';
import type { NamedTensors } from '../types.js';

interface OpenedBase {
  /** What lies beside the weights where they come from an archive; otherwise the folder of `path`. */
  readonly files?: FileSource;
}

/** A file that says itself what is to be computed. */
export interface OpenedGraph extends OpenedBase {
  readonly kind: 'graph';
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly imported: ImportedModel;
}

/** A file that holds tensors by name. */
export interface OpenedTensors extends OpenedBase {
  readonly kind: 'tensors';
  readonly path: string;
  readonly format: 'safetensors' | 'pytorch' | 'tfjs' | 'hdf5';
  readonly tensors: NamedTensors;
  /** The graph that the file describes beside its tensors, for one that is no checkpoint of a known family. */
  readonly readGraph?: () => Promise<ImportedModel>;
  /** What this project wrote into a safetensors header of its own; unchecked. */
  readonly metadata?: unknown;
}

export type Opened = OpenedGraph | OpenedTensors;

export interface OpenOptions {
  /** Side of the picture where a graph leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
  /** Which of a graph's outputs has the classes, where there are several. */
  readonly outputName?: string | undefined;
  /** Where files beside the model lie; by default in its folder. */
  readonly files?: FileSource | undefined;
}
