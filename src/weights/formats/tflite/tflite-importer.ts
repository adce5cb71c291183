import { MAX_RESOLUTION } from '../../../networks/channels.js';
import { type Activation, type Layer, NETWORK_INPUT, type Pads, type Shape } from '../../../networks/types.js';
import { formatShape, LayerNames } from '../../graph/imported-model.js';
import type { LayerWeights } from '../../types.js';
import { Constants, countElements } from './constants.js';
import type { Table } from './flatbuffer.js';
import { nameType, type Operation, type TfliteGraph, type TfliteTensor } from './graph.js';
import { ACTIVATION_NAMES, TENSOR_TYPE } from './schema.js';

export type Range = readonly [minimum: number, maximum: number];

/** What a tensor of the graph is, in terms of layers. */
export interface Value {
  /** The layer whose output it is, or `NETWORK_INPUT`. */
  readonly layer: string;
  /** The map; what was flattened keeps the map's shape and says so. */
  readonly shape: Shape;
  readonly flat: boolean;
  /** Zeros that a PAD put around it, for the next convolution to take over. */
  readonly pads: Pads | undefined;
  /** Bounds of its values, where they are known. */
  readonly range: Range | undefined;
}

/** A layer without what the importer fills in. */
type Unnamed<L> = L extends Layer ? Omit<L, 'name' | 'inputs' | 'range'> : never;

export interface EmitOptions {
  readonly weights?: LayerWeights;
  readonly activation?: Activation;
  readonly bounded?: boolean;
  readonly clip?: boolean;
}

export const NO_PADS: Pads = { top: 0, bottom: 0, left: 0, right: 0 };

/** 128 MiB as f32; the largest map of the supported networks has 1/8 of it. */
export const MAX_MAP_ELEMENTS = 2 ** 25;

/** The state of an import: layers made so far, and what each tensor of the graph has become. */
export class Importer {
  readonly graph: TfliteGraph;
  readonly constants: Constants;
  readonly layers: Layer[] = [];
  readonly weights = new Map<string, LayerWeights>();
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #names = new LayerNames();
  readonly #scope: string;
  readonly #values = new Map<number, Value>();
  /** Constants behind a DEQUANTIZE, by the tensor that it gives. */
  readonly #constants = new Map<number, TfliteTensor>();

  /** `scope` is what the names of the graph's tensors begin with and layers' names leave out. */
  constructor(graph: TfliteGraph, fileLength: number, scope: string) {
    this.graph = graph;
    this.constants = new Constants(graph, fileLength);
    this.#scope = scope;
  }

  /** Makes `tensor` the network's input. */
  begin(tensor: TfliteTensor): Value {
    const { shape } = tensor;
    const map = readMapShape(shape);
    if (map === undefined) {
      throw this.graph.unsupported(
        `an input of ${shape.join('×')}, expected 1×height×width×channels or 1×channels (one picture)`,
      );
    }
    this.#checkSize(map, 'the input');
    const value: Value = {
      layer: NETWORK_INPUT,
      shape: map,
      flat: false,
      pads: undefined,
      range: this.rangeOf(tensor),
    };
    this.#values.set(tensor.index, value);
    return value;
  }

  /** What the graph computes as `tensor`. */
  value(tensor: TfliteTensor | undefined, operation: Operation): Value {
    if (tensor === undefined) throw this.graph.damaged(`${operation.name} without its input, expected one`);
    const value = this.#values.get(tensor.index);
    if (value !== undefined) return value;
    if (tensor.constant !== undefined || this.#constants.has(tensor.index)) {
      throw this.graph.unsupported(`${operation.name} on a constant, expected a map that is computed`);
    }
    throw this.graph.damaged(`${operation.name} reads tensor ${tensor.index}, expected one computed before it`);
  }

  /** Like `value`, and without zeros around it. */
  unpadded(tensor: TfliteTensor | undefined, operation: Operation): Value {
    const value = this.value(tensor, operation);
    if (value.pads !== undefined) {
      throw this.graph.unsupported(`${operation.name} after PAD, expected a convolution without anything between`);
    }
    return value;
  }

  /** Like `unpadded`, and not flattened; a 1 × 1 map is the same either way. */
  map(tensor: TfliteTensor | undefined, operation: Operation): Value {
    const value = this.unpadded(tensor, operation);
    this.#checkMap(value, operation);
    return value;
  }

  /** A map, or a map with zeros around it. */
  windowed(tensor: TfliteTensor | undefined, operation: Operation): Value {
    const value = this.value(tensor, operation);
    this.#checkMap(value, operation);
    return value;
  }

  /** A constant operand, also where it was widened by a DEQUANTIZE. */
  constant(tensor: TfliteTensor | undefined, operation: Operation, what: string): TfliteTensor {
    if (tensor === undefined) throw this.graph.damaged(`${operation.name} without ${what}, expected it`);
    return this.#constants.get(tensor.index) ?? tensor;
  }

  /** The operator's only output. */
  result(operation: Operation): TfliteTensor {
    const [tensor] = operation.outputs;
    if (tensor === undefined || operation.outputs.length !== 1) {
      throw this.graph.damaged(`${operation.name} with ${operation.outputs.length} outputs, expected one`);
    }
    return tensor;
  }

  /** The output is the same values in the same order as `value`. */
  alias(operation: Operation, value: Value): void {
    this.#define(operation, this.result(operation), value);
  }

  /** The output is the constant `tensor`, widened. */
  aliasConstant(operation: Operation, tensor: TfliteTensor): void {
    const output = this.result(operation);
    if (output.shape.join() !== tensor.shape.join()) {
      throw this.graph.damaged(`${operation.name} makes ${output.shape.join('×')} of ${tensor.shape.join('×')}`);
    }
    this.#constants.set(output.index, tensor);
  }

  /**
   * Adds a layer that computes the operator's output, and an activation layer behind it where one is asked for. The
   * output is clipped to what its tensor's type can represent, unless its values are known to lie inside; `bounded`
   * says that they lie within the range of the first input.
   */
  emit(
    operation: Operation,
    inputs: readonly Value[],
    layer: Unnamed<Layer>,
    shape: Shape,
    options: EmitOptions = {},
  ): void {
    const { weights, activation = 'linear', bounded = false, clip = true } = options;
    const tensor = this.result(operation);
    this.#checkSize(shape, operation.name);
    const own = clip ? this.rangeOf(tensor) : undefined;
    const known = bounded ? inputs[0]?.range : undefined;
    const clips = own !== undefined && !(known !== undefined && contains(own, known));
    const range = clips ? { range: own } : {};
    const wanted = this.#nameLayer(tensor);
    const sources = inputs.map((input) => input.layer);
    let name: string;
    if (activation === 'linear') {
      name = this.#names.take(wanted);
      this.layers.push({ ...layer, name, inputs: sources, ...range } as Layer);
      if (weights !== undefined) this.weights.set(name, weights);
    } else {
      const inner = this.#names.take(`${wanted}/${layer.kind}`);
      name = this.#names.take(wanted);
      this.layers.push({ ...layer, name: inner, inputs: sources } as Layer);
      this.layers.push({ kind: 'activation', activation, name, inputs: [inner], ...range });
    }
    this.#define(operation, tensor, { layer: name, shape, flat: false, pads: undefined, range: clips ? own : known });
  }

  /** Whether the operator's output can represent less than its input `value` may hold. */
  clips(operation: Operation, value: Value): boolean {
    const own = this.rangeOf(this.result(operation));
    return own !== undefined && value.range !== undefined && !contains(own, value.range);
  }

  /** The graph's output. */
  finish(tensor: TfliteTensor): Value {
    const value = this.#values.get(tensor.index);
    if (value === undefined) throw this.graph.damaged('nothing computes the output, expected an operator that does');
    if (value.pads !== undefined)
      throw this.graph.unsupported('a graph that ends in PAD, expected a convolution after it');
    return value;
  }

  /** A softmax that the file leaves to its user. */
  makeSoftmax(after: string): Layer {
    return { kind: 'softmax', name: this.#names.take('softmax'), inputs: [after] };
  }

  /** The values that a quantised tensor can represent; undefined for floats. */
  rangeOf(tensor: TfliteTensor): Range | undefined {
    const { quantisation, type } = tensor;
    if (type === TENSOR_TYPE.float32) return undefined;
    const limits = INTEGER_LIMITS[type];
    if (limits === undefined) {
      throw this.graph.unsupported(`a map of ${nameType(type)}, expected FLOAT32, UINT8 or INT8`);
    }
    if (quantisation === undefined || quantisation.count !== 1) {
      throw this.graph.damaged(`tensor ${tensor.index} has ${quantisation?.count ?? 0} scales, expected one for a map`);
    }
    this.quantised = true;
    const scale = quantisation.scale(0);
    const zeroPoint = quantisation.zeroPoint(0);
    if (!(zeroPoint >= limits[0] && zeroPoint <= limits[1])) {
      throw this.graph.damaged(`a zero point of ${zeroPoint}, expected ${limits[0]} to ${limits[1]}`);
    }
    return [(limits[0] - zeroPoint) * scale, (limits[1] - zeroPoint) * scale];
  }

  readActivation(operation: Operation, options: Table | undefined, slot: number): Activation {
    const code = options?.int8(slot, 0) ?? 0;
    const activation = ACTIVATIONS[code];
    if (activation === undefined) {
      const name = ACTIVATION_NAMES[code] ?? `number ${code}`;
      throw this.graph.unsupported(`${operation.name} with activation ${name}, expected NONE, RELU or RELU6`);
    }
    return activation;
  }

  #checkMap(value: Value, operation: Operation): void {
    if (value.flat && value.shape.height * value.shape.width !== 1) {
      throw this.graph.unsupported(`${operation.name} on a flattened map, expected FULLY_CONNECTED`);
    }
  }

  #checkSize(shape: Shape, what: string): void {
    const { height, width, channels } = shape;
    const elements = height * width * channels;
    if (height > MAX_RESOLUTION || width > MAX_RESOLUTION || elements > MAX_MAP_ELEMENTS) {
      throw this.graph.unsupported(
        `${what} of ${formatShape(shape)}, expected at most ${MAX_RESOLUTION} pixels a side and ` +
          `${MAX_MAP_ELEMENTS} values`,
      );
    }
  }

  /** Binds a tensor to its value, after the check that the graph declares the shape that follows from its options. */
  #define(operation: Operation, tensor: TfliteTensor, value: Value): void {
    const around = value.pads ?? NO_PADS;
    const expected = {
      height: value.shape.height + around.top + around.bottom,
      width: value.shape.width + around.left + around.right,
      channels: value.shape.channels,
    };
    const declared = readMapShape(tensor.shape);
    const elements = expected.height * expected.width * expected.channels;
    const agrees = value.flat
      ? countElements(tensor.shape) === elements && Math.max(...tensor.shape) === elements
      : declared !== undefined && formatShape(declared) === formatShape(expected);
    if (!agrees) {
      throw this.graph.damaged(
        `${operation.name} declares an output of ${tensor.shape.join('×')}, expected 1 × ${formatShape(expected)}`,
      );
    }
    if (this.#values.has(tensor.index)) throw this.graph.damaged(`tensor ${tensor.index} is computed twice`);
    this.#values.set(tensor.index, value);
  }

  #nameLayer(tensor: TfliteTensor): string {
    const name = firstName(tensor.name);
    return name.startsWith(this.#scope) ? name.slice(this.#scope.length) : name;
  }
}

const ACTIVATIONS: readonly (Activation | undefined)[] = ['linear', 'relu', undefined, 'relu6'];

const INTEGER_LIMITS: Readonly<Record<number, Range>> = {
  [TENSOR_TYPE.uint8]: [0, 255],
  [TENSOR_TYPE.int8]: [-128, 127],
};

/** A converter joins the names of what it fused with `;`. */
export function firstName(name: string): string {
  return name.split(';', 1)[0]!;
}

/** The map that 1×H×W×C is, or 1×C, or C with ones around it; undefined for anything else. */
export function readMapShape(shape: readonly number[]): Shape | undefined {
  if (shape.length === 4 && shape[0] === 1) return { height: shape[1]!, width: shape[2]!, channels: shape[3]! };
  if (shape.length === 0) return undefined;
  const channels = Math.max(...shape);
  return countElements(shape) === channels ? { height: 1, width: 1, channels } : undefined;
}

function contains(outer: Range, inner: Range): boolean {
  // Scales are rounded to f32: bounds that differ in their last digit are the same.
  const slack = 1e-6 * (outer[1] - outer[0]);
  return inner[0] >= outer[0] - slack && inner[1] <= outer[1] + slack;
}
