import { readFileSync } from 'node:fs';
import { packageFile } from '../files/package-files.js';

/** Synsets of WordNet 3.0 from ImageNet's classes up to the root. */
export interface Groups {
  /** Synset ids of the groups that a word names: those it is the first word of, or else those it is any word of. */
  find(word: string): readonly string[];
  /** Synset ids directly above one; none for the root, and for what is not in the table. */
  parentsOf(id: string): readonly string[];
  /** The words of a group, with commas between them. */
  labelOf(id: string): string;
  /** All words that `find` takes. */
  words(): Iterable<string>;
  /** Whether the synset is the group or below it. */
  isWithin(id: string, group: string): boolean;
}

const FILE = packageFile('models/imagenet-groups.tsv');

/** The table that models/imagenet-groups.ts derives: id, ids of the parents, words of what is no class itself. */
export function loadGroups(): Groups {
  const parents = new Map<string, readonly string[]>();
  const labels = new Map<string, string>();
  const named: { readonly id: string; readonly words: readonly string[] }[] = [];
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    if (line === '') continue;
    const [id, above, words] = line.split('\t') as [string, string, string];
    parents.set(id, above === '' ? [] : above.split(' '));
    labels.set(id, words);
    if (words !== '') named.push({ id, words: words.toLowerCase().split(', ') });
  }
  const isWithin = (id: string, group: string): boolean =>
    id === group || (parents.get(id) ?? []).some((parent) => isWithin(parent, group));
  return {
    find(word) {
      if (parents.has(word)) return [word];
      const first = named.filter(({ words }) => words[0] === word);
      return (first.length > 0 ? first : named.filter(({ words }) => words.includes(word))).map(({ id }) => id);
    },
    parentsOf: (id) => parents.get(id) ?? [],
    labelOf: (id) => labels.get(id) ?? id,
    words: () => named.flatMap(({ words }) => words),
    isWithin,
  };
}
