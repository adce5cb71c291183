import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { type Field, Message } from '../../../untrusted-data/protobuf.js';
import { quote } from '../../graph/graph-importer.js';
import { type OnnxTensor, readTensor } from './tensor.js';

/** An attribute's value, in the one form that its type has. */
export interface Attribute {
  readonly integer: number | undefined;
  readonly float: number | undefined;
  readonly text: string | undefined;
  readonly integers: readonly number[];
  readonly floats: readonly number[];
  readonly tensor: OnnxTensor | undefined;
}

export interface OnnxNode {
  readonly name: string;
  /** `Conv`; with its domain in front where that is not ONNX's own: `com.microsoft.QLinearAdd`. */
  readonly operator: string;
  /** '' for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface OnnxInput {
  readonly name: string;
  /** −1 for a size that is only decided at run time. */
  readonly dims: readonly number[];
  readonly type: number;
}

export interface OnnxGraph {
  /** The program that wrote the file: `pytorch`, `tf2onnx`, …; '' where it does not say. */
  readonly producer: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  /** Without those that are constants. */
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

const MODEL = { producer: 2, graph: 7, opsetImport: 8, functions: 25 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, integer: 3, text: 4, tensor: 5, floats: 7, integers: 8, type: 20 } as const;
const ATTRIBUTE_TYPE = { float: 1, integer: 2, text: 3 } as const;
const VALUE = { name: 1, type: 2, tensorType: 1, elementType: 1, shape: 2, dimension: 1, dimensionValue: 1 } as const;

/** Operators of onnxruntime's that became ONNX's own. */
const ADOPTED = new Set(['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear']);

/** What its operators do is known; later ones may mean something else by the same name. */
const NEWEST_OPSET = 26;

const MAX_NODES = 10_000;
/** A dense block joins the outputs of all layers before. */
const MAX_OPERANDS = 256;
const MAX_ATTRIBUTES = 32;
const MAX_LIST = 256;
const MAX_NAME_BYTES = 512;
const MAX_RANK = 8;

/** The main graph of an ONNX file (onnx.proto3, IR version 3 and later); graphs within operators are not looked at. */
export function readGraph(bytes: Uint8Array, where: string): OnnxGraph {
  let graph: Message | undefined;
  let opset = 1;
  let producer = '';
  for (const field of new Message(bytes, where).fields()) {
    if (field.number === MODEL.graph) graph = field.message();
    else if (field.number === MODEL.producer) producer = shorten(field);
    else if (field.number === MODEL.opsetImport) opset = readOpset(field.message()) ?? opset;
    else if (field.number === MODEL.functions) {
      throw new ModelError('operator-unsupported', {
        where,
        problem: 'defines operators of its own (functions)',
        remedy: 'export it again with plain operators: torch.onnx.export(…, dynamo=False)',
      });
    }
  }
  if (graph === undefined) throw damagedWeights(where, 'no graph, expected an ONNX model');
  if (opset > NEWEST_OPSET) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `opset ${opset}, whose operators are not known here`,
      remedy: `export it with an older one: torch.onnx.export(…, opset_version=20)`,
    });
  }
  return { opset, producer, ...readContent(graph, where) };
}

/** Nodes, weights, inputs and outputs of a GraphProto. */
function readContent(graph: Message, where: string): Omit<OnnxGraph, 'opset' | 'producer'> {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const inputs: OnnxInput[] = [];
  const outputs: string[] = [];
  for (const field of graph.fields()) {
    if (field.number === GRAPH.node) nodes.push(readNode(field.message()));
    else if (field.number === GRAPH.initializer) addConstant(constants, field.message());
    else if (field.number === GRAPH.input) inputs.push(readInput(field.message()));
    else if (field.number === GRAPH.output) outputs.push(readInput(field.message()).name);
    else if (field.number === GRAPH.sparseInitializer) {
      throw new ModelError('operator-unsupported', {
        where,
        problem: 'weights stored sparse',
        expected: 'dense values',
      });
    }
    if (Math.max(nodes.length, constants.size, inputs.length, outputs.length) > MAX_NODES) {
      throw damagedWeights(where, `a graph of more than ${MAX_NODES} operators or weights`);
    }
  }
  // Before IR version 4 every constant is an input too.
  return { nodes, constants, inputs: inputs.filter(({ name }) => !constants.has(name)), outputs };
}

function addConstant(constants: Map<string, OnnxTensor>, message: Message): void {
  const tensor = readTensor(message);
  if (constants.has(tensor.name)) throw damagedWeights(message.where, `${quote(tensor.name)} is there twice`);
  constants.set(tensor.name, tensor);
}

/** The version of ONNX's own operators, or undefined for another domain. */
function readOpset(message: Message): number | undefined {
  let domain = '';
  let version = 1;
  for (const field of message.fields()) {
    if (field.number === OPSET.domain) domain = field.text(MAX_NAME_BYTES);
    else if (field.number === OPSET.version) version = field.integer();
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function readNode(message: Message): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let name = '';
  let operator = '';
  let domain = '';
  for (const field of message.fields()) {
    if (field.number === NODE.input) inputs.push(field.text(MAX_NAME_BYTES));
    else if (field.number === NODE.output) outputs.push(field.text(MAX_NAME_BYTES));
    else if (field.number === NODE.name) name = field.text(MAX_NAME_BYTES);
    else if (field.number === NODE.operator) operator = field.text(MAX_NAME_BYTES);
    else if (field.number === NODE.domain) domain = field.text(MAX_NAME_BYTES);
    else if (field.number === NODE.attribute) attributes.set(...readAttribute(field.message()));
    if (inputs.length > MAX_OPERANDS || outputs.length > MAX_OPERANDS || attributes.size > MAX_ATTRIBUTES) {
      throw damagedWeights(message.where, `${quote(operator)} with more operands or attributes than any operator has`);
    }
  }
  const isOwn = domain === '' || domain === 'ai.onnx' || (domain === 'com.microsoft' && ADOPTED.has(operator));
  if (!isOwn) operator = `${domain}.${operator}`;
  return { name, operator, inputs, outputs, attributes };
}

function readAttribute(message: Message): [string, Attribute] {
  const integers: number[] = [];
  const floats: number[] = [];
  let name = '';
  let integer: number | undefined;
  let float: number | undefined;
  let text: string | undefined;
  let tensor: OnnxTensor | undefined;
  let type = 0;
  for (const field of message.fields()) {
    if (field.number === ATTRIBUTE.type) type = field.integer();
    else if (field.number === ATTRIBUTE.name) name = field.text(MAX_NAME_BYTES);
    else if (field.number === ATTRIBUTE.integer) integer = field.integer();
    else if (field.number === ATTRIBUTE.float) float = field.float32();
    else if (field.number === ATTRIBUTE.text) text = shorten(field);
    else if (field.number === ATTRIBUTE.tensor) tensor = readTensor(field.message());
    else if (field.number === ATTRIBUTE.integers) field.addIntegers(integers, MAX_LIST);
    else if (field.number === ATTRIBUTE.floats) field.addFloats(floats, MAX_LIST);
  }
  // Some writers leave out what is 0 or empty.
  if (type === ATTRIBUTE_TYPE.float) float ??= 0;
  else if (type === ATTRIBUTE_TYPE.integer) integer ??= 0;
  else if (type === ATTRIBUTE_TYPE.text) text ??= '';
  return [name, { integer, float, text, integers, floats, tensor }];
}

/** Texts that matter are short; others only document. */
function shorten(field: Field): string {
  return field.bytes().length > MAX_NAME_BYTES ? '' : field.text(MAX_NAME_BYTES);
}

/** ValueInfoProto → TypeProto → Tensor → TensorShapeProto → Dimension */
function readInput(message: Message): OnnxInput {
  let name = '';
  let type = 0;
  const dims: number[] = [];
  for (const field of message.fields()) {
    if (field.number === VALUE.name) name = field.text(MAX_NAME_BYTES);
    if (field.number !== VALUE.type) continue;
    for (const kind of field.message().fields()) {
      if (kind.number !== VALUE.tensorType) continue;
      for (const part of kind.message().fields()) {
        if (part.number === VALUE.elementType) type = part.integer();
        if (part.number !== VALUE.shape) continue;
        for (const dimension of part.message().fields()) {
          if (dimension.number !== VALUE.dimension) continue;
          dims.push(readDimension(dimension.message()));
          if (dims.length > MAX_RANK) throw damagedWeights(message.where, `more than ${MAX_RANK} dimensions`);
        }
      }
    }
  }
  return { name, dims, type };
}

function readDimension(message: Message): number {
  for (const field of message.fields()) {
    if (field.number === VALUE.dimensionValue) {
      const size = field.integer();
      return size > 0 ? size : -1;
    }
  }
  return -1;
}
