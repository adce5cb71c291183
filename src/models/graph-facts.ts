import { type InputRange, inputRanges, rangeFrom, type Triple } from '../domain/input-range.js';
import type { Network } from '../networks/types.js';
import type { ImportedModel } from '../weights/graph/imported-model.js';
import { takesBytes } from '../weights/graph/input-scaling.js';
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

/** What networks from the tool that wrote the file are usually trained on. */
export function usualRange({ format, producer }: ImportedModel): {
  readonly range: InputRange;
  readonly reason: string;
} {
  if (/pytorch/i.test(producer ?? '')) {
    return { range: inputRanges.imagenet, reason: 'PyTorch wrote the file, and its networks usually do' };
  }
  if (format === 'onnx') return { range: inputRanges['-1..1'], reason: 'nothing in the file says what it takes' };
  const title = format === 'tflite' ? 'TFLite' : 'Keras and TensorFlow.js';
  return { range: inputRanges['-1..1'], reason: `${title} networks without scaling inside usually do` };
}

function spread(values: readonly number[]): Triple {
  const [first = 0, second = first, third = first] = values;
  return [first, second, third];
}
