import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The bytes of a file, in memory or still on the disk. */
export interface RandomAccess {
  readonly size: number;
  /** Fewer bytes where the file ends before. May be a view: not to be written to. */
  read(at: number, length: number): Uint8Array;
}

export function inMemory(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** Calls `use` with the file; a path is open until that has ended. */
export async function withRandomAccess<T>(
  input: Uint8Array | string,
  use: (file: RandomAccess) => Promise<T> | T,
): Promise<T> {
  if (typeof input !== 'string') return use(inMemory(input));
  const file = openSync(input, 'r');
  try {
    const { size } = fstatSync(file);
    return await use({
      size,
      read(at, length) {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
        let filled = 0;
        while (filled < bytes.length) {
          const read = readSync(file, bytes, filled, bytes.length - filled, at + filled);
          if (read === 0) break;
          filled += read;
        }
        return bytes.subarray(0, filled);
      },
    });
  } finally {
    closeSync(file);
  }
}
