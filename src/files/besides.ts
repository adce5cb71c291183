import { randomBytes } from 'node:crypto';

/** A name beside `path` that no other process takes. */
export function besides(path: string): string {
  return `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}
