import { damagedWeights } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { type Field, Message } from '../../../untrusted-data/protobuf.js';
import { type FrozenTensor, readTensor, readTensorShape, typeName } from './tensor.js';

/** One NodeDef, with its attributes in the JSON form of Protocol Buffers (bytes in base64, types by name). */
export interface FrozenNode {
  readonly name: string;
  readonly op: string;
  /** As written: `name`, or `name:1` for a later output; without those that only have to come before (`^name`). */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The value of a constant; its numbers are still in the file. */
  readonly value: FrozenTensor | undefined;
}

const GRAPH = { node: 1 } as const;
const NODE = { name: 1, operator: 2, input: 3, attribute: 5 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE = { list: 1, text: 2, integer: 3, float: 4, flag: 5, type: 6, shape: 7, tensor: 8 } as const;
const LIST = { text: 2, integer: 3, float: 4 } as const;

const MAX_NODES = 50_000;
const MAX_INPUTS = 1024;
const MAX_ATTRIBUTES = 64;
const MAX_LIST = 256;
const MAX_NAME_BYTES = 1024;

/**
 * The nodes of a GraphDef by name (TensorFlow's graph.proto, node_def.proto, attr_value.proto), in the file's order. Nothing that
 * constants hold is copied.
 * @throws ModelError `weights-damaged`
 */
export function readGraphDef(bytes: Uint8Array, where: string): ReadonlyMap<string, FrozenNode> {
  const nodes = new Map<string, FrozenNode>();
  for (const field of new Message(bytes, where).fields()) {
    if (field.number !== GRAPH.node) continue;
    const node = readNode(field.message());
    if (nodes.has(node.name)) throw damagedWeights(where, `two operators ${quoted(node.name)}`);
    nodes.set(node.name, node);
    if (nodes.size > MAX_NODES) throw damagedWeights(where, `a graph of more than ${MAX_NODES} operators`);
  }
  return nodes;
}

function readNode(message: Message): FrozenNode {
  const inputs: string[] = [];
  const attributes: Record<string, unknown> = Object.create(null);
  let [name, op, count] = ['', '', 0];
  let value: FrozenTensor | undefined;
  for (const field of message.fields()) {
    if (field.number === NODE.name) name = field.text(MAX_NAME_BYTES);
    else if (field.number === NODE.operator) op = field.text(MAX_NAME_BYTES);
    else if (field.number === NODE.input) {
      const input = field.text(MAX_NAME_BYTES);
      if (!input.startsWith('^')) inputs.push(input);
    } else if (field.number === NODE.attribute) {
      const attribute = readAttribute(field.message());
      if (attribute.tensor !== undefined && attribute.key === 'value') value = attribute.tensor;
      attributes[attribute.key] = attribute.json;
      count++;
    }
    if (inputs.length > MAX_INPUTS || count > MAX_ATTRIBUTES) {
      throw damagedWeights(message.where, `${quoted(op)} with more inputs or attributes than any operator has`);
    }
  }
  if (name === '' || op === '') throw damagedWeights(message.where, 'an operator without name or kind');
  return { name, op, inputs, attributes, value };
}

function readAttribute(message: Message): { key: string; json: unknown; tensor: FrozenTensor | undefined } {
  let key = '';
  let json: unknown;
  let tensor: FrozenTensor | undefined;
  for (const field of message.fields()) {
    if (field.number === ENTRY.key) key = field.text(MAX_NAME_BYTES);
    if (field.number !== ENTRY.value) continue;
    for (const part of field.message().fields()) {
      if (part.number === VALUE.tensor) tensor = readTensor(part.message());
      else json = readValue(part) ?? json;
    }
  }
  return { key, json, tensor };
}

function readValue(field: Field): unknown {
  switch (field.number) {
    case VALUE.text:
      return { s: base64(field) };
    case VALUE.integer:
      return { i: field.integer() };
    case VALUE.float:
      return { f: field.float32() };
    case VALUE.flag:
      return { b: field.integer() !== 0 };
    case VALUE.type:
      return { type: typeName(field.integer()) };
    case VALUE.shape:
      return { shape: readShape(field.message()) };
    case VALUE.list:
      return { list: readList(field.message()) };
    default:
      return undefined;
  }
}

/** Undefined for an unknown number of dimensions. */
function readShape(message: Message) {
  const dims = readTensorShape(message);
  return dims === undefined ? { unknownRank: true } : { dim: dims.map((size) => ({ size })) };
}

/** What documents (`_output_shapes`, `_class`) may be long and is cut. */
function readList(message: Message) {
  const [s, i, f] = [[] as string[], [] as number[], [] as number[]];
  for (const field of message.fields()) {
    if (field.number === LIST.text && s.length < MAX_LIST) s.push(base64(field));
    else if (field.number === LIST.integer) field.addIntegers(i, MAX_LIST);
    else if (field.number === LIST.float) field.addFloats(f, MAX_LIST);
  }
  return { s, i, f };
}

function base64(field: Field): string {
  const bytes = field.bytes();
  return bytes.length > MAX_NAME_BYTES ? '' : Buffer.from(bytes).toString('base64');
}
