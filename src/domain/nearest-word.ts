/** Changes (a letter more, less or another, or two swapped) up to which a word may be meant by another. */
const MOST_CHANGES = 2;

/** The word that was probably meant by one that is none of `words`; undefined where none is close. */
export function nearestWord(wrong: string, words: readonly string[]): string | undefined {
  const typed = wrong.toLowerCase();
  const most = Math.min(MOST_CHANGES, Math.floor(typed.length / 2));
  const [best] = words
    .map((word) => ({ word, changes: countChanges(typed, word.toLowerCase()) }))
    .filter(({ word, changes }) => changes <= most || word.toLowerCase().startsWith(typed))
    .sort((a, b) => a.changes - b.changes);
  return typed === '' ? undefined : best?.word;
}

/** Damerau and Levenshtein's distance, where no part is changed twice. */
function countChanges(from: string, to: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const other = from[i - 1] === to[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + other, swapped));
    }
    before = last;
    last = row;
  }
  return last[to.length]!;
}
