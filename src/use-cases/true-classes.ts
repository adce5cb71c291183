import type { ClassNames } from '../batch/class-names.js';
import { plainName } from '../batch/class-names.js';
import { listOf } from '../domain/option-rules.js';
import { elementAt } from '../errors/element-at.js';
import { UsageError } from '../errors/errors.js';
import { quoted } from '../errors/printable.js';

/** What a truth is called, and which of the model's classes it stands for: one, or those of a group. */
export interface TrueClass {
  readonly name: string;
  readonly places: ReadonlySet<number>;
}

/** A class that is evaluated: a truth, or a class of the model that was answered and is none. */
export interface EvaluatedClasses {
  readonly labels: readonly string[];
  /** The number of a truth. */
  numberOf(truth: TrueClass): number;
  /** The number of the class that the model answered, for a picture of the class `truth`. */
  answered(place: number, truth: TrueClass): number;
}

type Found =
  | { readonly places: readonly number[]; readonly isIndex?: boolean }
  | { readonly meanings: readonly string[] };

/** Names of truths, matched with the names of classes, never by their order. */
export class TrueClasses {
  readonly #names: ClassNames;
  readonly #map: ReadonlyMap<string, string>;
  readonly #known = new Map<string, TrueClass & { readonly size: number }>();

  /**
   * @param names those of the model; classes may still be added
   * @param map what truths are called in place of their names, by the plain form of these
   */
  constructor(names: ClassNames, map: ReadonlyMap<string, string> = new Map()) {
    this.#names = names;
    this.#map = map;
  }

  /** With the classes that are known so far; `check` refuses names that fit none. */
  get(name: string): TrueClass {
    const size = this.#names.labels.length;
    let known = this.#known.get(name);
    if (known?.size === size) return known;
    const found = this.#find(name);
    const places = new Set('places' in found ? found.places : []);
    if (!known) {
      known = { name, size, places };
      this.#known.set(name, known);
    }
    Object.assign(known, { size, places });
    return known;
  }

  /**
   * @returns names that are taken for indices of classes
   * @throws UsageError for names that fit no class, or more than one
   */
  check(describe: (name: string) => string, remedy: string): readonly string[] {
    const unmatched: string[] = [];
    const indices: string[] = [];
    for (const name of this.#known.keys()) {
      const found = this.#find(name);
      if ('meanings' in found) throw this.#ambiguous(describe(name), found.meanings);
      if (found.places.length === 0) unmatched.push(name);
      if (found.isIndex) indices.push(name);
    }
    const [first] = unmatched;
    if (first === undefined) return indices;
    const nearest = this.#names.nearest(this.#mapped(first), 3).map(quoted);
    throw new UsageError({
      where: describe(first),
      problem: `fits no class of the model${unmatched.length > 1 ? `, nor do ${unmatched.length - 1} others` : ''}`,
      ...(nearest.length > 0 && { expected: `a name such as ${listOf(nearest)}` }),
      remedy,
    });
  }

  #mapped(name: string): string {
    return this.#map.get(plainName(name)) ?? name;
  }

  /** A class goes before a group of its name: a folder `cup` has cups, not all that WordNet calls one. */
  #find(name: string): Found {
    const term = this.#mapped(name);
    const named = this.#names.bestNamed(term);
    if (named.length === 1) return { places: named };
    if (named.length > 1) return { meanings: named.map((place) => this.#names.describe(place)) };
    const groups = this.#names.inGroups(term);
    const [group] = groups;
    if (group && groups.every(({ places }) => places.join() === group.places.join())) return { places: group.places };
    if (group) {
      return { meanings: groups.map(({ id, label, places }) => `${label} (${id}, ${places.length} classes)`) };
    }
    const place = /^\d{1,7}$/.test(term) ? this.#names.atIndex(Number(term)) : undefined;
    return place === undefined ? { places: [] } : { places: [place], isIndex: true };
  }

  #ambiguous(where: string, meanings: readonly string[]): UsageError {
    return new UsageError({
      where,
      problem: `the name is ambiguous: ${meanings.join(' or ')}`,
      remedy: 'use the synset id or index in its place, or say it with --map',
    });
  }

  /**
   * The classes of an evaluation, in the order of the network's outputs: the truths first, of which those that stand for the
   * same classes are one, then what was answered and is in none of them.
   */
  evaluated(truths: Iterable<TrueClass>, answers: Iterable<number>): EvaluatedClasses {
    const groups = new Map<string, TrueClass[]>();
    for (const truth of truths) {
      const key = [...truth.places].sort(compare).join(' ');
      groups.set(key, [...(groups.get(key) ?? []), truth]);
    }
    const firstOf = ({ places }: TrueClass) => Math.min(...Array.from(places, (place) => this.#names.indexOf(place)));
    const distinct = [...groups.values()]
      .map((same) => same.sort((a, b) => (a.name < b.name ? -1 : 1)))
      .sort(([a], [b]) => firstOf(a!) - firstOf(b!) || a!.places.size - b!.places.size);
    const numbers = new Map(distinct.flatMap((same, number) => same.map((truth) => [truth, number] as const)));
    const labels = distinct.map(([truth]) => this.labelOf(truth!));
    // Of a golden retriever where both it and `dog` are truths, the smaller one.
    const smallestFirst = distinct.map(([truth]) => truth!).sort((a, b) => a.places.size - b.places.size);
    const owners = new Map<number, number>();
    for (const place of [...answers].sort((a, b) => this.#names.indexOf(a) - this.#names.indexOf(b))) {
      const owner = smallestFirst.find(({ places }) => places.has(place));
      owners.set(place, owner ? numbers.get(owner)! : labels.push(this.#uniqueLabel(place)) - 1);
    }
    return {
      labels,
      numberOf: (truth) => numbers.get(truth)!,
      answered: (place, truth) => (truth.places.has(place) ? numbers.get(truth)! : owners.get(place)!),
    };
  }

  /** The model's label, or the name of a group. */
  labelOf({ name, places }: TrueClass): string {
    const [only] = places;
    return places.size === 1 ? this.#uniqueLabel(only!) : this.#mapped(name);
  }

  /** With the synset id or index where several classes have the label. */
  #uniqueLabel(place: number): string {
    const { name } = elementAt(this.#names.labels, place);
    return this.#names.named(name).length > 1 ? this.#names.describe(place) : name;
  }
}

function compare(a: number, b: number): number {
  return a - b;
}
