import { ZipArchive } from '../../../archives/zip.js';
import { ModelError } from '../../../errors/errors.js';
import { isJsonObject, type JsonObject } from '../../../untrusted-data/json-object.js';
import { renameKeras } from '../../families/keras.js';
import type { KerasDescription, StoredWeights } from '../../keras-description.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { type Hdf5Source, readHdf5 } from './hdf5.js';
import { snakeCaseOf } from './layer-weights.js';

export interface KerasFile {
  /** `LAYER/kernel`, `LAYER/depthwise_kernel`, `LAYER/gamma` …, whichever Keras wrote them; layouts are TensorFlow's. */
  readonly tensors: NamedTensors;
  /** Undefined for a file of weights alone. */
  readonly description: KerasDescription | undefined;
}

/** The largest published models describe their layers in 2 MB. */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** What Keras 3 stores of a layer, in its order, by the layer's class in snake case. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  conv2d: ['kernel', 'bias'],
  dense: ['kernel', 'bias'],
  depthwise_conv2d: ['depthwise_kernel', 'bias'],
  separable_conv2d: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
  batch_normalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
};

/** A variable of Keras 3: `layers/CLASS_N/vars/I`, perhaps of a model within the model. */
const VARIABLE = /^(?:.*\/)?([^/]+)\/vars\/(\d{1,2})$/;

/**
 * A Keras model in HDF5: a whole model or weights alone of Keras 1, 2 and 3 (`.h5`, `.hdf5`), Keras 3's `.weights.h5`, or
 * its `.keras` archive. What an optimiser keeps is left out.
 * @param source an archive comes as its bytes
 * @param where the file's name, for messages
 * @throws ModelError `weights-damaged`
 */
export async function readKerasFile(source: Hdf5Source, where: string): Promise<KerasFile> {
  if (!(source instanceof Uint8Array) || source[0] !== 0x50 || source[1] !== 0x4b) {
    const { tensors, attributes } = await readHdf5(source, where);
    const { model_config: text, keras_version: kerasVersion } = attributes;
    if (text === undefined)
      return { tensors: rename({ tensors, attributes }, undefined, where), description: undefined };
    const config = parse(text, where);
    const weights = { tensors, attributes, layout: 'groups' } as const;
    return { tensors: rename(weights, config, where), description: { config, kerasVersion, weights } };
  }
  const archive = new ZipArchive(source, where);
  for (const name of ['config.json', 'model.weights.h5']) {
    if (archive.names.includes(name)) continue;
    throw damaged(where, `no ${name}`, 'save the model with model.save("NAME.keras")');
  }
  const config = parse(readText(archive, 'config.json'), where);
  const metadata = archive.names.includes('metadata.json') ? parse(readText(archive, 'metadata.json'), where) : {};
  const kerasVersion =
    isJsonObject(metadata) && typeof metadata.keras_version === 'string' ? metadata.keras_version : undefined;
  const file = await readHdf5(archive.read('model.weights.h5'), where);
  const weights = { ...file, layout: 'places' } as const;
  return { tensors: rename(weights, config, where), description: { config, kerasVersion, weights } };
}

function readText(archive: ZipArchive, name: string): string {
  const bytes = archive.read(name, MAX_CONFIG_BYTES);
  return new TextDecoder().decode(bytes);
}

/** Names as checkpoints of the known families have them; where a model within the model repeats one, the first has it. */
function rename(
  { tensors, attributes }: Pick<StoredWeights, 'tensors' | 'attributes'>,
  config: unknown,
  where: string,
): NamedTensors {
  const layers = describeLayers(config);
  const counts = new Map<string, number>();
  for (const path of tensors.keys()) {
    const group = VARIABLE.exec(path)?.[1];
    if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const renamed = new Map<string, Tensor>();
  for (const [path, tensor] of tensors) {
    const variable = VARIABLE.exec(path);
    const name = variable
      ? nameVariable(path, variable[1]!, Number(variable[2]), attributes, layers, counts.get(variable[1]!)!)
      : renameKeras(path);
    if (name === undefined) continue;
    if (renamed.has(name) && config === undefined) throw damaged(where, `${JSON.stringify(name)} is there twice`);
    renamed.set(renamed.has(name) ? path : name, tensor);
  }
  return renamed;
}

interface LayerFacts {
  readonly name: string;
  readonly config: JsonObject;
}

function nameVariable(
  path: string,
  group: string,
  index: number,
  attributes: Readonly<Record<string, string>>,
  layers: ReadonlyMap<string, LayerFacts>,
  count: number,
): string {
  const facts = layers.get(group);
  const stated = attributes[`${path.slice(0, path.lastIndexOf('/'))}@name`];
  const layer = stated ?? facts?.name ?? group;
  const kind = group.replace(/_\d+$/, '');
  let variables = Object.hasOwn(VARIABLES, kind) ? VARIABLES[kind]! : [];
  if (kind === 'batch_normalization') {
    // Without its description: a norm that lacks one is almost always without a scale.
    const config = facts?.config ?? { scale: count === 4, center: count !== 2 };
    variables = variables.filter(
      (name) => !(name === 'gamma' && config.scale === false) && !(name === 'beta' && config.center === false),
    );
  }
  return `${layer}/${variables[index] ?? `variable_${index}`}`;
}

/** Keras 3's names of groups (class in snake case, numbered) for the layers of a description, in their order. */
function describeLayers(model: unknown): ReadonlyMap<string, LayerFacts> {
  const found = new Map<string, LayerFacts>();
  const config = isJsonObject(model) ? model.config : undefined;
  const layers = isJsonObject(config) ? config.layers : undefined;
  const counts = new Map<string, number>();
  for (const layer of Array.isArray(layers) ? (layers as unknown[]) : []) {
    if (!isJsonObject(layer) || typeof layer.class_name !== 'string' || !isJsonObject(layer.config)) continue;
    const base = snakeCaseOf(layer.class_name);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    const { name } = layer.config;
    if (typeof name === 'string') found.set(count === 0 ? base : `${base}_${count}`, { name, config: layer.config });
  }
  return found;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError('weights-damaged', { where, problem: 'the description of its layers is not JSON' }, { cause });
  }
}

function damaged(where: string, problem: string, remedy?: string): ModelError {
  return new ModelError('weights-damaged', { where, problem, remedy });
}
