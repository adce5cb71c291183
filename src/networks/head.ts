import { NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork } from './types.js';

/** How a network ends. */
export interface Head {
  /** The last linear layer: one logit for each class. */
  readonly classifier: ResolvedLayer & { readonly kind: 'conv' | 'dense' | 'pointwise' };
  /** The layer whose output the classifier reads, 1×1×C: the features of a picture. */
  readonly features: string;
  /**
   * The layer whose output, averaged over height and width (and in a quantised network clipped to what it could represent),
   * is `features`; undefined where the head is another.
   */
  readonly map: string | undefined;
}

/**
 * The classifier, what it reads, and the map before the pooling; undefined where the network does not end in a linear
 * layer (with a softmax or an activation behind it) on a 1×1 map that some layer makes.
 */
export function headOf({ layers }: Pick<ResolvedNetwork, 'layers'>): Head | undefined {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  let classifier = layers.at(-1);
  while (classifier?.kind === 'softmax' || classifier?.kind === 'activation' || isTrivialFlatten(classifier)) {
    classifier = byName.get(classifier!.inputs[0]);
  }
  if (classifier?.kind !== 'dense' && classifier?.kind !== 'pointwise' && classifier?.kind !== 'conv') return undefined;
  const input = classifier.inputShapes[0];
  if (input.height * input.width !== 1) return undefined;
  let features = byName.get(classifier.inputs[0]);
  while (isTrivialFlatten(features)) features = byName.get(features!.inputs[0]);
  if (!features) return undefined;
  const isMean = features.kind === 'globalAveragePool' && features.inputs[0] !== NETWORK_INPUT;
  return { classifier, features: features.name, map: isMean ? features.inputs[0] : undefined };
}

/** Of a map that has one pixel: another name for the same. */
function isTrivialFlatten(layer: ResolvedLayer | undefined): boolean {
  const input = layer?.kind === 'flatten' ? layer.inputShapes[0] : undefined;
  return input !== undefined && input.height * input.width === 1;
}
