/** What a batch came to. */
export interface BatchFacts {
  readonly succeeded: number;
  readonly failed: number;
  /** Done by an earlier run. */
  readonly skipped: number;
  /** Failures by their code, files that are no pictures by what they are. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly others: ReadonlyMap<string, number>;
  /** Most probable classes by label, where there are classes. */
  readonly classes?: ReadonlyMap<string, number>;
  readonly seconds: number;
}

const MOST_CLASSES = 5;

/**
 * A few lines for people, after many pictures: what they came to, the most frequent classes, files that are no pictures.
 * @param verb what was done with them: `classified`
 */
export function batchSummary(facts: BatchFacts, verb: string): readonly string[] {
  const { succeeded, failed, skipped, seconds, classes } = facts;
  const counts = [`${succeeded} ${verb}`];
  if (failed > 0) counts.push(`${failed} failed (${listed(inWords(facts.reasons))})`);
  if (skipped > 0) counts.push(`${skipped} done before`);
  if (succeeded > 0 && seconds > 0) counts.push(`${((succeeded + failed) / seconds).toFixed(1)} images/s`);
  const lines = succeeded + failed + skipped > 0 ? [counts.join(', ')] : [];
  if (classes && classes.size > 0) lines.push(`most frequent: ${listed(classes, MOST_CLASSES)}`);
  const others = otherFiles(facts.others);
  return others === undefined ? lines : [...lines, others];
}

/** `12 other files skipped: 9 text, 3 video` */
function otherFiles(others: ReadonlyMap<string, number>): string | undefined {
  const sum = [...others.values()].reduce((total, count) => total + count, 0);
  return sum === 0 ? undefined : `${sum} other ${sum === 1 ? 'file' : 'files'} skipped: ${listed(inWords(others))}`;
}

/** Codes as words. */
function inWords(counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...counts].map(([code, count]) => [code.replaceAll('-', ' '), count]));
}

/** The most frequent first; of a label its first name. */
function listed(counts: ReadonlyMap<string, number>, most = counts.size): string {
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, most);
  return sorted.map(([name, count]) => `${count} ${name.split(', ')[0]!}`).join(', ');
}
