import { type DecodedImage, type DecodeOptions, refuseMoreThan } from './decoded-image.js';
import { inMemory } from './formats/random-access.js';
import { endOfScan } from './jpeg-structure.js';
import { decodeRgb, type LentPixels, lendRgb } from './jpeg-turbo.js';
import { readOrientation, turnedSize, turnUpright } from './orientation.js';
import { SMALL_JPEG_PIXELS } from './shrink.js';
import type { PictureSource } from './source.js';

const MOST_BYTES = 2 ** 22;
const MOST_SEGMENTS = 200;
/** The usual way to store a picture progressively has 10; each takes time. */
const MOST_SCANS = 32;
/** Memory of the decoder for a pixel: coefficients of a progressive file and the result. */
const BYTES_PER_PIXEL = 3 * 2 + 3;

/** Sampling of the first component, horizontal and vertical in four bits each. Others are rare, and versions differ in them. */
const KNOWN_SAMPLINGS = [0x11, 0x21, 0x22];
const ONCE = 0x11;

const [START_OF_FRAME, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2];
const [START_OF_SCAN, END_OF_IMAGE, APP1] = [0xda, 0xd9, 0xe1];
/** Tables, restart interval, comments, applications' data. */
const isPassive = (marker: number): boolean =>
  [0xc4, 0xdb, 0xdd, 0xfe].includes(marker) || (marker >= 0xe0 && marker <= 0xef);

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const COEFFICIENTS = 64;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly number[];
}

/** What there is to know of a JPEG before it is decoded. */
export interface SmallJpeg extends Frame {
  readonly exif?: Buffer;
  readonly xmp?: Buffer;
}

/** A file that leaves nothing to interpretation: others are a matter of what libvips makes of them. */
class Doubtful extends Error {}

/**
 * Reads all markers of a JPEG that can be decoded without sharp with the same pixels: complete, of at most 1 megapixel, grey or
 * with three components, baseline or progressive with Huffman codes, with metadata at most once.
 * @returns undefined for every other file, damaged ones among them
 */
export function readSmallJpeg(bytes: Uint8Array): SmallJpeg | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  try {
    return readMarkers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    // A field beyond the end of the file.
    if (error instanceof Doubtful || error instanceof RangeError) return undefined;
    throw error;
  }
}

function readMarkers(bytes: Buffer): SmallJpeg {
  let frame: Frame | undefined;
  let precision: Precision | undefined;
  const blocks: { exif?: Buffer; xmp?: Buffer } = {};
  let scans = 0;
  let at = 2;
  for (let count = 0; count < MOST_SEGMENTS; count++) {
    doubtUnless(bytes.readUInt8(at) === 0xff);
    const marker = bytes.readUInt8(at + 1);
    if (marker === END_OF_IMAGE) {
      doubtUnless(precision?.isFull());
      return { ...frame!, ...blocks };
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    const content = bytes.subarray(at + 4, end);
    doubtUnless(end <= bytes.length && end >= at + 4);
    if ([START_OF_FRAME, EXTENDED, PROGRESSIVE].includes(marker)) {
      doubtUnless(!frame);
      frame = readFrame(content);
      precision = new Precision(frame);
    } else if (marker === START_OF_SCAN) {
      doubtUnless(precision && ++scans <= MOST_SCANS);
      precision.addScan(content);
    } else if (marker === APP1 && scans === 0) {
      addBlock(blocks, content);
    } else doubtUnless(isPassive(marker));
    at = marker === START_OF_SCAN ? endOfScan(bytes, end) : end;
  }
  throw new Doubtful();
}

function doubtUnless(condition: unknown): asserts condition {
  if (!condition) throw new Doubtful();
}

function readFrame(content: Buffer): Frame {
  const [height, width, count] = [content.readUInt16BE(1), content.readUInt16BE(3), content.readUInt8(5)];
  doubtUnless(content.readUInt8(0) === 8 && (count === 1 || count === 3) && content.length === 6 + 3 * count);
  doubtUnless(width > 0 && height > 0 && width * height <= SMALL_JPEG_PIXELS);
  const [first, ...others] = Array.from({ length: count }, (_, index) => content.readUInt8(7 + 3 * index));
  doubtUnless(KNOWN_SAMPLINGS.includes(first!) && others.every((sampling) => sampling === ONCE));
  const components = Array.from({ length: count }, (_, index) => content.readUInt8(6 + 3 * index));
  doubtUnless(new Set(components).size === count);
  return { width, height, components };
}

/** Which bits of the coefficients the scans have brought: where some are missing, decoders smooth in different ways. */
class Precision {
  readonly #components: readonly number[];
  /** Lowest bit so far, for each component and coefficient. */
  readonly #lowest: Uint8Array;

  constructor({ components }: Frame) {
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

function addBlock(blocks: { exif?: Buffer; xmp?: Buffer }, content: Buffer): void {
  const start = content.toString('latin1', 0, XMP.length);
  if (start.startsWith(EXIF)) {
    doubtUnless(!blocks.exif);
    blocks.exif = content;
  } else {
    doubtUnless(start === XMP && !blocks.xmp);
    blocks.xmp = content.subarray(XMP.length);
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
