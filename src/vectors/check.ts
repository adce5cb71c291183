import { createHash } from 'node:crypto';

/** What ties a row about a picture to its vector: the first 16 hexadecimal digits of the SHA-256 of the vector's bytes. */
export function vectorCheck({ buffer, byteOffset, byteLength }: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex')
    .slice(0, 16);
}
