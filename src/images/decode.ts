import type { Metadata } from 'sharp';
import type { ColumnSpan } from '../domain/pixel-kernels.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { detectFormat, type ImageFormat, supportedFormats } from './format.js';
import { requireSharp, type SharpFactory } from './sharp.js';
import { openPicture, type PictureSource } from './source.js';

/** An upright picture: `data` is [height, held.count, 3], RGB, 0…255. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The columns that the data have: all of them, or those that were asked for. */
  readonly held: ColumnSpan;
  /** Size in the file, upright: larger than `width` × `height` where the picture was reduced while decoding. */
  readonly original: { readonly width: number; readonly height: number };
}

export interface DecodeOptions {
  /** What messages call a picture that comes as bytes. */
  readonly name?: string;
  /** What is opened instead of the name `input`: bytes that are not UTF-8. */
  readonly path?: Buffer;
  /** More are refused before anything is decoded. */
  readonly maxPixels?: number;
  /**
   * The columns that are needed of a picture of this size. Others may be left out where that saves work; the whole file is
   * decoded all the same, so that damage anywhere is found.
   */
  readonly columnsOf?: (width: number, height: number) => ColumnSpan;
  /** Told, before anything is decoded, how much memory that may take; decoding waits for it. */
  readonly reserve?: (bytes: number) => Promise<void>;
}

/**
 * Bytes that libvips may take for one picture, estimated from its header before anything is decoded. With Node and
 * the engine a process stays below 1 GiB.
 */
const MEMORY_LIMIT = 640 * 2 ** 20;

/** Longest side that is decoded row by row: the cost of a row bounds the memory, the number of them the time. */
const MAX_REDUCED_SIDE = 2 ** 16;

/** Pixels that a picture is reduced to while it is decoded, where the whole would not fit into `MEMORY_LIMIT`. */
const REDUCED_PIXELS = 2 ** 24;

/** A cut costs a step of its own; it has to leave out a tenth. */
const WORTH_A_CUT = 0.9;

let loadedSharp: SharpFactory | undefined;

/**
 * Loads sharp, once. Only decoding needs it, so only decoding pays for it; a caller that knows it will decode may
 * call this early.
 */
export function loadDecoder(): SharpFactory {
  if (loadedSharp === undefined) {
    const sharp = requireSharp();
    // No picture is decoded twice: cached operations would only hold memory and open files.
    sharp.cache(false);
    loadedSharp = sharp;
  }
  return loadedSharp;
}

/** One line out of libvips' several: the first that says something, without the name of the routine that spoke. */
function condense(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [reason] = message
    .replace(/^Input (file|buffer) has corrupt header:/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\w+: /, '').trim())
    .filter((line) => line !== '' && line !== 'Unknown error');
  return printable(reason ?? 'the decoder gave no reason');
}

function corrupt(name: string, format: ImageFormat, error: unknown): ImageError {
  return new ImageError(
    'corrupt',
    { where: name, problem: `damaged ${format} (${condense(error)})` },
    {
      cause: error,
    },
  );
}

/** A PNG's signature is made to show what a careless transfer did to it; the header's name after it still tells. */
function hasPngHeader(header: Uint8Array): boolean {
  return Buffer.from(header.subarray(0, 24)).includes('IHDR');
}

const chromaShares: Readonly<Record<string, number>> = { '4:2:0': 0.5, '4:2:2': 2 / 3 };

/** Bytes per pixel that the decoder itself holds (measured, rounded up); 0 where rows stream through it. */
function heldBytesPerPixel(format: ImageFormat, metadata: Metadata, pixelBytes: number): number {
  switch (format) {
    case 'JPEG':
      // A progressive file is complete only at its end: all coefficients stay, 16 bits each.
      return metadata.isProgressive ? 2 * pixelBytes * (chromaShares[metadata.chromaSubsampling ?? ''] ?? 1) : 0;
    case 'PNG':
      return metadata.isProgressive ? 1.5 * pixelBytes : 0;
    case 'TIFF':
      return pixelBytes;
    case 'WebP':
    case 'GIF':
      return 8;
    case 'AVIF':
      return metadata.depth === 'uchar' ? 16 : 32;
    default:
      return format satisfies never;
  }
}

/** The size to decode to: the picture's own, or less where that would not fit into memory. */
function chooseSize(
  name: string,
  format: ImageFormat,
  metadata: Metadata,
): { width: number; height: number; reduced: boolean; bytes: number } {
  const { width, height } = metadata.autoOrient;
  const pixels = width * height;
  const pixelBytes = (metadata.channels ?? 4) * (metadata.depth === 'uchar' ? 1 : 2);
  // libvips streams, but through a window of rows on either side of each step.
  const window = 2 * Math.min(Math.max(metadata.height, 16), 1024) * metadata.width * pixelBytes;
  const held = heldBytesPerPixel(format, metadata, pixelBytes) * pixels + window;
  // Turning or mirroring needs the whole picture at hand besides its turned copy.
  const turned = (metadata.orientation ?? 1) > 1 ? pixelBytes : 0;
  const bytes = held + pixels * (3 + turned);
  if (bytes <= MEMORY_LIMIT) return { width, height, reduced: false, bytes };
  if (held > MEMORY_LIMIT || Math.max(width, height) > MAX_REDUCED_SIDE) {
    throw new ImageError('too-large', {
      where: name,
      problem: `${width} × ${height} pixels as ${format} need more than ${MEMORY_LIMIT / 2 ** 20} MiB of memory`,
      remedy: 'scale the image down first',
    });
  }
  const shrink = Math.ceil(Math.sqrt(pixels / REDUCED_PIXELS));
  return { width: Math.ceil(width / shrink), height: Math.ceil(height / shrink), reduced: true, bytes: MEMORY_LIMIT };
}

function refuseMoreThan(most: number | undefined, name: string, { width, height }: Metadata['autoOrient']): void {
  if (most !== undefined && width * height > most) {
    throw new ImageError('too-large', {
      where: name,
      problem: `${width} × ${height} pixels`,
      expected: `at most ${most}`,
      remedy: 'raise --max-pixels to accept it',
    });
  }
}

/** a × b / 255, rounded, in Pillow's integer arithmetic. */
function multiply255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Ink without a profile, as Pillow's `convert('RGB')` mixes it: 255 − K, less the ink's share of that. */
function mixInks(inks: Uint8Array): Uint8Array {
  const pixels = inks.length / 4;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const light = 255 - inks[pixel * 4 + 3]!;
    for (let c = 0; c < 3; c++) rgb[pixel * 3 + c] = light - multiply255(inks[pixel * 4 + c]!, light);
  }
  return rgb;
}

async function readMetadata(source: PictureSource, format: ImageFormat): Promise<Metadata> {
  const sharp = loadDecoder();
  let metadata: Metadata;
  try {
    // Only the header is read, so no size is too large yet.
    metadata = await sharp(source.input, { failOn: 'error', limitInputPixels: false }).metadata();
  } catch (error) {
    throw corrupt(source.name, format, error);
  }
  if (metadata.depth === undefined || !['uchar', 'ushort', 'short'].includes(metadata.depth)) {
    throw new ImageError('unsupported-format', {
      where: source.name,
      problem: `${format} with ${metadata.depth} samples is not supported`,
      expected: '8 or 16 bits per sample',
    });
  }
  return metadata;
}

/**
 * A picture as upright 8-bit RGB, the way the reference loads one (Pillow's `convert('RGB')` after its
 * `exif_transpose`): colour profiles are not applied, alpha is dropped, not blended (what lies below a transparent
 * pixel shows), 16-bit samples lose their lower byte, CMYK is mixed by the plain formula, of several frames or pages
 * the first is taken.
 *
 * A picture too large to be held whole is reduced while it is decoded, to about 16 megapixels; its pixels then
 * differ slightly from the reference's.
 *
 * @param input path of a regular file, or the file's bytes
 * @throws ImageError `not-found`, `not-a-file`, `unreadable`, `empty`, `unsupported-format`, `corrupt`, `too-large`
 */
export async function decode(input: string | Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage> {
  const source = await openPicture(input, options.name ?? 'image', options.path);
  const { name } = source;
  const detected = detectFormat(source.header);
  if (!detected.supported) {
    if (hasPngHeader(source.header)) throw corrupt(name, 'PNG', new Error('wrong signature'));
    const what = detected.name === undefined ? 'not an image of a known format' : `${detected.name} is not supported`;
    throw new ImageError('unsupported-format', { where: name, problem: what, expected: supportedFormats });
  }
  const { format } = detected;
  const sharp = loadDecoder();
  const metadata = await readMetadata(source, format);
  refuseMoreThan(options.maxPixels, name, metadata.autoOrient);
  const { width, height, reduced, bytes } = chooseSize(name, format, metadata);
  await options.reserve?.(bytes);

  const inks = metadata.space === 'cmyk';
  let pipeline = sharp(source.input, {
    // Refuses truncated and damaged data but lets mere warnings pass.
    failOn: 'error',
    limitInputPixels: MAX_REDUCED_SIDE ** 2,
    ignoreIcc: true,
    autoOrient: true,
  });
  if (reduced) pipeline = pipeline.resize({ width, height, fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
  pipeline = inks ? pipeline.pipelineColourspace('cmyk').toColourspace('cmyk') : pipeline.toColourspace('srgb');
  if (!inks) pipeline = pipeline.removeAlpha();
  const all = { first: 0, count: width };
  const asked = options.columnsOf?.(width, height) ?? all;
  // Other decoders might then leave out damaged parts of the file.
  const held = format === 'JPEG' && !reduced && !inks && asked.count < WORTH_A_CUT * width ? asked : all;
  if (held !== all) pipeline = pipeline.extract({ left: held.first, top: 0, width: held.count, height });
  try {
    const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const channels = inks ? 4 : 3;
    if (
      info.channels !== channels ||
      data.length !== info.width * info.height * channels ||
      (held !== all && info.width !== held.count)
    ) {
      throw new ImageError('unsupported-format', {
        where: name,
        problem: `${format} with ${info.channels} channels is not supported`,
        expected: 'grayscale, RGB or CMYK',
      });
    }
    const { autoOrient: original } = metadata;
    const pixels = inks ? mixInks(data) : data;
    if (held !== all) return { data: pixels, width, height, held, original };
    return { data: pixels, width: info.width, height: info.height, held: { first: 0, count: info.width }, original };
  } catch (error) {
    throw error instanceof ImageError ? error : corrupt(name, format, error);
  }
}
