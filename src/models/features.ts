import type { VectorSpace } from '../domain/vector-space.js';
import { loadKernels } from '../engine/kernels.js';
import { elementAt } from '../errors/element-at.js';
import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { printable } from '../errors/printable.js';
import { headOf } from '../networks/head.js';
import { fingerprintOf } from './fingerprint.js';
import { recordOf } from './make-model.js';
import type { Model } from './model.js';

/**
 * The layer whose output is the vector of a picture: the one asked for, or the features before the classifier.
 * @throws UsageError for a layer that there is not, or a network without features before a classifier
 */
export function layerOf({ network, facts }: Model, asked: string | undefined): string {
  if (asked === undefined) {
    const head = headOf(network);
    if (head) return head.features;
    const last = elementAt(network.layers, network.layers.length - 1).name;
    throw new UsageError({
      where: facts.weights,
      problem: 'the network does not end in one linear layer, so that no layer is known to give its features',
      remedy: `choose a layer; the last one is ${printable(last)}`,
    });
  }
  const names = network.layers.map(({ name }) => name);
  if (names.includes(asked)) return asked;
  const near = nearestName(asked, names);
  throw new UsageError({
    where: `layer ${printable(asked)}`,
    problem: `${facts.network} has no such layer`,
    remedy: near === undefined ? 'mobilenet cost --layers lists them' : `did you mean ${printable(near)}?`,
  });
}

/** Of vectors that are not normalised. */
export async function spaceOf(model: Model, layer: string): Promise<VectorSpace> {
  const { height, width, channels } = model.network.layers.find(({ name }) => name === layer)!.outputShape;
  const length = height * width * channels;
  const preprocessing = recordOf(model.preprocessing);
  const { constants } = await loadKernels();
  const id = fingerprintOf(model, layer, constants);
  return { model: model.facts, layer, length, normalised: false, preprocessing, id };
}
