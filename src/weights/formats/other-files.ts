/** The first bytes of a file, also as characters of one byte each. */
export interface Head {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Bytes that a file is told by, where it has as many. */
export const SNIFFED_BYTES = 512;

export function headOf(file: Uint8Array): Head {
  const bytes = file.subarray(0, SNIFFED_BYTES);
  // Not by a TextDecoder, whose latin1 is Windows's: 0x80 … 0x9f would become other characters.
  return { bytes, text: Buffer.from(bytes).toString('latin1') };
}

/** Kinds of files that are no weights, in the words of messages. */
const otherKinds = [
  ['tgz', ({ text }: Head) => text.startsWith('\x1f\x8b')],
  ['Git LFS pointer', ({ text }: Head) => text.startsWith('version https://git-lfs')],
  ['TensorFlow SavedModel', ({ text }: Head) => text.startsWith('\x08\x01\x12')],
  ['web page', ({ text }: Head) => isHtml(text)],
  ['XML document', ({ text }: Head) => /^\s*<\?xml/.test(text)],
] as const;

export type OtherKind = (typeof otherKinds)[number][0];

/** What a file is that holds no weights, as far as that is known. */
export function otherKindOf(head: Head): OtherKind | undefined {
  return otherKinds.find(([, matches]) => matches(head))?.[0];
}

/** Whether text is that of a web page: an error, a login, a consent. */
export function isHtml(text: string): boolean {
  return /^\W*(<!--[\s\S]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text);
}
