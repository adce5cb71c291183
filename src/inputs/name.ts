import type { Input } from './types.js';

/** An input by the bytes of its name. */
export function inputOf(name: Buffer): Input {
  const file = name.toString('utf8');
  return { file, path: isSame(file, name) ? file : name };
}

/** Of a picture that is far away. */
export function isAddress(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/** The bytes of an input's name. */
export function nameBytes({ path }: Pick<Input, 'path'>): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : path;
}

/** Whether the text says it all: otherwise some bytes were not UTF-8. */
function isSame(text: string, bytes: Buffer): boolean {
  return !text.includes('\ufffd') || Buffer.from(text).equals(bytes);
}
