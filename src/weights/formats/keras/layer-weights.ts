import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import type { StoredWeights } from '../../keras-description.js';
import type { Tensor } from '../../types.js';
import { type LayerVariable, parseStoredName, variablesOf } from './layer-variables.js';
import type { KerasLayer, KerasModel } from './model-config.js';
import {
  append,
  countWanted,
  type Found,
  indexBySuffix,
  type LayerTensors,
  listOrder,
  listWanted,
  matchByNames,
  matchByOrder,
  SPLITS_FROZEN,
  type Stored,
  suffixesOf,
  type Wanted,
} from './variable-matching.js';

/**
 * Gives each layer of a model its variables by the layer's own place in the file: nothing is guessed where names repeat,
 * and nothing may be left over.
 * @throws ModelError `weights-mismatch`
 */
export function matchWeights(
  model: KerasModel,
  stored: StoredWeights,
  where: string,
): ReadonlyMap<KerasLayer, LayerTensors> {
  const matcher = new Matcher({ ...stored, tensors: withoutCounters(model, stored.tensors) }, where);
  if (stored.layout === 'places') matcher.matchPlaces(model);
  else if (stored.layout === 'groups') matcher.matchGroups(model);
  else matcher.matchNames(model);
  matcher.refuseRest();
  return matcher.found;
}

/** A Normalization layer counts what it has seen in an integer, which some writers of files turn into a float. */
function withoutCounters(model: KerasModel, tensors: StoredWeights['tensors']): StoredWeights['tensors'] {
  const normalizations = new Set(normalizationsIn(model));
  if (normalizations.size === 0) return tensors;
  const isCounter = (path: string, { shape }: Tensor) => {
    const { scopes, variable } = parseStoredName(path);
    return variable === 'count' && shape.length === 0 && normalizations.has(scopes.at(-1) ?? '');
  };
  return new Map([...tensors].filter(([path, tensor]) => !isCounter(path, tensor)));
}

function normalizationsIn({ layers }: KerasModel): readonly string[] {
  return layers.flatMap(({ className, name, model }) =>
    model ? normalizationsIn(model) : className === 'Normalization' ? [name] : [],
  );
}

class Matcher {
  readonly found = new Map<KerasLayer, Map<string, Stored>>();
  readonly #stored: StoredWeights;
  readonly #where: string;
  readonly #left: Map<string, Tensor>;
  /** Places in the lists of groups, as they are asked for. */
  readonly #lists = new Map<string, ReadonlyMap<string, number>>();

  constructor(stored: StoredWeights, where: string) {
    this.#stored = stored;
    this.#where = where;
    this.#left = new Map(stored.tensors);
  }

  /** A group for each layer of the outermost model, the variables of a model within it all in its group. */
  matchGroups(model: KerasModel): void {
    const root = [...this.#left.keys()].some((path) => path.startsWith('model_weights/')) ? 'model_weights/' : '';
    const names = new Set(model.layers.map(({ name }) => name));
    const groups = new Map<string, Found[]>();
    for (const [path, tensor] of this.#left) {
      if (!path.startsWith(root)) continue;
      const group = this.#groupOf(path.slice(root.length), root, names);
      append(groups, group, { path, tensor, ...parseStoredName(path.slice(root.length + group.length + 1)) });
    }
    for (const layer of model.layers) {
      const found = this.#inOrder(groups.get(layer.name) ?? [], `${root}${layer.name}`);
      const orders = SPLITS_FROZEN.map((splits) => listOrder([layer], splits));
      this.#matchScope(listWanted(layer), found, orders, layer.name);
    }
  }

  /** The layer whose group a dataset lies in: names of layers may have slashes, so that one may begin with another. */
  #groupOf(path: string, root: string, names: ReadonlySet<string>): string {
    const parts = path.split('/');
    const groups = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
    const candidates = groups.filter((group) => names.has(group)).reverse();
    const listed = candidates.find((group) => this.#listedIn(`${root}${group}`).has(path.slice(group.length + 1)));
    return listed ?? candidates[0] ?? parts[0]!;
  }

  #listedIn(group: string): ReadonlyMap<string, number> {
    let names = this.#lists.get(group);
    if (names === undefined) {
      names = new Map(parseNames(this.#stored.attributes[`${group}@weight_names`]).map((name, place) => [name, place]));
      this.#lists.set(group, names);
    }
    return names;
  }

  /** As the group's `weight_names` list them: the HDF5 library gives them by name. */
  #inOrder(found: readonly Found[], group: string): readonly Found[] {
    const places = this.#listedIn(group);
    const placeOf = ({ path }: Found) => places.get(path.slice(group.length + 1)) ?? Number.MAX_SAFE_INTEGER;
    return [...found].sort((a, b) => placeOf(a) - placeOf(b));
  }

  /** One list for the whole model; TensorFlow.js and its converter put it into different orders. */
  matchNames(model: KerasModel): void {
    const found = [...this.#left].map(([path, tensor]) => ({ path, tensor, ...parseStoredName(path) }));
    const wanted = model.layers.flatMap((layer) => listWanted(layer));
    const orders = SPLITS_FROZEN.flatMap((splits) => [
      listOrder(model.layers, splits),
      model.layers.flatMap((layer) => listOrder([layer], splits)),
    ]);
    this.#matchScope(wanted, found, orders, 'the model');
  }

  /** By names where they are unique, else by one of the orders that Keras writes them in. */
  #matchScope(
    wanted: readonly Wanted[],
    found: readonly Found[],
    orders: readonly (readonly Wanted[])[],
    scope: string,
  ): void {
    const matched = matchByNames(wanted, found) ?? matchByOrder(found, orders);
    if (matched !== undefined) {
      for (const [each, stored] of matched) this.#take(each.layer, each.variable, stored);
      return;
    }
    const given = indexBySuffix(found);
    const missing = wanted.find((each) => !suffixesOf(each, 0).some((suffix) => given.has(suffix)));
    if (missing !== undefined) throw this.#missing(missing.layer, missing.variable);
    const known = new Set(wanted.flatMap((each) => suffixesOf(each, 0)));
    const spare = found.find(
      ({ scopes, variable }) => !scopes.some((_, from) => known.has([...scopes.slice(from), variable].join('/'))),
    );
    throw this.#mismatch(
      spare === undefined
        ? `the weights of ${quoted(scope)} have names that do not tell its layers apart`
        : `${quoted(spare.path)} belongs to none of the layers that the model describes`,
    );
  }

  /** Keras 3: `CONTAINER/CLASS_N/…/vars/I`, where a model's container holds its layers. */
  matchPlaces(model: KerasModel): void {
    this.#matchContainer(model.layers, '');
  }

  #matchContainer(layers: readonly KerasLayer[], prefix: string): void {
    const children = this.#childrenOf(prefix);
    const unplaced = new Map<string, KerasLayer[]>();
    for (const layer of layers) {
      if (countWanted(layer) === 0) continue;
      const named = children.filter(({ name }) => name === layer.name);
      if (named.length === 1) {
        children.splice(children.indexOf(named[0]!), 1);
        this.#matchPlace(layer, named[0]!.path);
      } else {
        const kind = snakeCaseOf(layer.className);
        append(unplaced, kind, layer);
      }
    }
    // Keras numbers the layers of a class in the order in which the model lists them.
    for (const [kind, list] of unplaced) {
      const places = children.filter((child) => child.kind === kind).sort((a, b) => a.number - b.number);
      if (places.length !== list.length) {
        throw this.#mismatch(
          `${places.length} ${quoted(kind)} with weights at ${quoted(prefix || '/')}, expected ${list.length}`,
        );
      }
      for (const [index, layer] of list.entries()) this.#matchPlace(layer, places[index]!.path);
    }
  }

  /** What lies in a model's container and holds weights. */
  #childrenOf(prefix: string) {
    const containers = ['layers', '_layer_checkpoint_dependencies'].map((name) => `${prefix}${name}/`);
    const paths = new Set<string>();
    for (const path of this.#left.keys()) {
      const container = containers.find((each) => path.startsWith(each));
      if (container !== undefined) paths.add(container + path.slice(container.length).split('/', 1)[0]!);
    }
    return [...paths].map((path) => {
      const [, kind = '', number = '0'] = /([^/]*?)(?:_(\d{1,9}))?$/.exec(path) ?? [];
      return { path, kind, number: Number(number), name: this.#stored.attributes[`${path}/vars@name`] };
    });
  }

  #matchPlace(layer: KerasLayer, path: string): void {
    if (layer.model !== undefined) {
      this.#matchContainer(layer.model.layers, `${path}/`);
      return;
    }
    for (const [index, variable] of variablesOf(layer).entries()) {
      const place = `${path}/vars/${index}`;
      const tensor = this.#left.get(place);
      if (tensor === undefined) throw this.#missing(layer, variable);
      this.#take(layer, variable, { path: place, tensor });
    }
  }

  #take(layer: KerasLayer, variable: LayerVariable, { path, tensor }: Stored): void {
    const own = this.found.get(layer) ?? new Map<string, Stored>();
    this.found.set(layer, own.set(variable.name, { path, tensor }));
    this.#left.delete(path);
  }

  refuseRest(): void {
    const [first] = this.#left.keys();
    if (first === undefined) return;
    const others = this.#left.size - 1;
    throw this.#mismatch(
      `${quoted(first)}${others === 0 ? '' : ` and ${others} more tensors`} belong to no layer that the model describes`,
    );
  }

  #missing({ className, name }: KerasLayer, variable: LayerVariable): ModelError {
    return this.#mismatch(`no ${variable.name} for the ${className} layer ${quoted(name)}`);
  }

  #mismatch(problem: string): ModelError {
    const remedy = 'save the model again with model.save(), or export it to ONNX or TFLite';
    return new ModelError('weights-mismatch', { where: this.#where, problem, remedy });
  }
}

function parseNames(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const names: unknown = JSON.parse(text);
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** As `keras.src.utils.naming.to_snake_case` does: `DepthwiseConv2D` → `depthwise_conv2d`, `ReLU` → `re_lu`. */
export function snakeCaseOf(className: string): string {
  const name = className === 'Model' ? 'Functional' : className.slice(0, 100);
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
