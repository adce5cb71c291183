/** What a file is by its first bytes. */
export type FileKind =
  | 'tflite'
  | 'tgz'
  | 'hdf5'
  | 'zip'
  | 'pickle'
  | 'safetensors'
  | 'onnx'
  | 'json'
  | 'web page'
  | 'Git LFS pointer'
  | 'XML document'
  | 'empty file';

/** Bytes that `sniff` wants to see, where the file has them. */
export const SNIFFED_BYTES = 512;

/** The kind of file, or undefined for one that is not known. */
export function sniff(head: Uint8Array): FileKind | undefined {
  // Not by a TextDecoder, whose latin1 is Windows's: 0x80 … 0x9f would become other characters.
  const text = Buffer.from(head.subarray(0, SNIFFED_BYTES)).toString('latin1');
  if (head.length === 0) return 'empty file';
  // First, since the length that it begins with may be any other's mark.
  if (text[8] === '{' && text.slice(6, 8) === '\0\0') return 'safetensors';
  if (text.slice(4, 8) === 'TFL3') return 'tflite';
  if (text.startsWith('\x1f\x8b')) return 'tgz';
  if (text.startsWith('\x89HDF\r\n\x1a\n')) return 'hdf5';
  if (text.startsWith('PK\x03\x04')) return 'zip';
  if (text.startsWith('\x80')) return 'pickle';
  if (text.startsWith('version https://git-lfs')) return 'Git LFS pointer';
  if (isHtml(text)) return 'web page';
  if (/^\s*<\?xml/.test(text)) return 'XML document';
  if (/^\s*[{[]/.test(text)) return 'json';
  // ONNX begins with the field `ir_version`, a small number.
  if (head[0] === 0x08 && head[1]! < 32) return 'onnx';
  return undefined;
}

/** Whether text is that of a web page: an error, a login, a consent. */
export function isHtml(text: string): boolean {
  return /^\W*(<!--[\s\S]*?-->\s*)?<(!doctype\s+html|html|head|body)\b/i.test(text);
}
