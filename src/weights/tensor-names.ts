import { damagedWeights } from '../errors/errors.js';
import type { ParameterName } from '../networks/types.js';
import type { BatchNorm, LayerWeights, NamedTensors, NetworkWeights, Tensor } from './types.js';

const PARAMETERS: readonly ParameterName[] = ['weights', 'bias', 'gamma', 'beta', 'mean', 'variance'];

/** Names of the project's own files: `LAYER/weights`, `LAYER/bias`, `LAYER/gamma`, … */
export function nameTensors(weights: NetworkWeights): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const [layer, { weights: kernel, bias, batchNorm }] of weights) {
    tensors.set(`${layer}/weights`, kernel);
    if (bias) tensors.set(`${layer}/bias`, bias);
    for (const [parameter, tensor] of Object.entries(batchNorm ?? {})) tensors.set(`${layer}/${parameter}`, tensor);
  }
  return tensors;
}

/**
 * The reverse of `nameTensors`.
 * @throws ModelError `weights-damaged` for a name of another form, a layer without weights or with half a batch norm
 */
export function groupTensors(tensors: NamedTensors, where: string): NetworkWeights {
  const layers = new Map<string, Partial<Record<ParameterName, Tensor>>>();
  for (const [name, tensor] of tensors) {
    const slash = name.lastIndexOf('/');
    const layer = name.slice(0, slash);
    const parameter = PARAMETERS.find((known) => known === name.slice(slash + 1));
    if (slash < 1 || !parameter)
      throw damagedWeights(where, `tensor ${JSON.stringify(name)}, expected LAYER/weights or the like`);
    const found = layers.get(layer) ?? {};
    found[parameter] = tensor;
    layers.set(layer, found);
  }
  const weights = new Map<string, LayerWeights>();
  for (const [layer, parts] of layers) weights.set(layer, assemble(parts, `${where}: ${JSON.stringify(layer)}`));
  return weights;
}

function assemble(parts: Partial<Record<ParameterName, Tensor>>, where: string): LayerWeights {
  const { weights, bias } = parts;
  if (!weights) throw damagedWeights(where, 'no weights');
  const batchNorm = assembleBatchNorm(parts, where);
  return { weights, ...(bias && { bias }), ...(batchNorm && { batchNorm }) };
}

function assembleBatchNorm(parts: Partial<Record<ParameterName, Tensor>>, where: string): BatchNorm | undefined {
  const { gamma, beta, mean, variance } = parts;
  if (gamma && beta && mean && variance) return { gamma, beta, mean, variance };
  if (gamma || beta || mean || variance) throw damagedWeights(where, 'a part of a batch norm, expected all four');
  return undefined;
}
