import { MAX_RESOLUTION } from '../../../networks/channels.js';
import type { Pads, Shape } from '../../../networks/types.js';
import { formatShape } from '../../graph/imported-model.js';
import { MAX_MAP_ELEMENTS } from '../../graph/layer-collection.js';
import { mapOf, multiply } from '../../graph/value.js';
import type { QuantisedLayer, QuantisedMap, StoredRange } from '../../quantised-graph.js';
import type { Table } from './flatbuffer.js';
import { nameType, type Operation, type TfliteGraph, type TfliteTensor } from './graph.js';
import { ACTIVATION_NAMES, TENSOR_TYPE } from './schema.js';

/** A map that an operator reads, and the zeros that a PAD put around it. */
export interface QuantisedValue {
  readonly map: number;
  readonly shape: Shape;
  readonly pads: Pads | undefined;
  /** A map of more than one pixel that was laid out in a row; it keeps the map's shape. */
  readonly flat: boolean;
}

type Unbound<L> = L extends QuantisedLayer ? Omit<L, 'inputs' | 'output'> : never;

/** The state of the reading: maps and layers so far, and which map each tensor of the graph is. */
export class QuantisedReader {
  readonly graph: TfliteGraph;
  readonly maps: QuantisedMap[] = [];
  readonly layers: QuantisedLayer[] = [];
  readonly #values = new Map<number, QuantisedValue>();

  constructor(graph: TfliteGraph) {
    this.graph = graph;
  }

  /** Makes `tensor` a map of its own. */
  begin(tensor: TfliteTensor): number {
    if (this.#values.has(tensor.index)) throw this.graph.damaged(`tensor ${tensor.index} is computed twice`);
    const map = this.describe(tensor);
    this.maps.push(map);
    this.#values.set(tensor.index, { map: this.maps.length - 1, shape: map.shape, pads: undefined, flat: false });
    return this.maps.length - 1;
  }

  /** `tensor` is the same integers as `value`, in the same order. */
  alias(tensor: TfliteTensor, value: QuantisedValue): void {
    if (this.#values.has(tensor.index)) throw this.graph.damaged(`tensor ${tensor.index} is computed twice`);
    this.#values.set(tensor.index, value);
  }

  /** What the graph computes as an operator's input, zeros around it included. */
  read(operation: Operation, index: number): QuantisedValue {
    const tensor = operation.inputs[index];
    if (tensor === undefined) throw this.graph.damaged(`${operation.name} without its input, expected one`);
    const value = this.#values.get(tensor.index);
    if (value !== undefined) return value;
    if (tensor.constant !== undefined) {
      throw this.graph.unsupported(`${operation.name} on a constant, expected a map that is computed`);
    }
    if (tensor.type === TENSOR_TYPE.float32) throw this.notQuantised(tensor, `what ${operation.name} reads`);
    throw this.graph.damaged(`${operation.name} reads tensor ${tensor.index}, expected one computed before it`);
  }

  /** Like `read`, without zeros around it, and not flattened. */
  readPlain(operation: Operation, index: number): QuantisedValue {
    const value = this.readUnpadded(operation, index);
    if (value.flat) {
      throw this.graph.unsupported(`${operation.name} on a flattened map, expected FULLY_CONNECTED`);
    }
    return value;
  }

  /** Like `read`, without zeros around it. */
  readUnpadded(operation: Operation, index: number): QuantisedValue {
    const value = this.read(operation, index);
    if (value.pads !== undefined) {
      throw this.graph.unsupported(`${operation.name} after PAD, expected a convolution without anything between`);
    }
    return value;
  }

  /** The operator's only output. */
  result(operation: Operation): TfliteTensor {
    const [tensor] = operation.outputs;
    if (tensor === undefined || operation.outputs.length !== 1) {
      throw this.graph.damaged(`${operation.name} with ${operation.outputs.length} outputs, expected one`);
    }
    return tensor;
  }

  /** Adds the layer that computes the operator's output, after the check that it is declared as `shape`. */
  emit(operation: Operation, inputs: readonly QuantisedValue[], shape: Shape, layer: Unbound<QuantisedLayer>): void {
    const tensor = this.result(operation);
    const output = this.begin(tensor);
    const declared = this.maps[output]!.shape;
    if (formatShape(declared) !== formatShape(shape)) {
      throw this.graph.damaged(
        `${operation.name} declares an output of ${tensor.shape.join('×')}, expected 1 × ${formatShape(shape)}`,
      );
    }
    this.layers.push({ ...layer, inputs: inputs.map(({ map }) => map), output } as QuantisedLayer);
  }

  /** The graph's output. */
  finish(tensor: TfliteTensor): number {
    const value = this.#values.get(tensor.index);
    if (value === undefined) throw this.graph.damaged('nothing computes the output, expected an operator that does');
    if (value.pads !== undefined || value.flat || this.layers.length === 0) {
      throw this.graph.unsupported('a graph without a layer before its output, expected at least one');
    }
    return value.map;
  }

  /** Shape, scale and zero point of a quantised tensor. */
  describe(tensor: TfliteTensor): QuantisedMap {
    const { quantisation, type } = tensor;
    if (type !== TENSOR_TYPE.uint8 && type !== TENSOR_TYPE.int8) throw this.notQuantised(tensor, `a map`);
    const shape = mapOf(tensor.shape, 'HWC');
    if (shape === undefined) {
      throw this.graph.unsupported(
        `a map of ${tensor.shape.join('×')}, expected 1×height×width×channels or 1×channels (one image)`,
      );
    }
    const { height, width } = shape;
    if (height > MAX_RESOLUTION || width > MAX_RESOLUTION || multiply(tensor.shape) > MAX_MAP_ELEMENTS) {
      throw this.graph.unsupported(
        `a map of ${formatShape(shape)}, expected at most ${MAX_RESOLUTION} pixels a side and ` +
          `${MAX_MAP_ELEMENTS} values`,
      );
    }
    if (quantisation === undefined || quantisation.count !== 1) {
      throw this.graph.damaged(`tensor ${tensor.index} has ${quantisation?.count ?? 0} scales, expected one for a map`);
    }
    const signed = type === TENSOR_TYPE.int8;
    const zeroPoint = this.#checkZeroPoint(quantisation.zeroPoint(0), signed);
    return { shape, scale: quantisation.scale(0), zeroPoint, signed };
  }

  /** Scales and the one zero point of a filter whose output channels are its axis `channelAxis`. */
  describeWeights(tensor: TfliteTensor, channelAxis: number, signed: boolean, what: string) {
    const { quantisation, constant, type } = tensor;
    const expected = signed ? TENSOR_TYPE.int8 : TENSOR_TYPE.uint8;
    if (constant === undefined) throw this.graph.unsupported(`${what} is computed, expected it to be a constant`);
    if (type === TENSOR_TYPE.float32) throw this.notQuantised(tensor, what);
    if (type !== expected) {
      throw this.graph.unsupported(`${what} is ${nameType(type)}, expected ${nameType(expected)}, like its input`);
    }
    const elements = multiply(tensor.shape);
    if (constant.length !== elements) {
      throw this.graph.damaged(
        `${what} has ${constant.length} bytes, expected ${elements} for ${tensor.shape.join('×')}`,
      );
    }
    const channels = tensor.shape[channelAxis]!;
    const count = quantisation?.count ?? 0;
    if (quantisation === undefined || (count !== 1 && (count !== channels || !signed))) {
      throw this.graph.damaged(
        `${what} has ${count} scales, expected 1${signed ? ` or one for each of ${channels} channels` : ''}`,
      );
    }
    if (count !== 1 && quantisation.axis !== channelAxis) {
      throw this.graph.unsupported(
        `${what} has scales along axis ${quantisation.axis}, expected its output channels, axis ${channelAxis}`,
      );
    }
    const zeroPoints = new Set(Array.from({ length: count }, (_, index) => quantisation.zeroPoint(index)));
    const [zeroPoint] = zeroPoints as Set<number>;
    if (signed && (zeroPoints.size !== 1 || zeroPoint !== 0)) {
      throw this.graph.unsupported(`${what} has zero points other than 0, expected 0 for signed weights`);
    }
    return {
      weights: signed ? new Int8Array(constant.buffer, constant.byteOffset, constant.length) : constant,
      weightZeroPoint: this.#checkZeroPoint(zeroPoint!, signed),
      weightScales: Array.from({ length: count }, (_, index) => quantisation.scale(index)),
    };
  }

  /** An int32 bias for each of `channels`. */
  readBias(tensor: TfliteTensor | undefined, channels: number, what: string): Int32Array | undefined {
    if (tensor === undefined) return undefined;
    const { constant, type, shape } = tensor;
    if (constant === undefined) throw this.graph.unsupported(`the bias of ${what} is computed, expected a constant`);
    if (type !== TENSOR_TYPE.int32) {
      throw this.graph.unsupported(`the bias of ${what} is ${nameType(type)}, expected INT32`);
    }
    if (multiply(shape) !== channels || constant.length !== 4 * channels) {
      throw this.graph.damaged(`${what} has ${multiply(shape)} biases, expected ${channels}`);
    }
    // The bytes need not lie at a multiple of 4.
    return new Int32Array(new Uint8Array(constant).buffer);
  }

  /** A few integers that an operator takes as a constant: axes, pads. */
  readIntegers(tensor: TfliteTensor | undefined, longest: number, what: string): number[] {
    const constant = tensor?.constant;
    const count = tensor === undefined ? 0 : multiply(tensor.shape);
    if (constant === undefined || tensor?.type !== TENSOR_TYPE.int32) {
      throw this.graph.unsupported(`${what}, expected a constant of INT32`);
    }
    if (count > longest || constant.length !== 4 * count) {
      throw this.graph.damaged(`${what} has ${constant.length} bytes, expected ${4 * Math.min(count, longest)}`);
    }
    return Array.from(new Int32Array(new Uint8Array(constant).buffer));
  }

  /** Stored values that an operator's output may have: those of its type on which the activation has no effect. */
  readRange(operation: Operation, options: Table | undefined, slot: number): StoredRange {
    const code = options?.int8(slot, 0) ?? 0;
    const limits = ACTIVATION_LIMITS[code];
    if (limits === undefined) {
      const name = ACTIVATION_NAMES[code] ?? `number ${code}`;
      throw this.graph.unsupported(`${operation.name} with activation ${name}, expected NONE, RELU or RELU6`);
    }
    return this.limit(this.result(operation), limits);
  }

  /** The stored values of `tensor` from `minimum` to `maximum`. */
  limit(tensor: TfliteTensor, [minimum, maximum]: readonly [number, number]): StoredRange {
    const { scale, zeroPoint, signed } = this.describe(tensor);
    const [lowest, highest] = storedLimits(signed);
    // TFLite divides in single precision and rounds halves away from zero; the quotient is never negative here.
    const store = (real: number) => zeroPoint + Math.floor(Math.fround(real / scale) + 0.5);
    const low = Number.isFinite(minimum) ? Math.max(lowest, store(minimum)) : lowest;
    const high = Number.isFinite(maximum) ? Math.min(highest, store(maximum)) : highest;
    return [low, high];
  }

  notQuantised(tensor: TfliteTensor, what: string): Error {
    return this.graph.notQuantised(`${what} is ${nameType(tensor.type)}, expected UINT8 or INT8 (a quantised file)`);
  }

  #checkZeroPoint(zeroPoint: number, signed: boolean): number {
    const [lowest, highest] = storedLimits(signed);
    if (!(zeroPoint >= lowest && zeroPoint <= highest)) {
      throw this.graph.damaged(`a zero point of ${zeroPoint}, expected ${lowest} to ${highest}`);
    }
    return zeroPoint;
  }
}

function storedLimits(signed: boolean): StoredRange {
  return signed ? [-128, 127] : [0, 255];
}

const ACTIVATION_LIMITS: readonly (readonly [number, number] | undefined)[] = [
  [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  [0, Number.POSITIVE_INFINITY],
  undefined,
  [0, 6],
];
