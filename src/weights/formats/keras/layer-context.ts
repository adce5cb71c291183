import { quoted } from '../../../errors/printable.js';
import type { GraphBuilder, Target } from '../../graph/builder.js';
import { type ConstantValue, type MapValue, NO_PADS } from '../../graph/value.js';
import { toFloat32 } from '../../half.js';
import type { KerasLayer } from './model-config.js';
import type { LayerTensors } from './variable-matching.js';

/** Pictures have their channels reordered, and nothing that has many. */
const MAX_REORDERED = 64;

/** What the handlers of all layers of one model work with. */
export class LayerContext {
  readonly builder: GraphBuilder;
  /** What wrote the file: Keras 3 and TensorFlow.js itself have other rules than Keras 1 and 2. */
  readonly writer: 'keras' | 'keras3' | 'tfjs';
  readonly #weights: ReadonlyMap<KerasLayer, LayerTensors>;
  /** Layers that are the picture with its channels in another order, and that order. */
  readonly #reordered = new Map<string, { readonly source: MapValue; readonly order: readonly number[] }>();

  /** @param version as the file states it: `2.15.0`, `tfjs-layers 4.22.0` */
  constructor(builder: GraphBuilder, weights: ReadonlyMap<KerasLayer, LayerTensors>, version: string | undefined) {
    this.builder = builder;
    const isKeras3 = /^[3-9]\./.test(version ?? '');
    this.writer = /^tfjs-layers/.test(version ?? '') ? 'tfjs' : isKeras3 ? 'keras3' : 'keras';
    this.#weights = weights;
  }

  /** Each channel times its scale plus its offset, also behind the picture with its channels in another order. */
  affine(value: MapValue, scale: readonly number[], offset: readonly number[], target: Target): MapValue {
    const reordered = this.#reordered.get(value.layer);
    if (reordered === undefined || value.readers !== 1) return this.builder.affine(value, scale, offset, target);
    const { source, order } = reordered;
    const place = (factors: readonly number[]) => {
      return factors.map((_, channel) => factors[order.indexOf(channel)]!);
    };
    this.builder.affine(source, place(scale), place(offset), target);
    return { ...value, dims: target.dims, readers: target.readers };
  }

  /** The same factor and offset for all values. */
  affineAlike(value: MapValue, scale: number, offset: number, target: Target): MapValue {
    const all = (factor: number) => new Array<number>(value.shape.channels).fill(factor);
    return this.affine(value, all(scale), all(offset), target);
  }

  /** The channels of `value` in another order, each of them once. */
  reorder(value: MapValue, order: readonly number[], target: Target): MapValue {
    const { channels } = value.shape;
    if (channels > MAX_REORDERED) {
      throw this.builder.unsupported(`${target.name} reorders ${channels} channels, expected at most ${MAX_REORDERED}`);
    }
    const isPicture = this.builder.collection.isPicture(value);
    const matrix = Float32Array.from({ length: channels * channels }, (_, i) =>
      order[i % channels] === Math.floor(i / channels) ? 1 : 0,
    );
    const constant = makeConstant(matrix, [1, 1, channels, channels], target.name);
    const strides = [channels * channels, channels * channels, channels, 1];
    const window = { kernelSize: 1, stride: 1, pads: NO_PADS };
    const layout = { shape: constant.dims, strides };
    const made = this.builder.conv(value, constant, layout, channels, window, target);
    if (isPicture) this.#reordered.set(made.layer, { source: value, order });
    return made;
  }

  /** A variable of a layer, whose presence `matchWeights` has seen to. */
  constant(layer: KerasLayer, name: string, rank?: number): ConstantValue {
    const stored = this.#weights.get(layer)?.get(name);
    if (stored === undefined) throw this.builder.damaged(`no ${name} for the layer ${quoted(layer.name)}`);
    const { path, tensor } = stored;
    if (rank !== undefined && tensor.shape.length !== rank) {
      throw this.builder.damaged(`${quoted(path)} of ${tensor.shape.join('×')}, expected ${rank} dimensions`);
    }
    return makeConstant(() => toFloat32(tensor.data), tensor.shape, path);
  }

  /** A layer's variable with one number for each of `count` channels. */
  numbers(layer: KerasLayer, name: string, count: number): Float32Array {
    const { dims, read, name: path } = this.constant(layer, name);
    const values = Float32Array.from(read());
    if (values.length !== count) {
      throw this.builder.damaged(`${quoted(path)} of ${dims.join('×') || '1'}, expected ${count} numbers`);
    }
    return values;
  }
}

function makeConstant(
  values: Float32Array | (() => Float32Array),
  dims: readonly number[],
  name: string,
): ConstantValue {
  const read = typeof values === 'function' ? values : () => values;
  return { kind: 'constant', dims, read, stored: undefined, name };
}
