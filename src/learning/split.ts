import { shuffled } from '../domain/seeded-random.js';

export interface Grouped {
  /** The class of each row, from 0. */
  readonly labels: Int32Array;
  /** Rows of one group (the same picture twice, or nearly) stay together; each by itself by default. */
  readonly groups?: Int32Array | undefined;
}

/**
 * Puts each row into one of `folds` folds, so that every class is spread evenly over them. With fewer groups in a class than
 * folds, some folds have none of it.
 * @returns the fold of each row
 */
export function stratifiedFolds({ labels, groups }: Grouped, folds: number, random: () => number): Int32Array {
  const members = membersOf(labels, groups);
  const classes = labels.reduce((most, label) => Math.max(most, label), -1) + 1;
  const counts = Array.from({ length: folds }, () => new Int32Array(classes + 1));
  const foldOf = new Int32Array(labels.length);
  // The largest first, while there is still room to balance them.
  const order = shuffled(members, random).sort((a, b) => b.length - a.length);
  for (const rows of order) {
    const label = labels[rows[0]!]!;
    const fold = counts.reduce((best, count, at) => {
      const least = counts[best]!;
      const isLess =
        count[label]! < least[label]! || (count[label] === least[label] && count[classes]! < least[classes]!);
      return isLess ? at : best;
    }, 0);
    for (const row of rows) {
      foldOf[row] = fold;
      counts[fold]![labels[row]!]!++;
      counts[fold]![classes]!++;
    }
  }
  return foldOf;
}

/**
 * Holds out about `share` of the rows of each class, and leaves at least one group of each.
 * @returns whether each row is held out
 */
export function holdOut({ labels, groups }: Grouped, share: number, random: () => number): readonly boolean[] {
  const held = new Array<boolean>(labels.length).fill(false);
  const order = shuffled(membersOf(labels, groups), random);
  for (const label of new Set(labels)) {
    const members = order.filter((rows) => labels[rows[0]!] === label);
    const most = Math.round(share * members.reduce((sum, rows) => sum + rows.length, 0));
    let count = 0;
    for (const rows of members.slice(1)) {
      if (count + rows.length > most) continue;
      for (const row of rows) held[row] = true;
      count += rows.length;
    }
  }
  return held;
}

/** The rows of each group. */
function membersOf(labels: Int32Array, groups: Int32Array | undefined): number[][] {
  if (!groups) return Array.from(labels, (_, row) => [row]);
  const members = new Map<number, number[]>();
  groups.forEach((group, row) => {
    const rows = members.get(group);
    if (rows) rows.push(row);
    else members.set(group, [row]);
  });
  return [...members.values()];
}
