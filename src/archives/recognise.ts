import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { ArchiveKind } from './archive-types.js';
import { BLOCK, isTarHeader } from './tar-checksum.js';

/** What files are called that are meant to be archives, even where they do not begin like one. */
const ENDINGS: readonly (readonly [RegExp, ArchiveKind])[] = [
  [/\.tar$/i, 'tar'],
  [/\.(tgz|tar\.gz)$/i, 'gzip'],
  [/\.(tzst|tar\.zst)$/i, 'zstd'],
  [/\.zip$/i, 'zip'],
  [/\.parquet$/i, 'parquet'],
];

/**
 * Which kind of archive a file is: by its first bytes, or else by its name. Undefined for everything else: folders, pipes,
 * what cannot be opened, an empty file. Of a gzip or zstd file it is not told here whether there is a tar in it.
 */
export function recogniseArchive(path: string | Buffer): ArchiveKind | undefined {
  let file: number | undefined;
  try {
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!fstatSync(file).isFile()) return undefined;
    const header = new Uint8Array(BLOCK);
    const length = readSync(file, header);
    return length === 0 ? undefined : kindOf(header.subarray(0, length), path.toString('latin1'));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** By the first bytes, at least BLOCK of them where there are so many. */
export function kindOf(header: Uint8Array, name: string): ArchiveKind | undefined {
  const start = Buffer.from(header.subarray(0, 4)).toString('latin1');
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip';
  if (start === 'PAR1') return 'parquet';
  if (start.startsWith('\x1f\x8b')) return 'gzip';
  if (start === '(\xb5/\xfd') return 'zstd';
  if (isTarHeader(header) || Buffer.from(header.subarray(257, 262)).toString('latin1') === 'ustar') return 'tar';
  return ENDINGS.find(([ending]) => ending.test(name))?.[1];
}
