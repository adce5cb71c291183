import { withCopies } from '../engine/int8/copies.js';
import type { Levels } from '../engine/int8/levels.js';
import { nameLevels } from '../engine/int8/levels-file.js';
import { loadKernels } from '../engine/kernels.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { type Head, headOf } from '../networks/head.js';
import { buildNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { type Layer, NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork } from '../networks/types.js';
import { writeSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { describeNetwork } from '../weights/network-json.js';
import type { LayerWeights, NetworkWeights } from '../weights/types.js';
import type { Model } from './model.js';
import { isPaperNetwork } from './model-to-safetensors.js';

/** A linear classifier of features: logit = weights · features + bias. */
export interface NewHead {
  /** [classes, features] */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * How the network ends.
 * @throws UsageError for a network whose features nobody can take out
 */
export function requireHead({ network, facts, exact }: Model): Head {
  const head = headOf(network);
  if (head && !exact) return head;
  throw new UsageError({
    where: facts.weights,
    problem: 'the network does not end in one linear layer, which learning would replace',
    expected: 'another --model',
  });
}

/**
 * A model's network with another classifier, and softmax behind it: one of the papers' networks stays one, with other classes.
 * Weights of all other layers are the model's, as they are.
 */
export function withNewHead(
  model: Model,
  { weights, bias }: NewHead,
): { readonly network: ResolvedNetwork; readonly weights: NetworkWeights } {
  const head = requireHead(model);
  const classes = bias.length;
  const network = networkWithClasses(model.network, head, classes);
  const classifier = network.layers.find(({ name }) => name === head.classifier.name)!;
  const features = weights.length / classes;
  const data = new Float32Array(weights.length);
  for (let at = 0; at < data.length; at++) data[at] = weights[(at % classes) * features + Math.floor(at / classes)]!;
  const { shape } = classifier.parameters.find(({ name }) => name === 'weights')!;
  const learned: LayerWeights = { weights: { shape, data }, bias: { shape: [classes], data: bias } };
  const known = model.readWeights();
  const layers = new Map<string, LayerWeights>();
  for (const { name } of network.layers) {
    const found = name === classifier.name ? learned : known.get(name);
    if (found) layers.set(name, found);
  }
  return { network, weights: layers };
}

function networkWithClasses(network: ResolvedNetwork, head: Head, classes: number): ResolvedNetwork {
  const { id, alpha, resolution, padding, inputShape } = network;
  if (isPaperNetwork(network) && isNetworkId(id)) {
    return resolve(buildNetwork(id, { alpha, classes }), { resolution, padding });
  }
  const inputChannels = inputShape.channels;
  const { layers: body } = describeNetwork({
    ...{ id, alpha, classes, inputChannels },
    layers: layersBefore(network.layers, head.features),
  });
  const names = new Set(body.map(({ name }) => name));
  const softmax = ['softmax', 'probabilities', 'learned_softmax'].find((name) => !names.has(name))!;
  const layers: Layer[] = [
    ...body,
    {
      ...{ kind: 'dense', name: head.classifier.name, inputs: [head.features], outChannels: classes },
      ...{ bias: true, batchNorm: false, activation: 'linear' },
    },
    { kind: 'softmax', name: softmax, inputs: [head.classifier.name] },
  ];
  return resolve({ id, alpha, classes, inputChannels, layers }, { resolution, padding });
}

/** Those that a layer's output follows from, that layer among them, in their order. */
function layersBefore(layers: readonly ResolvedLayer[], last: string): readonly ResolvedLayer[] {
  const needed = new Set([last]);
  for (const { name, inputs } of layers.toReversed()) {
    if (needed.has(name)) for (const input of inputs) needed.add(input);
  }
  return layers.filter(({ name }) => needed.has(name));
}

/**
 * How the maps of a model are stored in integers, as a safetensors file for the same network with another classifier.
 * Undefined where nobody calibrated it.
 * @param model chosen to run in integers; undefined where that is not possible
 */
export async function levelsWithNewHead(
  model: Model | undefined,
  network: ResolvedNetwork,
): Promise<Uint8Array | undefined> {
  if (!model?.readLevels) return undefined;
  const { values, steps } = model.readLevels((await loadKernels()).constants);
  const { classifier } = requireHead(model);
  const names = new Set(withCopies(network, values).layers.map(({ name }) => name));
  // The picture's own follow from the preprocessing.
  const isKept = (name: string) => name !== NETWORK_INPUT && name !== classifier.name && names.has(name);
  const kept: Levels = { values: filtered(values, isKept), steps: filtered(steps, isKept) };
  return writeSafetensors(nameLevels(kept), { network: network.id });
}

function filtered<T>(map: ReadonlyMap<string, T>, isKept: (name: string) => boolean): ReadonlyMap<string, T> {
  return new Map([...map].filter(([name]) => isKept(name)));
}

/** What `choose` gives; undefined where the model has not been calibrated for integers. */
export async function ifCalibrated(choose: () => Promise<Model>): Promise<Model | undefined> {
  try {
    return await choose();
  } catch (error) {
    if (error instanceof ModelError && error.code === 'calibration') return undefined;
    throw error;
  }
}
