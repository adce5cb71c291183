import {
  closeSync,
  fstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/** Where results go. */
export interface Output {
  /** Comes back when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
  readonly isTerminal: boolean;
  /** @param isWhole whether all was written that was to be; where nothing is said, not */
  close(isWhole?: boolean): void;
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

/** Whether a file of this name is what stdout goes to, by a shell's `>` or `>>`; undefined where that is no file. */
export function stdoutTest(): ((name: string) => boolean) | undefined {
  let written: Stats;
  try {
    written = fstatSync(process.stdout.fd);
  } catch {
    return undefined;
  }
  return written.isFile() ? (name) => isSameFile(statOrNothing(name), written) : undefined;
}

/**
 * What is read must not be what is written over.
 * @param inputs names of files; what is not there is somebody else's to say
 */
export function refuseInput(output: string, inputs: readonly string[]): void {
  const written = statSync(output, { throwIfNoEntry: false });
  if (!written?.isFile()) return;
  if (!inputs.some((input) => isSameFile(statOrNothing(input), written))) return;
  throw new UsageError(`--output ${printable(output)}: is an input too, expected another file`);
}

function isSameFile(one: Stats | undefined, other: Stats): boolean {
  return one?.ino === other.ino && one.dev === other.dev;
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
  if (!append && !overwrite) refuseFilled(path, '--resume or --overwrite');
  return openForWriting(path, path, append ? 'a' : 'w');
}

/**
 * A file that takes the place of `path` when it is closed as whole, so that no fault on the way costs what is there now. What
 * is no regular file is written to as it is.
 */
export function openReplacement(path: string, overwrite: boolean): Output {
  const old = statOrNothing(path);
  if (old && !old.isFile()) return openForWriting(path, path, 'w');
  if (!overwrite) refuseFilled(path, '--overwrite');
  const target = old ? realpathSync(path) : path;
  const temporary = `${target}.new`;
  const output = openForWriting(path, temporary, 'w');
  return {
    ...output,
    close(isWhole) {
      output.close(isWhole);
      if (isWhole) renameSync(temporary, target);
      else rmSync(temporary, { force: true });
    },
  };
}

function refuseFilled(path: string, expected: string): void {
  const old = statOrNothing(path);
  if (!old?.isFile() || old.size === 0) return;
  throw new UsageError(`--output ${printable(path)}: there is something in it, expected ${expected}`);
}

function openForWriting(named: string, path: string, flags: 'a' | 'w'): Output {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(`--output ${printable(named)}: cannot be written (${code}), expected a file`, { cause });
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
