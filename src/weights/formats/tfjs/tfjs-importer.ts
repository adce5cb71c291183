import { isJsonObject } from '../../../untrusted-data/json-object.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { GraphImporter, type Operation } from '../../graph/graph-importer.js';
import type { ConstantValue } from '../../graph/value.js';
import { toFloat32 } from '../../half.js';
import type { GraphNode, TfjsModel } from './model-folder.js';

export interface TfjsNode extends Operation {
  readonly attributes: GraphNode['attributes'];
}

const MAX_LIST = 64;
/** TensorFlow's number of DT_FLOAT, where a writer leaves numbers in the place of names. */
const FLOAT_TYPE = 1;

/** The state of an import from a graph-model: TensorFlow's operators, HWC throughout. */
export class TfjsImporter extends GraphImporter<TfjsNode> {
  readonly #scope: string;

  constructor(model: TfjsModel, nodes: readonly TfjsNode[], output: string, where: string) {
    let bytes = 0;
    for (const { data } of model.tensors.values()) bytes += data.byteLength;
    super(new GraphBuilder(where, 4 * bytes), 'HWC', nodes, [output]);
    this.#scope = findScope(nodes);
    for (const [name, { shape, data }] of model.tensors) {
      this.defineName(name, { kind: 'constant', dims: shape, read: () => toFloat32(data), stored: undefined, name });
    }
    for (const [name, { shape, data }] of model.integers) {
      this.defineName(name, { kind: 'constant', dims: shape, read: () => data, stored: undefined, name });
    }
  }

  override target(node: TfjsNode, dims: readonly number[]): Target {
    const { name } = node;
    const short = name.startsWith(this.#scope) ? name.slice(this.#scope.length) : name;
    return { name: short, readers: this.readers(name), dims, order: 'HWC' };
  }

  integersOf(node: TfjsNode, name: string): readonly number[] {
    const list = this.#value(node, name, 'list');
    const items = isJsonObject(list) ? (list.i ?? []) : [];
    const numbers = Array.isArray(items) ? items.slice(0, MAX_LIST).map(Number) : [Number.NaN];
    if (!numbers.every((value) => Number.isSafeInteger(value))) throw this.#unreadable(node, name);
    return numbers;
  }

  integerOf(node: TfjsNode, name: string, fallback: number): number {
    const value = Number(this.#value(node, name, 'i') ?? fallback);
    if (!Number.isSafeInteger(value)) throw this.#unreadable(node, name);
    return value;
  }

  floatOf(node: TfjsNode, name: string, fallback: number): number {
    const value = Number(this.#value(node, name, 'f') ?? fallback);
    if (!Number.isFinite(value)) throw this.#unreadable(node, name);
    return value;
  }

  flagOf(node: TfjsNode, name: string): boolean {
    return this.#value(node, name, 'b') === true;
  }

  textOf(node: TfjsNode, name: string, fallback: string): string {
    const text = this.#value(node, name, 's');
    return text === undefined ? fallback : decode(text);
  }

  typeOf(node: TfjsNode, name: string): string {
    const type = this.#value(node, name, 'type');
    return typeof type === 'number' ? (type === FLOAT_TYPE ? 'DT_FLOAT' : `type ${type}`) : String(type);
  }

  textsOf(node: TfjsNode, name: string): readonly string[] {
    const list = this.#value(node, name, 'list');
    const items = isJsonObject(list) ? (list.s ?? []) : [];
    return Array.isArray(items) ? items.slice(0, MAX_LIST).map(decode) : [];
  }

  constantFrom(values: readonly number[], dims: readonly number[] = [values.length]): ConstantValue {
    return this.makeConstant(dims, values);
  }

  #value(node: TfjsNode, name: string, kind: string): unknown {
    const attribute = Object.hasOwn(node.attributes, name) ? node.attributes[name] : undefined;
    return isJsonObject(attribute) && Object.hasOwn(attribute, kind) ? attribute[kind] : undefined;
  }

  #unreadable(node: TfjsNode, name: string) {
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
function findScope(nodes: readonly TfjsNode[]): string {
  const folders = nodes
    .filter(({ operator }) => /Conv2[Dd]/.test(operator))
    .map(({ name }) => name.split('/').slice(0, -1));
  const [first, ...others] = folders;
  if (first === undefined || others.length === 0) return '';
  const different = first.findIndex((folder, depth) => others.some((names) => names[depth] !== folder));
  const shared = different === -1 ? first : first.slice(0, different);
  return shared.map((folder) => `${folder}/`).join('');
}
