import * as fs from 'node:fs';
import { FORMAT_HEADER_BYTES } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { open, read, stat } from '../files/file-calls.js';
import { recogniseOther } from './other-files.js';
import { isPlain } from './plain-path.js';
import { SMALL_JPEG_BYTES } from './shrink.js';

/** A picture that exists and has bytes; nothing is known about what they are. */
export interface PictureSource {
  /** Safe to print in a one-line message. */
  readonly name: string;
  /** The first bytes: at least as many as `detectFormat` looks at, of a JPEG that is not read here what comes before its scans. */
  readonly header: Uint8Array;
  /** What the decoder reads: the file's bytes, or its path where the file is long, or a JPEG that libvips decodes. */
  readonly input: Uint8Array | string;
  /** The file that has exactly these bytes, where there is one whose name is UTF-8. */
  readonly path?: string;
}

/** Files up to this length are read at once: one open, and no second look at the path. */
const MAX_BUFFERED_BYTES = 64 * 2 ** 20;

/** Read at once where there is no other way. */
const MOST_BUFFERED_BYTES = 2 ** 30;

/** What cameras write before the pixels, a preview of up to 64 KiB among it, mostly fits. */
const JPEG_HEADER_BYTES = 2 ** 16;
/** No other kind of picture begins so. */
const JPEG_START = 0xff;

/** Fills `target` from the start of the file; shorter where the file ends before. */
async function readStart(file: number, target: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  while (filled < target.length) {
    const bytesRead = await read(file, target, filled, target.length - filled, filled);
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
  if (typeof path === 'string' && (size > most || (size > SMALL_JPEG_BYTES && isPlain(path)))) {
    const header = await readStart(file, new Uint8Array(Math.min(size, JPEG_HEADER_BYTES)));
    // libvips maps the file into memory, which a copy of it would only add to.
    if (size > most || header[0] === JPEG_START) return { name, header, input: path, path };
  }
  const bytes = await readStart(file, new Uint8Array(size));
  const picture = { name, header: bytes.subarray(0, FORMAT_HEADER_BYTES), input: bytes };
  return typeof path === 'string' ? { ...picture, path } : picture;
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
    if (error instanceof ImageError) throw error;
    throw (await import('./file-errors.js')).describeError(name, error);
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}
