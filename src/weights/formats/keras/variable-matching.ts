import type { Tensor } from '../../types.js';
import { type LayerVariable, type StoredName, variablesOf } from './layer-variables.js';
import type { KerasLayer } from './model-config.js';

export interface Stored {
  /** Its place in the file. */
  readonly path: string;
  readonly tensor: Tensor;
}

const MAX_SCOPES = 40;

/** A layer's variables by name. */
export type LayerTensors = ReadonlyMap<string, Stored>;

/** A variable that a layer must have. */
export interface Wanted {
  readonly layer: KerasLayer;
  readonly variable: LayerVariable;
  /** Models on the way to the layer, and the layer. */
  readonly names: readonly string[];
}

/** A stored variable with its name in parts. */
export interface Found extends Stored, StoredName {}

/** The variables of a layer, or of all layers of a model, layer by layer. */
export function listWanted(layer: KerasLayer, before: readonly string[] = []): Wanted[] {
  const names = [...before, layer.name];
  if (layer.model !== undefined) return layer.model.layers.flatMap((each) => listWanted(each, names));
  return variablesOf(layer).map((variable) => ({ layer, variable, names }));
}

/** Keras 2 and 3 list the weights differently of models that are frozen as a whole but for some of their layers. */
export const SPLITS_FROZEN = [true, false] as const;

/** The order in which Keras lists the weights of layers: all that are trained, then all others. */
export function listOrder(layers: readonly KerasLayer[], splitsFrozen: boolean): readonly Wanted[] {
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

export function countWanted(layer: KerasLayer): number {
  return listWanted(layer).length;
}

/** The last `count` names of a path, and the variable's; layers' own names may have slashes. */
function suffixOf(path: readonly string[], count: number, variable: string): string {
  return [...path.slice(path.length - count), variable].join('/');
}

/** A variable's name with those of its layer and `models` models around it, for each name that it goes by. */
export function suffixesOf({ names, variable }: Wanted, models: number): readonly string[] {
  const parts = names.slice(-1 - models).flatMap((name) => name.split('/'));
  return variable.names.map((name) => suffixOf(parts, parts.length, name));
}

/** Stored variables by their names, with as many scopes before it as there are. */
export function indexBySuffix(found: readonly Found[]): ReadonlyMap<string, readonly Found[]> {
  const index = new Map<string, Found[]>();
  for (const each of found) {
    for (let count = 0; count <= Math.min(each.scopes.length, MAX_SCOPES); count++) {
      append(index, suffixOf(each.scopes, count, each.variable), each);
    }
  }
  return index;
}

/** Each variable's only stored one: by its own name, its layer's, and as many models' as it takes. */
export function matchByNames(
  wanted: readonly Wanted[],
  found: readonly Found[],
): ReadonlyMap<Wanted, Found> | undefined {
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
export function matchByOrder(
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

/** Adds to the list of a key. */
export function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
