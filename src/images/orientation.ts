import { inflateSync } from 'node:zlib';
import type { Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-format.js';
import { viewOf } from './data-view.js';
import { inMemory, type RandomAccess } from './formats/random-access.js';
import { pngChunks } from './png-chunks.js';
import { type Directory, readDirectory } from './tiff-directory.js';

/** EXIF's eight ways to hold a camera: 1 is upright, from 5 on width and height are exchanged. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 274;
const XMP_TAG = 700;

/** Text chunks beyond this hold no EXIF block: that has at most 64 KiB, twice as many hexadecimal digits, and line ends. */
const MOST_TEXT_BYTES = 2 ** 20;

/**
 * What a file says about its orientation, by Pillow's order: the EXIF block, where it has the tag with whatever value, else
 * the first mention in the XMP packet. What is no orientation counts as upright.
 */
interface Sources {
  readonly exif?: Directory | undefined;
  readonly xmp?: string | undefined;
}

function decide({ exif, xmp }: Sources, otherwise?: number): Orientation {
  const entry = exif?.get(ORIENTATION_TAG);
  const mention = /tiff:Orientation(?:="|>)([0-9])/.exec(xmp ?? '')?.[1];
  const value = entry ? onlyNumber(entry.numbers()) : Number(mention ?? otherwise);
  return Number.isInteger(value) && value! >= 1 && value! <= 8 ? (value as Orientation) : 1;
}

function onlyNumber(values: readonly number[]): number | undefined {
  return values.length === 1 ? values[0] : undefined;
}

/** @param block with or without the `Exif` that JPEG has before the block */
function readExif(block: Uint8Array | undefined): Directory | undefined {
  if (!block) return undefined;
  const hasName = Buffer.from(block.subarray(0, 6)).toString('latin1') === 'Exif\0\0';
  return readDirectory(inMemory(hasName ? block.subarray(6) : block));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function inflateText(packed: Uint8Array): string {
  try {
    return latin1(inflateSync(packed, { maxOutputLength: MOST_TEXT_BYTES }));
  } catch {
    return '';
  }
}

/** A PNG's EXIF is in a chunk of its own or, from older tools, as hexadecimal digits in a text; before or after the picture. */
function readPng(bytes: RandomAccess): Sources {
  let exif: Uint8Array | undefined;
  let rawProfile: Uint8Array | undefined;
  let xmp: string | undefined;
  for (const { type, start, length, whole } of pngChunks(bytes)) {
    if (!whole || length > MOST_TEXT_BYTES || !['eXIf', 'tEXt', 'zTXt', 'iTXt'].includes(type)) continue;
    const data = bytes.read(start, length);
    if (type === 'eXIf') {
      exif = data;
      continue;
    }
    const [key, text] = readText(type, data);
    if (key === 'Raw profile type exif') rawProfile = Buffer.from(text.split('\n').slice(3).join(''), 'hex');
    if (key === 'XML:com.adobe.xmp') xmp = text;
  }
  return { exif: readExif(exif ?? rawProfile), xmp };
}

function readText(type: string, data: Uint8Array): readonly [key: string, text: string] {
  const keyEnd = data.indexOf(0);
  if (keyEnd < 0) return ['', ''];
  const key = latin1(data.subarray(0, keyEnd));
  const rest = data.subarray(keyEnd + 1);
  if (type === 'tEXt') return [key, latin1(rest)];
  // One byte says how it is packed; there is one way.
  if (type === 'zTXt') return [key, inflateText(rest.subarray(1))];
  const languageEnd = rest.indexOf(0, 2);
  const nameEnd = rest.indexOf(0, languageEnd + 1);
  if (languageEnd < 0 || nameEnd < 0) return ['', ''];
  const text = rest.subarray(nameEnd + 1);
  return [key, rest[0] === 1 ? inflateText(text) : latin1(text)];
}

/** Whether an AVIF's own properties turn or mirror it, which the decoder does; they overrule what EXIF and XMP say. */
function isTurnedByContainer(bytes: RandomAccess): boolean {
  const start = latin1(bytes.read(0, 2 ** 16));
  const meta = start.indexOf('meta');
  if (meta < 4) return false;
  const boxes = start.slice(meta, meta - 4 + viewOf(bytes.read(meta - 4, 4)).getUint32(0));
  return /irot|imir/.test(boxes);
}

/**
 * How the decoded pixels of a file lie, as Pillow's `ImageOps.exif_transpose` has it.
 * @param otherwise the orientation of a file that says nothing about it
 */
export function readOrientation(
  format: ImageFormat,
  bytes: RandomAccess,
  { exif, xmp }: Pick<Metadata, 'exif' | 'xmp'>,
  otherwise?: number,
): Orientation {
  const packet = xmp && latin1(xmp);
  switch (format) {
    case 'PNG':
      return decide(readPng(bytes));
    case 'TIFF': {
      const directory = readDirectory(bytes);
      return decide({
        exif: directory,
        xmp: directory?.has(XMP_TAG) ? latin1(directory.get(XMP_TAG)!.bytes()) : packet,
      });
    }
    case 'AVIF': {
      const directory = readExif(exif);
      return directory?.has(ORIENTATION_TAG) || isTurnedByContainer(bytes) ? 1 : decide({ xmp: packet });
    }
    default:
      return decide({ exif: readExif(exif), xmp: packet }, otherwise);
  }
}

/** Width and height from those of the file to those of the upright picture, and back. */
export function turnedSize(
  { width, height }: { readonly width: number; readonly height: number },
  orientation: Orientation,
): { readonly width: number; readonly height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** Which axes of the upright picture run against those of the file. */
export function isReversed(orientation: Orientation): { readonly x: boolean; readonly y: boolean } {
  return { x: [2, 3, 6, 7].includes(orientation), y: [3, 4, 7, 8].includes(orientation) };
}

/** RGB as it lies in the file → upright. `width` and `height` are the file's. */
export function turnUpright(
  data: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  orientation: Orientation,
): Uint8Array {
  if (orientation === 1) return data;
  const exchanged = orientation >= 5;
  const mirrored = [2, 3, 7, 8].includes(orientation);
  const upsideDown = [3, 4, 6, 7].includes(orientation);
  const [columns, rows] = exchanged ? [height, width] : [width, height];
  const upright = new Uint8Array(data.length);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = exchanged ? [row, column] : [column, row];
      const from = ((upsideDown ? height - 1 - y : y) * width + (mirrored ? width - 1 - x : x)) * 3;
      upright[to++] = data[from]!;
      upright[to++] = data[from + 1]!;
      upright[to++] = data[from + 2]!;
    }
  }
  return upright;
}
