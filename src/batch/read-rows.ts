import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/** No row is longer: a name, a message, and predictions for all of ImageNet. */
const MOST_ROW_BYTES = 2 ** 24;

/** The lines of a file of rows, `-` for stdin; one that does not end was being written when its process was killed. Throws UsageError. */
export async function* readRows(path: string): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a, from)) {
        yield { text: rest.toString('utf8', from, at), isWhole: true };
        from = at + 1;
      }
      rest = rest.subarray(from);
      if (rest.length > MOST_ROW_BYTES) throw new UsageError(`${printable(path)}: a line without end, expected JSONL`);
    }
  } catch (cause) {
    throw cause instanceof UsageError ? cause : unreadable(path, cause);
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), isWhole: false };
}

/** Throws UsageError, as reading it would, for a file that may not be read. */
export function checkRows(path: string): void {
  if (path === '-') return;
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  const { code } = cause as NodeJS.ErrnoException;
  return new UsageError(`${printable(path)}: cannot be read (${code ?? 'unknown fault'}), expected JSONL`, { cause });
}
