import { ModelError } from '../../errors/errors.js';
import type { GraphNode, TfjsModel } from '../formats/tfjs/model-folder.js';
import type { LayerWeights, NetworkWeights, Tensor } from '../types.js';
import { reshape } from './layouts.js';

/** Operations that carry weights: inputs are the map, the weights, the bias. */
const LINEAR_OPS = new Set(['_FusedConv2D', 'FusedDepthwiseConv2dNative', '_FusedMatMul']);

/** The last part of a graph's name for an operation, and of the layer's. */
const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/^expand_/, 'expand_conv'],
  [/^depthwise_/, 'dwconv'],
  [/^se_reduce_/, 'se_reduce'],
  [/^se_expand_/, 'se_expand'],
  [/^project_/, 'project_conv'],
];

/**
 * TensorFlow Hub's EfficientNet as a TensorFlow.js graph-model, its batch norm folded by the converter, as weights of
 * `efficientnet_b0`. The constants of squeeze-and-excitation have numbers for names, so every layer's weights are found
 * through the operation that reads them.
 * @throws ModelError `weights-mismatch` for an operation that has no place in the network
 */
export function mapTfhubEfficientnet(model: TfjsModel, where: string): NetworkWeights {
  const weights = new Map<string, LayerWeights>();
  const used = new Set<string>();
  for (const node of model.nodes) {
    if (!LINEAR_OPS.has(node.op)) continue;
    const layer = nameLayer(node.name);
    if (layer === undefined || weights.has(layer) || node.inputs.length !== 3) {
      throw mismatch(where, `operation ${JSON.stringify(node.name)}`);
    }
    const [kernel, bias] = node.inputs.slice(1).map((name) => {
      const tensor = model.tensors.get(name);
      if (!tensor) throw mismatch(where, `no constant ${JSON.stringify(name)}`);
      used.add(name);
      return tensor;
    });
    weights.set(layer, { weights: relayout(kernel!, node, where), bias: bias! });
  }
  // What is left may only be the graph's own preprocessing.
  for (const name of model.tensors.keys()) {
    if (!used.has(name) && !name.includes('/tf_op_layer_'))
      throw mismatch(where, `unused constant ${JSON.stringify(name)}`);
  }
  return weights;
}

/** `…/stack_1/block_0/depthwise_conv2d/depthwise` → `block2a_dwconv`. */
function nameLayer(name: string): string | undefined {
  const block = /\/stack_(\d)\/block_(\d)\/([^/]+)\//.exec(name);
  if (block) {
    const [, stack, repeat, part] = block;
    const suffix = SUFFIXES.find(([pattern]) => pattern.test(part!))?.[1];
    const letter = String.fromCharCode('a'.charCodeAt(0) + Number(repeat));
    return suffix && `block${Number(stack) + 1}${letter}_${suffix}`;
  }
  if (/\/stem_/.test(name)) return 'stem_conv';
  if (/\/top_/.test(name)) return 'top_conv';
  if (/\/logits\//.test(name)) return 'predictions';
  return undefined;
}

/** TensorFlow's [ky, kx, in, out] and [ky, kx, channels, 1] → the layouts of `networks/types.ts`. */
function relayout(tensor: Tensor, node: GraphNode, where: string): Tensor {
  const [rows, columns, inChannels, outChannels] = tensor.shape;
  if (node.op === '_FusedMatMul' && tensor.shape.length === 2) return tensor;
  if (tensor.shape.length === 4) {
    if (node.op === '_FusedConv2D') {
      return rows === 1 && columns === 1 ? reshape(tensor, [inChannels!, outChannels!]) : tensor;
    }
    if (node.op === 'FusedDepthwiseConv2dNative' && outChannels === 1) {
      return reshape(tensor, [rows!, columns!, inChannels!]);
    }
  }
  throw mismatch(where, `shape [${tensor.shape.join(', ')}] at ${JSON.stringify(node.name)}`);
}

function mismatch(where: string, problem: string): ModelError {
  return new ModelError('weights-mismatch', { where, problem, expected: `TensorFlow Hub's EfficientNet` });
}
