import { elementAt } from '../errors/element-at.js';
import { ModelError } from '../errors/errors.js';
import type { Pads, Shape } from '../networks/types.js';
import { formatShape } from './graph/imported-model.js';

/** A map of 8-bit integers: real value = scale × (stored − zeroPoint). */
export interface QuantisedMap {
  readonly shape: Shape;
  readonly scale: number;
  /** In the terms of the stored type: 0…255, or −128…127 for a signed one. */
  readonly zeroPoint: number;
  readonly signed: boolean;
}

/** Smallest and largest stored value that a layer may give: its activation and its type. */
export type StoredRange = readonly [minimum: number, maximum: number];

interface QuantisedBase {
  /** Indices into `QuantisedGraph.maps`. */
  readonly inputs: readonly number[];
  readonly output: number;
}

export interface QuantisedWindow {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly pads: Pads;
}

interface QuantisedLinear extends QuantisedBase, QuantisedWindow {
  /** As stored in the file, a view of its bytes. */
  readonly weights: Uint8Array | Int8Array;
  readonly weightZeroPoint: number;
  /** One for the whole filter, or one for each output channel. */
  readonly weightScales: readonly number[];
  /** For each output channel, in units of input scale × weight scale; undefined for none. */
  readonly bias: Int32Array | undefined;
  /**
   * (input scale × weight scale) ÷ output scale, as many as `weightScales`. TFLite multiplies the first two in single
   * precision where the filter has one scale by its operator's rules, otherwise in double precision.
   */
  readonly multipliers: readonly number[];
  readonly range: StoredRange;
}

/** Weights [outChannels][kernelHeight][kernelWidth][inChannels]; a fully connected layer is one over the whole map. */
export interface QuantisedConv extends QuantisedLinear {
  readonly kind: 'conv';
}

/** Weights [kernelHeight][kernelWidth][channels]. */
export interface QuantisedDepthwise extends QuantisedLinear {
  readonly kind: 'depthwise';
}

export interface QuantisedAdd extends QuantisedBase {
  readonly kind: 'add';
  readonly range: StoredRange;
}

/** Input and output have one scale and zero point. */
export interface QuantisedPool extends QuantisedBase, QuantisedWindow {
  readonly kind: 'averagePool' | 'maxPool';
  readonly range: StoredRange;
}

/** Mean over height and width, to another scale. */
export interface QuantisedMean extends QuantisedBase {
  readonly kind: 'mean';
}

/** The same values by another scale or type, perhaps clipped. */
export interface QuantisedRescale extends QuantisedBase {
  readonly kind: 'rescale';
  readonly range: StoredRange;
  /** input scale ÷ output scale, in the precision of its operator. */
  readonly multiplier: number;
}

/** Over the channels of a 1 × 1 map; the output's scale is 1/256 and its smallest stored value stands for 0. */
export interface QuantisedSoftmax extends QuantisedBase {
  readonly kind: 'softmax';
}

export type QuantisedLayer =
  | QuantisedConv
  | QuantisedDepthwise
  | QuantisedAdd
  | QuantisedPool
  | QuantisedMean
  | QuantisedRescale
  | QuantisedSoftmax;

/** A network in integers, as a file states it. */
export interface QuantisedGraph {
  /** The file that it came from, for messages. */
  readonly where: string;
  readonly maps: readonly QuantisedMap[];
  /** In an order in which every map is written before it is read. */
  readonly layers: readonly QuantisedLayer[];
  readonly input: number;
  readonly output: number;
}

/**
 * Two graphs in sequence as one.
 * @throws ModelError where what the first gives is not stored exactly as the second takes it
 */
export function joinGraphs(first: QuantisedGraph, second: QuantisedGraph): QuantisedGraph {
  const given = elementAt(first.maps, first.output);
  const taken = elementAt(second.maps, second.input);
  if (formatMap(given) !== formatMap(taken)) {
    throw new ModelError('weights-shape', {
      where: second.where,
      problem: `takes ${formatMap(taken)}`,
      expected: `${formatMap(given)}, what ${first.where} gives`,
    });
  }
  const offset = first.maps.length;
  const move = (map: number) => (map === second.input ? first.output : map + offset);
  const layers = second.layers.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map(move),
    output: move(layer.output),
  }));
  return {
    where: `${first.where} + ${second.where}`,
    maps: [...first.maps, ...second.maps],
    layers: [...first.layers, ...layers],
    input: first.input,
    output: move(second.output),
  };
}

function formatMap({ shape, scale, zeroPoint, signed }: QuantisedMap): string {
  return `${formatShape(shape)} ${signed ? 'int8' : 'uint8'} (scale ${scale}, zero point ${zeroPoint})`;
}
