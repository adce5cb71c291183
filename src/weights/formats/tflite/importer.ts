import { type Activation, NETWORK_INPUT } from '../../../networks/types.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { GraphImporter, type Operation as NamedOperation } from '../../graph/graph-importer.js';
import { formatShape } from '../../graph/imported-model.js';
import {
  type AxisOrder,
  type ConstantValue,
  isRow,
  type MapValue,
  mapOf,
  multiply,
  NO_PADS,
  type Range,
  type Value,
} from '../../graph/value.js';
import { readStored, storedScales } from './constants.js';
import { nameType, type Operation, type TfliteGraph, type TfliteTensor } from './graph.js';
import { TENSOR_TYPE } from './schema.js';

/** An operation whose tensors go by their numbers. */
export interface TfliteNode extends NamedOperation, Pick<Operation, 'options'> {
  readonly operands: readonly (TfliteTensor | undefined)[];
  readonly results: readonly TfliteTensor[];
}

export interface SettleOptions {
  /** False for values that cannot lie outside of what the type can represent. */
  readonly clip?: boolean;
  /** Between which values the operator's output is known to lie. */
  readonly bounds?: Range | undefined;
}

/** The state of an import from TFLite: TensorFlow's order throughout, maps clipped to what their type can represent. */
export class TfliteImporter extends GraphImporter<TfliteNode> {
  readonly graph: TfliteGraph;
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #scope: string;
  readonly #constants = new Set<string>();
  /** Constants behind a DEQUANTIZE, by what reads them. */
  readonly #widened = new Map<string, TfliteTensor>();

  constructor(graph: TfliteGraph, fileLength: number, nodes: readonly TfliteNode[], outputs: readonly TfliteTensor[]) {
    super(new GraphBuilder(graph.where, 4 * fileLength), 'HWC', nodes, outputs.map(nameTensor));
    this.graph = graph;
    this.#scope = findScope(nodes);
  }

  /** Makes `tensor` the network's input. `cutOff`: what its integers can stand for, where pictures go beyond. */
  begin(tensor: TfliteTensor, cutOff?: Range): MapValue {
    const { shape: dims } = tensor;
    const order = orderOf(dims);
    const shape = mapOf(dims, order);
    if (shape === undefined) {
      throw this.unsupported(
        `an input of ${dims.join('×')}, expected 1×height×width×channels or 1×channels (one image)`,
      );
    }
    this.builder.checkSize(shape, 'the input');
    const name = nameTensor(tensor);
    const value: MapValue = {
      ...{ kind: 'map', layer: NETWORK_INPUT, shape, dims, order, pads: undefined },
      readers: this.readers(name),
      bounds: tensor.quantisation && this.rangeOf(tensor),
    };
    if (cutOff === undefined) {
      this.defineName(name, value);
    } else {
      const target = { name: 'cut_off', dims, order, readers: value.readers };
      this.defineName(name, { ...this.builder.clip(value, cutOff, target), bounds: cutOff });
    }
    return value;
  }

  /** What an output of the graph is. */
  outputValue(tensor: TfliteTensor): MapValue {
    const name = nameTensor(tensor);
    const node = { name, operator: 'the output', inputs: [name], outputs: [], operands: [tensor], results: [] };
    return this.map({ ...node, options: () => undefined });
  }

  override value(node: TfliteNode, index: number): Value {
    const tensor = node.operands[index];
    const name = node.inputs[index];
    if (tensor?.constant !== undefined && name !== undefined && !this.#constants.has(name)) {
      this.#constants.add(name);
      this.defineName(name, this.constantOf(tensor, `what ${node.operator} reads`));
    }
    return super.value(node, index);
  }

  override target(node: TfliteNode, dims: readonly number[], order: AxisOrder = 'HWC'): Target {
    return this.outputTarget(node, 0, dims, order);
  }

  /** `target` for one of several outputs. */
  outputTarget(node: TfliteNode, output: number, dims: readonly number[], order: AxisOrder): Target {
    const name = firstName(node.results[output]?.name ?? '');
    const short = name.startsWith(this.#scope) ? name.slice(this.#scope.length) : name;
    return { name: short, readers: this.readers(node.outputs[output] ?? ''), dims, order };
  }

  /** For a layer that `activation` stands behind as a layer of its own. */
  innerTarget(node: TfliteNode, dims: readonly number[], kind: string, activation: Activation | 'clip'): Target {
    const target = this.target(node, dims);
    return activation === 'linear' ? target : { ...target, name: `${target.name}/${kind}`, readers: 1 };
  }

  /** The operator's only output. */
  result(node: TfliteNode): TfliteTensor {
    const [tensor] = node.results;
    if (tensor === undefined || node.results.length !== 1) {
      throw this.damaged(`${node.operator} with ${node.results.length} outputs, expected one`);
    }
    return tensor;
  }

  /** The tensor in which an operand's numbers are stored, also where a DEQUANTIZE widened it. */
  stored(node: TfliteNode, index: number, what: string): TfliteTensor {
    const tensor = this.#widened.get(node.inputs[index] ?? '') ?? node.operands[index];
    if (tensor === undefined) throw this.damaged(`${node.operator} without ${what}, expected it`);
    if (tensor.constant === undefined) {
      throw this.unsupported(`${what} of ${node.operator} is computed, expected it to be a constant`);
    }
    return tensor;
  }

  /** The output is the operand, a constant, widened. */
  widen(node: TfliteNode): void {
    const tensor = this.stored(node, 0, 'its input');
    const output = this.result(node);
    if (output.shape.join() !== tensor.shape.join()) {
      throw this.damaged(`${node.operator} makes ${output.shape.join('×')} of ${tensor.shape.join('×')}`);
    }
    this.#widened.set(nameTensor(output), tensor);
    this.define(node, this.constantOf(tensor, `what ${node.operator} reads`));
  }

  /** `what` names it in messages. */
  constantOf(tensor: TfliteTensor, what: string): ConstantValue {
    const read = () => readStored(this.graph, tensor, what);
    return { kind: 'constant', dims: tensor.shape, read, stored: storedScales(tensor), name: what };
  }

  /**
   * Binds the operator's output to `made`, after the check that the file declares the shape that follows from its options.
   * It is clipped to what the output's type can represent, unless it is known to lie inside.
   */
  settle(node: TfliteNode, made: MapValue, options: SettleOptions = {}, output = 0): void {
    const tensor = output === 0 && node.results.length === 1 ? this.result(node) : node.results[output];
    if (tensor === undefined) throw this.damaged(`${node.operator} without its output ${output}, expected one`);
    this.#checkShape(node, tensor, made);
    const { clip = true, bounds = made.bounds } = options;
    const own = clip ? this.rangeOf(tensor) : undefined;
    const value = { ...made, bounds };
    if (own === undefined || (bounds !== undefined && contains(own, bounds)) || this.builder.isPicture(made)) {
      this.define(node, value, output);
      return;
    }
    const target = this.outputTarget(node, output, made.dims, made.order);
    const joins = !this.#isShared(node, made);
    const clipped = this.builder.clip(joins ? { ...value, readers: 1 } : value, own, target);
    this.define(node, { ...clipped, bounds: own }, output);
  }

  /** The output is the same values in the same order as `value`. */
  settleAlias(node: TfliteNode, value: MapValue): void {
    const { shape } = this.result(node);
    this.settle(node, { ...value, dims: shape, readers: value.readers - 1 + this.readers(node.outputs[0] ?? '') });
  }

  /** The values that a quantised tensor can represent; undefined for floats. */
  rangeOf(tensor: TfliteTensor): Range | undefined {
    const { quantisation, type } = tensor;
    if (type === TENSOR_TYPE.float32 || type === TENSOR_TYPE.float16) return undefined;
    const limits = INTEGER_LIMITS[type];
    if (limits === undefined) {
      throw this.unsupported(`a map of ${nameType(type)}, expected FLOAT32, UINT8 or INT8`);
    }
    if (quantisation === undefined || quantisation.count !== 1) {
      throw this.damaged(`tensor ${tensor.index} has ${quantisation?.count ?? 0} scales, expected one for a map`);
    }
    this.quantised = true;
    const scale = quantisation.scale(0);
    const zeroPoint = quantisation.zeroPoint(0);
    if (!(zeroPoint >= limits[0] && zeroPoint <= limits[1])) {
      throw this.damaged(`a zero point of ${zeroPoint}, expected ${limits[0]} to ${limits[1]}`);
    }
    return [(limits[0] - zeroPoint) * scale, (limits[1] - zeroPoint) * scale];
  }

  /** Whether others than this operator read the layer that makes `made`: it is one of the operands itself. */
  #isShared(node: TfliteNode, made: MapValue): boolean {
    return node.inputs.some((_, index) => {
      const operand = node.operands[index] === undefined ? undefined : this.value(node, index);
      return operand?.kind === 'map' && operand.layer === made.layer && operand.readers > 1;
    });
  }

  #checkShape(node: TfliteNode, tensor: TfliteTensor, value: MapValue): void {
    const { shape, pads: around = NO_PADS, order } = value;
    const expected = {
      height: shape.height + around.top + around.bottom,
      width: shape.width + around.left + around.right,
      channels: shape.channels,
    };
    const elements = expected.height * expected.width * expected.channels;
    const declared = mapOf(tensor.shape, order);
    const agrees = isRow(value)
      ? multiply(tensor.shape) === elements && Math.max(...tensor.shape) === elements
      : (declared !== undefined && formatShape(declared) === formatShape(expected)) ||
        (value.dims.length !== 4 && value.dims.join() === tensor.shape.join());
    if (!agrees) {
      throw this.damaged(
        `${node.operator} declares an output of ${tensor.shape.join('×')}, expected 1 × ${formatShape(expected)}`,
      );
    }
  }
}

/** What a tensor goes by among the graph's names. */
export function nameTensor(tensor: TfliteTensor): string {
  return `tensor ${tensor.index}`;
}

const INTEGER_LIMITS: Readonly<Record<number, Range>> = {
  [TENSOR_TYPE.uint8]: [0, 255],
  [TENSOR_TYPE.int8]: [-128, 127],
};

/** Height × width × channels, but for a square picture that begins with its channels, as converted from PyTorch. */
function orderOf(dims: readonly number[]): AxisOrder {
  const isColour = (size: number | undefined) => size === 1 || size === 3;
  return isColour(dims[1]) && dims[2] === dims[3] && !isColour(dims[3]) ? 'CHW' : 'HWC';
}

/** A converter joins the names of what it fused with `;`. */
function firstName(name: string): string {
  return name.split(';', 1)[0]!;
}

/** The folders that the names of all layers with weights share, such as `MobilenetV2/`. */
function findScope(nodes: readonly TfliteNode[]): string {
  const folders = nodes
    .filter(({ operator }) => operator === 'CONV_2D' || operator === 'DEPTHWISE_CONV_2D')
    .map(({ results }) =>
      firstName(results[0]?.name ?? '')
        .split('/')
        .slice(0, -1),
    );
  const [first, ...others] = folders;
  if (first === undefined || others.length === 0) return '';
  const different = first.findIndex((folder, depth) => others.some((names) => names[depth] !== folder));
  const shared = different === -1 ? first : first.slice(0, different);
  return shared.map((folder) => `${folder}/`).join('');
}

function contains(outer: Range, inner: Range): boolean {
  // Scales are rounded to f32: bounds that differ in their last digit are the same.
  const slack = 1e-6 * (outer[1] - outer[0]);
  return inner[0] >= outer[0] - slack && inner[1] <= outer[1] + slack;
}
