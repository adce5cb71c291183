import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { packageFile } from '../files/package-files.js';

/** The functions of libjpeg-turbo's TurboJPEG API that build/jpeg-turbo.wasm (of @cwasm/jpeg-turbo) exports. Addresses are numbers, 0 for none. */
interface TurboJpeg {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  tjInitDecompress(): number;
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

/**
 * V8's default for `--wasm-tiering-budget` by its version, to set it back: an option can be set but not read. Where it is not
 * known, nothing is set.
 */
const usualBudgets: Readonly<Record<string, number>> = {
  '11.3': 1_800_000,
  '12.4': 13_000_000,
  '13.6': 13_000_000,
};
/** More than the decoder uses up for the pictures of one process. */
const LARGE_BUDGET = 1_000_000_000;

let compiled: WebAssembly.Module | undefined;

/** V8 would optimise the decoder's large functions on other threads, which takes longer than to decode a few pictures. */
function compileForFewPictures(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const usual = usualBudgets[/^\d+\.\d+/.exec(process.versions.v8)?.[0] ?? ''];
  if (usual === undefined) return new WebAssembly.Module(bytes);
  setFlagsFromString(`--wasm-tiering-budget=${LARGE_BUDGET}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${usual}`);
  }
}

function refuse(): never {
  throw new Error('the decoder gives up');
}

/** In a memory of its own: whatever one picture leaves behind cannot reach another, and goes when its pixels go. */
function startDecoder(): TurboJpeg {
  compiled ??= compileForFewPictures(readFileSync(packageFile('build/jpeg-turbo.wasm')));
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
 * them (the defaults of Pillow and sharp); a view of the decoder's memory.
 * @param size as the file's frame says; the decoder's memory grows with it, and the time with it and the number of scans
 * @returns undefined where the decoder reports an error or a warning, or finds another size
 */
export function decodeRgb(
  jpeg: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array | undefined {
  try {
    const { memory, malloc, tjInitDecompress, tjDecompressHeader3, tjDecompress2 } = startDecoder();
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
    return new Uint8Array(memory.buffer, to, bytes);
  } catch {
    return undefined;
  }
}
