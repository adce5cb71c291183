import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { FORMAT_HEADER_BYTES } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { recogniseOther } from './other-files.js';

// With plain descriptors, not the promises' file handles: what cannot block for long on an open file needs no other thread.
const [open, read, stat] = [promisify(fs.open), promisify(fs.read), promisify(fs.stat)];

/** A picture that exists and has bytes; nothing is known about what they are. */
export interface PictureSource {
  /** Safe to print in a one-line message. */
  readonly name: string;
  /** The first bytes, at most `FORMAT_HEADER_BYTES`. */
  readonly header: Uint8Array;
  /** What the decoder reads: the file's bytes, or its path where the file is long. */
  readonly input: Uint8Array | string;
  /** The file that has exactly these bytes, where there is one whose name is UTF-8. */
  readonly path?: string;
}

/** Files up to this length are read at once: one open, and no second look at the path. */
const MAX_BUFFERED_BYTES = 64 * 2 ** 20;

/** Read at once where there is no other way. */
const MOST_BUFFERED_BYTES = 2 ** 30;

function describeError(name: string, error: unknown): ImageError {
  const code = (error as NodeJS.ErrnoException).code;
  const cause = { cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ImageError('not-found', { where: name, problem: 'no such file', remedy: remedyFor(name) }, cause);
    case 'EACCES':
    case 'EPERM':
      return new ImageError('unreadable', { where: name, problem: 'permission denied' }, cause);
    case 'ENAMETOOLONG':
      return new ImageError('not-found', { where: name, problem: 'the name is too long' }, cause);
    case 'ERR_INVALID_ARG_VALUE':
      return new ImageError('not-found', { where: name, problem: 'not a valid file name' }, cause);
    default:
      return new ImageError(
        'unreadable',
        { where: name, problem: `cannot be read (${code ?? 'unknown error'})` },
        cause,
      );
  }
}

/** Of a name that does not look as it is, from a list of another system. */
function remedyFor(printed: string): string | undefined {
  if (printed.endsWith('\\r')) return 'the name ends with a carriage return: give the list Unix line ends';
  return printed.startsWith('\ufeff') ? 'the name begins with a byte order mark: remove it from the list' : undefined;
}

/** Fills `target` from the start of the file; shorter where the file ends before. */
async function readStart(file: number, target: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await read(file, target, filled, target.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return target.subarray(0, filled);
}

async function readPicture(
  file: number,
  path: string | Buffer,
  name: string,
  wanted: 'all' | 'header',
): Promise<PictureSource> {
  const { size } = fs.fstatSync(file);
  if (size === 0) {
    const otherKind = recogniseOther(new Uint8Array(0), name);
    throw new ImageError('empty', { where: name, problem: 'the file is empty', otherKind });
  }
  if (wanted === 'header') {
    const header = await readStart(file, new Uint8Array(Math.min(size, FORMAT_HEADER_BYTES)));
    return { name, header, input: header };
  }
  // The decoder takes no path that is not UTF-8.
  const most = typeof path === 'string' ? MAX_BUFFERED_BYTES : MOST_BUFFERED_BYTES;
  if (size > most && typeof path !== 'string') {
    throw new ImageError('too-large', {
      where: name,
      problem: `${size} bytes are too many for a file whose name is not UTF-8`,
      remedy: 'rename it',
    });
  }
  const bytes = await readStart(file, new Uint8Array(size <= most ? size : FORMAT_HEADER_BYTES));
  const input = typeof path === 'string' && size > most ? path : bytes;
  return { name, header: bytes.subarray(0, FORMAT_HEADER_BYTES), input, ...(typeof path === 'string' && { path }) };
}

/**
 * Opens a regular file, and nothing else: a folder, pipe, socket or device is refused before it is opened, since
 * opening or reading one may block for ever.
 *
 * @param unnamed what messages call a picture that comes as bytes
 * @param path what is opened, where the name's bytes are not UTF-8
 * @param wanted `header`: no more than tells the format
 * @throws ImageError `not-found`, `not-a-file`, `unreadable`, `empty`
 */
export async function openPicture(
  input: string | Uint8Array,
  unnamed: string,
  path?: Buffer,
  wanted: 'all' | 'header' = 'all',
): Promise<PictureSource> {
  if (typeof input !== 'string') {
    const name = printable(unnamed);
    if (input.length === 0) {
      throw new ImageError('empty', { where: name, problem: 'no data', otherKind: recogniseOther(input, name) });
    }
    return { name, header: input.subarray(0, FORMAT_HEADER_BYTES), input };
  }
  const name = printable(input) || "''";
  let file: number | undefined;
  try {
    const stats = await stat(path ?? input);
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'is a folder' : 'is a pipe, socket or device';
      throw new ImageError('not-a-file', { where: name, problem: what, expected: 'an image file' });
    }
    // Should a pipe take the file's place in between, opening it must not wait for a writer.
    file = await open(path ?? input, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    return await readPicture(file, path ?? input, name, wanted);
  } catch (error) {
    throw error instanceof ImageError ? error : describeError(name, error);
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}
