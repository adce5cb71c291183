import type { Label } from '../domain/label.js';
import { elementAt } from '../errors/element-at.js';
import { nearestNames } from '../errors/nearest-name.js';
import type { Groups } from './groups.js';

/** The form in which names are compared: neither case nor apostrophes count, and spaces, hyphens and underscores are the same. */
export function plainName(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[\s_-]+/g, ' ')
    .trim();
}

/** Classes of a model that WordNet has in one group. */
export interface NamedGroup {
  /** Its synset id. */
  readonly id: string;
  readonly label: string;
  readonly places: readonly number[];
}

/** The classes of a model by all that they are called: label, one of its names, synset id, group. More may be added. */
export class ClassNames {
  readonly labels: Label[] = [];
  readonly #byName = new Map<string, number[]>();
  readonly #byIndex = new Map<number, number>();
  readonly #indices = new Map<number, number>();
  readonly #groups: Groups;
  #groupWords: ReadonlyMap<string, string> | undefined;
  #hasIds = false;

  constructor(labels: readonly Label[], groups: Groups) {
    this.#groups = groups;
    for (const [index, label] of labels.entries()) this.setIndex(this.add(label), index);
  }

  /** @returns the class's place in `labels` */
  add(label: Label): number {
    const place = this.labels.push(label) - 1;
    this.#hasIds ||= label.id !== undefined;
    const names = [label.name, ...label.name.split(', '), ...(label.id === undefined ? [] : [label.id])];
    for (const name of new Set(names.map(plainName))) {
      const known = this.#byName.get(name);
      if (known) known.push(place);
      else this.#byName.set(name, [place]);
    }
    return place;
  }

  /** Says which of the network's outputs the class at a place is. */
  setIndex(place: number, index: number): void {
    this.#byIndex.set(index, place);
    this.#indices.set(place, index);
  }

  /** The place of the class that is an output of the network. */
  atIndex(index: number): number | undefined {
    return this.#byIndex.get(index);
  }

  /** Which of the network's outputs a class is; where nothing says it, its place. */
  indexOf(place: number): number {
    return this.#indices.get(place) ?? place;
  }

  /** A label with its synset id or index. */
  describe(place: number): string {
    const { id, name } = elementAt(this.labels, place);
    return `${name} (${id ?? `index ${this.indexOf(place)}`})`;
  }

  /** Places of the classes that are called so, by any of their names. */
  named(term: string): readonly number[] {
    return this.#byName.get(plainName(term)) ?? [];
  }

  /** The same, but those whose first name it is go before all others: `tub` is no bathtub. */
  bestNamed(term: string): readonly number[] {
    const word = plainName(term);
    const named = this.named(word);
    const first = named.filter((place) => plainName(elementAt(this.labels, place).name.split(', ')[0]!) === word);
    return first.length > 0 ? first : named;
  }

  /** WordNet's groups that are called so and have classes of the model. */
  inGroups(term: string): readonly NamedGroup[] {
    if (!this.#hasIds) return [];
    this.#groupWords ??= new Map(Array.from(this.#groups.words(), (word) => [plainName(word), word]));
    const word = plainName(term);
    return this.#groups
      .find(this.#groupWords.get(word) ?? word)
      .map((group) => ({ id: group, label: this.#groups.labelOf(group), places: this.#placesIn(group) }))
      .filter(({ places }) => places.length > 0);
  }

  #placesIn(group: string): readonly number[] {
    const isWithin = ({ id }: Label) => id !== undefined && this.#groups.isWithin(id, group);
    return this.labels.flatMap((label, place) => (isWithin(label) ? [place] : []));
  }

  /** The names of classes and groups that a word is closest to. */
  nearest(term: string, count: number): readonly string[] {
    const names = new Set(this.labels.flatMap(({ name }) => name.split(', ')));
    if (this.#hasIds) for (const word of this.#groups.words()) names.add(word);
    return nearestNames(plainName(term), names, count);
  }
}
