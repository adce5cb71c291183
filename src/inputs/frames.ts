import { type ByteSource, sourceOf } from '../archives/byte-source.js';
import { formatError, UsageError } from '../errors/errors.js';
import { inputOf } from './name.js';
import type { Input } from './types.js';

/** Longer than any path or address. */
const MOST_KEY_BYTES = 65_536;
/** Of one picture, as of one on stdin without frames. */
const MOST_BODY_BYTES = 2 ** 28;

/** Bytes of a length: unsigned, the highest byte first. */
const LENGTH_BYTES = 4;

/**
 * The pictures of a sequence of frames, as they arrive: key length, key, body length, body. A frame that is too large is
 * passed over; one that is not whole ends the sequence. Both are inputs with an error, so that nothing is lost unnoticed.
 * Throws UsageError where already the first length makes no sense, as of a stream that has no frames.
 */
export async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Input> {
  const stream = sourceOf(source);
  for (let frame = 1; !(await stream.isAtEnd()); frame++) {
    const name = `frame ${frame}`;
    const keyLength = await readLength(stream);
    if (keyLength !== undefined && keyLength > MOST_KEY_BYTES) {
      const details = {
        where: `stdin, ${name}`,
        problem: `a key of ${keyLength} bytes`,
        expected: `at most ${MOST_KEY_BYTES} (a frame is a key length, the key, an image length, the image)`,
      };
      if (frame === 1) throw new UsageError(details);
      yield broken(name, 'corrupt', formatError(details));
      return;
    }
    const key = keyLength === undefined ? undefined : await take(stream, keyLength);
    const bodyLength = key && (await readLength(stream));
    const picture = key ? inputOf(key) : { file: name, path: name };
    if (bodyLength !== undefined && bodyLength > MOST_BODY_BYTES) {
      const details = {
        where: `stdin, ${name}`,
        problem: `an image of ${bodyLength} bytes`,
        expected: `at most ${MOST_BODY_BYTES / 2 ** 20} MiB`,
      };
      yield { ...picture, ...broken(picture.file, 'too-large', formatError(details)), path: picture.path };
      if ((await stream.skip(bodyLength)) === bodyLength) continue;
      return;
    }
    const bytes = bodyLength === undefined ? undefined : await take(stream, bodyLength);
    if (bytes) yield { ...picture, bytes };
    else {
      const details = { where: `stdin, ${name}`, problem: 'the stream ends within the frame' };
      yield { ...broken(picture.file, 'corrupt', formatError(details)), path: picture.path };
      return;
    }
  }
}

function broken(file: string, code: string, message: string): Input {
  return { file, path: file, error: { code, message } };
}

async function readLength(stream: ByteSource): Promise<number | undefined> {
  return (await take(stream, LENGTH_BYTES))?.readUInt32BE();
}

/** A copy of the next bytes; undefined where the stream has fewer. */
async function take(stream: ByteSource, length: number): Promise<Buffer<ArrayBuffer> | undefined> {
  const bytes = await stream.read(length);
  return bytes.length === length ? Buffer.from(bytes.buffer) : undefined;
}
