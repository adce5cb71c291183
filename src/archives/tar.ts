import { ModelError } from '../errors/errors.js';
import { MAX_FILE_BYTES } from '../untrusted-data/regular-file.js';
import { ArchiveError } from './archive-types.js';
import { tarMembers } from './tar-members.js';
import { openUnpacked } from './unpacked.js';

/** Of all that comes out of an archive: the largest of TF-slim's has 0.2 GB. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;

/**
 * One member of a gzipped tar archive, streamed and bounded. Nothing is ever written under a name that the archive gives,
 * so that its paths and links have nowhere to lead: only a regular file of exactly the name asked for, at the archive's
 * top, is read.
 * @throws ModelError `archive`
 */
export async function readArchiveMember(
  path: string,
  member: string,
  where: string,
  maxUnpackedBytes = MAX_UNPACKED_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const wrong = (problem: string, expected?: string) => new ModelError('archive', { where, problem, expected });
  const source = openUnpacked('gzip', path, (unpacked) => {
    if (unpacked > maxUnpackedBytes) throw wrong(`more than ${maxUnpackedBytes} bytes when unpacked`);
  });
  try {
    for await (const entry of tarMembers(source)) {
      if ('flaw' in entry) throw wrong(entry.flaw.problem ?? 'damaged', entry.flaw.expected);
      const { name, size, isLink } = entry;
      if (name.toString('latin1') !== member) continue;
      if (isLink) throw wrong(`${member} is a link`, 'a file');
      if (size === 0 || size > MAX_FILE_BYTES) {
        throw wrong(`${member} of ${size} bytes`, `1 to ${MAX_FILE_BYTES}`);
      }
      return await entry.read();
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw wrong(error.message);
  } finally {
    source.close();
  }
  throw wrong(`no ${member} in it`, 'that file at its top');
}
