import type { ModelError } from '../../errors/errors.js';
import type { Activation, Pads, Shape } from '../../networks/types.js';
import {
  addActivation,
  addClip,
  addCombination,
  addGated,
  addPrelu,
  addScale,
  addSum,
  type Combination,
  gatedActivation,
} from './element-wise.js';
import { hardSwishOfGate, hardSwishOfProduct } from './hard-swish.js';
import { LayerCollection, type Target, type WeightLayout } from './layer-collection.js';
import { addAffine, addConv, addDense, addDepthwise } from './linear-layers.js';
import { addConcat, addResize, addSlice, addSoftmax, type Coordinates, type ResizeMethod } from './rearrangements.js';
import type { ConstantValue, MapValue, Range } from './value.js';
import { addAveragePool, addCrop, addGlobalPool, addMaxPool, addPad, type Window } from './windows.js';

export type { Target, WeightLayout } from './layer-collection.js';
export type { Coordinates, ResizeMethod } from './rearrangements.js';
export type { Window } from './windows.js';

/**
 * Layers made from a graph of any format, each by a method that takes any map, the picture too. Offsets, batch norms,
 * activations and clips join the linear layer before them where nothing else reads what lies between.
 */
export class GraphBuilder {
  readonly collection: LayerCollection;

  /** `maxWeightBytes` bounds all weights as f32. */
  constructor(where: string, maxWeightBytes: number) {
    this.collection = new LayerCollection(where, maxWeightBytes);
  }

  get where(): string {
    return this.collection.where;
  }

  /** Weights [kernelHeight, kernelWidth, inChannels ÷ groups, outChannels] by `layout`. */
  conv(
    value: MapValue,
    constant: ConstantValue,
    layout: WeightLayout,
    outChannels: number,
    window: Window,
    target: Target,
    groups = 1,
  ): MapValue {
    return addConv(this.collection, value, constant, layout, outChannels, window, target, groups);
  }

  /** Weights [kernelHeight, kernelWidth, channels × multiplier] by `layout`. */
  depthwise(
    value: MapValue,
    constant: ConstantValue,
    layout: WeightLayout,
    window: Window,
    target: Target,
    multiplier = 1,
  ): MapValue {
    return addDepthwise(this.collection, value, constant, layout, window, target, multiplier);
  }

  /**
   * Fully connected over all values of `value` in their order; element (input, output) of the matrix is stored at
   * input × inputStride + output × outputStride.
   */
  dense(
    value: MapValue,
    constant: ConstantValue,
    strides: { readonly input: number; readonly output: number },
    outChannels: number,
    target: Target,
  ): MapValue {
    return addDense(this.collection, value, constant, strides, outChannels, target);
  }

  /** Each channel times its scale plus its offset: a batch norm, a bias, or a constant in a sum or a product. */
  affine(value: MapValue, scale: readonly number[], offset: readonly number[], target: Target): MapValue {
    const hardSwish = hardSwishOfProduct(this.collection, value, scale, offset, target);
    return hardSwish ?? addAffine(this.collection, value, scale, offset, target);
  }

  /** `parameters` as `activationParameters` of a layer. */
  activate(value: MapValue, activation: Activation, target: Target, parameters?: readonly number[]): MapValue {
    return addActivation(this.collection, value, activation, target, parameters);
  }

  /** Values outside of the range become its ends. */
  clip(value: MapValue, range: Range, target: Target): MapValue {
    return addClip(this.collection, value, range, target);
  }

  /** The sum of two maps of one shape. */
  add(a: MapValue, b: MapValue, target: Target): MapValue {
    return addSum(this.collection, a, b, target);
  }

  /**
   * Two maps of one shape, value by value; a product also with one factor for each channel, for each pixel, or for all.
   * x × sigmoid(x) and x × hardSigmoid(x) become activations, the latter also in steps.
   */
  combine(operator: Combination, a: MapValue, b: MapValue, target: Target): MapValue {
    if (operator === 'multiply') {
      for (const [value, gate] of [
        [a, b],
        [b, a],
      ] as const) {
        const activation = gatedActivation(this.collection, value, gate);
        if (activation !== undefined) return addGated(this.collection, value, gate, activation, target);
        const hardSwish = hardSwishOfGate(this.collection, value, gate, target);
        if (hardSwish !== undefined) return hardSwish;
      }
    }
    return addCombination(this.collection, operator, a, b, target);
  }

  /** `map` times the 1 × 1 map `factors`, or one factor for each pixel. */
  scale(map: MapValue, factors: MapValue, target: Target): MapValue {
    return addScale(this.collection, map, factors, target);
  }

  /** Negative values times the slope of their channel, or of their place: height × width × channels. */
  prelu(value: MapValue, slopes: readonly number[], target: Target): MapValue {
    return addPrelu(this.collection, value, slopes, target);
  }

  /** Padding never wins the maximum. */
  maxPool(value: MapValue, window: Window, target: Target): MapValue {
    return addMaxPool(this.collection, value, window, target);
  }

  /** `countsPadding`: zeros around the map count as values of the mean. */
  averagePool(value: MapValue, window: Window, countsPadding: boolean, target: Target): MapValue {
    return addAveragePool(this.collection, value, window, countsPadding, target);
  }

  globalAveragePool(value: MapValue, target: Target): MapValue {
    return addGlobalPool(this.collection, value, 'globalAveragePool', target);
  }

  globalMaxPool(value: MapValue, target: Target): MapValue {
    return addGlobalPool(this.collection, value, 'globalMaxPool', target);
  }

  /** Zeros wait for a convolution that takes them over; else they are a layer. */
  pad(value: MapValue, pads: Pads, padValue: number, target: Target): MapValue {
    return addPad(this.collection, value, pads, padValue, target);
  }

  crop(value: MapValue, pads: Pads, target: Target): MapValue {
    return addCrop(this.collection, value, pads, target);
  }

  /** Along the channels. */
  concat(values: readonly MapValue[], target: Target): MapValue {
    return addConcat(this.collection, values, target);
  }

  /** Channels from `from` up to `to`, that one left out. */
  slice(value: MapValue, from: number, to: number, target: Target): MapValue {
    return addSlice(this.collection, value, from, to, target);
  }

  resize(
    value: MapValue,
    height: number,
    width: number,
    method: ResizeMethod,
    coordinates: Coordinates,
    target: Target,
  ): MapValue {
    return addResize(this.collection, value, height, width, method, coordinates, target);
  }

  softmax(value: MapValue, target: Target): MapValue {
    return addSoftmax(this.collection, value, target);
  }

  /** As `softmax`: probabilities come out, which nothing may read but the output. */
  logSoftmax(value: MapValue, target: Target): MapValue {
    return this.collection.markLogarithm(addSoftmax(this.collection, value, target));
  }

  /** Whether `value` is a `logSoftmax`: what a graph goes on to do with it would have to take logarithms. */
  isLogarithm(value: MapValue): boolean {
    return this.collection.isLogarithm(value);
  }

  /** Whether `value` is the picture, perhaps resized, and nothing else reads it. */
  isPicture(value: MapValue): boolean {
    return this.collection.isPicture(value);
  }

  checkSize(shape: Shape, what: string): void {
    this.collection.checkSize(shape, what);
  }

  damaged(what: string): ModelError {
    return this.collection.damaged(what);
  }

  unsupported(what: string): ModelError {
    return this.collection.unsupported(what);
  }
}
