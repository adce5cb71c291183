import type { ErrorDetails } from '../errors/errors.js';

/** Archives and the like, by what their first bytes say. */
export type ArchiveKind = 'tar' | 'gzip' | 'zstd' | 'zip' | 'parquet';

/** A member of an archive, when its turn comes. Its name leads nowhere: nothing is ever written under it. */
export interface ArchiveMember {
  /** As the archive has it, less `./` in front; it need not be UTF-8. */
  readonly name: Buffer;
  /** Where the archive has it: a byte, or a row. */
  readonly at: number;
  /** Bytes, unpacked. */
  readonly size: number;
  /** Milliseconds since 1970, where the archive says it. */
  readonly mtime?: number;
  /** A link, which has no bytes of its own. */
  readonly isLink?: true;
  /** A row of a table, whose images are no files that were found. */
  readonly isRow?: true;
  /** Of a row: what was wanted of other columns, as JSON has it. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Of a row: its class, where that was wanted. */
  readonly truth?: string;
  /**
   * Its bytes, a copy of its own; before the next member is asked for, and once.
   * @param isWanted called with the first bytes of a large member before the rest is read; where it returns false, only these
   *   bytes are read and returned
   * Rejects with ArchiveError.
   */
  read(isWanted?: IsWanted): Promise<Uint8Array<ArrayBuffer>>;
}

export type IsWanted = (start: Uint8Array) => boolean;

/** What is wrong with an archive, or with a member of it. */
export interface ArchiveFlaw {
  readonly name?: Buffer;
  /** Where; left out for the archive as a whole. */
  readonly at?: number;
  readonly flaw: Omit<ErrorDetails, 'where'>;
}

export type ArchiveEntry = ArchiveMember | ArchiveFlaw;

/** What is wanted of a table beside its images. */
export interface ArchiveWishes {
  readonly fields?: readonly string[];
  /** With `folder`: the class of each row. */
  readonly truth?: unknown;
  /** Off: the images are not wanted. */
  readonly contents?: boolean;
}

/** What is wrong with an archive, before its name is known. */
export class ArchiveError extends Error {
  readonly flaw: ArchiveFlaw['flaw'];

  constructor(flaw: ArchiveFlaw['flaw'], options?: ErrorOptions) {
    super(flaw.problem, options);
    this.flaw = flaw;
  }
}

/** For a file that has the name of an archive, but not the contents. */
export function notA(what: string): ArchiveError {
  return new ArchiveError({ problem: `not a ${what}`, remedy: 'check what was downloaded or copied' });
}

/** Enough bytes to recognise the format of a member. */
export const START_BYTES = 512;

/** Members of at most this length are always read whole. */
export const FEW_BYTES = 2 ** 20;

/** Of one member: as much as of an image on stdin. */
export const MOST_MEMBER_BYTES = 2 ** 28;

/** What all members may come to, in multiples of the archive's own length, and what any archive may. */
const MOST_RATIO = 100;
const LEAST_LIMIT = 2 ** 28;

/** Images hardly shrink; what unpacks to very much more is made to exhaust whoever reads it. Throws ArchiveError. */
export function checkRatio(unpacked: number, packed: number): void {
  if (unpacked <= LEAST_LIMIT + MOST_RATIO * packed) return;
  throw new ArchiveError({
    problem: `unpacks to more than ${MOST_RATIO} times its size`,
    remedy: 'the rest of it is not read',
  });
}

/** Throws ArchiveError. */
export function checkMemberSize(size: number): void {
  if (size <= MOST_MEMBER_BYTES) return;
  throw new ArchiveError({
    problem: `${size} bytes are too many for a file in an archive`,
    expected: `at most ${MOST_MEMBER_BYTES / 2 ** 20} MiB`,
  });
}
