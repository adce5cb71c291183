import { ModelError } from '../../errors/errors.js';
import type { Layer, Shape } from '../../networks/types.js';
import type { GraphBuilder } from './builder.js';
import {
  type ImportedModel,
  type InputAffine,
  type InputNormalisation,
  type InputQuantisation,
  nameAfterFile,
} from './imported-model.js';
import type { MapValue } from './value.js';

/**
 * The model that a builder's layers make: only what the output depends on, a softmax where the graph ends in logits
 * (a linear layer on a 1 × 1 map that may be negative), and the scaling of the picture taken out of the graph.
 */
export function finishModel(
  format: ImportedModel['format'],
  builder: GraphBuilder,
  inputShape: Shape,
  output: MapValue,
  facts: { readonly quantised: boolean; readonly inputQuantisation?: InputQuantisation | undefined },
): ImportedModel {
  const { where, collection } = builder;
  if (output.pads !== undefined) throw builder.unsupported('a graph that ends in a Pad, expected a layer after it');
  const layers = keepNeeded(collection.layers, output.layer);
  const last = layers.at(-1);
  if (last === undefined) throw builder.unsupported('no layer between input and output, expected at least one');
  const softmaxAdded = endsInLogits(last, output.shape);
  if (softmaxAdded) layers.push(collection.append('softmax', last.name));
  const end = layers.at(-1)!;
  const isProbability = end.kind === 'softmax' || ('activation' in end && end.activation === 'sigmoid');
  const names = new Set(layers.map((layer) => layer.name));
  const { height, width, channels } = inputShape;
  const flat = output.dims.length !== 4;
  const shape = flat
    ? { height: 1, width: 1, channels: output.shape.height * output.shape.width * output.shape.channels }
    : output.shape;
  const affine = collection.inputAffine;
  return {
    format,
    where,
    network: { id: nameAfterFile(where), alpha: 1, classes: shape.channels, inputChannels: channels, layers },
    weights: new Map([...collection.weights].filter(([name]) => names.has(name))),
    inputShape,
    inputResolution: { height, width },
    padding: format === 'onnx' ? 'pytorch' : 'tensorflow',
    inputQuantisation: facts.inputQuantisation,
    inputNormalisation: affine && normalisationOf(affine, where),
    inputAffine: affine,
    output: { shape, classes: shape.channels, isProbability, softmaxAdded },
    quantised: facts.quantised,
    inputIsPicture: (channels === 3 || channels === 1) && height > 1 && width > 1,
  };
}

/** Layers that the output depends on, in their order. */
function keepNeeded(layers: readonly Layer[], output: string): Layer[] {
  const needed = new Set([output]);
  const kept = [...layers].reverse().filter((layer) => {
    if (!needed.has(layer.name)) return false;
    for (const name of layer.inputs) needed.add(name);
    return true;
  });
  return kept.reverse();
}

function endsInLogits(last: Layer, { height, width, channels }: Shape): boolean {
  const linear = last.kind === 'dense' || last.kind === 'pointwise' || last.kind === 'conv';
  if (!linear || height !== 1 || width !== 1 || channels === 1) return false;
  return last.activation === 'linear' && !(last.range !== undefined && last.range[0] >= 0);
}

/** Networks are trained on values of about −3…3. */
const LARGEST_NORMALISED = 8;

/**
 * x × scale + offset, as mean and deviation of a picture in 0…1. The graph takes bytes, unless only a picture in 0…1
 * becomes values that networks are trained on: a mean of about 120 that is subtracted alone is one of bytes, too.
 * Undefined where the graph leaves the picture as it is.
 */
function normalisationOf({ scale, offset }: InputAffine, where: string): InputNormalisation | undefined {
  if (scale.every((factor) => factor === 1) && offset.every((term) => term === 0)) return undefined;
  const reach = (unit: number) =>
    Math.max(...scale.map((factor, c) => Math.abs(factor * unit + offset[c]!)), ...offset.map(Math.abs));
  const unit = reach(255) > LARGEST_NORMALISED && reach(1) <= LARGEST_NORMALISED ? 1 : 255;
  if (scale.some((factor) => factor === 0)) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: 'multiplies the picture by 0',
      expected: 'a scale',
    });
  }
  return {
    mean: scale.map((factor, c) => -offset[c]! / (factor * unit)),
    std: scale.map((factor) => 1 / (factor * unit)),
  };
}
