import { toFloat32 } from '../../half.js';
import type { Tensor } from '../../types.js';
import { nameType, type Quantisation, type TfliteGraph, type TfliteTensor } from './graph.js';
import { TENSOR_TYPE } from './schema.js';

const BYTES_PER_ITEM: Readonly<Record<number, number>> = {
  [TENSOR_TYPE.float32]: 4,
  [TENSOR_TYPE.float16]: 2,
  [TENSOR_TYPE.int32]: 4,
  [TENSOR_TYPE.uint8]: 1,
  [TENSOR_TYPE.int64]: 8,
  [TENSOR_TYPE.int8]: 1,
};

const WEIGHT_TYPES: readonly number[] = [TENSOR_TYPE.float32, TENSOR_TYPE.float16, TENSOR_TYPE.uint8, TENSOR_TYPE.int8];

/** Constants of one file as f32. All together they may take four bytes for each byte of the file, not more. */
export class Constants {
  readonly #graph: TfliteGraph;
  readonly #made = new Map<string, Tensor>();
  #bytesLeft: number;

  constructor(graph: TfliteGraph, fileLength: number) {
    this.#graph = graph;
    this.#bytesLeft = 4 * fileLength;
  }

  /**
   * Real values of a filter whose output channels are its axis `channelAxis` (the first or the last), laid out as
   * `shape` with the output channels last.
   */
  readWeights(tensor: TfliteTensor, channelAxis: number, shape: readonly number[], what: string): Tensor {
    const key = `${tensor.index} ${channelAxis} ${shape.join()}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const stored = this.#open(tensor, WEIGHT_TYPES, what);
    const outChannels = tensor.shape[channelAxis]!;
    const perChannel = countElements(tensor.shape) / outChannels;
    const data = this.#allocate(perChannel * outChannels);
    const quantisation = this.#weightQuantisation(tensor, channelAxis, what);
    const channelStride = channelAxis === 0 ? perChannel : 1;
    const itemStride = channelAxis === 0 ? 1 : outChannels;
    for (let channel = 0; channel < outChannels; channel++) {
      const index = quantisation?.count === 1 ? 0 : channel;
      const scale = quantisation?.scale(index) ?? 1;
      const zeroPoint = quantisation?.zeroPoint(index) ?? 0;
      for (let item = 0; item < perChannel; item++) {
        const value = stored[channel * channelStride + item * itemStride]!;
        data[item * outChannels + channel] = scale * (value - zeroPoint);
      }
    }
    return this.#keep(key, { shape, data }, what);
  }

  /** A bias [channels]: f32 as it is, int32 in units of input scale × weight scale. */
  readBias(tensor: TfliteTensor, input: TfliteTensor, weights: TfliteTensor, channels: number, what: string): Tensor {
    const key = `${tensor.index} ${input.index} ${weights.index}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const count = countElements(tensor.shape);
    if (count !== channels) throw this.#graph.damaged(`${what} has ${count} biases, expected ${channels}`);
    const stored = this.#open(
      tensor,
      [TENSOR_TYPE.float32, TENSOR_TYPE.float16, TENSOR_TYPE.int32],
      `the bias of ${what}`,
    );
    const data = this.#allocate(channels);
    if (tensor.type !== TENSOR_TYPE.int32) {
      for (let channel = 0; channel < channels; channel++) data[channel] = stored[channel]!;
      return this.#keep(key, { shape: [channels], data }, what);
    }
    const scales = weights.quantisation;
    if (input.quantisation === undefined || scales === undefined) {
      throw this.#graph.damaged(`${what} has an integer bias, expected quantised input and weights with it`);
    }
    const inputScale = input.quantisation.scale(0);
    for (let channel = 0; channel < channels; channel++) {
      data[channel] = stored[channel]! * inputScale * scales.scale(scales.count === 1 ? 0 : channel);
    }
    return this.#keep(key, { shape: [channels], data }, what);
  }

  /** A few integers that an operator takes as a tensor: axes, pads. */
  readIntegers(tensor: TfliteTensor, longest: number, what: string): number[] {
    const count = countElements(tensor.shape);
    if (count > longest) throw this.#graph.damaged(`${what} has ${count} values, expected at most ${longest}`);
    const stored = this.#open(tensor, [TENSOR_TYPE.int32, TENSOR_TYPE.int64], what);
    return Array.from(stored);
  }

  #weightQuantisation(tensor: TfliteTensor, channelAxis: number, what: string): Quantisation | undefined {
    if (tensor.type === TENSOR_TYPE.float32 || tensor.type === TENSOR_TYPE.float16) return undefined;
    const { quantisation } = tensor;
    if (quantisation === undefined) throw this.#graph.damaged(`${what} has integer weights without a scale`);
    if (quantisation.count !== 1 && quantisation.axis !== channelAxis) {
      throw this.#graph.unsupported(
        `${what} has scales along axis ${quantisation.axis}, expected its output channels, axis ${channelAxis}`,
      );
    }
    if (quantisation.count !== 1 && quantisation.count !== tensor.shape[channelAxis]) {
      throw this.#graph.damaged(
        `${what} has ${quantisation.count} scales, expected 1 or one for each of ${tensor.shape[channelAxis]} channels`,
      );
    }
    return quantisation;
  }

  /** The stored numbers, after the check that there are as many bytes as the shape says. */
  #open(tensor: TfliteTensor, types: readonly number[], what: string): ArrayLike<number> {
    const { constant, type } = tensor;
    if (constant === undefined) throw this.#graph.unsupported(`${what} is computed, expected it to be a constant`);
    if (!types.includes(type)) {
      throw this.#graph.unsupported(`${what} is ${nameType(type)}, expected ${types.map(nameType).join(', ')}`);
    }
    const expected = countElements(tensor.shape) * BYTES_PER_ITEM[type]!;
    if (constant.length !== expected) {
      throw this.#graph.damaged(
        `${what} has ${constant.length} bytes, expected ${expected} for ${tensor.shape.join('×')}`,
      );
    }
    const { buffer, byteOffset } = constant;
    // A flatbuffer's bytes need not lie at a multiple of the item's length; `slice` of a Buffer would not copy.
    const copy = () => new Uint8Array(constant).buffer;
    switch (type) {
      case TENSOR_TYPE.uint8:
        return constant;
      case TENSOR_TYPE.int8:
        return new Int8Array(buffer, byteOffset, expected);
      case TENSOR_TYPE.float32:
        return new Float32Array(copy());
      case TENSOR_TYPE.float16:
        return toFloat32(new Uint16Array(copy()));
      case TENSOR_TYPE.int32:
        return new Int32Array(copy());
      default:
        return Array.from(new BigInt64Array(copy()), Number);
    }
  }

  #allocate(count: number): Float32Array {
    this.#bytesLeft -= 4 * count;
    if (this.#bytesLeft < 0) throw this.#graph.damaged('layers share their bytes, expected weights of their own');
    return new Float32Array(count);
  }

  #keep(key: string, tensor: Tensor, what: string): Tensor {
    for (const value of tensor.data) {
      if (!Number.isFinite(value)) throw this.#graph.damaged(`${what} holds ${value}, expected finite numbers`);
    }
    this.#made.set(key, tensor);
    return tensor;
  }
}

export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
