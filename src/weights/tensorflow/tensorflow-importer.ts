import { isJsonObject } from '../../untrusted-data/json-object.js';
import { GraphBuilder, type Target } from '../graph/builder.js';
import { GraphImporter, type Operation } from '../graph/graph-importer.js';
import type { ConstantValue } from '../graph/value.js';

/** An operation of TensorFlow's, with its attributes in the JSON form of Protocol Buffers. */
export interface TensorflowNode extends Operation {
  readonly attributes: Readonly<Record<string, unknown>>;
}

const MAX_LIST = 64;
/** TensorFlow's number of DT_FLOAT, where a writer leaves numbers in the place of names. */
const FLOAT_TYPE = 1;

/** The state of an import from a graph of TensorFlow's operators, HWC throughout. */
export class TensorflowImporter extends GraphImporter<TensorflowNode> {
  readonly #scope: string;

  /** @param bytes of all weights in single precision, or more; bounds what the graph may compute from them */
  constructor(nodes: readonly TensorflowNode[], output: string, where: string, bytes: number) {
    super(new GraphBuilder(where, bytes), 'HWC', nodes, [output]);
    this.#scope = findScope(nodes);
  }

  override target(node: TensorflowNode, dims: readonly number[]): Target {
    const { name } = node;
    const short = name.startsWith(this.#scope) ? name.slice(this.#scope.length) : name;
    return { name: short, readers: this.readers(name), dims, order: 'HWC' };
  }

  integersOf(node: TensorflowNode, name: string): readonly number[] {
    const list = this.#value(node, name, 'list');
    const items = isJsonObject(list) ? (list.i ?? []) : [];
    const numbers = Array.isArray(items) ? items.slice(0, MAX_LIST).map(Number) : [Number.NaN];
    if (!numbers.every((value) => Number.isSafeInteger(value))) throw this.#unreadable(node, name);
    return numbers;
  }

  integerOf(node: TensorflowNode, name: string, fallback: number): number {
    const value = Number(this.#value(node, name, 'i') ?? fallback);
    if (!Number.isSafeInteger(value)) throw this.#unreadable(node, name);
    return value;
  }

  floatOf(node: TensorflowNode, name: string, fallback: number): number {
    const value = Number(this.#value(node, name, 'f') ?? fallback);
    if (!Number.isFinite(value)) throw this.#unreadable(node, name);
    return value;
  }

  flagOf(node: TensorflowNode, name: string): boolean {
    return this.#value(node, name, 'b') === true;
  }

  textOf(node: TensorflowNode, name: string, fallback: string): string {
    const text = this.#value(node, name, 's');
    return text === undefined ? fallback : decode(text);
  }

  typeOf(node: TensorflowNode, name: string): string {
    const type = this.#value(node, name, 'type');
    return typeof type === 'number' ? (type === FLOAT_TYPE ? 'DT_FLOAT' : `type ${type}`) : String(type);
  }

  textsOf(node: TensorflowNode, name: string): readonly string[] {
    const list = this.#value(node, name, 'list');
    const items = isJsonObject(list) ? (list.s ?? []) : [];
    return Array.isArray(items) ? items.slice(0, MAX_LIST).map(decode) : [];
  }

  constantFrom(values: readonly number[], dims: readonly number[] = [values.length]): ConstantValue {
    return this.makeConstant(dims, values);
  }

  #value(node: TensorflowNode, name: string, kind: string): unknown {
    const attribute = Object.hasOwn(node.attributes, name) ? node.attributes[name] : undefined;
    return isJsonObject(attribute) && Object.hasOwn(attribute, kind) ? attribute[kind] : undefined;
  }

  #unreadable(node: TensorflowNode, name: string) {
    return this.damaged(`${node.operator} with an unreadable ${name}`);
  }
}

/** Texts are base64 in JSON; some writers leave them as they are. */
function decode(text: unknown): string {
  if (typeof text !== 'string' || text.length > 256) return '';
  const decoded = Buffer.from(text, 'base64').toString('latin1');
  return /^[A-Za-z0-9_]+$/.test(decoded) ? decoded : text;
}

/** The folders that the names of all convolutions share. */
function findScope(nodes: readonly TensorflowNode[]): string {
  const folders = nodes
    .filter(({ operator }) => /Conv2[Dd]/.test(operator))
    .map(({ name }) => name.split('/').slice(0, -1));
  const [first, ...others] = folders;
  if (first === undefined || others.length === 0) return '';
  const different = first.findIndex((folder, depth) => others.some((names) => names[depth] !== folder));
  const shared = different === -1 ? first : first.slice(0, different);
  return shared.map((folder) => `${folder}/`).join('');
}
