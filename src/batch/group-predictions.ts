import type { GroupPrediction, Prediction, RowPrediction } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import { UsageError } from '../errors/errors.js';
import { type Groups, loadGroups } from './groups.js';

/** A group is divided while one part of it has at least this share of its probability. */
const DECISIVE = 0.9;

/** Groups that say nothing about a picture: they are always divided. Synset ids of WordNet 3.0. */
const tooGeneral: ReadonlySet<string> = new Set([
  ...['n00001740', 'n00001930', 'n00002137'], // entity, physical entity, abstraction
  ...['n00002452', 'n00002684', 'n00003553'], // thing, object, whole
  ...['n00007347', 'n00023271', 'n00031921'], // causal agent, cognition, relation
  ...['n00020827', 'n00020090', 'n15046900'], // matter, substance, solid
  ...['n00021939', 'n03575240', 'n03183080'], // artifact, instrumentality, device
  ...['n00004258', 'n00004475', 'n03122748'], // living thing, organism, covering
  ...['n00033020', 'n00024264', 'n00027807'], // communication, attribute, shape
  ...['n00023100', 'n13809207', 'n00022903'], // psychological feature, part, article
]);

/** Sums that rounding leaves of nothing. */
const NOTHING = 1e-7;

/**
 * Adds up probabilities within WordNet's groups. The first answer is found by going down from the most general group to the
 * part with the most probability, as long as that part has at least 90 % of it; the next ones are found in the same way
 * among the classes that are left. No answer is a part of another.
 * @throws UsageError for labels without a class that WordNet's groups have
 */
export function createGrouping(
  labels: readonly Label[],
): (predictions: readonly Prediction[], top: number) => readonly RowPrediction[] {
  const tree = new GroupTree(labels, loadGroups());
  return (predictions, top) => group(tree, predictions, top);
}

/** What is above the classes of one model, and below each group. */
class GroupTree {
  /** By class id: itself and all groups that it is in. */
  readonly above = new Map<string, readonly string[]>();
  readonly parts = new Map<string, Set<string>>();
  readonly roots = new Set<string>();
  readonly #groups: Groups;
  readonly #classes = new Map<string, number>();

  constructor(labels: readonly Label[], groups: Groups) {
    this.#groups = groups;
    for (const { id } of labels) {
      if (id === undefined || this.above.has(id) || groups.parentsOf(id).length === 0) continue;
      const above = this.#climb(id);
      this.above.set(id, above);
      for (const each of above) this.#classes.set(each, (this.#classes.get(each) ?? 0) + 1);
    }
    if (this.above.size > 0) return;
    throw new UsageError({
      where: '--group',
      problem: 'the labels of this model have no groups',
      expected: 'labels with the synset ids of ImageNet’s classes',
    });
  }

  #climb(id: string): readonly string[] {
    const found = new Set([id]);
    for (const each of found) {
      const parents = this.#groups.parentsOf(each);
      if (parents.length === 0) this.roots.add(each);
      for (const parent of parents) {
        found.add(parent);
        this.parts.set(parent, (this.parts.get(parent) ?? new Set()).add(each));
      }
    }
    return [...found];
  }

  row(id: string, probability: number): GroupPrediction {
    return { index: null, id, label: this.#groups.labelOf(id), probability, classes: this.#classes.get(id) ?? 0 };
  }
}

function group(tree: GroupTree, predictions: readonly Prediction[], top: number): readonly RowPrediction[] {
  const sums = new Map<string, number>();
  const add = (id: string, probability: number) => {
    for (const each of tree.above.get(id) ?? []) sums.set(each, (sums.get(each) ?? 0) + probability);
  };
  const isGrouped = ({ id }: Prediction) => id !== null && tree.above.has(id);
  const left = new Set(predictions.filter(isGrouped));
  for (const { id, probability } of left) add(id!, probability);
  // What is above an answer is divided too, so that no answer contains another.
  const divided = new Set(tooGeneral);
  const rows: RowPrediction[] = predictions.filter((prediction) => !isGrouped(prediction));
  let rest = [...left].reduce((total, { probability }) => total + probability, 0);
  // What is left may still hold a group of more probability than one that was found.
  while (rest > (mostProbable(rows)[top - 1]?.probability ?? 0)) {
    const answer = descend(tree, sums, divided);
    if (answer === undefined) break;
    const inside = [...left].filter(({ id }) => tree.above.get(id!)?.includes(answer));
    const [first] = inside;
    if (!first) break;
    const sum = Math.round(1e6 * inside.reduce((total, { probability }) => total + probability, 0)) / 1e6;
    rows.push(first.id === answer ? { ...first, probability: sum } : tree.row(answer, sum));
    for (const prediction of inside) {
      left.delete(prediction);
      rest -= prediction.probability;
      add(prediction.id!, -prediction.probability);
      for (const each of tree.above.get(prediction.id!) ?? []) divided.add(each);
    }
  }
  return mostProbable(rows).slice(0, top);
}

function mostProbable(rows: readonly RowPrediction[]): readonly RowPrediction[] {
  return rows.toSorted((a, b) => b.probability - a.probability);
}

/** The group or class of the next answer; undefined where nothing is left. */
function descend(
  { roots, parts }: GroupTree,
  sums: ReadonlyMap<string, number>,
  divided: ReadonlySet<string>,
): string | undefined {
  const sumOf = (id: string) => sums.get(id) ?? 0;
  let at = heaviest(roots, sumOf);
  while (at !== undefined && sumOf(at) > NOTHING) {
    const below = parts.get(at);
    const part: string | undefined = below && heaviest(below, sumOf);
    if (part === undefined) return at;
    if (!divided.has(at) && sumOf(part) < DECISIVE * sumOf(at)) return at;
    at = part;
  }
  return undefined;
}

function heaviest(ids: Iterable<string>, sumOf: (id: string) => number): string | undefined {
  let found: string | undefined;
  for (const id of ids) if (found === undefined || sumOf(id) > sumOf(found)) found = id;
  return found;
}
