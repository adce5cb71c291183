import { createReadStream, type ReadStream } from 'node:fs';
import { pipeline, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ArchiveError, checkRatio } from './archive-types.js';
import { type ByteSource, sourceOf } from './byte-source.js';

/** Each piece is a turn on the threads that decode images too. */
const CHUNK_BYTES = 2 ** 20;

/** zstd's own default for those who unpack. */
const MOST_WINDOW_BYTES = 2 ** 27;

/** Of what fzstd is given at once: so much may become 32,000 times as much. */
const FZSTD_BYTES = 1024;

export type Check = (unpacked: number, packed: number) => void;

/**
 * What is in a gzip or zstd file, as it comes.
 * @param check told how many bytes there were, unpacked and packed; throws where these are too many
 * Reading rejects with ArchiveError for a damaged file, and as `createReadStream` does.
 */
export function openUnpacked(kind: 'gzip' | 'zstd', path: string | Buffer, check: Check = checkRatio): ByteSource {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES / 4 });
  const bytes = kind === 'gzip' ? through(file, zlib.createGunzip({ chunkSize: CHUNK_BYTES })) : unpackZstd(file);
  return sourceOf(checked(bytes, kind, file, check), () => file.destroy());
}

/** Ends both, whichever fails. */
function through(file: ReadStream, unpacker: Transform): AsyncIterable<Uint8Array> {
  return pipeline(file, unpacker, () => {});
}

async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  kind: string,
  file: ReadStream,
  check: Check,
): AsyncGenerator<Uint8Array> {
  let unpacked = 0;
  try {
    for await (const chunk of bytes) {
      unpacked += chunk.length;
      check(unpacked, file.bytesRead);
      yield chunk;
    }
  } catch (cause) {
    const { code, syscall, message } = cause as NodeJS.ErrnoException;
    // What cannot be read is no damage.
    if (!(cause instanceof Error) || 'flaw' in cause || 'details' in cause || syscall !== undefined) throw cause;
    const isShort = code === 'Z_BUF_ERROR' || /unexpected e(nd of file|of)/i.test(message);
    const problem = isShort ? `the ${kind} data end early` : `damaged ${kind} data (${message})`;
    throw new ArchiveError({ problem, remedy: 'files may be missing' }, { cause });
  }
}

/** Node.js has zstd since 22.15; before 24 it stops after the first of several frames, and takes what is cut off for whole. */
const HAS_ZSTD = Number.parseInt(process.versions.node, 10) >= 24;

async function* unpackZstd(file: ReadStream): AsyncGenerator<Uint8Array> {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: object) => Transform };
  if (HAS_ZSTD && createZstdDecompress) {
    yield* through(file, createZstdDecompress({ chunkSize: CHUNK_BYTES }));
    return;
  }
  const { Decompress } = await import('fzstd');
  const unpacked: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => unpacked.push(chunk));
  let isFirst = true;
  for await (const chunk of file as AsyncIterable<Uint8Array>) {
    if (isFirst) checkWindow(chunk);
    isFirst = false;
    for (let from = 0; from < chunk.length; from += FZSTD_BYTES) {
      decoder.push(chunk.subarray(from, from + FZSTD_BYTES));
      yield* unpacked.splice(0);
    }
  }
  decoder.push(new Uint8Array(0), true);
  yield* unpacked.splice(0);
}

/** Of a frame (RFC 8878): as much is allocated before anything is unpacked. Throws ArchiveError. */
function checkWindow(frame: Uint8Array): void {
  const [descriptor = 0, window = 0] = frame.subarray(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const bytes = isSingle ? contentSize(frame, descriptor) : 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  if (bytes <= MOST_WINDOW_BYTES) return;
  throw new ArchiveError({ problem: 'zstd data with a large window', expected: `at most ${MOST_WINDOW_BYTES} bytes` });
}

/** What a frame in one piece says of its length, after the number of a dictionary. */
function contentSize(frame: Uint8Array, descriptor: number): number {
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  const length = [1, 2, 4, 8][descriptor >> 6]!;
  return frame.subarray(at, at + length).reduceRight((size, byte) => 256 * size + byte, 0);
}
