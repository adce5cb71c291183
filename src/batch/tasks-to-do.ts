import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { RecordError } from '../domain/classification.js';
import type { Input } from '../inputs/types.js';
import type { Meta, Task } from './types.js';

/** What an earlier run has done, by name. */
export type Done = ReadonlyMap<string, RecordError | undefined>;

export interface TaskOptions {
  readonly done?: Done;
  /** Size and time are wanted. */
  readonly meta: boolean;
  /** With SHA-256. */
  readonly hash: boolean;
  /** Told the row's error, if it has one. */
  readonly onSkip?: (input: Input, error: RecordError | undefined) => void;
}

/** The inputs, less those that are done, with size and time of what is there. */
export async function* tasksToDo(
  inputs: AsyncIterable<Input>,
  { done, meta: isWanted, hash, onSkip }: TaskOptions,
): AsyncGenerator<Task> {
  for await (const input of inputs) {
    const key = keyOf(input.path);
    if (done?.has(key)) {
      onSkip?.(input, done.get(key));
      continue;
    }
    const meta = isWanted ? await metaOf(input, hash) : undefined;
    yield { input, ...(meta && { meta }) };
  }
}

async function metaOf({ path, bytes, isStart, fetch, error, member }: Input, hash: boolean): Promise<Meta | undefined> {
  if (member) {
    const { size, mtime, archive } = member;
    return { size, mtime, ...(hash && bytes && !isStart && { sha256: await hashBytes(bytes) }), archive };
  }
  return bytes || fetch || error ? undefined : readMeta(path, hash);
}

async function hashBytes(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(bytes).digest('hex');
}

/** Of a regular file; of nothing else, which is not to be opened. */
export async function readMeta(path: string | Buffer, hash: boolean): Promise<Meta | undefined> {
  try {
    const stats = await stat(path);
    const meta = { size: stats.size, mtime: Math.floor(stats.mtimeMs) };
    return hash && stats.isFile() ? { ...meta, sha256: await hashFile(path) } : meta;
  } catch {
    return undefined;
  }
}

/** SHA-256 of a file's bytes, in hexadecimal digits. Rejects where it cannot be read. */
export async function hashFile(path: string | Buffer): Promise<string> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Of a name: a text for bytes, too. */
export function keyOf(path: string | Buffer): string {
  return typeof path === 'string' ? path : `\0${path.toString('latin1')}`;
}
