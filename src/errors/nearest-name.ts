import leven from 'leven';

/**
 * The name that a mistyped word was probably meant to be: the first of those with the fewest changed letters, at most one in
 * three. Case does not count.
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  let least = Math.floor(word.length / 3) + 1;
  let nearest: string | undefined;
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue;
    const distance = leven(word.toLowerCase(), name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** The `count` names with the fewest changed letters, however many those are. Case does not count. */
export function nearestNames(word: string, names: Iterable<string>, count: number): readonly string[] {
  const lower = word.toLowerCase();
  return Array.from(names, (name) => ({ name, distance: leven(lower, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}
