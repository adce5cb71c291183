import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { detectFormat } from '../domain/image-format.js';
import type { ArchiveKind } from './archive-types.js';
import { BLOCK, hasTarMagic, isTarHeader } from './tar-checksum.js';

/** What files are called that are meant to be archives, even where they do not begin like one. */
const ENDINGS: readonly (readonly [RegExp, ArchiveKind])[] = [
  [/\.tar$/i, 'tar'],
  [/\.(tgz|tar\.gz)$/i, 'gzip'],
  [/\.(tzst|tar\.zst)$/i, 'zstd'],
  [/\.zip$/i, 'zip'],
  [/\.parquet$/i, 'parquet'],
];

/**
 * Which kind of archive a file is: by its first bytes, or else, unless it is an image, by its name. Undefined for everything
 * else: folders, pipes, what cannot be opened, an empty file. Whether a gzip or zstd file contains a tar is not checked here.
 */
export function recogniseArchive(path: string | Buffer): ArchiveKind | undefined {
  const header = readHeader(path);
  return header && kindOf(header, path.toString('latin1'));
}

/** Whether a file's first bytes, and not only its name, say that it is of a kind; true where it cannot be read. */
export function beginsAs(path: string | Buffer, kind: ArchiveKind): boolean {
  const header = readHeader(path);
  return header === undefined || kindOf(header, '') === kind;
}

function readHeader(path: string | Buffer): Uint8Array | undefined {
  let file: number | undefined;
  try {
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!fstatSync(file).isFile()) return undefined;
    const header = new Uint8Array(BLOCK);
    const length = readSync(file, header);
    return length === 0 ? undefined : header.subarray(0, length);
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
  if (isTarHeader(header) || hasTarMagic(header)) return 'tar';
  const byName = ENDINGS.find(([ending]) => ending.test(name))?.[1];
  return byName && !detectFormat(header).supported ? byName : undefined;
}
