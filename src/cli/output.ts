import { closeSync, existsSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
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

/**
 * What is read must not be what is written over.
 * @param inputs names of files; what is not there is somebody else's to say
 */
export function refuseInput(output: string, inputs: readonly string[]): void {
  const written = statSync(output, { throwIfNoEntry: false });
  if (!written?.isFile()) return;
  const isSame = (input: string) => {
    const read = statOrNothing(input);
    return read?.ino === written.ino && read.dev === written.dev;
  };
  if (!inputs.some(isSame)) return;
  throw new UsageError(`--output ${printable(output)}: is an input too, expected another file`);
}

function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
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
