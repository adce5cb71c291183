import { readFile, stat } from 'node:fs/promises';
import { ModelError } from '../errors/errors.js';
import { type Disk, writeAtomically } from './disk.js';
import type { Downloaded } from './download.js';

/**
 * Where nobody publishes a hash, the first file that came is the one to expect.
 * @param path what was remembered
 * @param option accepts another file
 * @throws ModelError `download`
 */
export async function refuseChanged(path: string, { sha256, address }: Downloaded, option = '--force'): Promise<void> {
  let seen: unknown;
  try {
    if ((await stat(path)).size < 10_000) seen = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return;
  }
  const { sha256: first, date } = (seen ?? {}) as Record<string, unknown>;
  if (typeof first !== 'string' || !/^[0-9a-f]{64}$/.test(first) || first === sha256) return;
  throw new ModelError('download', {
    where: address,
    problem: `sha-256 ${sha256}`,
    expected: `${first}, that of the first download${typeof date === 'string' ? ` (${date.slice(0, 10)})` : ''}`,
    remedy: `add ${option} to accept the new file`,
  });
}

/** Remembers what came first. */
export async function remember(path: string, { address, sha256, bytes }: Downloaded, disk: Disk): Promise<void> {
  const text = `${JSON.stringify({ address, bytes, sha256, date: new Date().toISOString() }, null, 2)}\n`;
  await writeAtomically(path, (handle) => disk.write(handle, new TextEncoder().encode(text), 0));
}
