import type { Label } from '../domain/label.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { buildNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { Network, ResolvedNetwork } from '../networks/types.js';
import { writeSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { describeNetwork } from '../weights/network-json.js';
import { nameTensors } from '../weights/tensor-names.js';
import type { NetworkWeights } from '../weights/types.js';
import { formatMetadata } from './safetensors-metadata.js';

/** A safetensors file that says everything that running it needs. */
export function modelToSafetensors(
  network: ResolvedNetwork,
  weights: NetworkWeights,
  epsilon: number,
  preprocessing: Preprocessing,
  trainedResolution: number | undefined,
  labels?: readonly Label[],
): Uint8Array {
  const { resolution, padding } = network;
  const described = isPaperNetwork(network) ? {} : { network: describe(network) };
  const facts = { resolution, trainedResolution, padding, epsilon, preprocessing, labels };
  const metadata = formatMetadata({ ...facts, ...described });
  return writeSafetensors(nameTensors(weights), metadata);
}

/** Whether the network's id, α and number of classes say all about its layers. */
export function isPaperNetwork({ id, alpha, classes, resolution, padding, layers }: ResolvedNetwork): boolean {
  if (!isNetworkId(id)) return false;
  const built = resolve(buildNetwork(id, { alpha, classes }), { resolution, padding });
  return JSON.stringify(built.layers) === JSON.stringify(layers);
}

function describe(network: ResolvedNetwork): Network {
  return describeNetwork({ ...network, inputChannels: network.inputShape.channels });
}
