import { basename } from 'node:path';
import { ModelError } from '../../errors/errors.js';
import { type Layer, NETWORK_INPUT, type Network, type PaddingConvention, type Shape } from '../../networks/types.js';
import type { LayerWeights, NetworkWeights } from '../types.js';

/** How a file wants a picture's bytes: real value = (byte − zeroPoint) × scale, byte in 0…255. */
export interface InputQuantisation {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** (value − mean) ÷ std for each channel of a picture in 0…1. */
export interface InputNormalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** x × scale + offset for each channel of the picture, which the graph does before anything else. */
export interface InputAffine {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** What a file states of its input: the range comes before all that the graph does. */
export interface InputRange extends InputNormalisation {
  /** Who says so: metadata, or the scale of a quantised input that is that of a usual range. */
  readonly origin: 'metadata' | 'quantisation';
}

/** A file of labels inside the model's file, as it is. */
export interface LabelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ModelOutput {
  readonly shape: Shape;
  /** Length of the last axis: classes of a classifier, features of an extractor. */
  readonly classes: number;
  /** The values are probabilities: the network ends in a softmax or a sigmoid. */
  readonly isProbability: boolean;
  /** Whether one of the probabilities excludes the others (softmax), or each stands for itself (sigmoids). */
  readonly head?: 'exclusive' | 'independent';
  /** The last layer, where the file does not have it: it ends in logits. */
  readonly added?: 'softmax' | 'sigmoid';
}

/** What a file that holds a graph says, in the terms of this project. */
export interface ImportedModel {
  readonly format: 'tflite' | 'onnx' | 'tfjs' | 'frozen-graph';
  /** The file that it came from, for messages. */
  readonly where: string;
  /** `id` is the file's stem and `alpha` 1 until `identify` of `networks/` has looked at it. */
  readonly network: Network;
  readonly weights: NetworkWeights;
  /** What the graph says of its input; `network` holds only the channels. */
  readonly inputShape: Shape;
  readonly inputResolution: { readonly height: number; readonly width: number };
  /** How `same` is to be read, should a layer say it; where padding matters a graph's layers state four numbers. */
  readonly padding: PaddingConvention;
  readonly inputQuantisation: InputQuantisation | undefined;
  /** What the graph itself does to the picture first, taken out of it: the network's input comes after this. */
  readonly inputNormalisation?: InputNormalisation | undefined;
  /** The same as y = x × scale + offset for each channel, x being what the file calls its input. */
  readonly inputAffine?: InputAffine | undefined;
  /** The program that wrote the file, as far as it says so. */
  readonly producer?: string | undefined;
  /** What the file says that its input is. */
  readonly inputRange?: InputRange;
  readonly labelFile?: LabelFile;
  /** The name of a file of labels that should be inside and is not. */
  readonly missingLabelFile?: string;
  readonly output: ModelOutput;
  /** Weights or activations are stored as integers in the file. */
  readonly quantised: boolean;
  /** False for the second half of a network: its input is a feature vector or map. */
  readonly inputIsPicture: boolean;
}

/**
 * Two files run in sequence as one: the output of `first` is the input of `second`. A softmax that was added to
 * `first` goes again: what looked like logits were features.
 * @throws ModelError where the shapes differ, or where `first` itself ends in probabilities.
 */
export function joinModels(first: ImportedModel, second: ImportedModel): ImportedModel {
  const found = first.output.shape;
  const expected = second.inputShape;
  if (formatShape(found) !== formatShape(expected)) {
    throw new ModelError('weights-shape', {
      where: second.where,
      problem: `takes ${formatShape(expected)}`,
      expected: `${formatShape(found)}, what ${first.where} gives`,
    });
  }
  if (first.output.isProbability && first.output.added === undefined) {
    throw new ModelError('weights-shape', {
      where: first.where,
      problem: 'ends in probabilities',
      expected: `features for ${second.where} to go on from`,
    });
  }
  const isAdded = first.output.added !== undefined;
  const before = isAdded ? first.network.layers.slice(0, -1) : first.network.layers;
  const joint = before.at(-1)!.name;
  const names = new LayerNames(before.map((layer) => layer.name));
  const renamed = new Map<string, string>([[NETWORK_INPUT, joint]]);
  const weights = new Map<string, LayerWeights>(first.weights);
  const layers: Layer[] = [...before];
  for (const layer of second.network.layers) {
    const name = names.take(layer.name);
    renamed.set(layer.name, name);
    layers.push({ ...layer, name, inputs: layer.inputs.map((input) => renamed.get(input)!) });
    const own = second.weights.get(layer.name);
    if (own !== undefined) weights.set(name, own);
  }
  return {
    ...first,
    where: `${first.where} + ${second.where}`,
    network: {
      ...first.network,
      id: `${first.network.id}+${second.network.id}`,
      classes: second.network.classes,
      layers,
    },
    weights,
    output: second.output,
    quantised: first.quantised || second.quantised,
  };
}

/** Names that a file gives, made fit for tables and unique. */
export class LayerNames {
  readonly #taken: Set<string>;
  readonly #counts = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
    this.#taken.add(NETWORK_INPUT);
  }

  /** `wanted` itself where it is free, otherwise with `_2`, `_3`, … */
  take(wanted: string): string {
    const base = sanitiseName(wanted);
    let name = base;
    let count = this.#counts.get(base) ?? 1;
    while (this.#taken.has(name)) name = `${base}_${++count}`;
    this.#counts.set(base, count);
    this.#taken.add(name);
    return name;
  }
}

/** Letters, digits and `_ . / -`; nothing else of a name in a file reaches a table or a terminal. */
export function sanitiseName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_./-]+/g, '_').slice(0, MAX_NAME_LENGTH);
  return clean === '' ? 'layer' : clean;
}

/** An imported graph's name until it is known better: the file's, without folder and ending. */
export function nameAfterFile(where: string): string {
  return sanitiseName(basename(where).replace(/\.[A-Za-z0-9]+$/, ''));
}

const MAX_NAME_LENGTH = 80;

export function formatShape({ height, width, channels }: Shape): string {
  return `${height} × ${width} × ${channels}`;
}
