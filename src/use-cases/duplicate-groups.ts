import type { FailedRecord, Origin, PictureSize } from '../domain/classification.js';
import { byName, type KeepChoice } from './keep-order.js';
import type { VisitRequest, VisitTally } from './visit-vectors.js';

export interface GroupRequest extends VisitRequest {
  readonly keep: KeepChoice;
}

/** What is known of a picture without looking at it. */
export type NamedPicture = Origin & Partial<PictureSize>;

/** A picture of a group. */
export interface DuplicateMember {
  readonly picture: NamedPicture;
  /** To the one that is kept. */
  readonly similarity: number;
}

/** Pictures that are alike: the one to keep, then the others. */
export interface FoundGroup {
  readonly kept: DuplicateMember;
  readonly others: readonly DuplicateMember[];
}

/** What was compared, and what came of it. */
export interface FoundGroups {
  readonly tally: VisitTally;
  readonly groups: readonly FoundGroup[];
  readonly errors: readonly FailedRecord[];
}

/** Groups by the name of the one that is kept; in each the most similar first, then by name. */
export function sortGroups(byKept: ReadonlyMap<NamedPicture, readonly DuplicateMember[]>): FoundGroup[] {
  return [...byKept]
    .sort(([one], [other]) => byName(one, other))
    .map(([picture, members]) => ({
      kept: { picture, similarity: 1 },
      others: [...members].sort((a, b) => b.similarity - a.similarity || byName(a.picture, b.picture)),
    }));
}
