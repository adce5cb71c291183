import type { UnknownFacts } from '../domain/classification.js';
import { ModelError } from '../errors/errors.js';
import type { Model, UnknownSource } from '../models/model.js';
import { headOf } from '../networks/head.js';
import { openDistance } from '../vectors/distance.js';
import type { Maps, Runner } from './types.js';

/** Looks at the features of each image. */
export interface UnknownDetector {
  /** The layer whose map is to be kept. */
  readonly layer: string;
  /** Undefined for an image of the model's classes. */
  judge(maps: Maps): UnknownFacts | undefined;
}

/**
 * Tells images that are none of a learned model's classes.
 * @throws ModelError where the learned vectors do not fit the network
 */
export async function openUnknownDetector(
  { network, facts }: Pick<Model, 'network' | 'facts'>,
  { threshold, readVectors }: UnknownSource,
): Promise<UnknownDetector> {
  const head = headOf(network);
  const vectors = readVectors();
  const columns = head?.classifier.inputShapes[0].channels;
  if (!head || columns === undefined || vectors.length === 0 || vectors.length % columns !== 0) {
    throw new ModelError('weights-damaged', {
      where: facts.weights,
      problem: `learned vectors of ${vectors.length} bytes do not fit the network`,
      remedy: 'learn it again',
    });
  }
  const distanceOf = await openDistance(vectors, columns);
  return {
    layer: head.features,
    judge(maps) {
      const distance = distanceOf(maps.get(head.features)!);
      return distance > threshold ? { distance: Math.round(distance * 1e6) / 1e6, threshold } : undefined;
    },
  };
}

/** Adds what the detector says; maps that only it needs are left out. */
export function detecting(
  classify: Runner['classify'],
  { layer, judge }: UnknownDetector,
  keep: readonly string[],
): Runner['classify'] {
  return async (picture, options) => {
    const { maps, ...result } = await classify(picture, options);
    const unknown = maps && judge(maps);
    const asked =
      maps && keep.length > 0
        ? new Map([...maps].filter(([name]) => name !== layer || keep.includes(name)))
        : undefined;
    return { ...result, ...(unknown && { unknown }), ...(asked && { maps: asked }) };
  };
}
