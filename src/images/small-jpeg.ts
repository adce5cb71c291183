import { type DecodedImage, type DecodeOptions, refuseMoreThan } from './decoded-image.js';
import { inMemory } from './formats/random-access.js';
import { doubtUnless, isPassive, type JpegHeader, readJpegHeader, readSegment, unlessDoubtful } from './jpeg-header.js';
import { endOfScan } from './jpeg-structure.js';
import { decodeRgb, type LentPixels, lendRgb } from './jpeg-turbo.js';
import { readOrientation, turnedSize, turnUpright } from './orientation.js';
import { SMALL_JPEG_BYTES, SMALL_JPEG_PIXELS } from './shrink.js';
import type { PictureSource } from './source.js';

/** The usual way to store a picture progressively has 10; each takes time. */
const MOST_SCANS = 32;
/** Tables and the like may come before each. */
const MOST_SEGMENTS = 200;
/** Memory of the decoder for a pixel: coefficients of a progressive file and the result. */
const BYTES_PER_PIXEL = 3 * 2 + 3;

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xffd9;
const COEFFICIENTS = 64;

/**
 * Reads all markers of a JPEG that can be decoded without sharp with the same pixels: complete, of at most 1 megapixel, and as
 * `readJpegHeader` knows them.
 * @returns undefined for every other file, damaged ones among them
 */
export function readSmallJpeg(bytes: Uint8Array): JpegHeader | undefined {
  if (bytes.length > SMALL_JPEG_BYTES) return undefined;
  return unlessDoubtful(() => readMarkers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
}

function readMarkers(bytes: Buffer): JpegHeader {
  const { scansAt, ...header } = readJpegHeader(bytes);
  doubtUnless(header.width * header.height <= SMALL_JPEG_PIXELS);
  const precision = new Precision(header);
  let scans = 0;
  let at = scansAt;
  for (let count = 0; count < MOST_SEGMENTS && bytes.readUInt16BE(at) !== END_OF_IMAGE; count++) {
    const { marker, content, end } = readSegment(bytes, at);
    at = end;
    if (marker === START_OF_SCAN) {
      doubtUnless(++scans <= MOST_SCANS);
      precision.addScan(content);
      at = endOfScan(bytes, end);
    } else doubtUnless(isPassive(marker));
  }
  doubtUnless(bytes.readUInt16BE(at) === END_OF_IMAGE && precision.isFull());
  return header;
}

/** Which bits of the coefficients the scans have brought: where some are missing, decoders smooth in different ways. */
class Precision {
  readonly #components: readonly number[];
  /** Lowest bit so far, for each component and coefficient. */
  readonly #lowest: Uint8Array;

  constructor({ components }: JpegHeader) {
    this.#components = components;
    this.#lowest = new Uint8Array(components.length * COEFFICIENTS).fill(0xff);
  }

  addScan(content: Buffer): void {
    const count = content.readUInt8(0);
    doubtUnless(content.length === 4 + 2 * count);
    const [first, last, bits] = content.subarray(1 + 2 * count);
    doubtUnless(first! <= last! && last! < COEFFICIENTS);
    for (let each = 0; each < count; each++) {
      const component = this.#components.indexOf(content.readUInt8(1 + 2 * each));
      doubtUnless(component >= 0);
      this.#lowest.fill(bits! & 15, component * COEFFICIENTS + first!, component * COEFFICIENTS + last! + 1);
    }
  }

  isFull(): boolean {
    return this.#lowest.every((bit) => bit === 0);
  }
}

/**
 * Decodes a small JPEG without sharp, whose loading takes longer than that, and whose threads take time of their own.
 * @returns undefined where that is for sharp to do, or to refuse
 * @throws ImageError `too-large`
 */
export async function decodeSmallJpeg(
  { name, input }: PictureSource,
  options: DecodeOptions,
): Promise<DecodedImage | undefined> {
  const jpeg = typeof input === 'string' ? undefined : readSmallJpeg(input);
  if (!jpeg || typeof input === 'string') return undefined;
  const orientation = readOrientation('JPEG', inMemory(input), jpeg, options.orientation);
  const original = turnedSize(jpeg, orientation);
  refuseMoreThan(options.maxPixels, name, original);
  await options.reserve?.(input.length + BYTES_PER_PIXEL * jpeg.width * jpeg.height);
  const decoded = options.releases ? lendRgb(input, jpeg) : owned(decodeRgb(input, jpeg));
  if (!decoded) return undefined;
  const { width, height } = original;
  const data = turnUpright(decoded.pixels, jpeg, orientation);
  const { release } = decoded;
  return { data, width, height, held: { first: 0, count: width }, original: { width, height }, facts: {}, release };
}

function owned(pixels: Uint8Array | undefined): LentPixels | undefined {
  return pixels && { pixels, release() {} };
}
