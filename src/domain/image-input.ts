import { UsageError } from '../errors/errors.js';
import { MOST_PIXELS } from './defaults.js';
import { describeValue } from './option-rules.js';

/** Pixels without a file around them, row by row from the top left, 8 bits for each channel. */
export interface RawPixels {
  /** height × width × channels values, 0…255. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * 1: grey. 3: red, green, blue. 4: red, green, blue, alpha; alpha is dropped, not blended, so that the colour below a
   * transparent pixel shows, as for files. By default what the length of `data` says.
   */
  readonly channels?: 1 | 3 | 4;
}

/** What is used of a sharp pipeline; every instance of sharp fits. */
export interface SharpImage {
  clone(): SharpImage;
  removeAlpha(): SharpImage;
  toColourspace(space: string): SharpImage;
  raw(options: { depth: 'uchar' }): SharpImage;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}

/**
 * An image to classify:
 *
 * - `string` or `URL`: the path of a file, or its `file:` address
 * - `Uint8Array` (`Buffer`), `ArrayBuffer`, `Blob`: the bytes of an image file
 * - `ReadableStream`, or a `Readable` of Node.js: a stream of these bytes, at most 256 MiB
 * - `RawPixels` (`ImageData` too)
 * - `SharpImage`: what a sharp pipeline gives, as it is: not turned upright unless the pipeline says so
 *
 * Bytes and pixels are copied when they are handed in; buffers can be reused at once.
 */
export type ImageInput =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | RawPixels
  | SharpImage
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** An upright image: `data` is [height, width, 3], RGB, 0…255. */
export interface RgbPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const CHANNELS: readonly number[] = [1, 3, 4];

/** A copy of raw pixels as RGB. Throws UsageError for data, sides or channels that do not fit together. */
export function rgbOf({ data, width, height, channels }: RawPixels): RgbPixels {
  checkSide('width', width);
  checkSide('height', height);
  const pixels = width * height;
  if (pixels > MOST_PIXELS) {
    throw new UsageError({ where: `${width} × ${height} pixels`, expected: `at most ${MOST_PIXELS}` });
  }
  if (!isBytes(data)) {
    throw new UsageError({ where: `data ${describeValue(data)}`, expected: 'a Uint8Array or Uint8ClampedArray' });
  }
  const each = channels ?? data.length / pixels;
  if (!CHANNELS.includes(each)) {
    if (channels !== undefined) throw new UsageError({ where: `channels ${String(channels)}`, expected: '1, 3 or 4' });
    throw wrongLength(data, width, height, '1, 3 or 4 for each pixel');
  }
  if (data.length !== pixels * each) throw wrongLength(data, width, height, `${pixels * each}`);
  return { data: each === 3 ? new Uint8Array(data) : spread(data, pixels, each), width, height };
}

function wrongLength(data: ArrayLike<number>, width: number, height: number, expected: string): UsageError {
  return new UsageError({ where: `data of ${width} × ${height} pixels`, problem: `${data.length} values`, expected });
}

/** Grey in three channels, or colours without their alpha. */
function spread(data: Uint8Array | Uint8ClampedArray, pixels: number, channels: number): Uint8Array {
  const rgb = new Uint8Array(3 * pixels);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + green]!;
    rgb[to + 2] = data[from + blue]!;
  }
  return rgb;
}

function checkSide(name: string, side: unknown): void {
  if (Number.isSafeInteger(side) && (side as number) >= 1) return;
  throw new UsageError({ where: `${name} ${describeValue(side)}`, expected: 'a whole number of pixels, 1 or more' });
}

/** By its tag, so that arrays of other realms (vm contexts) count. */
function isBytes(value: unknown): value is Uint8Array | Uint8ClampedArray {
  return ['[object Uint8Array]', '[object Uint8ClampedArray]'].includes(Object.prototype.toString.call(value));
}
