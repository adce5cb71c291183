import { readFileSync } from 'node:fs';
import { packageFile } from '../files/package-files.js';
import { compileUnoptimised } from '../files/short-run-code.js';
import type { Size } from './shrink.js';

/** The functions of libjpeg-turbo's TurboJPEG API that build/jpeg-turbo.wasm (of @cwasm/jpeg-turbo) exports. Addresses are numbers, 0 for none. */
interface TurboJpeg {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
  tjInitDecompress(): number;
  tjDestroy(decoder: number): number;
  /** 0 where it could read the header; it writes width, height, subsampling and colour space, i32 each. */
  tjDecompressHeader3(
    decoder: number,
    jpeg: number,
    bytes: number,
    width: number,
    height: number,
    subsampling: number,
    colours: number,
  ): number;
  /** 0 where all went well: not after a mere warning either. */
  tjDecompress2(
    decoder: number,
    jpeg: number,
    bytes: number,
    target: number,
    width: number,
    rowBytes: number,
    height: number,
    pixelFormat: number,
    flags: number,
  ): number;
}

/** TJPF_RGB. */
const RGB = 0;
const HEADER_FIELDS = 4;

let compiled: WebAssembly.Module | undefined;

/** A decoder whose memory has grown further is not used again. */
const MOST_KEPT_BYTES = 8 * 2 ** 20;
/** Pictures between their decoding and their release. */
const MOST_IDLE = 2;

const idle: TurboJpeg[] = [];

function refuse(): never {
  throw new Error('the decoder gives up');
}

/** In a memory of its own. */
function startDecoder(compile = (bytes: Uint8Array<ArrayBuffer>) => new WebAssembly.Module(bytes)): TurboJpeg {
  compiled ??= compile(readFileSync(packageFile('build/jpeg-turbo.wasm')));
  // An error ends in `longjmp`. The rest is for messages and files, of which there are none.
  const { exports } = new WebAssembly.Instance(compiled, {
    env: { setjmp: () => 0, longjmp: refuse },
    wasi_snapshot_preview1: {
      proc_exit: refuse,
      // No variables.
      environ_sizes_get: () => 0,
      environ_get: refuse,
      fd_close: refuse,
      fd_seek: refuse,
      fd_write: refuse,
    },
  });
  return exports as unknown as TurboJpeg;
}

/**
 * The pixels of a JPEG file, [height, width, 3], RGB, as libjpeg-turbo's exact integer transform and smooth upsampling give
 * them (the defaults of Pillow and sharp); a view of the decoder's memory, which goes when they go.
 * @param size as the file's frame says; the decoder's memory grows with it, and the time with it and the number of scans
 * @returns undefined where the decoder reports an error or a warning, or finds another size
 */
export function decodeRgb(jpeg: Uint8Array, size: Size): Uint8Array | undefined {
  return attempt(() => decodeBy(startDecoder(compileUnoptimised), jpeg, size));
}

/** Pixels in the memory of a decoder that is going to be used again. */
export interface LentPixels {
  readonly pixels: Uint8Array;
  /** Gives the decoder back; the pixels are gone. */
  release(): void;
}

/**
 * As `decodeRgb`, for many pictures: growing a memory takes a fifth of the time. What one picture leaves behind in it is read
 * by no other, and a decoder that has found anything wrong is not used again.
 */
export function lendRgb(jpeg: Uint8Array, size: Size): LentPixels | undefined {
  return attempt(() => {
    const turbo = idle.pop() ?? startDecoder();
    const pixels = decodeBy(turbo, jpeg, size);
    return pixels && { pixels, release: () => giveBack(turbo, pixels) };
  });
}

function giveBack(turbo: TurboJpeg, pixels: Uint8Array): void {
  turbo.free(pixels.byteOffset);
  if (idle.length < MOST_IDLE && turbo.memory.buffer.byteLength <= MOST_KEPT_BYTES) idle.push(turbo);
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** Leaves nothing but the pixels in the decoder's memory; after `undefined` or an error, anything. */
function decodeBy(turbo: TurboJpeg, jpeg: Uint8Array, { width, height }: Size): Uint8Array | undefined {
  const { memory, malloc, free, tjInitDecompress, tjDestroy, tjDecompressHeader3, tjDecompress2 } = turbo;
  const from = malloc(jpeg.length);
  const fields = malloc(4 * HEADER_FIELDS);
  const bytes = width * height * 3;
  const to = malloc(bytes);
  const decoder = tjInitDecompress();
  if (from === 0 || fields === 0 || to === 0 || decoder === 0) return undefined;
  new Uint8Array(memory.buffer).set(jpeg, from);
  const header = tjDecompressHeader3(decoder, from, jpeg.length, fields, fields + 4, fields + 8, fields + 12);
  const [foundWidth, foundHeight] = new Int32Array(memory.buffer, fields, 2);
  if (header !== 0 || foundWidth !== width || foundHeight !== height) return undefined;
  if (tjDecompress2(decoder, from, jpeg.length, to, width, 3 * width, height, RGB, 0) !== 0) return undefined;
  // Tables of one file would serve for another that has none.
  tjDestroy(decoder);
  free(fields);
  free(from);
  return new Uint8Array(memory.buffer, to, bytes);
}
