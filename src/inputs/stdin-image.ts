import type { ArchiveKind } from '../archives/archive-types.js';
import { kindOf } from '../archives/recognise.js';
import { detectFormat, FORMAT_HEADER_BYTES } from '../domain/image-format.js';
import { formatError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { Input } from './types.js';

const MOST_BYTES = 2 ** 28;

/**
 * The image on stdin; of an archive, which may be of any length, no more is read than shows that it is one.
 * @param name what stdin is called
 * @throws UsageError for more than an image may have
 */
export async function readImage(
  stdin: AsyncIterable<Uint8Array>,
  name: string,
): Promise<Required<Pick<Input, 'bytes'>> | Required<Pick<Input, 'error'>>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let isKnown = false;
  for await (const chunk of stdin) {
    bytes += chunk.length;
    chunks.push(chunk);
    if (!isKnown && bytes >= FORMAT_HEADER_BYTES) {
      const kind = archiveKind(chunks);
      if (kind) return refused(name, kind);
      isKnown = true;
    }
    if (bytes > MOST_BYTES) {
      throw new UsageError({
        where: '-',
        problem: `more than ${MOST_BYTES / 2 ** 20} MiB on stdin`,
        expected: 'one image',
        remedy: 'for a list of files, use --files-from -',
      });
    }
  }
  const kind = isKnown ? undefined : archiveKind(chunks);
  return kind ? refused(name, kind) : { bytes: Buffer.concat(chunks) };
}

function archiveKind(chunks: readonly Uint8Array[]): ArchiveKind | undefined {
  const start = Buffer.concat(chunks).subarray(0, FORMAT_HEADER_BYTES);
  return detectFormat(start).supported ? undefined : kindOf(start, '');
}

const ARCHIVE_WORDS: Readonly<Record<ArchiveKind, string>> = {
  ...{ tar: 'a tar archive', zip: 'a zip archive', parquet: 'a Parquet file' },
  ...{ gzip: 'a gzip file', zstd: 'a zstd file' },
};

function refused(name: string, kind: ArchiveKind): Required<Pick<Input, 'error'>> {
  const message = formatError({
    where: printable(name),
    problem: `${ARCHIVE_WORDS[kind]} on stdin`,
    expected: 'one image',
    remedy: 'archives are not read from stdin: save it to a file and name that file',
  });
  return { error: { code: 'unsupported-format', message } };
}
