import { isJsonObject } from '../../../untrusted-data/json-object.js';

/** One of the tensors that a call of a layer gives. */
export class TensorRef {
  readonly layer: string;
  /** Which call of the layer. */
  readonly call: number;
  /** Which of the call's tensors. */
  readonly tensor: number;

  constructor(layer: string, call = 0, tensor = 0) {
    this.layer = layer;
    this.call = call;
    this.tensor = tensor;
  }

  get key(): string {
    return `${this.call}/${this.tensor}/${this.layer}`;
  }
}

/** One use of a layer: what it is given, with a `TensorRef` in the place of each tensor. */
export interface LayerCall {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Every tensor among them, in their order. */
  readonly tensors: readonly TensorRef[];
}

/** Lists in lists, and tensors in lists; anything deeper is no argument. */
export const MAX_ARGUMENT_DEPTH = 8;
const MAX_CALLS = 1000;
/** Keras 2's mark of a constant that stands in the place of a tensor. */
const CONSTANT = '_CONSTANT_VALUE';

/** `["name", 0, 0]`, with anything behind it. */
export function tensorRefOf(value: unknown): TensorRef | undefined {
  if (!Array.isArray(value)) return undefined;
  const [layer, call = 0, tensor = 0] = value as unknown[];
  if (typeof layer !== 'string' || !isIndex(call) || !isIndex(tensor)) return undefined;
  return new TensorRef(layer, call, tensor);
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_CALLS;
}

/**
 * The calls of a layer from its `inbound_nodes`: lists in Keras 1 and 2, `{ args, kwargs }` in Keras 3. Undefined for
 * anything else.
 * @param names the model's layers: a list that begins with one of them is a tensor
 */
export function readCalls(nodes: unknown, names: ReadonlySet<string>): readonly LayerCall[] | undefined {
  if (nodes === undefined || nodes === null) return [];
  if (!Array.isArray(nodes) || nodes.length > MAX_CALLS) return undefined;
  const calls: LayerCall[] = [];
  for (const node of nodes as unknown[]) {
    const read = Array.isArray(node) ? readListedCall(node, names) : readNamedCall(node, names);
    if (read === undefined) return undefined;
    calls.push({ ...read, tensors: [...tensorsIn(read.args), ...tensorsIn(Object.values(read.kwargs))] });
  }
  return calls;
}

/** Keras 1 and 2: `[["name", 0, 0, kwargs], …]`, or without the outer brackets for an operation with one tensor. */
function readListedCall(node: readonly unknown[], names: ReadonlySet<string>): Omit<LayerCall, 'tensors'> | undefined {
  const entries = typeof node[0] === 'string' ? [node] : node;
  const inputs: unknown[] = [];
  let kwargs: Readonly<Record<string, unknown>> = {};
  for (const entry of entries as unknown[]) {
    if (!Array.isArray(entry)) return undefined;
    if (entry[0] === CONSTANT) {
      inputs.push(entry[2]);
    } else {
      const ref = tensorRefOf(entry);
      if (ref === undefined || !names.has(ref.layer)) return undefined;
      inputs.push(ref);
    }
    if (isJsonObject(entry[3])) kwargs = entry[3];
  }
  const args = inputs.length === 1 ? inputs : [inputs];
  return { args, kwargs: readKeywords(kwargs, (value) => readListedArgument(value, names, 0)) };
}

function readListedArgument(value: unknown, names: ReadonlySet<string>, depth: number): unknown {
  if (!Array.isArray(value) || depth > MAX_ARGUMENT_DEPTH) return value;
  const ref = value.length === 3 || value.length === 4 ? tensorRefOf(value) : undefined;
  if (ref !== undefined && names.has(ref.layer)) return ref;
  return value.map((each) => readListedArgument(each, names, depth + 1));
}

/** Keras 3: each tensor is an object with its `keras_history`. */
function readNamedCall(node: unknown, names: ReadonlySet<string>): Omit<LayerCall, 'tensors'> | undefined {
  if (!isJsonObject(node) || !Array.isArray(node.args)) return undefined;
  const read = (value: unknown) => readNamedArgument(value, names, 0);
  const kwargs = isJsonObject(node.kwargs) ? readKeywords(node.kwargs, read) : {};
  return { args: node.args.map(read), kwargs };
}

function readNamedArgument(value: unknown, names: ReadonlySet<string>, depth: number): unknown {
  if (depth > MAX_ARGUMENT_DEPTH) return value;
  if (Array.isArray(value)) return value.map((each) => readNamedArgument(each, names, depth + 1));
  if (!isJsonObject(value) || value.class_name !== '__keras_tensor__' || !isJsonObject(value.config)) return value;
  const ref = tensorRefOf(value.config.keras_history);
  return ref !== undefined && names.has(ref.layer) ? ref : value;
}

function readKeywords(kwargs: Readonly<Record<string, unknown>>, read: (value: unknown) => unknown) {
  return Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, read(value)]));
}

function tensorsIn(values: readonly unknown[], depth = 0): TensorRef[] {
  if (depth > MAX_ARGUMENT_DEPTH) return [];
  return values.flatMap((value) => {
    if (value instanceof TensorRef) return [value];
    return Array.isArray(value) ? tensorsIn(value, depth + 1) : [];
  });
}
