import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { isJsonObject, type JsonObject } from '../../../untrusted-data/json-object.js';
import { type LayerCall, readCalls, TensorRef, tensorRefOf } from './layer-calls.js';

/** One layer of a Keras model: its class, its settings, and each of its uses. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  /** Keras 3's module of the class: operations on tensors have their layers' names, but another module. */
  readonly module: string;
  readonly config: JsonObject;
  /** The shape that the layer was built for, where Keras 3 states it; unchecked. */
  readonly buildShape: unknown;
  /** The model that the layer is, where it is one. */
  readonly model: KerasModel | undefined;
  readonly calls: readonly LayerCall[];
  /** References count the calls of a model within a model from 1: its own inputs are the call 0. */
  readonly firstCall: number;
}

export interface KerasModel {
  readonly name: string;
  readonly config: JsonObject;
  readonly layers: readonly KerasLayer[];
  /** The layers that take the inputs: an `InputLayer` each, or the first layer of a sequential model. */
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

/** Deeper nesting is no model but an attack on the stack. */
const MAX_DEPTH = 32;
const MAX_LAYERS = 5000;
/** Where classes of Keras itself lie; operations of TensorFlow 2 come as layers, too. */
const KERAS_MODULES = /^(?:keras|tf_keras|tensorflow)\b/;
const MODEL_CLASSES = new Set(['Functional', 'Model', 'Sequential']);
/**
 * The layers of a model's configuration as Keras 1, 2 and 3 and TensorFlow.js write it, sequential or functional, models
 * within it too.
 * @throws ModelError `weights-damaged`, `operator-unsupported`
 */
export function readModelConfig(json: unknown, where: string): KerasModel {
  return new ConfigReader(where).readModel(json, 0);
}

class ConfigReader {
  readonly #where: string;
  #layersLeft = MAX_LAYERS;

  constructor(where: string) {
    this.#where = where;
  }

  readModel(json: unknown, depth: number): KerasModel {
    const model = isJsonObject(json) ? snakeCase(json) : {};
    if (typeof model.class_name !== 'string') throw this.#damaged('no description of its layers');
    if (depth > MAX_DEPTH) {
      throw this.#unsupported(`models nested more than ${MAX_DEPTH} deep`, 'save the model without its wrappers');
    }
    const { class_name: className, config } = model;
    if (!MODEL_CLASSES.has(className)) {
      throw this.#unsupported(
        `a model of the class ${quoted(className)}, whose layers are Python code`,
        'export it to ONNX or TFLite, or save it as a functional or sequential model',
      );
    }
    const settings = isJsonObject(config) ? snakeCase(config) : {};
    const list = Array.isArray(config) ? config : settings.layers;
    if (!Array.isArray(list) || list.length === 0) throw this.#damaged('a model without layers');
    this.#layersLeft -= list.length;
    if (this.#layersLeft < 0) throw this.#unsupported(`more than ${MAX_LAYERS} layers`);
    const entries = (list as unknown[]).map((entry) => this.#readEntry(entry, depth));
    const names = new Set(entries.map(({ name }) => name));
    if (names.size < entries.length) throw this.#damaged('two layers of one name');
    const name = typeof settings.name === 'string' ? settings.name : '';
    if (className === 'Sequential') return { name, config: settings, ...chain(entries) };
    const layers = entries.map((entry) => ({ ...entry, calls: this.#readCalls(entry, names) }));
    const inputs = this.#readEnds(settings.input_layers, 'input');
    const outputs = this.#readEnds(settings.output_layers, 'output');
    return { name, config: settings, layers: withFirstCalls(layers, outputs), inputs, outputs };
  }

  #readEntry(json: unknown, depth: number): LayerEntry {
    const entry = isJsonObject(json) ? snakeCase(json) : {};
    const { class_name: className, config, inbound_nodes: nodes, module } = entry;
    if (typeof className !== 'string') throw this.#damaged('a layer without a class');
    const settings = isJsonObject(config) ? snakeCase(config) : {};
    this.#refuseCustom(entry, className);
    const isModel = MODEL_CLASSES.has(className);
    const model = isModel ? this.readModel({ class_name: className, config }, depth + 1) : undefined;
    const stated = typeof entry.name === 'string' ? entry.name : settings.name;
    // A Sequential of Keras 2.2 and before within another is a list without a name.
    const name = typeof stated === 'string' || !isModel ? stated : `model ${MAX_LAYERS - this.#layersLeft}`;
    if (typeof name !== 'string') throw this.#damaged(`a layer of the class ${quoted(className)} without a name`);
    const buildShape = isJsonObject(entry.build_config) ? entry.build_config.input_shape : undefined;
    const where = typeof module === 'string' ? module : '';
    return { className, name, module: where, config: settings, buildShape, model, nodes };
  }

  /** A class of the author's own may have the name of one of Keras. */
  #refuseCustom({ registered_name: registered, module }: JsonObject, className: string): void {
    const isPackaged = typeof registered === 'string' && /^(?!Keras>).*>/.test(registered);
    const isElsewhere = typeof module === 'string' && !KERAS_MODULES.test(module);
    if (!isPackaged && !isElsewhere) return;
    const shown = isPackaged ? registered : className;
    throw this.#unsupported(
      `a layer of the author's own class ${quoted(shown)}, which is Python code`,
      'export the model to TFLite or ONNX, where it is made of simpler operations',
    );
  }

  #readCalls({ name, nodes }: LayerEntry, names: ReadonlySet<string>): readonly LayerCall[] {
    const calls = readCalls(nodes, names);
    if (calls === undefined) throw this.#damaged(`layer ${quoted(name)} reads a layer that the model does not have`);
    return calls;
  }

  /** `["name", 0, 0]` as Keras 3 writes a single one, else a list of those. */
  #readEnds(ends: unknown, what: string): readonly TensorRef[] {
    const list = Array.isArray(ends) && typeof ends[0] === 'string' ? [ends] : ends;
    const named = isJsonObject(list) ? Object.values(list) : list;
    if (!Array.isArray(named) || named.length === 0 || named.length > MAX_LAYERS) {
      throw this.#damaged(`a model without its ${what}s`);
    }
    return named.map((end) => {
      const ref = tensorRefOf(end);
      if (ref === undefined) throw this.#damaged(`a model with an ${what} that cannot be read`);
      return ref;
    });
  }

  #damaged(problem: string): ModelError {
    return new ModelError('weights-damaged', { where: this.#where, problem });
  }

  #unsupported(problem: string, remedy?: string): ModelError {
    return new ModelError('operator-unsupported', { where: this.#where, problem, remedy });
  }
}

interface LayerEntry extends Omit<KerasLayer, 'calls' | 'firstCall'> {
  readonly nodes: unknown;
}

/** A sequential model: each layer reads the one before it, the first one the input. */
function chain(entries: readonly LayerEntry[]): Omit<KerasModel, 'name' | 'config'> {
  const layers = entries.map((entry, index) => {
    const before = entries[index - 1];
    const calls = before === undefined ? [] : [callOn(new TensorRef(before.name))];
    return { ...entry, calls, firstCall: 0 };
  });
  const first = entries[0]!;
  return { layers, inputs: [new TensorRef(first.name)], outputs: [new TensorRef(entries.at(-1)!.name)] };
}

function callOn(ref: TensorRef): LayerCall {
  return { args: [ref], kwargs: {}, tensors: [ref] };
}

/** A model within a model whose only call is referred to as the call 1 counts from there. */
function withFirstCalls(layers: readonly Omit<KerasLayer, 'firstCall'>[], outputs: readonly TensorRef[]): KerasLayer[] {
  const last = new Map<string, number>();
  const refs = [...outputs, ...layers.flatMap(({ calls }) => calls.flatMap(({ tensors }) => tensors))];
  for (const { layer, call } of refs) last.set(layer, Math.max(last.get(layer) ?? 0, call));
  return layers.map((layer) => {
    const counts = layer.model !== undefined && (last.get(layer.name) ?? 0) >= Math.max(layer.calls.length, 1);
    return { ...layer, firstCall: counts ? 1 : 0 };
  });
}

/** TensorFlow.js writes the names of settings as Python does, but some of its versions as JavaScript does. */
function snakeCase(object: JsonObject): JsonObject {
  const names = Object.keys(object);
  if (!names.some((name) => /[A-Z]/.test(name))) return object;
  return Object.fromEntries(
    names.map((name) => [name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`), object[name]]),
  );
}
