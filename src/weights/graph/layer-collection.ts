import { ModelError } from '../../errors/errors.js';
import { MAX_CLASSES, MAX_RESOLUTION } from '../../networks/channels.js';
import { type Layer, NETWORK_INPUT, type Shape } from '../../networks/types.js';
import type { LayerWeights, Tensor } from '../types.js';
import { formatShape, type InputAffine, LayerNames } from './imported-model.js';
import { type ConstantValue, isRow, layOut, type MapValue, multiply } from './value.js';

/** 128 MiB as f32; the largest map of the supported networks has 1/8 of it. */
export const MAX_MAP_ELEMENTS = 2 ** 25;

export type LinearLayer = Extract<Layer, { batchNorm: boolean }>;

/** A layer without what `emit` fills in. */
export type Unnamed<L = Layer> = L extends Layer ? Omit<L, 'name' | 'inputs'> : never;

/** What an operation makes: under which name a layer goes, and who reads it. */
export interface Target {
  readonly name: string;
  readonly readers: number;
  readonly dims: readonly number[];
  readonly order: MapValue['order'];
}

/** How a filter's numbers become weights with the output channels last. */
export interface WeightLayout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The layers and weights made so far. All weights together stay under a bound. */
export class LayerCollection {
  readonly where: string;
  readonly layers: Layer[] = [];
  readonly weights = new Map<string, LayerWeights>();
  inputAffine: InputAffine | undefined;
  readonly #names = new LayerNames();
  readonly #places = new Map<string, number>();
  /** Layers whose values are the picture's own in other places: scaling them is scaling the picture. */
  readonly #pictures = new Set([NETWORK_INPUT]);
  readonly #factors = new Map<string, readonly MapValue[]>();
  /** Layers that stand for logarithms of what they give. */
  readonly #logarithms = new Set<string>();
  #bytesLeft: number;

  /** `maxWeightBytes` bounds all weights as f32. */
  constructor(where: string, maxWeightBytes: number) {
    this.where = where;
    this.#bytesLeft = maxWeightBytes;
  }

  /** Adds a layer of which `shape` is the output. */
  emit(layer: Unnamed, inputs: readonly MapValue[], shape: Shape, target: Target, weights?: LayerWeights): MapValue {
    this.checkSize(shape, target.name);
    for (const input of inputs) {
      if (this.#logarithms.has(input.layer)) {
        throw this.unsupported(`${target.name} after a logarithm of probabilities, expected that as the output`);
      }
    }
    const name = this.#names.take(target.name);
    this.#places.set(name, this.layers.length);
    this.layers.push({ ...layer, name, inputs: inputs.map((input) => input.layer) } as Layer);
    if (weights !== undefined) this.weights.set(name, weights);
    if (layer.kind === 'multiply') this.#factors.set(name, inputs);
    const { dims, order, readers } = target;
    return { kind: 'map', layer: name, shape, dims, order, pads: undefined, readers };
  }

  /** What a layer multiplies, where `value` is a product of two maps. */
  factorsOf(value: MapValue): readonly MapValue[] | undefined {
    return this.#factors.get(value.layer);
  }

  /** The layer that makes `value`; undefined for the picture. */
  layerOf(value: MapValue): Layer | undefined {
    const place = this.#places.get(value.layer);
    return place === undefined ? undefined : this.layers[place];
  }

  /** The linear layer that makes `value`, if more can join it. */
  openLayer(value: MapValue): LinearLayer | undefined {
    const layer = this.layerOf(value);
    if (layer === undefined || !('batchNorm' in layer)) return undefined;
    return layer.activation === 'linear' && layer.range === undefined && value.readers === 1 ? layer : undefined;
  }

  /** Puts `layer` in the place of the one of its name. */
  replace(layer: Layer): void {
    this.layers[this.#places.get(layer.name)!] = layer;
    if (!('batchNorm' in layer || layer.kind === 'prelu')) this.weights.delete(layer.name);
  }

  /** Whether `value` is the picture and nothing else reads it. */
  isPicture(value: MapValue): boolean {
    return this.#pictures.has(value.layer) && value.pads === undefined && value.readers === 1;
  }

  /** Says that `made` is the picture in other places, where `from` is the picture. */
  passPicture(from: MapValue, made: MapValue): MapValue {
    if (this.isPicture(from)) this.#pictures.add(made.layer);
    return made;
  }

  markLogarithm(value: MapValue): MapValue {
    this.#logarithms.add(value.layer);
    return value;
  }

  isLogarithm(value: MapValue): boolean {
    return this.#logarithms.has(value.layer);
  }

  /** `value` as a map that any layer can read. */
  plain(value: MapValue, name: string): MapValue {
    return this.unflattened(this.unpadded(value, name), name);
  }

  /** With zeros around it taken into the map. */
  unpadded(value: MapValue, name: string): MapValue {
    const { pads, dims, order, readers } = value;
    if (pads === undefined) return value;
    const { height, width, channels } = value.shape;
    const shape = { height: height + pads.top + pads.bottom, width: width + pads.left + pads.right, channels };
    const bare = { ...value, pads: undefined };
    return this.emit({ kind: 'pad', pads, value: 0 }, [bare], shape, { name: `${name}/pad`, dims, order, readers });
  }

  /** A row of values as the 1 × 1 map that it is. */
  unflattened(value: MapValue, name: string): MapValue {
    if (!isRow(value)) return value;
    const { height, width, channels } = value.shape;
    const shape = { height: 1, width: 1, channels: height * width * channels };
    const { dims, order, readers } = value;
    return this.emit({ kind: 'flatten', order }, [value], shape, { name: `${name}/flatten`, dims, order, readers });
  }

  /** Weights laid out anew, after the check that they are as many and finite. */
  makeWeights(constant: ConstantValue, layout: WeightLayout): Tensor & { readonly data: Float32Array } {
    if (multiply(layout.shape) !== multiply(constant.dims)) {
      throw this.damaged(
        `${constant.name} has dimensions ${constant.dims.join('×')}, expected ${multiply(layout.shape)} values`,
      );
    }
    // Before anything is allocated: it checks that the file holds as many numbers as it says.
    const source = constant.read();
    const tensor = this.allocate(layout.shape);
    layOut(constant, layout.shape, layout.strides, source, tensor.data);
    for (const value of tensor.data) {
      if (!Number.isFinite(value)) throw this.damaged(`${constant.name} holds ${value}, expected finite numbers`);
    }
    return tensor;
  }

  allocate(shape: readonly number[]): Tensor & { readonly data: Float32Array } {
    const count = multiply(shape);
    this.#bytesLeft -= 4 * count;
    if (!(this.#bytesLeft >= 0)) throw this.damaged('layers share their bytes, expected weights of their own');
    return { shape, data: new Float32Array(count) };
  }

  /** A layer at the end that the file leaves to its user. */
  append(kind: 'softmax' | 'sigmoid', after: string): Layer {
    const base = { name: this.#names.take(kind), inputs: [after] };
    return kind === 'softmax' ? { kind, ...base } : { kind: 'activation', activation: kind, ...base };
  }

  checkSize(shape: Shape, what: string): void {
    const { height, width, channels } = shape;
    const elements = height * width * channels;
    const fits = height <= MAX_RESOLUTION && width <= MAX_RESOLUTION && channels <= MAX_CLASSES;
    if (!fits || elements > MAX_MAP_ELEMENTS) {
      throw this.unsupported(
        `${what} of ${formatShape(shape)}, expected at most ${MAX_RESOLUTION} pixels a side and ` +
          `${MAX_MAP_ELEMENTS} values`,
      );
    }
  }

  damaged(what: string): ModelError {
    return new ModelError('weights-damaged', { where: this.where, problem: what });
  }

  unsupported(what: string): ModelError {
    return new ModelError('operator-unsupported', { where: this.where, problem: what });
  }
}

/** The same values under another name. */
export function renamed(value: MapValue, target: Target): MapValue {
  return { ...value, dims: target.dims, order: target.order, readers: value.readers - 1 + target.readers };
}
