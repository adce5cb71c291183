import { type InputRange, inputRanges, rangeFrom, type Triple } from '../domain/input-range.js';
import { quantile } from '../domain/statistics.js';
import { type LayerKind, NETWORK_INPUT, type Network } from '../networks/types.js';
import type { ImportedModel } from '../weights/graph/imported-model.js';
import { takesBytes } from '../weights/graph/input-scaling.js';
import { toFloat32 } from '../weights/half.js';
import type { Tensor } from '../weights/types.js';
import type { GraphScaling } from './choose-input-range.js';

/** Whether a network's outputs exclude each other (a softmax) or stand for themselves (sigmoids). */
export function areIndependent({ layers }: Pick<Network, 'layers'>): boolean {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  let last = layers.at(-1);
  while (last?.kind === 'flatten') last = byName.get(last.inputs[0]!);
  return last?.kind !== 'softmax';
}

/** The first computation of a graph, what it shows that the graph's input is, and whether that is sure. */
export function scalingOf({ inputAffine: found }: ImportedModel): {
  readonly scaling?: GraphScaling;
  readonly range?: InputRange;
  readonly isSure: boolean;
} {
  if (!found) return { isSure: false };
  const scaling = { scale: spread(found.scale), offset: spread(found.offset) };
  const isOfBytes = takesBytes(found);
  return { scaling, range: inputRanges[isOfBytes ? '0..255' : '0..1'], isSure: isOfBytes };
}

/** What metadata say, or a quantised input: value = (byte − zeroPoint) · scale. */
export function rangeInFile({ inputQuantisation: found, inputRange }: ImportedModel): InputRange | undefined {
  if (inputRange !== undefined) return { mean: spread(inputRange.mean), std: spread(inputRange.std) };
  return found && rangeFrom(-found.zeroPoint * found.scale, (255 - found.zeroPoint) * found.scale);
}

/** Layers that move or repeat values of the picture. */
const REARRANGING: readonly LayerKind[] = ['resize', 'pad', 'crop', 'flatten', 'slice'];

/**
 * Layers give values of about 1; a first layer whose weights are as small as this (the square root of the sum of their squares
 * for an output channel, in most channels) needs inputs far larger than those of −1…1, whose layers have weights of 0.5 to 20.
 * Converters multiply the scaling of bytes into the first layer.
 */
const LARGEST_FOR_BYTES = 0.15;

/** Whether the weights of the first layers show that the network takes bytes. */
export function hasWeightsForBytes({ network, weights }: Pick<ImportedModel, 'network' | 'weights'>): boolean {
  const pictures = new Set<string>([NETWORK_INPUT]);
  const norms: number[] = [];
  for (const layer of network.layers) {
    if (!layer.inputs.some((name) => pictures.has(name))) continue;
    if (REARRANGING.includes(layer.kind)) pictures.add(layer.name);
    const own = weights.get(layer.name)?.weights;
    if (own && layer.kind !== 'prelu') norms.push(...channelNorms(own));
  }
  return norms.length > 0 && quantile(norms, 0.75) < LARGEST_FOR_BYTES;
}

/** For each output channel, the last axis. */
function channelNorms({ shape, data }: Tensor): readonly number[] {
  const sums = new Float64Array(shape.at(-1)!);
  for (const [index, value] of toFloat32(data).entries()) sums[index % sums.length]! += value * value;
  return Array.from(sums, Math.sqrt);
}

const TITLES = { tflite: 'TFLite', tfjs: 'Keras and TensorFlow.js', 'frozen-graph': 'TensorFlow' } as const;

/** What networks from the tool that wrote the file are usually trained on. */
export function usualRange(imported: ImportedModel): { readonly range: InputRange; readonly reason: string } {
  const { format, producer } = imported;
  if (/pytorch/i.test(producer ?? '')) {
    return { range: inputRanges.imagenet, reason: 'PyTorch wrote the file, and its networks usually do' };
  }
  if (format === 'onnx') return { range: inputRanges['-1..1'], reason: 'nothing in the file says what it takes' };
  return { range: inputRanges['-1..1'], reason: `${TITLES[format]} networks without scaling inside usually do` };
}

function spread(values: readonly number[]): Triple {
  const [first = 0, second = first, third = first] = values;
  return [first, second, third];
}
