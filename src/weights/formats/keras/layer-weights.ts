import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import type { StoredWeights } from '../../keras-description.js';
import type { Tensor } from '../../types.js';
import { type LayerVariable, parseStoredName, type StoredName, variablesOf } from './layer-variables.js';
import type { KerasLayer, KerasModel } from './model-config.js';

interface Stored {
  /** Its place in the file. */
  readonly path: string;
  readonly tensor: Tensor;
}

const MAX_SCOPES = 40;

/** A layer's variables by name. */
export type LayerTensors = ReadonlyMap<string, Stored>;

/** A variable that a layer must have. */
interface Wanted {
  readonly layer: KerasLayer;
  readonly variable: LayerVariable;
  /** Models on the way to the layer, and the layer. */
  readonly names: readonly string[];
}

interface Found extends Stored, StoredName {}

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
  const matcher = new Matcher(stored, where);
  if (stored.layout === 'places') matcher.matchPlaces(model);
  else if (stored.layout === 'groups') matcher.matchGroups(model);
  else matcher.matchNames(model);
  matcher.refuseRest();
  return matcher.found;
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

/** The variables of a layer, or of all layers of a model, layer by layer. */
function listWanted(layer: KerasLayer, before: readonly string[] = []): Wanted[] {
  const names = [...before, layer.name];
  if (layer.model !== undefined) return layer.model.layers.flatMap((each) => listWanted(each, names));
  return variablesOf(layer).map((variable) => ({ layer, variable, names }));
}

/** Keras 2 and 3 list the weights differently of models that are frozen as a whole but for some of their layers. */
const SPLITS_FROZEN = [true, false] as const;

/** The order in which Keras lists the weights of layers: all that are trained, then all others. */
function listOrder(layers: readonly KerasLayer[], splitsFrozen: boolean): readonly Wanted[] {
  const parts = layers.map((layer) => splitWanted(layer, [], splitsFrozen));
  return [...parts.flatMap(({ trained }) => trained), ...parts.flatMap(({ others }) => others)];
}

interface SplitWanted {
  readonly trained: readonly Wanted[];
  readonly others: readonly Wanted[];
}

/** @param splitsFrozen whether what is trained in a model comes first although the model itself is frozen */
function splitWanted(layer: KerasLayer, before: readonly string[], splitsFrozen: boolean): SplitWanted {
  const isFrozen = layer.config.trainable === false;
  if (layer.model === undefined) {
    const all = listWanted(layer, before);
    const trained = all.filter(({ variable }) => variable.trainable && !isFrozen);
    return { trained, others: all.filter((each) => !trained.includes(each)) };
  }
  const parts = layer.model.layers.map((each) => splitWanted(each, [...before, layer.name], splitsFrozen));
  const trained = parts.flatMap((part) => part.trained);
  const others = parts.flatMap((part) => part.others);
  if (!isFrozen) return { trained, others };
  return { trained: [], others: splitsFrozen ? [...trained, ...others] : listWanted(layer, before) };
}

function countWanted(layer: KerasLayer): number {
  return listWanted(layer).length;
}

/** The last `count` names of a path, and the variable's; layers' own names may have slashes. */
function suffixOf(path: readonly string[], count: number, variable: string): string {
  return [...path.slice(path.length - count), variable].join('/');
}

/** A variable's name with those of its layer and `models` models around it, for each name that it goes by. */
function suffixesOf({ names, variable }: Wanted, models: number): readonly string[] {
  const parts = names.slice(-1 - models).flatMap((name) => name.split('/'));
  return variable.names.map((name) => suffixOf(parts, parts.length, name));
}

/** Stored variables by their names, with as many scopes before it as there are. */
function indexBySuffix(found: readonly Found[]): ReadonlyMap<string, readonly Found[]> {
  const index = new Map<string, Found[]>();
  for (const each of found) {
    for (let count = 0; count <= Math.min(each.scopes.length, MAX_SCOPES); count++) {
      append(index, suffixOf(each.scopes, count, each.variable), each);
    }
  }
  return index;
}

/** Each variable's only stored one: by its own name, its layer's, and as many models' as it takes. */
function matchByNames(wanted: readonly Wanted[], found: readonly Found[]): ReadonlyMap<Wanted, Found> | undefined {
  if (wanted.length !== found.length) return undefined;
  const index = indexBySuffix(found);
  const matched = new Map<Wanted, Found>();
  const taken = new Set<Found>();
  // One layer's variables need no names of layers.
  const isSingle = new Set(wanted.map(({ layer }) => layer)).size === 1;
  for (const each of wanted) {
    const suffixes = isSingle ? [each.variable.names] : each.names.map((_, models) => suffixesOf(each, models));
    const candidates = suffixes.map((names) => names.flatMap((name) => index.get(name) ?? []));
    const only = candidates.find((list) => list.length === 1)?.[0];
    if (only === undefined || taken.has(only)) return undefined;
    taken.add(only);
    matched.set(each, only);
  }
  return matched;
}

/** The order that Keras itself goes by; each variable's own name must fit, and its layer's but for a number behind it. */
function matchByOrder(
  found: readonly Found[],
  orders: readonly (readonly Wanted[])[],
): ReadonlyMap<Wanted, Found> | undefined {
  const fits = ({ variable, layer }: Wanted, { scopes, variable: name }: Found) => {
    const scope = scopes.at(-1);
    return variable.names.includes(name) && (scope === undefined || withoutNumber(scope) === withoutNumber(layer.name));
  };
  const fitting = orders.filter(
    (wanted) => wanted.length === found.length && wanted.every((each, place) => fits(each, found[place]!)),
  );
  const [first, ...others] = fitting;
  // Orders that say different things say nothing.
  const isSame = (order: readonly Wanted[]) =>
    order.every(({ layer, variable }, place) => layer === first![place]!.layer && variable === first![place]!.variable);
  if (first === undefined || !others.every(isSame)) return undefined;
  return new Map(first.map((wanted, place) => [wanted, found[place]!]));
}

/** A layer that was made again in one session has a number behind its name. */
function withoutNumber(name: string): string {
  return name
    .split('/')
    .at(-1)!
    .replace(/(?:_\d+)+$/, '');
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
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
