import type { Metadata } from 'sharp';
import type { ColumnSpan } from '../domain/pixel-kernels.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { mixInks } from './cmyk.js';
import { chooseSize, MAX_REDUCED_SIDE, MEMORY_LIMIT, tooLarge } from './decode-size.js';
import { detectFormat, type ImageFormat, type OtherFormat, supportedFormats } from './format.js';
import type { Readable } from './formats/readable.js';
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
  if ('format' in detected) return decodeBySharp(source, detected.format, options);
  return decodeOther(source, detected.other, options);
}

/** A format that sharp does not read; inside of it there may be one that it does. */
async function decodeOther(source: PictureSource, format: OtherFormat, options: DecodeOptions): Promise<DecodedImage> {
  const { openOther } = await import('./formats/open.js');
  const opened = await openOther(source.name, format, source.input);
  if ('decode' in opened) return decodeReadable(source.name, format, opened, options);
  return decodeBySharp({ ...source, input: opened.data }, opened.format, options);
}

async function decodeReadable(
  name: string,
  format: OtherFormat,
  picture: Readable,
  { maxPixels, reserve }: DecodeOptions,
): Promise<DecodedImage> {
  const { width, height, bytes } = picture;
  refuseMoreThan(maxPixels, name, picture);
  if (bytes > MEMORY_LIMIT) throw tooLarge(name, format, picture);
  await reserve?.(bytes);
  const { asImageError } = await import('./formats/open.js');
  try {
    const data = await picture.decode();
    return { data, width, height, held: { first: 0, count: width }, original: { width, height } };
  } catch (error) {
    throw asImageError(name, format, error);
  }
}

async function decodeBySharp(
  source: PictureSource,
  format: ImageFormat,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { name } = source;
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
        expected: 'greyscale, RGB or CMYK',
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
