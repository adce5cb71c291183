import { type Head, headOf, type OtherKind, otherKindOf } from './other-files.js';
import { type WeightsKind, weightsFormats } from './table.js';

/** What a file is by its first bytes. */
export type FileKind = WeightsKind | OtherKind | 'empty file';

/** The kind of file, or undefined for one that is not known. */
export function sniff(head: Uint8Array): FileKind | undefined {
  if (head.length === 0) return 'empty file';
  const known: Head = headOf(head);
  for (const { kinds } of weightsFormats) {
    for (const { kind, matches } of kinds) if (matches(known)) return kind;
  }
  return otherKindOf(known);
}
