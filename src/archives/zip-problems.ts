import { ArchiveError, type ArchiveFlaw, notA } from './archive-types.js';

/** For a single file, or the whole archive. */
export const ENCRYPTED: ArchiveFlaw['flaw'] = {
  problem: 'encrypted',
  remedy: 'extract the archive with its password, and name the folder',
};

/** yauzl's errors for whole archives, in words that say what to do; all others are shown with yauzl's message. */
const problems: readonly (readonly [RegExp, ArchiveFlaw['flaw']])[] = [
  [
    /^End of central directory/,
    {
      problem: 'the zip archive is cut off: it has no directory at its end',
      remedy: 'download or copy it again, or rebuild it with "zip -FF FILE.zip --out NEW.zip"',
    },
  ],
  [
    /^Invalid comment length/,
    {
      problem: 'there are bytes after the end of the zip archive',
      remedy: 'rebuild it with "zip -FF FILE.zip --out NEW.zip"',
    },
  ],
  [
    /^multi-disk/,
    { problem: 'one of several files of a zip archive', remedy: 'join them with "zip -s 0 FILE.zip --out NEW.zip"' },
  ],
  [/^strong encryption/, ENCRYPTED],
  [/overflows file bounds/, { problem: 'the zip archive does not have all of its bytes' }],
];

/** The same where the file does not begin like a zip archive. */
const problemsOfOthers: readonly (readonly [RegExp, ArchiveFlaw['flaw']])[] = [
  [/^End of central directory/, notA('zip archive').flaw],
  [
    /file header signature/,
    {
      problem: 'there are bytes in front of the zip archive, as in one that extracts itself',
      remedy: 'correct it with "zip -A FILE.zip", or extract it and name the folder',
    },
  ],
];

/** What cannot be read is no damage. */
export function damagedZip(cause: unknown, beginsAsZip = true): unknown {
  if (!(cause instanceof Error) || 'syscall' in cause || 'details' in cause) return cause;
  const known = (beginsAsZip ? problems : [...problemsOfOthers, ...problems]).find(([sign]) =>
    sign.test(cause.message),
  );
  const flaw = known?.[1] ?? { problem: `damaged zip archive (${cause.message})`, remedy: 'files may be missing' };
  return new ArchiveError(flaw, { cause });
}
