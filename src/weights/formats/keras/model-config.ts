import { ModelError } from '../../../errors/errors.js';
import { isJsonObject, type JsonObject } from '../../../untrusted-data/json-object.js';

/** One layer of a Keras model: its class, its settings, and the names of the layers it reads. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
  readonly inputs: readonly string[];
}

export interface KerasTopology {
  readonly layers: readonly KerasLayer[];
  /** Undefined for a sequential model that begins with a layer which does something. */
  readonly input: string | undefined;
  readonly output: string;
}

const MAX_LAYERS = 2000;

export function isModelClass(className: string): boolean {
  return className === 'Functional' || className === 'Model' || className === 'Sequential';
}

/**
 * The layers of a `model_config` as Keras 1, 2 and 3 write it, sequential or functional with one input and one output.
 * @throws ModelError `weights-damaged`, `operator-unsupported`
 */
export function readTopology(json: unknown, where: string): KerasTopology {
  if (!isJsonObject(json)) throw damaged(where, 'no description of its layers');
  const { class_name: className, config } = json;
  const list = Array.isArray(config) ? config : isJsonObject(config) ? config.layers : undefined;
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_LAYERS) {
    throw damaged(where, `a model without a list of 1 to ${MAX_LAYERS} layers`);
  }
  const isSequential = className === 'Sequential';
  const layers: KerasLayer[] = [];
  for (const entry of list as unknown[]) {
    if (!isJsonObject(entry) || typeof entry.class_name !== 'string') throw damaged(where, 'a layer without a class');
    const settings = isJsonObject(entry.config)
      ? entry.config
      : Array.isArray(entry.config)
        ? { layers: entry.config }
        : {};
    const name = typeof entry.name === 'string' ? entry.name : settings.name;
    if (typeof name !== 'string') throw damaged(where, `a ${entry.class_name} layer without a name`);
    const before = layers.at(-1)?.name;
    const inputs = isSequential ? (before === undefined ? [] : [before]) : readInputs(entry.inbound_nodes, name, where);
    layers.push({ className: entry.class_name, name, config: settings, inputs });
  }
  if (isSequential) {
    const first = layers[0]!;
    return { layers, input: first.className === 'InputLayer' ? first.name : undefined, output: layers.at(-1)!.name };
  }
  const { input_layers: inputs, output_layers: outputs } = config as JsonObject;
  return { layers, input: readEnd(inputs, 'input', where), output: readEnd(outputs, 'output', where) };
}

/** `[["name", 0, 0]]`, or `["name", 0, 0]` as Keras 3 writes it. */
function readEnd(ends: unknown, what: string, where: string): string {
  const list = Array.isArray(ends) && typeof ends[0] === 'string' ? [ends] : ends;
  if (!Array.isArray(list) || list.length !== 1 || !Array.isArray(list[0]) || typeof list[0][0] !== 'string') {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `a model with another number of ${what}s than one`,
    });
  }
  return list[0][0];
}

/** Keras 1 and 2: `[[["name", 0, 0, {}], …]]`. Keras 3: arguments with a `keras_history` in each tensor. */
function readInputs(nodes: unknown, name: string, where: string): string[] {
  if (nodes === undefined || (Array.isArray(nodes) && nodes.length === 0)) return [];
  if (!Array.isArray(nodes) || nodes.length !== 1) {
    throw new ModelError('operator-unsupported', { where, problem: `layer ${quote(name)} is used more than once` });
  }
  const found: string[] = [];
  collect(nodes[0], found, 0);
  return found;
}

function collect(value: unknown, found: string[], depth: number): void {
  if (depth > 8) return;
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string' && typeof value[1] === 'number') found.push(value[0]);
    else for (const each of value) collect(each, found, depth + 1);
  } else if (isJsonObject(value)) {
    if (value.class_name === '__keras_tensor__' && isJsonObject(value.config))
      collect(value.config.keras_history, found, depth + 1);
    else if (value.args !== undefined) collect(value.args, found, depth + 1);
  }
}

export function quote(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function damaged(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', { where, problem });
}
