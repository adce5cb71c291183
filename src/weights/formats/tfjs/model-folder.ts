import { join } from 'node:path';
import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { countElements } from '../../../untrusted-data/byte-reader.js';
import { type FileSource, folderSource } from '../../../untrusted-data/files-beside.js';
import { isJsonObject, type JsonObject } from '../../../untrusted-data/json-object.js';
import { MAX_FILE_BYTES, readModelFile } from '../../../untrusted-data/regular-file.js';
import type { KerasDescription } from '../../keras-description.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { headOf, otherKindOf } from '../other-files.js';

const MAX_TOPOLOGY_BYTES = 16 * 1024 * 1024;
const MAX_SHARDS = 4096;
const MAX_WEIGHTS = 50_000;

/** One operation of a graph-model; `inputs` are names of nodes, without output numbers and control marks. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface TfjsModel {
  /** Floating-point weights, float16-quantised ones as bit patterns, others dequantised. */
  readonly tensors: NamedTensors;
  /** Integer constants of the graph: axes, shapes. */
  readonly integers: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Int32Array }>;
  /** In the file's order; empty for a layers-model, whose topology is not a graph. */
  readonly nodes: readonly GraphNode[];
  /** Of a layers-model; undefined for a graph-model. */
  readonly description: KerasDescription | undefined;
}

interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  readonly dtype: 'float32' | 'int32';
  readonly stored: 'float32' | 'int32' | 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

const STORED_BYTES = { float32: 4, int32: 4, uint8: 1, uint16: 2, float16: 2 } as const;

/**
 * A TensorFlow.js model (`model.json` and its weight shards, graph-model or layers-model) in a folder.
 * Shards are read from that folder only, and only as long as the manifest's shapes add up to their sizes.
 * @throws ModelError `weights-missing` names an absent shard; `weights-damaged`, `weights-dtype`, `weights-unsafe`
 */
export function readTfjs(folder: string | FileSource, file = 'model.json'): TfjsModel {
  const path = typeof folder === 'string' ? join(folder, file) : folder.where(file);
  const files = typeof folder === 'string' ? folderSource(folder, path) : folder;
  const json =
    typeof folder === 'string' ? readModelFile(path, MAX_TOPOLOGY_BYTES) : files.read(file, MAX_TOPOLOGY_BYTES);
  const model = parseTopology(json, path);
  const groups = readManifest(model.weightsManifest, path);
  const tensors = new Map<string, Tensor>();
  const integers = new Map<string, { shape: readonly number[]; data: Int32Array }>();
  for (const { specs, paths } of groups) {
    const bytes = readShards(files, paths, totalBytes(specs, path), path);
    let offset = 0;
    for (const spec of specs) {
      if (tensors.has(spec.name) || integers.has(spec.name)) {
        throw damagedWeights(path, `two weights of the name ${quoted(spec.name)}`);
      }
      const end = offset + spec.count * STORED_BYTES[spec.stored];
      const data = decode(spec, bytes.slice(offset, end).buffer);
      if (data instanceof Int32Array) integers.set(spec.name, { shape: spec.shape, data });
      else tensors.set(spec.name, { shape: spec.shape, data });
      offset = end;
    }
  }
  return {
    tensors,
    integers,
    nodes: readNodes(model, path),
    description: describeLayers(model.modelTopology, tensors),
  };
}

/** The groups of a manifest, which stays within bounds whatever its shards are. */
function readManifest(manifest: unknown, path: string) {
  if (!Array.isArray(manifest))
    throw damagedWeights(path, 'JSON with no weightsManifest, so not a TensorFlow.js model');
  let [shardsLeft, weightsLeft] = [MAX_SHARDS, MAX_WEIGHTS];
  return (manifest as unknown[]).map((group) => {
    if (!isJsonObject(group) || !Array.isArray(group.weights))
      throw damagedWeights(path, 'a group of weights without weights');
    if (!Array.isArray(group.paths)) throw damagedWeights(path, 'a group of weights without paths');
    const paths: readonly unknown[] = group.paths;
    // A group without shards is one of them: millions of such take as long.
    shardsLeft -= Math.max(paths.length, 1);
    weightsLeft -= group.weights.length;
    if (shardsLeft < 0) throw damagedWeights(path, `more than ${MAX_SHARDS} shards`);
    if (weightsLeft < 0) throw damagedWeights(path, `more than ${MAX_WEIGHTS} weights`);
    return { specs: group.weights.map((weight) => readSpec(weight, path)), paths };
  });
}

/** Keras's description of a layers-model: wrapped by the converter, bare where TensorFlow.js itself saved it. */
function describeLayers(topology: unknown, tensors: NamedTensors): KerasDescription | undefined {
  if (!isJsonObject(topology) || topology.node !== undefined) return undefined;
  const isBare = topology.config !== undefined && (topology.class_name ?? topology.className) !== undefined;
  const config = topology.model_config ?? topology.modelConfig ?? (isBare ? topology : undefined);
  if (config === undefined) return undefined;
  const version = topology.keras_version ?? topology.kerasVersion;
  // Models of Keras 3 are converted with its paths.
  const hasPlaces = tensors.size > 0 && [...tensors.keys()].every((name) => /(?:^|\/)vars\/\d+$/.test(name));
  const weights = { tensors, layout: hasPlaces ? 'places' : 'names', attributes: {} } as const;
  return { config, kerasVersion: typeof version === 'string' ? version : undefined, weights };
}

function parseTopology(bytes: Uint8Array, path: string): JsonObject {
  try {
    const model: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isJsonObject(model)) return model;
  } catch (cause) {
    throw new ModelError(
      'weights-damaged',
      { where: path, problem: 'not JSON', expected: 'a TensorFlow.js model' },
      { cause },
    );
  }
  throw damagedWeights(path, 'not an object, expected a TensorFlow.js model');
}

function readSpec(weight: unknown, path: string): Spec {
  if (!isJsonObject(weight) || typeof weight.name !== 'string') throw damagedWeights(path, 'weight without a name');
  const { name, shape, dtype, quantization } = weight;
  const count = countElements(shape, MAX_FILE_BYTES);
  if (count === undefined) throw damagedWeights(path, `${quoted(name)} has an impossible shape`);
  if (dtype !== 'float32' && dtype !== 'int32') throw wrongType(path, name, dtype);
  const base = { name, shape: shape as number[], count, dtype } as const;
  if (quantization === undefined || quantization === null) return { ...base, stored: dtype, scale: 1, min: 0 };

  if (!isJsonObject(quantization)) throw damagedWeights(path, `${quoted(name)} has an unreadable quantization`);
  const { dtype: stored, scale, min } = quantization;
  if (stored === 'float16' && dtype === 'float32') return { ...base, stored, scale: 1, min: 0 };
  if (stored !== 'uint8' && stored !== 'uint16') throw wrongType(path, name, stored);
  if (!Number.isFinite(scale) || !Number.isFinite(min))
    throw damagedWeights(path, `${quoted(name)} has no scale or minimum`);
  return { ...base, stored, scale: scale as number, min: min as number };
}

function totalBytes(specs: readonly Spec[], path: string): number {
  let total = 0;
  let decoded = 0;
  for (const spec of specs) {
    total += spec.count * STORED_BYTES[spec.stored];
    decoded += spec.count * STORED_BYTES.float32;
  }
  if (decoded > MAX_FILE_BYTES)
    throw damagedWeights(path, `${decoded} bytes of weights, expected at most ${MAX_FILE_BYTES}`);
  return total;
}

function readShards(
  files: FileSource,
  paths: readonly unknown[],
  expected: number,
  where: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(expected);
  let filled = 0;
  for (const name of paths) {
    if (typeof name !== 'string')
      throw new ModelError('weights-unsafe', { where, problem: 'a shard whose name is no text' });
    const shard = files.read(name);
    const kind = otherKindOf(headOf(shard));
    if (kind === 'Git LFS pointer' || kind === 'web page') {
      throw new ModelError('weights-damaged', {
        where,
        problem: `its file ${quoted(name)} is a ${kind}, not the weights`,
        remedy: kind === 'web page' ? 'download the file itself' : 'fetch the file itself: git lfs pull',
      });
    }
    if (filled + shard.length > expected) {
      throw damagedWeights(files.where(name), `too long, expected ${expected - filled} bytes at most`);
    }
    bytes.set(shard, filled);
    filled += shard.length;
  }
  if (filled !== expected) throw damagedWeights(where, `${filled} bytes in its shards, expected ${expected}`);
  return bytes;
}

function decode(spec: Spec, buffer: ArrayBuffer): Float32Array | Uint16Array | Int32Array {
  switch (spec.stored) {
    case 'float32':
      return new Float32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float16':
      return new Uint16Array(buffer);
    case 'uint8':
    case 'uint16': {
      const steps = spec.stored === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
      const values = spec.dtype === 'int32' ? new Int32Array(steps.length) : new Float32Array(steps.length);
      const round = spec.dtype === 'int32' ? Math.round : (value: number) => value;
      for (let i = 0; i < steps.length; i++) values[i] = round(steps[i]! * spec.scale + spec.min);
      return values;
    }
    default:
      return spec.stored satisfies never;
  }
}

function readNodes(model: JsonObject, path: string): GraphNode[] {
  const topology = model.modelTopology;
  if (!isJsonObject(topology) || topology.node === undefined) return [];
  if (!Array.isArray(topology.node)) throw damagedWeights(path, 'graph without nodes');
  return (topology.node as unknown[]).map((node) => {
    if (!isJsonObject(node) || typeof node.name !== 'string' || typeof node.op !== 'string') {
      throw damagedWeights(path, 'graph node without name or operation');
    }
    const inputs = node.input ?? [];
    if (!Array.isArray(inputs) || !inputs.every((input) => typeof input === 'string')) {
      throw damagedWeights(path, `graph node ${quoted(node.name)} with unreadable inputs`);
    }
    return {
      name: node.name,
      op: node.op,
      inputs: (inputs as string[]).map((input) => input.replace(/^\^/, '').replace(/:\d+$/, '')),
      attributes: isJsonObject(node.attr) ? node.attr : {},
    };
  });
}

function wrongType(path: string, name: string, dtype: unknown): ModelError {
  const shown = typeof dtype === 'string' ? quoted(dtype) : typeof dtype;
  return new ModelError('weights-dtype', {
    where: path,
    problem: `${quoted(name)} is ${shown}`,
    expected: 'float32 or int32',
  });
}
