import type { Origin, PictureSize } from '../domain/classification.js';

export type KeepChoice = (typeof KEEP_CHOICES)[number];
/** Which picture of those that are alike is kept. */
export const KEEP_CHOICES = ['largest', 'oldest', 'first'] as const;

type Facts = Origin & Partial<PictureSize>;

/**
 * Sorts pictures so that the one to keep comes first. `first`: in the order they were given in. `largest`: most pixels, then
 * most bytes, then the oldest; `oldest`: the earliest time, then most pixels, then most bytes. What is equal in all of these is
 * sorted by name, so that the order does not depend on the one that files were given in.
 */
export function orderToKeep(pictures: readonly Facts[], choice: KeepChoice): number[] {
  const places = [...pictures.keys()];
  if (choice === 'first') return places;
  const criteria = choice === 'largest' ? [pixels, bytes, age] : [age, pixels, bytes];
  return places.sort((a, b) => {
    const [one, other] = [pictures[a]!, pictures[b]!];
    for (const criterion of criteria) {
      const difference = criterion(other) - criterion(one);
      if (difference !== 0) return difference;
    }
    return byName(one, other);
  });
}

export function byName(one: Pick<Origin, 'file'>, other: Pick<Origin, 'file'>): number {
  return one.file < other.file ? -1 : one.file > other.file ? 1 : 0;
}

/** What is not known is least. */
function pixels({ width = 0, height = 0 }: Facts): number {
  return width * height;
}

function bytes({ size = 0 }: Facts): number {
  return size;
}

function age({ mtime = Number.MAX_SAFE_INTEGER }: Facts): number {
  return -mtime;
}
