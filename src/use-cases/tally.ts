import { type RecordError, SKIPPED } from '../domain/classification.js';
import { NOT_FINITE } from '../domain/rank.js';
import type { Input } from '../inputs/types.js';

/** How many inputs came to what. */
export interface Tally {
  succeeded: number;
  failed: number;
  /** Of those that failed: the network gave numbers that are none. */
  notFinite: number;
  /** Of those that failed: arguments that lead nowhere. */
  lost: number;
  /** Done by an earlier run that this one resumes. */
  skipped: number;
  /** Files in folders that are something else than pictures, by what they are. */
  readonly others: Map<string, number>;
  /** Failures by their code. */
  readonly reasons: Map<string, number>;
  /** That the pictures took. */
  seconds: number;
}

export function newTally(): Tally {
  return {
    ...{ succeeded: 0, failed: 0, notFinite: 0, lost: 0, skipped: 0, seconds: 0 },
    ...{ others: new Map(), reasons: new Map() },
  };
}

/** Of all inputs so far, whatever they came to. */
export function countDone(tally: Tally): number {
  return tally.succeeded + tally.failed + tally.skipped + countOthers(tally);
}

/** Files in folders that are something else than pictures. */
export function countOthers({ others }: Pick<Tally, 'others'>): number {
  return [...others.values()].reduce((sum, count) => sum + count, 0);
}

/** An input that an earlier run has done: with the error of its row, if it has one. */
export function countEarlier(tally: Tally, input: Input, error: RecordError | undefined): void {
  if (error) countError(tally, input, error);
  else tally.skipped++;
}

export function countError(tally: Tally, input: Input, { code, kind = code }: RecordError): void {
  if (code === SKIPPED) {
    count(tally.others, kind);
    return;
  }
  tally.failed++;
  count(tally.reasons, code);
  if (input.lost) tally.lost++;
  if (code === NOT_FINITE) tally.notFinite++;
}

export function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
