import { createHash, type Hash } from 'node:crypto';
import { withCopies } from '../engine/int8/copies.js';
import type { IntegerLimits, ValueLevels } from '../engine/int8/levels.js';
import { NETWORK_INPUT, type ResolvedLayer } from '../networks/types.js';
import type { Tensor } from '../weights/types.js';
import type { Model } from './model.js';

/**
 * SHA-256 of all that the output of a layer follows from but the picture: the layers up to it with their weights, how maps are
 * stored in integers, and preprocessing. The classifier behind it, names of files and labels are no part of it.
 */
export function fingerprintOf(model: Model, layer: string, limits: IntegerLimits): string {
  const { epsilon, preprocessing, facts, readWeights, readLevels } = model;
  const { values = new Map<string, ValueLevels>(), steps = [] } = readLevels?.(limits) ?? {};
  const network = withCopies(model.network, values);
  const names = layersBefore(network.layers, layer);
  const hash = createHash('sha256');
  const { assumed: _, ...prepared } = preprocessing;
  const layers = network.layers.filter(({ name }) => names.has(name)).map(inOrder);
  addJson(hash, [layers, network.inputShape, epsilon, prepared, facts.dtype]);
  for (const [name, { weights, bias, batchNorm }] of readWeights()) {
    if (!names.has(name)) continue;
    addTensor(hash, `${name} weights`, weights);
    if (bias) addTensor(hash, `${name} bias`, bias);
    for (const [part, tensor] of Object.entries(batchNorm ?? {})) addTensor(hash, `${name} ${part}`, tensor);
  }
  for (const [name, level] of [...values, ...steps]) if (names.has(name)) addJson(hash, [name, level]);
  return hash.digest('hex');
}

/** Properties in the order in which earlier versions hashed them: users keep vectors with that hash. */
function inOrder({ block, ...layer }: ResolvedLayer): object {
  if (block === undefined) return layer;
  const { inputShapes, outputShape, pads, parameters, ...own } = layer;
  return { ...own, block, inputShapes, outputShape, pads, parameters };
}

/** Names of the layer and of all whose outputs it is computed from, the picture among them. */
function layersBefore(layers: Model['network']['layers'], last: string): ReadonlySet<string> {
  const names = new Set([last, NETWORK_INPUT]);
  for (const { name, inputs } of layers.toReversed()) {
    if (names.has(name)) for (const input of inputs) names.add(input);
  }
  return names;
}

function addTensor(hash: Hash, name: string, { shape, data }: Tensor): void {
  addJson(hash, [name, shape, data.length, data.BYTES_PER_ELEMENT]);
  hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function addJson(hash: Hash, value: unknown): void {
  hash.update(`${JSON.stringify(value)}\n`);
}
