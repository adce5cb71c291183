import { statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { ModelError } from '../../errors/errors.js';
import { readModelFile, withModelFile } from '../../untrusted-data/regular-file.js';
import type { ImportedModel } from '../graph/imported-model.js';
import type { NamedTensors } from '../types.js';
import type { Hdf5Source } from './keras/hdf5.js';
import { SNIFFED_BYTES, sniff } from './sniff.js';

/** A file that says itself what is to be computed. */
export interface OpenedGraph {
  readonly kind: 'graph';
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly imported: ImportedModel;
}

/** A file that holds tensors by name. */
export interface OpenedTensors {
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

const UNDERSTOOD =
  'safetensors, a PyTorch state dictionary (.pth), TFLite, ONNX, Keras (.h5, .keras) or a TensorFlow.js folder (model.json)';

export interface OpenOptions {
  /** Side of the picture where a graph leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
}

/**
 * Opens weights of any format that is understood, told by their content.
 * @param path a file, or the folder of a TensorFlow.js model
 * @throws ModelError `format-unsupported` for anything else, and what the format's reader throws
 */
export async function openWeights(path: string, options: OpenOptions = {}): Promise<Opened> {
  if (isFolder(path)) return openTfjs(path, join(path, 'model.json'), options);
  // The process that reads HDF5 takes the open file itself.
  const keras = await withModelFile(path, SNIFFED_BYTES, (file, head) =>
    sniff(head) === 'hdf5' ? openKeras(file, path) : undefined,
  );
  if (keras !== undefined) return keras;
  const bytes = readModelFile(path);
  if (sniff(bytes.subarray(0, SNIFFED_BYTES)) === 'json') return openTfjs(dirname(path), path, options);
  return openBytes(bytes, path, options);
}

/** Like `openWeights`, from the bytes of a file that stands alone; `path` is for messages. */
export async function openBytes(bytes: Uint8Array, path: string, { resolution }: OpenOptions = {}): Promise<Opened> {
  const kind = sniff(bytes.subarray(0, SNIFFED_BYTES));
  switch (kind) {
    case 'tflite': {
      const { readTflite } = await import('./tflite/read.js');
      return { kind: 'graph', path, bytes, imported: readTflite(bytes, path) };
    }
    case 'onnx': {
      const { readOnnx } = await import('./onnx/read.js');
      const options = { folder: dirname(path), ...(resolution !== undefined && { resolution }) };
      return { kind: 'graph', path, bytes, imported: readOnnx(bytes, path, options) };
    }
    case 'safetensors': {
      const { readSafetensors, readMetadata } = await import('./safetensors/safetensors.js');
      const metadata = readMetadata(bytes);
      return { kind: 'tensors', path, format: 'safetensors', tensors: readSafetensors(bytes, path), metadata };
    }
    case 'hdf5':
      return openKeras(bytes, path);
    case 'zip':
    case 'pickle': {
      if (kind === 'zip' && extname(path).toLowerCase() === '.keras') return openKeras(bytes, path);
      const { readPyTorch } = await import('./pytorch/read.js');
      return { kind: 'tensors', path, format: 'pytorch', tensors: readPyTorch(bytes, path) };
    }
    case undefined:
      throw unsupported(path, 'weights of an unknown format');
    default:
      throw unsupported(path, /^[aeiou]/i.test(kind) ? `an ${kind}` : `a ${kind}`);
  }
}

async function openTfjs(folder: string, path: string, { resolution }: OpenOptions): Promise<Opened> {
  const { readTfjs } = await import('./tfjs/model-folder.js');
  const model = readTfjs(folder, basename(path));
  const { tensors, topology, nodes } = model;
  if (nodes.length > 0) {
    const { importTfjsGraph } = await import('./tfjs/graph-model.js');
    const imported = importTfjsGraph(model, path, resolution === undefined ? {} : { resolution });
    return { kind: 'graph', path, bytes: new Uint8Array(), imported };
  }
  const opened = { kind: 'tensors', path, format: 'tfjs', tensors } as const;
  if (topology === undefined) return opened;
  return {
    ...opened,
    readGraph: async () => (await import('./keras/keras-graph.js')).importKeras(topology, tensors, path),
  };
}

/** HDF5, alone or in Keras's archive. */
async function openKeras(source: Hdf5Source, path: string): Promise<Opened> {
  const { readKerasHdf5 } = await import('./keras/keras-file.js');
  const { tensors, topology } = await readKerasHdf5(source, path);
  const opened = { kind: 'tensors', path, format: 'hdf5', tensors } as const;
  if (topology === undefined) return opened;
  return {
    ...opened,
    readGraph: async () => (await import('./keras/keras-graph.js')).importKeras(topology, tensors, path),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function unsupported(path: string, found: string): ModelError {
  return new ModelError('format-unsupported', { where: path, problem: found, expected: UNDERSTOOD });
}
