import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/** Where results go. */
export interface Output {
  /** Comes back when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
  readonly isTerminal: boolean;
  close(): void;
}

export function openStdout(): Output {
  const { stdout } = process;
  return {
    async write(chunk) {
      if (chunk.length === 0 || stdout.destroyed || stdout.write(chunk)) return;
      await new Promise<void>((go) => {
        const done = () => {
          for (const event of ['drain', 'close', 'error']) stdout.off(event, done);
          go();
        };
        for (const event of ['drain', 'close', 'error']) stdout.on(event, done);
      });
    },
    get isClosed() {
      return stdout.destroyed;
    },
    isTerminal: stdout.isTTY ?? false,
    close() {},
  };
}

/** Whole rows go to the system at once, so that a process that is killed loses none that it has written. */
export function openFile(path: string, { append, overwrite }: { append: boolean; overwrite: boolean }): Output {
  if (!append && !overwrite && existsSync(path) && statSync(path).isFile() && statSync(path).size > 0) {
    throw new UsageError(`--output ${printable(path)}: there is something in it, expected --resume or --overwrite`);
  }
  let file: number;
  try {
    file = openSync(path, append ? 'a' : 'w');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(`--output ${printable(path)}: cannot be written (${code}), expected a file`, { cause });
  }
  return {
    async write(chunk) {
      const bytes = Buffer.from(chunk);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    },
    isClosed: false,
    isTerminal: false,
    close: () => closeSync(file),
  };
}
