import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { type ErrorDetails, UsageError } from '../errors/errors.js';
import { describeReadError } from '../errors/file-errors.js';
import { printable } from '../errors/printable.js';
import { openStream } from './stream.js';

/** Longer than any path that a system opens. */
const MOST_NAME_BYTES = 65_536;

/**
 * The names in a list, as bytes, as they arrive: each up to a NUL or a line's end. Empty ones are skipped.
 * Throws UsageError where the list cannot be read or a name has no end.
 * @param source a stream of bytes, as stdin, or a file's path
 * @param until ends the reading of a file
 */
export async function* readNames(
  source: string | AsyncIterable<Uint8Array>,
  separator: 'nul' | 'newline',
  until?: AbortSignal,
): AsyncGenerator<Buffer> {
  const where = typeof source === 'string' ? printable(source) : 'stdin';
  const end = separator === 'nul' ? 0 : 0x0a;
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of typeof source === 'string' ? await openStream(source, until) : source) {
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end, from)) {
        const name = cut(rest.subarray(from, at), separator, where);
        if (name.length > 0) yield name;
        from = at + 1;
      }
      rest = rest.subarray(from);
      if (rest.length > MOST_NAME_BYTES) {
        throw new UsageError({
          where,
          problem: `a name is longer than ${MOST_NAME_BYTES} bytes`,
          remedy: separator === 'nul' ? 'if names end with newlines, omit --null' : 'if names end with NUL, add --null',
        });
      }
    }
  } catch (error) {
    throw error instanceof UsageError ? error : unreadable(where, error);
  }
  const last = cut(rest, separator, where);
  if (last.length > 0) yield last;
}

/** Throws UsageError, as reading it would, for a list that cannot be opened; it is not opened, since it may be a pipe. */
export async function checkList(path: string): Promise<void> {
  const where = printable(path);
  try {
    await access(path, constants.R_OK);
    if (!(await stat(path)).isDirectory()) return;
  } catch (error) {
    throw unreadable(where, error);
  }
  throw new UsageError({ where, problem: 'is a folder', expected: 'a list of files' });
}

function unreadable(where: string, cause: unknown): UsageError {
  return new UsageError({ where, problem: describeReadError(cause) }, { cause });
}

/** Some programs of Windows, older PowerShells among them, write UTF-16 with a byte order mark. */
function aboutNul(bytes: Buffer): ErrorDetails {
  if (['fffe', 'feff'].includes(bytes.toString('hex', 0, 2))) {
    return {
      problem: 'the list is in UTF-16',
      expected: 'UTF-8',
      remedy: 'save it as UTF-8 without a byte order mark',
    };
  }
  return {
    problem: 'a name has a NUL in it',
    expected: 'a list of names, each on a line of its own',
    remedy: 'if names end with NUL, add --null',
  };
}

/** Of a name that is kept its own copy. Windows ends lines by two characters. Throws UsageError for what is no name. */
function cut(bytes: Buffer, separator: 'nul' | 'newline', where: string): Buffer {
  if (separator === 'newline' && bytes.includes(0)) throw new UsageError({ where, ...aboutNul(bytes) });
  const end = separator === 'newline' && process.platform === 'win32' && bytes.at(-1) === 0x0d ? -1 : undefined;
  return Buffer.from(bytes.subarray(0, end));
}
