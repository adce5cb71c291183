import { ModelError } from '../../errors/errors.js';
import { MAX_CLASSES, MAX_RESOLUTION } from '../../networks/channels.js';
import { type Activation, type Layer, NETWORK_INPUT, type Pads, type Shape } from '../../networks/types.js';
import { placeAxis } from '../../networks/windows.js';
import type { LayerWeights, Tensor } from '../types.js';
import { formatShape, LayerNames } from './imported-model.js';
import { type ConstantValue, layOut, type MapValue, multiply, NO_PADS, type Range } from './value.js';

/** 128 MiB as f32; the largest map of the supported networks has 1/8 of it. */
const MAX_MAP_ELEMENTS = 2 ** 25;
const MAX_WINDOW = 1024;

/** Layers that clip their outputs themselves; behind others a layer of its own does. */
const CLAMPING: ReadonlySet<Layer['kind']> = new Set([
  'conv',
  'depthwise',
  'pointwise',
  'dense',
  'add',
  'maxPool',
  'activation',
]);

type Unnamed<L> = L extends Layer ? Omit<L, 'name' | 'inputs'> : never;
type LinearLayer = Extract<Layer, { batchNorm: boolean }>;

/** What an operation makes: under which name a layer goes, and who reads it. */
export interface Target {
  readonly name: string;
  readonly readers: number;
  readonly dims: readonly number[];
  readonly order: MapValue['order'];
}

export interface Window {
  readonly kernelSize: number;
  readonly stride: number;
  readonly pads: Pads;
}

/** How a filter's numbers become weights with the output channels last. */
export interface WeightLayout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** x × scale + offset for each channel of the picture, which the graph does before anything else. */
export interface InputAffine {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/**
 * Layers made from a graph of any format. Offsets, batch norms, activations and clips join the linear layer before them
 * where nothing else reads what lies between; all weights together stay under a bound.
 */
export class GraphBuilder {
  readonly where: string;
  readonly layers: Layer[] = [];
  readonly weights = new Map<string, LayerWeights>();
  inputAffine: InputAffine | undefined;
  readonly #names = new LayerNames();
  readonly #places = new Map<string, number>();
  #bytesLeft: number;

  /** `maxWeightBytes` bounds all weights as f32. */
  constructor(where: string, maxWeightBytes: number) {
    this.where = where;
    this.#bytesLeft = maxWeightBytes;
  }

  conv(
    value: MapValue,
    constant: ConstantValue,
    layout: WeightLayout,
    outChannels: number,
    window: Window,
    target: Target,
  ): MapValue {
    const { kernelSize, stride } = window;
    const placed = this.#place(value, window, target.name);
    const bare = kernelSize === 1 && Object.values(placed.pads).every((count) => count === 0);
    const shape = bare ? layout.shape.slice(-2) : layout.shape;
    const weights = this.#makeWeights(constant, { shape, strides: layout.strides.slice(-shape.length) });
    const common = { outChannels, batchNorm: false, bias: false, activation: 'linear' } as const;
    const output = { height: placed.height, width: placed.width, channels: outChannels };
    if (!bare) {
      return this.#emit(
        { kind: 'conv', ...common, kernelSize, stride, padding: placed.pads },
        [value],
        output,
        target,
        {
          weights,
        },
      );
    }
    const single = value.shape.height === 1 && value.shape.width === 1;
    const layer = single
      ? ({ kind: 'dense', ...common } as const)
      : ({ kind: 'pointwise', ...common, stride } as const);
    return this.#emit(layer, [value], output, target, { weights });
  }

  depthwise(value: MapValue, constant: ConstantValue, layout: WeightLayout, window: Window, target: Target): MapValue {
    const { kernelSize, stride } = window;
    const { height, width, pads } = this.#place(value, window, target.name);
    const weights = this.#makeWeights(constant, layout);
    const common = { batchNorm: false, bias: false, activation: 'linear' } as const;
    return this.#emit(
      { kind: 'depthwise', ...common, kernelSize, stride, padding: pads },
      [value],
      { height, width, channels: value.shape.channels },
      target,
      { weights },
    );
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
    this.#refusePads(value, target.name);
    const { height, width, channels } = value.shape;
    const common = { outChannels, batchNorm: false, bias: false, activation: 'linear' } as const;
    const output = { height: 1, width: 1, channels: outChannels };
    if (height === 1 && width === 1) {
      const layout = { shape: [channels, outChannels], strides: [strides.input, strides.output] };
      return this.#emit({ kind: 'dense', ...common }, [value], output, target, {
        weights: this.#makeWeights(constant, layout),
      });
    }
    if (height !== width || height > MAX_WINDOW) {
      throw this.unsupported(`${target.name} over ${height} × ${width} pixels, expected a square map`);
    }
    // Over a flattened map it is a convolution whose window is the whole map.
    const [row, column, channel] = value.order === 'CHW' ? [width, 1, height * width] : [width * channels, channels, 1];
    const layout = {
      shape: [height, width, channels, outChannels],
      strides: [row * strides.input, column * strides.input, channel * strides.input, strides.output],
    };
    const layer = { kind: 'conv', ...common, kernelSize: height, stride: 1, padding: NO_PADS } as const;
    return this.#emit(layer, [value], output, target, { weights: this.#makeWeights(constant, layout) });
  }

  /** Each channel times its scale plus its offset: a batch norm, a bias, or a constant in a sum or a product. */
  affine(value: MapValue, scale: readonly number[], offset: readonly number[], target: Target): MapValue {
    this.#refusePads(value, target.name);
    for (const factor of [...scale, ...offset]) {
      if (!Number.isFinite(factor)) throw this.damaged(`${target.name} holds ${factor}, expected finite numbers`);
    }
    if (value.layer === NETWORK_INPUT) {
      if (value.readers !== 1) {
        throw this.unsupported(`${target.name} on a picture that others read too, expected one way in`);
      }
      const { scale: a, offset: b } = this.inputAffine ?? { scale: scale.map(() => 1), offset: scale.map(() => 0) };
      this.inputAffine = {
        scale: scale.map((factor, channel) => factor * a[channel]!),
        offset: scale.map((factor, channel) => factor * b[channel]! + offset[channel]!),
      };
      return { ...value, dims: target.dims, order: target.order, readers: target.readers };
    }
    const layer = this.#open(value);
    if (layer === undefined) {
      // Nothing to join: one weight for each channel.
      const { channels } = value.shape;
      const weights = this.#allocate([1, 1, channels]);
      weights.data.fill(1);
      const common = { kind: 'depthwise', batchNorm: false, bias: false, activation: 'linear' } as const;
      const alone = this.#emit(
        { ...common, kernelSize: 1, stride: 1, padding: NO_PADS },
        [value],
        value.shape,
        target,
        {
          weights,
        },
      );
      return this.affine({ ...alone, readers: 1 }, scale, offset, target);
    }
    const own = this.weights.get(layer.name)!;
    const weights = own.weights.data;
    const channels = scale.length;
    if (scale.some((factor) => factor !== 1)) {
      for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! * scale[i % channels]!;
    }
    const bias = own.bias ?? this.#allocate([channels]);
    for (let channel = 0; channel < channels; channel++) {
      bias.data[channel] = bias.data[channel]! * scale[channel]! + offset[channel]!;
    }
    this.weights.set(layer.name, { ...own, bias });
    this.#replace({ ...layer, bias: true });
    return { ...value, dims: target.dims, order: target.order, readers: target.readers };
  }

  activate(value: MapValue, activation: Activation, target: Target): MapValue {
    this.#refusePads(value, target.name);
    const layer = this.#open(value);
    if (layer === undefined) return this.#emit({ kind: 'activation', activation }, [value], value.shape, target);
    this.#replace({ ...layer, activation });
    return { ...value, dims: target.dims, order: target.order, readers: target.readers };
  }

  /** Values outside of the range become its ends. */
  clip(value: MapValue, range: Range, target: Target): MapValue {
    this.#refusePads(value, target.name);
    if (!(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1])) {
      throw this.damaged(`${target.name} clips to ${range.join(' … ')}, expected two finite numbers in order`);
    }
    const layer = value.layer === NETWORK_INPUT ? undefined : this.layers[this.#places.get(value.layer)!]!;
    const aliased = { ...value, dims: target.dims, order: target.order, readers: target.readers };
    if (layer !== undefined && CLAMPING.has(layer.kind) && value.readers === 1) {
      const low = Math.max(range[0], layer.range?.[0] ?? Number.NEGATIVE_INFINITY);
      const high = Math.min(range[1], layer.range?.[1] ?? Number.POSITIVE_INFINITY);
      if (low < high) {
        this.#replace({ ...layer, range: [low, high] });
        return aliased;
      }
    }
    const made = this.#emit({ kind: 'activation', activation: 'linear', range }, [value], value.shape, target);
    return made;
  }

  /** x · sigmoid(x), where `gate` is known to be the sigmoid of `value`. */
  swish(value: MapValue, gate: MapValue, target: Target): MapValue {
    const joins = value.readers === 2 && gate.readers === 1;
    return this.activate(joins ? { ...value, readers: 1 } : value, 'swish', target);
  }

  /** Whether `gate` is the sigmoid of `value`. */
  isSigmoidOf(gate: MapValue, value: MapValue): boolean {
    const layer = this.layers[this.#places.get(gate.layer) ?? -1];
    return layer?.kind === 'activation' && layer.activation === 'sigmoid' && layer.inputs[0] === value.layer;
  }

  add(a: MapValue, b: MapValue, target: Target): MapValue {
    if (formatShape(a.shape) !== formatShape(b.shape)) {
      throw this.unsupported(
        `${target.name} adds ${formatShape(a.shape)} and ${formatShape(b.shape)}, expected one shape (no broadcasting)`,
      );
    }
    return this.#emit({ kind: 'add' }, [a, b], a.shape, target);
  }

  /** `map` times the 1 × 1 map `factors`. */
  scale(map: MapValue, factors: MapValue, target: Target): MapValue {
    const { height, width, channels } = factors.shape;
    if (height !== 1 || width !== 1 || channels !== map.shape.channels) {
      throw this.unsupported(
        `${target.name} multiplies ${formatShape(map.shape)} by ${formatShape(factors.shape)}, expected ` +
          `1 × 1 × ${map.shape.channels}`,
      );
    }
    return this.#emit({ kind: 'scale' }, [map, factors], map.shape, target);
  }

  maxPool(value: MapValue, window: Window, target: Target): MapValue {
    this.#refusePads(value, target.name);
    const { height, width, pads } = this.#place(value, window, target.name);
    const { kernelSize, stride } = window;
    const shape = { height, width, channels: value.shape.channels };
    return this.#emit({ kind: 'maxPool', kernelSize, stride, padding: pads }, [value], shape, target);
  }

  globalAveragePool(value: MapValue, target: Target): MapValue {
    const shape = { height: 1, width: 1, channels: value.shape.channels };
    return this.#emit({ kind: 'globalAveragePool' }, [value], shape, target);
  }

  softmax(value: MapValue, target: Target): MapValue {
    const { height, width } = value.shape;
    if (height !== 1 || width !== 1) {
      throw this.unsupported(`${target.name} over a map of pixels, expected a 1 × 1 map of classes`);
    }
    return this.#emit({ kind: 'softmax' }, [value], value.shape, target);
  }

  makeSoftmax(after: string): Layer {
    return { kind: 'softmax', name: this.#names.take('softmax'), inputs: [after] };
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

  /** The linear layer that makes `value`, if more can join it. */
  #open(value: MapValue): LinearLayer | undefined {
    const layer = this.layers[this.#places.get(value.layer) ?? -1];
    if (layer === undefined || !('batchNorm' in layer)) return undefined;
    return layer.activation === 'linear' && layer.range === undefined && value.readers === 1 ? layer : undefined;
  }

  #replace(layer: Layer): void {
    this.layers[this.#places.get(layer.name)!] = layer;
  }

  #emit(
    layer: Unnamed<Layer>,
    inputs: readonly MapValue[],
    shape: Shape,
    target: Target,
    weights?: LayerWeights,
  ): MapValue {
    this.checkSize(shape, target.name);
    for (const input of inputs) if (weights === undefined) this.#refusePads(input, target.name);
    const name = this.#names.take(target.name);
    this.#places.set(name, this.layers.length);
    this.layers.push({ ...layer, name, inputs: inputs.map((input) => input.layer) } as Layer);
    if (weights !== undefined) this.weights.set(name, weights);
    const { dims, order, readers } = target;
    return { kind: 'map', layer: name, shape, dims, order, pads: undefined, readers };
  }

  #refusePads(value: MapValue, name: string): void {
    if (value.pads !== undefined) {
      throw this.unsupported(`${name} after a Pad, expected a convolution without anything between`);
    }
  }

  #place(value: MapValue, window: Window, name: string): { height: number; width: number; pads: Pads } {
    const { kernelSize, stride, pads } = window;
    const around = value.pads ?? NO_PADS;
    const all = {
      top: pads.top + around.top,
      bottom: pads.bottom + around.bottom,
      left: pads.left + around.left,
      right: pads.right + around.right,
    };
    for (const count of [kernelSize, stride, ...Object.values(all)]) {
      if (!(Number.isInteger(count) && count >= 0 && count <= MAX_WINDOW)) {
        throw this.damaged(`${name} with a window, stride or padding of ${count}, expected at most ${MAX_WINDOW}`);
      }
    }
    if (kernelSize < 1 || stride < 1) throw this.damaged(`${name} with a window or stride of 0, expected 1 or more`);
    const { height, width } = value.shape;
    const rows = placeAxis(height, window, 'explicit', all.top, all.bottom);
    const columns = placeAxis(width, window, 'explicit', all.left, all.right);
    if (rows.output < 1 || columns.output < 1) {
      throw this.damaged(
        `${name} of ${kernelSize} × ${kernelSize} over ${formatShape(value.shape)}, expected a window that fits`,
      );
    }
    return { height: rows.output, width: columns.output, pads: all };
  }

  #makeWeights(constant: ConstantValue, layout: WeightLayout): Tensor & { readonly data: Float32Array } {
    if (multiply(layout.shape) !== multiply(constant.dims)) {
      throw this.damaged(
        `${constant.name} has dimensions ${constant.dims.join('×')}, expected ${multiply(layout.shape)} values`,
      );
    }
    // Before anything is allocated: it checks that the file holds as many numbers as it says.
    const source = constant.read();
    const tensor = this.#allocate(layout.shape);
    layOut(constant, layout.shape, layout.strides, source, tensor.data);
    for (const value of tensor.data) {
      if (!Number.isFinite(value)) throw this.damaged(`${constant.name} holds ${value}, expected finite numbers`);
    }
    return tensor;
  }

  #allocate(shape: readonly number[]): Tensor & { readonly data: Float32Array } {
    const count = multiply(shape);
    this.#bytesLeft -= 4 * count;
    if (!(this.#bytesLeft >= 0)) throw this.damaged('layers share their bytes, expected weights of their own');
    return { shape, data: new Float32Array(count) };
  }
}
