const CONTEXT = 2;

/** The lines that differ, marked `-` and `+`, with those around them. Empty where the texts are the same. */
export function lineDiff(before: string, after: string): string[] {
  if (before === after) return [];
  const marked = align(before.split('\n'), after.split('\n'));
  const isNear = (at: number) =>
    marked.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => line[0] !== ' ');
  return marked.filter((_, at) => isNear(at));
}

/** By the longest common subsequence. */
function align(before: readonly string[], after: readonly string[]): string[] {
  const width = after.length + 1;
  // common[i * width + j]: the length for the lines from i and from j on.
  const common = new Uint32Array((before.length + 1) * width);
  const commonFrom = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j] ? commonFrom(i + 1, j + 1) + 1 : Math.max(commonFrom(i + 1, j), commonFrom(i, j + 1));
    }
  }
  const marked: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      marked.push(`  ${before[i++]}`);
      j++;
    } else if (i < before.length && (j === after.length || commonFrom(i + 1, j) >= commonFrom(i, j + 1))) {
      marked.push(`- ${before[i++]}`);
    } else marked.push(`+ ${after[j++]}`);
  }
  return marked;
}
