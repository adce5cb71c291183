import { fileURLToPath } from 'node:url';
import { type ImageInput, type RawPixels, rgbOf } from '../domain/image-input.js';
import { describeValue } from '../domain/option-rules.js';
import { ImageError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { isSharpImage, readSharpImage } from '../images/sharp-image.js';
import type { Input } from '../inputs/types.js';
import { untilAborted } from './abort.js';

/** Of one picture that comes as a stream. */
const MOST_STREAM_BYTES = 2 ** 28;

/** What messages call a picture that has no name. */
const UNNAMED = 'image';

const PIXEL_FIELDS: readonly string[] = ['data', 'width', 'height', 'channels'];

/**
 * What a caller handed in, as an input for a runner. Bytes and pixels are copied; streams, blobs and sharp pipelines are
 * read by the input's `fetch`.
 * @throws UsageError for what is no image
 */
export function inputOf(image: ImageInput, signal?: AbortSignal): Input {
  if (typeof image === 'string') return { file: image, path: image };
  if (typeof image !== 'object' || image === null) throw notAnImage(image);
  const named = { file: UNNAMED, path: '' };
  switch (Object.prototype.toString.call(image)) {
    case '[object Uint8Array]':
      return { ...named, bytes: new Uint8Array(image as Uint8Array) };
    case '[object ArrayBuffer]':
      return { ...named, bytes: new Uint8Array((image as ArrayBuffer).slice(0)) };
    case '[object URL]':
      return fromUrl(image as URL);
    case '[object Blob]':
    case '[object File]':
      return fromBlob(image as Blob, signal);
  }
  if (isSharpImage(image)) {
    return { ...named, fetch: () => untilAborted(readSharpImage(image, UNNAMED), signal) };
  }
  if (Symbol.asyncIterator in image) return { ...named, fetch: () => readStream(image, UNNAMED, signal) };
  if (isRawPixels(image)) return { ...named, pixels: rgbOf(image) };
  throw notAnImage(image);
}

function notAnImage(value: unknown): UsageError {
  return new UsageError({
    where: describeValue(value),
    problem: 'not an image',
    expected: 'a path, the bytes of a file, a stream of them, a sharp instance or { data, width, height }',
  });
}

function fromUrl(url: URL): Input {
  if (url.protocol !== 'file:') {
    throw new UsageError({
      where: printable(url.href),
      expected: 'a file: address',
      remedy: 'pass the body of the response of fetch',
    });
  }
  const path = fileURLToPath(url);
  return { file: path, path };
}

function fromBlob(blob: Blob, signal: AbortSignal | undefined): Input {
  const { name = UNNAMED } = blob as { readonly name?: string };
  return {
    file: name,
    path: '',
    fetch: async () => {
      if (blob.size > MOST_STREAM_BYTES) throw tooLong(name);
      return new Uint8Array(await untilAborted(blob.arrayBuffer(), signal));
    },
  };
}

/** Objects with a method of a stream are none: their fields would be taken for a size. */
function isRawPixels(value: object): value is RawPixels {
  return 'data' in value && 'width' in value && 'height' in value && hasNoOtherFields(value);
}

/** `ImageData` has its fields in its prototype, and more of them. */
function hasNoOtherFields(value: object): boolean {
  const other = Object.keys(value).find((name) => !PIXEL_FIELDS.includes(name));
  if (other === undefined || Object.getPrototypeOf(value) !== Object.prototype) return true;
  throw new UsageError({
    where: printable(other),
    problem: 'unknown field of raw pixels',
    expected: `only ${PIXEL_FIELDS.join(', ')}`,
  });
}

/**
 * All bytes of a stream, which ends with the signal.
 * @throws ImageError `unreadable` where the stream fails, `too-large`; the signal's reason
 */
async function readStream(
  stream: AsyncIterable<unknown>,
  where: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let iterator: AsyncIterator<unknown> | undefined;
  try {
    iterator = stream[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await untilAborted(iterator.next(), signal);
      if (done) return Buffer.concat(chunks);
      if (!(value instanceof Uint8Array)) {
        throw new ImageError('unreadable', {
          where,
          problem: `the stream has a ${typeof value}`,
          expected: 'bytes (Uint8Array)',
        });
      }
      bytes += value.length;
      if (bytes > MOST_STREAM_BYTES) throw tooLong(where);
      chunks.push(value);
    }
  } catch (cause) {
    endStream(stream, iterator);
    if (cause instanceof ImageError || (signal?.aborted && cause === signal.reason)) throw cause;
    const reason = printable(cause instanceof Error ? cause.message : String(cause));
    throw new ImageError('unreadable', { where, problem: `the stream failed (${reason})` }, { cause });
  }
}

function tooLong(where: string): ImageError {
  return new ImageError('too-large', {
    where,
    problem: 'too many bytes',
    expected: `at most ${MOST_STREAM_BYTES / 2 ** 20} MiB`,
  });
}

/** Lets go of a stream that nobody reads on; one that is stuck never answers, so nobody waits. */
function endStream(stream: AsyncIterable<unknown>, iterator: AsyncIterator<unknown> | undefined): void {
  if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
  else iterator?.return?.().catch(() => {});
}
