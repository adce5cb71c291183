import { ModelError } from '../../errors.js';
import type { BatchNorm, LayerWeights, NamedTensors, NetworkWeights, Tensor } from '../types.js';
import { reshape, transpose } from './layouts.js';

/** `features.0` is the stem, 1 to 17 the blocks, 18 the last convolution. */
const BLOCKS = 17;

type LinearKind = 'conv' | 'depthwise' | 'pointwise' | 'dense';

/** [layer, kind, prefix of the convolution, prefix of its batch norm] */
type Entry = readonly [string, LinearKind, string, string];

function listLayers(): Entry[] {
  const entries: Entry[] = [['Conv1', 'conv', 'features.0.0', 'features.0.1']];
  for (let block = 1; block <= BLOCKS; block++) {
    const source = `features.${block}.conv`;
    if (block === 1) {
      entries.push(['expanded_conv_depthwise', 'depthwise', `${source}.0.0`, `${source}.0.1`]);
      entries.push(['expanded_conv_project', 'pointwise', `${source}.1`, `${source}.2`]);
    } else {
      const target = `block_${block - 1}`;
      entries.push([`${target}_expand`, 'pointwise', `${source}.0.0`, `${source}.0.1`]);
      entries.push([`${target}_depthwise`, 'depthwise', `${source}.1.0`, `${source}.1.1`]);
      entries.push([`${target}_project`, 'pointwise', `${source}.2`, `${source}.3`]);
    }
  }
  entries.push(['Conv_1', 'pointwise', `features.${BLOCKS + 1}.0`, `features.${BLOCKS + 1}.1`]);
  return entries;
}

/**
 * torchvision's `mobilenet_v2` state dictionary (`features.N.conv.…`, `classifier.1`) as weights of `mobilenet_v2`,
 * batch norm kept apart (epsilon 1e-5). Layouts change from [out, in, ky, kx] to those of `networks/types.ts`.
 * @throws ModelError `weights-mismatch` where a tensor is missing, unexpected, or no convolution of its kind
 */
export function mapTorchvisionMobilenetV2(tensors: NamedTensors, where: string): NetworkWeights {
  const rest = new Map(tensors);
  const take = (name: string): Tensor => {
    const tensor = rest.get(name);
    if (!tensor) throw mismatch(where, `no tensor ${JSON.stringify(name)}`);
    rest.delete(name);
    return tensor;
  };
  const takeBatchNorm = (prefix: string): BatchNorm => ({
    gamma: take(`${prefix}.weight`),
    beta: take(`${prefix}.bias`),
    mean: take(`${prefix}.running_mean`),
    variance: take(`${prefix}.running_var`),
  });

  const weights = new Map<string, LayerWeights>();
  for (const [layer, kind, conv, norm] of listLayers()) {
    const name = `${conv}.weight`;
    weights.set(layer, { weights: relayout(take(name), kind, `${where}: ${name}`), batchNorm: takeBatchNorm(norm) });
  }
  const classifier = relayout(take('classifier.1.weight'), 'dense', `${where}: classifier.1.weight`);
  weights.set('predictions', { weights: classifier, bias: take('classifier.1.bias') });

  const [unexpected] = rest.keys();
  if (unexpected !== undefined) throw mismatch(where, `unexpected tensor ${JSON.stringify(unexpected)}`);
  return weights;
}

function relayout(tensor: Tensor, kind: LinearKind, where: string): Tensor {
  const [outChannels, inChannels, rows, columns] = tensor.shape;
  const rank = tensor.shape.length;
  switch (kind) {
    case 'conv':
      if (rank === 4) return transpose(tensor, [2, 3, 1, 0]);
      break;
    case 'depthwise':
      if (rank === 4 && inChannels === 1) {
        return reshape(transpose(tensor, [2, 3, 1, 0]), [rows!, columns!, outChannels!]);
      }
      break;
    case 'pointwise':
      if (rank === 4 && rows === 1 && columns === 1) {
        return transpose(reshape(tensor, [outChannels!, inChannels!]), [1, 0]);
      }
      break;
    case 'dense':
      if (rank === 2) return transpose(tensor, [1, 0]);
      break;
    default:
      return kind satisfies never;
  }
  throw mismatch(where, `shape [${tensor.shape.join(', ')}], expected a ${kind} layer's`);
}

function mismatch(where: string, problem: string): ModelError {
  return new ModelError('weights-mismatch', `${where}: ${problem}, expected torchvision's mobilenet_v2`);
}
