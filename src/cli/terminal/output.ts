import { closeSync, fstatSync, ftruncateSync, lstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { extname } from 'node:path';
import { OutputError, UsageError } from '../../errors/errors.js';
import { describeWriteError } from '../../errors/file-errors.js';
import { printable } from '../../errors/printable.js';
import { openReplacement } from '../../files/replacement.js';
import { isStdoutClosed, isStdoutTerminal, print } from './stdout.js';

/** Where results go. */
export interface Output {
  /** Comes back when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
  readonly isTerminal: boolean;
  /** @param isWhole whether everything was written; false by default */
  close(isWhole?: boolean): void;
}

export function openStdout(): Output {
  return {
    async write(chunk) {
      if (chunk.length === 0 || isStdoutClosed() || print(chunk)) return;
      const { stdout } = process;
      await new Promise<void>((go) => {
        const done = () => {
          for (const event of ['drain', 'close', 'error']) stdout.off(event, done);
          go();
        };
        for (const event of ['drain', 'close', 'error']) stdout.on(event, done);
      });
    },
    get isClosed() {
      return isStdoutClosed();
    },
    isTerminal: isStdoutTerminal(),
    close() {},
  };
}

/**
 * Whether a file of this name is what is being written: one of `outputs`, or what a shell's `>` leads stdout or stderr to. By
 * whatever name or link. Undefined where nothing is that a folder could hold.
 */
export function outputTest(...outputs: readonly (string | undefined)[]): ((name: string) => boolean) | undefined {
  const streams = [1, 2].map(streamFile).filter((file) => file !== undefined);
  const files = outputs.filter((output) => output !== undefined);
  if (files.length === 0 && streams.length === 0) return undefined;
  return (name) => {
    const read = statOrNothing(name);
    if (!read) return false;
    // Afresh, since there may be none yet, and another after a `--resume`.
    const written = files.map(statOrNothing).filter((file) => file?.isFile() === true);
    return [...streams, ...written].some((file) => isSameFile(read, file!));
  };
}

function streamFile(descriptor: number): Stats | undefined {
  try {
    const file = fstatSync(descriptor);
    return file.isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is read must not be what is written over.
 * @param inputs names of files; what is not there is somebody else's to say
 */
export function refuseInput(output: string, inputs: readonly string[], option = '--output'): void {
  const written = statOrNothing(output);
  if (!written?.isFile()) return;
  const isInput = (input: string) => {
    const read = statOrNothing(input);
    return read !== undefined && isSameFile(read, written);
  };
  if (!inputs.some(isInput)) return;
  throw new UsageError({
    where: `${option} ${printable(output)}`,
    problem: 'is also an input',
  });
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * Whole rows go to the system at once, so that a process that is killed loses none that it has written. What is in the file
 * now goes (unless `append`) as the first of them is written, and not where something fails before.
 */
export function openFile(path: string, { append, overwrite }: { append: boolean; overwrite: boolean }): Output {
  if (!append && !overwrite) refuseFilled(path, '--resume or --overwrite');
  const file = refuseUnwritable(path, () => openSync(path, 'a'));
  let isClosed = false;
  let isStale = !append && fstatSync(file).isFile();
  const freshen = () => {
    if (isStale) ftruncateSync(file);
    isStale = false;
  };
  return {
    async write(chunk) {
      if (chunk.length === 0) return;
      freshen();
      const bytes = Buffer.from(chunk);
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      } catch (error) {
        // A pipe whose reader has seen enough.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw unwritten(path, error);
        isClosed = true;
      }
    },
    get isClosed() {
      return isClosed;
    },
    isTerminal: false,
    close(isWhole) {
      if (isWhole) freshen();
      closeSync(file);
    },
  };
}

/**
 * A file that is replaced when it is closed as whole, so that an error before costs nothing. What is not a regular file is
 * written to directly.
 * @param option that names the file, for messages
 */
export function openWhole(path: string, overwrite: boolean, option = '--output'): Output {
  const old = statOrNothing(path);
  const link = old ?? refuseUnwritable(path, () => lstatSync(path, { throwIfNoEntry: false }), option);
  const isLinkToNothing = !old && link !== undefined;
  if (isLinkToNothing || (old && !old.isFile())) return openFile(path, { append: false, overwrite: true });
  if (!overwrite) refuseFilled(path, '--overwrite', option);
  const replacement = refuseUnwritable(path, () => openReplacement(path), option);
  return {
    async write(chunk) {
      try {
        replacement.write(chunk);
      } catch (error) {
        throw unwritten(path, error, option);
      }
    },
    isClosed: false,
    isTerminal: false,
    close(isWhole) {
      try {
        if (isWhole) replacement.commit();
      } catch (error) {
        throw unwritten(path, error, option);
      } finally {
        replacement.abandon();
      }
    },
  };
}

/**
 * The format that a file's name ends with.
 * @param others formats by other endings, '' for none
 */
export function formatByEnding<F extends string>(
  output: string,
  formats: readonly F[],
  others: Readonly<Record<string, F>>,
): F {
  const ending = extname(output).slice(1).toLowerCase();
  const found = formats.find((name) => name === ending) ?? (Object.hasOwn(others, ending) ? others[ending] : undefined);
  if (found !== undefined) return found;
  throw new UsageError({
    where: `--output ${printable(output)}`,
    problem: 'the extension does not name a format',
    remedy: 'choose one with --format',
  });
}

/** Throws UsageError for a folder, which Node.js would take for an empty file. */
export function openStdin(): typeof process.stdin {
  let isFolder = false;
  try {
    isFolder = fstatSync(0).isDirectory();
  } catch {
    // Closed: there is nothing to read.
  }
  if (isFolder) throw new UsageError({ where: 'stdin', problem: 'is a folder', expected: 'a file or a pipe' });
  return process.stdin;
}

export function refuseFilled(path: string, options: string, option = '--output'): void {
  const old = statOrNothing(path);
  if (!old?.isFile() || old.size === 0) return;
  throw new UsageError({
    where: `${option} ${printable(path)}`,
    problem: 'the file is not empty',
    remedy: `add ${options}`,
  });
}

/** Of a file that could be opened. */
function unwritten(path: string, cause: unknown, option = '--output'): OutputError {
  return new OutputError({ where: `${option} ${printable(path)}`, problem: describeWriteError(cause) }, { cause });
}

/** Throws UsageError with the reason where a system call fails. */
export function refuseUnwritable<T>(path: string, open: () => T, option = '--output'): T {
  try {
    return open();
  } catch (cause) {
    throw new UsageError({ where: `${option} ${printable(path)}`, problem: describeWriteError(cause) }, { cause });
  }
}
