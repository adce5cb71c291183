import { ModelError } from '../../errors/errors.js';
import type { Layer, Shape } from '../../networks/types.js';
import type { GraphBuilder } from './builder.js';
import {
  type ImportedModel,
  type InputAffine,
  type InputNormalisation,
  type InputQuantisation,
  type InputRange,
  type LabelFile,
  type ModelOutput,
  nameAfterFile,
} from './imported-model.js';
import { takesBytes } from './input-scaling.js';
import type { MapValue } from './value.js';

/** What a reader knows of its file beside the layers. */
export interface FileFacts {
  readonly quantised: boolean;
  readonly inputQuantisation?: InputQuantisation | undefined;
  readonly inputRange?: InputRange | undefined;
  readonly labelFile?: LabelFile | undefined;
  readonly missingLabelFile?: string | undefined;
}

/**
 * The model that a builder's layers make: only what the output depends on, a softmax or a sigmoid where the graph ends in
 * logits, and the scaling of the picture taken out of the graph.
 */
export function finishModel(
  format: ImportedModel['format'],
  builder: GraphBuilder,
  inputShape: Shape,
  output: MapValue,
  facts: FileFacts,
): ImportedModel {
  const { where, collection } = builder;
  const value = collection.plain(output, 'output');
  const layers = keepNeeded(collection.layers, value.layer);
  const last = layers.at(-1);
  if (last === undefined) throw builder.unsupported('no layer between input and output, expected at least one');
  const { shape } = value;
  const ending = findHead(layers, last.name, shape);
  if (ending === 'constant')
    throw builder.unsupported('a softmax over one value, which is always 1; expected a sigmoid');
  const added = ending !== 'logits' ? undefined : shape.channels === 1 ? 'sigmoid' : 'softmax';
  if (added !== undefined) layers.push(collection.append(added, last.name));
  const head = ending === 'logits' ? (added === 'softmax' ? 'exclusive' : 'independent') : ending;
  const names = new Set(layers.map((layer) => layer.name));
  const { height, width, channels } = inputShape;
  const { quantised, inputQuantisation, labelFile, missingLabelFile } = facts;
  const inputRange = facts.inputRange && spread(builder, facts.inputRange, channels);
  const affine = collection.inputAffine;
  return {
    format,
    where,
    network: { id: nameAfterFile(where), alpha: 1, classes: shape.channels, inputChannels: channels, layers },
    weights: new Map([...collection.weights].filter(([name]) => names.has(name))),
    inputShape,
    inputResolution: { height, width },
    padding: format === 'onnx' ? 'pytorch' : 'tensorflow',
    inputQuantisation,
    inputNormalisation: inputNormalisation(affine, inputRange, where),
    ...(inputRange && { inputRange }),
    inputAffine: affine,
    ...(labelFile && { labelFile }),
    ...(missingLabelFile && { missingLabelFile }),
    output: {
      shape,
      classes: shape.channels,
      isProbability: head !== undefined,
      ...(head && { head }),
      ...(added && { added }),
    },
    quantised,
    inputIsPicture: (channels === 3 || channels === 1) && height > 1 && width > 1,
  };
}

/**
 * Of several outputs the one with the classes: the only one that ends in probabilities, else the only one that ends in
 * logits.
 * @throws ModelError that names the outputs where there is no telling
 */
export function chooseOutput(
  builder: GraphBuilder,
  outputs: readonly { readonly name: string; readonly value: MapValue }[],
): MapValue {
  const [first] = outputs;
  if (first !== undefined && outputs.length === 1) return first.value;
  const found = outputs.map(({ value }) => findHead(builder.collection.layers, value.layer, value.shape));
  const stated = outputs.filter((_, index) => found[index] === 'exclusive' || found[index] === 'independent');
  const logits = outputs.filter((_, index) => found[index] === 'logits');
  const [chosen, ...others] = stated.length > 0 ? stated : logits;
  if (chosen !== undefined && others.length === 0) return chosen.value;
  const names = outputs.map(({ name }) => JSON.stringify(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)));
  throw builder.unsupported(
    `a graph with ${outputs.length} outputs (${names.join(', ')}), expected one that gives probabilities`,
  );
}

/** What an output is: probabilities, values that become some, or (undefined) features. */
type Ending = ModelOutput['head'] | 'logits' | 'constant';

function findHead(layers: readonly Layer[], name: string, { height, width, channels }: Shape): Ending {
  if (height !== 1 || width !== 1) return undefined;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const follow = (from: string): Ending => {
    const layer = byName.get(from);
    if (layer === undefined) return undefined;
    const [input = ''] = layer.inputs;
    if (layer.kind === 'softmax') return channels === 1 ? 'constant' : 'exclusive';
    if (layer.kind === 'flatten') return follow(input);
    if (layer.kind === 'concat')
      return layer.inputs.every((each) => follow(each) === 'independent') ? 'independent' : undefined;
    if (!('activation' in layer)) return undefined;
    if (layer.activation === 'sigmoid' || layer.activation === 'hardSigmoid') return 'independent';
    if (layer.activation !== 'linear') return undefined;
    // A layer that only clips.
    if (layer.kind === 'activation') return follow(input);
    // A quantised ReLU is a linear layer whose type begins at 0: features, not logits.
    const isPositive = layer.range !== undefined && layer.range[0] >= 0;
    return layer.kind === 'depthwise' || isPositive ? undefined : 'logits';
  };
  return follow(name);
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

/** What the graph itself does, after the range that the file states; undefined where it does nothing. */
function inputNormalisation(
  affine: InputAffine | undefined,
  range: InputRange | undefined,
  where: string,
): InputNormalisation | undefined {
  if (range === undefined) return affine && normalisationOf(affine, where);
  const { scale, offset } = affine ?? { scale: range.std.map(() => 1), offset: range.std.map(() => 0) };
  // (x − mean) ÷ std × scale + offset
  const std = range.std.map((deviation, channel) => deviation / nonZero(scale[channel] ?? 0, where));
  return { mean: range.mean.map((mean, channel) => mean - (offset[channel] ?? 0) * std[channel]!), std };
}

/** One mean and deviation for each channel. */
function spread(builder: GraphBuilder, range: InputRange, channels: number): InputRange {
  const { mean, std, origin } = range;
  if (mean.length !== 1 && mean.length !== channels) {
    throw builder.damaged(`${mean.length} means for an image of ${channels} channels`);
  }
  const each = (list: readonly number[]) =>
    Array.from({ length: channels }, (_, c) => list[list.length === 1 ? 0 : c]!);
  return { mean: each(mean), std: each(std), origin };
}

/** x × scale + offset, as mean and deviation of a picture in 0…1; undefined where it leaves the picture as it is. */
function normalisationOf(affine: InputAffine, where: string): InputNormalisation | undefined {
  const { scale, offset } = affine;
  if (scale.every((factor) => factor === 1) && offset.every((term) => term === 0)) return undefined;
  const unit = takesBytes(affine) ? 255 : 1;
  return {
    mean: scale.map((factor, c) => -offset[c]! / (nonZero(factor, where) * unit)),
    std: scale.map((factor) => 1 / (factor * unit)),
  };
}

function nonZero(factor: number, where: string): number {
  if (factor !== 0) return factor;
  throw new ModelError('operator-unsupported', { where, problem: 'multiplies the image by 0', expected: 'a scale' });
}
