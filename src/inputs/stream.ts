import * as fs from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const open = promisify(fs.open);

/** Elsewhere a pipe that nobody has opened for writing yet would look as if it had ended. */
const PIPE_FLAGS = fs.constants.O_RDONLY | (process.platform === 'linux' ? fs.constants.O_NONBLOCK : 0);

/**
 * The bytes of a file, or of a pipe, which is waited for by the event loop: a read on one of libuv's threads could not be
 * ended, and would keep the process. `until` ends it at once.
 */
export async function openStream(path: string, until?: AbortSignal): Promise<Readable> {
  const isPipe = (await stat(path)).isFIFO();
  const stream = isPipe ? await openPipe(path) : fs.createReadStream(path);
  endWith(stream, until);
  return stream;
}

/** The stream ends, for whoever reads it with an error, when the signal comes. */
export function endWith(stream: Readable, until: AbortSignal | undefined): void {
  if (!until) return;
  const end = () => stream.destroy();
  if (until.aborted) end();
  until.addEventListener('abort', end, { once: true });
  // One signal may end thousands of files, one after the other.
  stream.once('close', () => until.removeEventListener('abort', end));
}

async function openPipe(path: string): Promise<Readable> {
  const { Socket } = await import('node:net');
  return new Socket({ fd: await open(path, PIPE_FLAGS), readable: true, writable: false });
}
