import { describeReadError } from '../errors/file-errors.js';
import { type ArchiveEntry, ArchiveError, type ArchiveKind, type ArchiveWishes, notA } from './archive-types.js';
import { type ByteSource, openFileSource } from './byte-source.js';
import { beginsAs } from './recognise.js';
import { BLOCK, isTarHeader } from './tar-checksum.js';
import { tarMembers } from './tar-members.js';

const NAMES = { gzip: 'gzip file', zstd: 'zstd file', parquet: 'Parquet file' };

/**
 * The members of an archive in its order, each to be read before the next is asked for, with what is wrong with it: this
 * never throws for anything that the file holds, nor where it cannot be read.
 */
export async function* openArchive(
  path: string | Buffer,
  kind: ArchiveKind,
  wishes: ArchiveWishes = {},
): AsyncGenerator<ArchiveEntry> {
  try {
    yield* entriesOf(path, kind, wishes);
  } catch (error) {
    if (error instanceof ArchiveError) yield { flaw: error.flaw };
    else if (isReadError(error)) yield { flaw: { problem: describeReadError(error) } };
    else throw error;
  }
}

async function* entriesOf(
  path: string | Buffer,
  kind: ArchiveKind,
  wishes: ArchiveWishes,
): AsyncGenerator<ArchiveEntry> {
  // In a tar, the first header may be damaged; a zip may begin with other bytes.
  if (kind !== 'tar' && kind !== 'zip' && !beginsAs(path, kind)) throw notA(NAMES[kind]);
  switch (kind) {
    case 'tar':
      yield* closing(await openFileSource(path));
      break;
    case 'zip': {
      const { zipMembers } = await import('./zip-members.js');
      yield* zipMembers(path);
      break;
    }
    case 'parquet': {
      const { parquetMembers } = await import('./parquet-members.js');
      yield* parquetMembers(path, wishes);
      break;
    }
    case 'gzip':
    case 'zstd': {
      const { openUnpacked } = await import('./unpacked.js');
      const source = openUnpacked(kind, path);
      try {
        await checkTar(source, kind);
      } catch (error) {
        source.close();
        throw error;
      }
      yield* closing(source);
      break;
    }
  }
}

async function* closing(source: ByteSource): AsyncGenerator<ArchiveEntry> {
  try {
    yield* tarMembers(source);
  } finally {
    source.close();
  }
}

/** Of what is packed, which may be anything. */
async function checkTar(source: ByteSource, kind: string): Promise<void> {
  const start = await source.peek(BLOCK);
  if (start.length === 0 || isTarHeader(start) || start.every((byte) => byte === 0)) return;
  throw new ArchiveError({
    problem: `a ${kind} file`,
    expected: `a tar in it (.tar.${kind === 'gzip' ? 'gz' : 'zst'})`,
  });
}

function isReadError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
