import { statSync } from 'node:fs';
import { SMALL_JPEG_BYTES } from './shrink.js';

/** Whether a file is there that takes long to decode, as its length has it. */
export function isLargeFile(path: string | Buffer): boolean {
  try {
    return statSync(path).size > SMALL_JPEG_BYTES;
  } catch {
    return false;
  }
}
