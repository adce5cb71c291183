import { type Head, type WeightsKind, weightsFormats } from './table.js';

/** Kinds of files that are no weights, in the words of messages. */
const otherKinds = [
  ['tgz', ({ text }: Head) => text.startsWith('\x1f\x8b')],
  ['Git LFS pointer', ({ text }: Head) => text.startsWith('version https://git-lfs')],
  ['web page', ({ text }: Head) => isHtml(text)],
  ['XML document', ({ text }: Head) => /^\s*<\?xml/.test(text)],
] as const;

/** What a file is by its first bytes. */
export type FileKind = WeightsKind | (typeof otherKinds)[number][0] | 'empty file';

/** Bytes that `sniff` wants to see, where the file has them. */
export const SNIFFED_BYTES = 512;

/** The kind of file, or undefined for one that is not known. */
export function sniff(head: Uint8Array): FileKind | undefined {
  if (head.length === 0) return 'empty file';
  const bytes = head.subarray(0, SNIFFED_BYTES);
  // Not by a TextDecoder, whose latin1 is Windows's: 0x80 … 0x9f would become other characters.
  const known: Head = { bytes, text: Buffer.from(bytes).toString('latin1') };
  for (const { kinds } of weightsFormats) {
    for (const { kind, matches } of kinds) if (matches(known)) return kind;
  }
  return otherKinds.find(([, matches]) => matches(known))?.[0];
}

/** Whether text is that of a web page: an error, a login, a consent. */
export function isHtml(text: string): boolean {
  return /^\W*(<!--[\s\S]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text);
}
