import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { ModelError } from '../errors/errors.js';
import { type Allocate, readModelFile } from '../untrusted-data/regular-file.js';

/** What tells that a file has every byte as it was written. */
export interface Checksums {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** CRC-32 of ISO-HDLC (that of zlib and PNG), 8 lower-case hexadecimal digits: a tenth of the time of the hash. */
  readonly crc32: string;
}

const require = createRequire(import.meta.url);

function sha256(bytes: Uint8Array): string {
  // On demand: loading it takes as long as checking.
  const { createHash }: typeof import('node:crypto') = require('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}

function crc32(bytes: Uint8Array): string {
  return zlib.crc32(bytes).toString(16).padStart(8, '0');
}

export function checksums(bytes: Uint8Array): Checksums {
  return { bytes: bytes.length, sha256: sha256(bytes), crc32: crc32(bytes) };
}

/**
 * A bundled file. Its length and CRC-32 find damage; against somebody who changes files on purpose nothing that lies
 * beside them helps. Node.js before 20.15 has no CRC-32 and takes the hash.
 * @throws ModelError `weights-damaged`
 */
export function readUndamaged(path: string, expected: Checksums, maxBytes: number, allocate: Allocate): Uint8Array {
  const bytes = readModelFile(path, maxBytes, (size) => {
    if (size === expected.bytes) return allocate(size);
    throw new ModelError('weights-damaged', { where: path, problem: `${size} bytes`, expected: `${expected.bytes}` });
  });
  const [name, compute] = zlib.crc32 === undefined ? (['sha256', sha256] as const) : (['crc32', crc32] as const);
  const found = compute(bytes);
  if (found === expected[name]) return bytes;
  const title = name === 'crc32' ? 'CRC-32' : 'sha-256';
  throw new ModelError('weights-damaged', { where: path, problem: `${title} ${found}`, expected: expected[name] });
}
