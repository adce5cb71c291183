import * as fs from 'node:fs';
import { open, read } from '../files/file-calls.js';
import { ArchiveError } from './archive-types.js';

/** A regular file that is read from any place. */
export interface OpenFile {
  readonly size: number;
  /** Fills the target. Rejects with ArchiveError where the file ends before. */
  read(target: Uint8Array, position: number): Promise<void>;
  close(): void;
}

/** Rejects as `open` does. */
export async function openFile(path: string | Buffer): Promise<OpenFile> {
  const file = await open(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  return {
    size: fs.fstatSync(file).size,
    async read(target, position) {
      for (let filled = 0; filled < target.length; ) {
        const bytesRead = await read(file, target, filled, target.length - filled, position + filled);
        if (bytesRead === 0) throw new ArchiveError({ problem: 'the archive ends early' });
        filled += bytesRead;
      }
    },
    close: () => fs.closeSync(file),
  };
}
