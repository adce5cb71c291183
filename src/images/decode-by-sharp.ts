import type { Metadata } from 'sharp';
import type { ImageFormat } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { mixInks, upperBytes } from './cmyk.js';
import { chooseSize, type DecodeSize, type HeaderFacts, MAX_REDUCED_SIDE } from './decode-size.js';
import { type DecodedImage, type DecodeOptions, refuseMoreThan } from './decoded-image.js';
import { inMemory, withRandomAccess } from './formats/random-access.js';
import { readJpegHeader, unlessDoubtful } from './jpeg-header.js';
import { type NamedFile, nameFile } from './named-file.js';
import { type Orientation, readOrientation, turnedSize, turnUpright } from './orientation.js';
import { requireSharp, type SharpFactory } from './sharp.js';
import { placeShrunk, type SmallerSize, shrinkOf } from './shrink.js';
import type { PictureSource } from './source.js';

type FailOn = 'error' | 'none';

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
function condense(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : String(error);
  const [reason] = message
    .replace(/^Input (file|buffer) has corrupt header:/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\w+: /, '').trim())
    .filter((line) => line !== '' && line !== 'Unknown error');
  return reason === undefined ? undefined : printable(reason);
}

/** The decoder's error is its `cause`; a look at the file explains it. */
class DecoderFailure extends Error {}

/** sharp did not pass on what was asked for. */
class NotShrunk extends Error {}

/** Of most JPEGs of cameras that are stored upright. libvips takes as long to find out what kind of file it is. */
function factsOfUpright({ header, input }: PictureSource, otherwise: number | undefined): HeaderFacts | undefined {
  const start = typeof input === 'string' ? header : input;
  const jpeg = unlessDoubtful(() => readJpegHeader(Buffer.from(start.buffer, start.byteOffset, start.length)));
  // How much memory one takes that is progressive depends on more.
  if (!jpeg || jpeg.isProgressive) return undefined;
  if (readOrientation('JPEG', inMemory(start), jpeg, otherwise) !== 1) return undefined;
  const isGrey = jpeg.components.length === 1;
  return { ...jpeg, depth: 'uchar', space: isGrey ? 'b-w' : 'srgb', channels: isGrey ? 1 : 3 };
}

async function readMetadata(source: PictureSource, format: ImageFormat, failOn: FailOn): Promise<HeaderFacts> {
  const sharp = loadDecoder();
  let metadata: Metadata;
  try {
    // Only the header is read, so no size is too large yet.
    metadata = await sharp(source.input, { failOn, limitInputPixels: false }).metadata();
  } catch (error) {
    throw new DecoderFailure('', { cause: error });
  }
  // Signed ones are L*a*b*: others do not come here (see tiff-support.ts).
  if (metadata.depth === undefined || !['uchar', 'ushort', 'short'].includes(metadata.depth)) {
    throw new ImageError('unsupported-format', {
      where: source.name,
      problem: `${format} with ${metadata.depth} samples is not supported`,
      expected: '8 or 16 bits per sample',
    });
  }
  return metadata;
}

/** @throws ImageError `unsupported-format`, `corrupt`, `too-large` */
export async function decodeBySharp(
  source: PictureSource,
  format: ImageFormat,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const { name, input } = source;
  if (format === 'TIFF') {
    const { checkTiff } = await import('./tiff-support.js');
    await withRandomAccess(input, (file) => checkTiff(name, file));
  }
  const reserving = { ...options, reserve: onlyOnce(options.reserve) };
  try {
    return await decodeOnce(source, format, reserving, 'error');
  } catch (failure) {
    if (!(failure instanceof DecoderFailure)) throw failure;
    const { cause } = failure;
    const { examine, refusal } = await import('./damage.js');
    const finding = await withRandomAccess(input, (file) => examine(format, input, file)).catch(async (error) => {
      throw (await import('./file-errors.js')).describeError(name, error);
    });
    const refused = refusal(name, format, finding, condense(cause), cause);
    if (!options.lenient || finding.remains === undefined) throw refused;
    try {
      const image = await decodeOnce(
        { name, header: source.header, input: finding.remains },
        format,
        reserving,
        'none',
      );
      return { ...image, facts: { truncated: true } };
    } catch (error) {
      throw error instanceof DecoderFailure ? refused : error;
    }
  }
}

/** Memory is asked for once, however often a picture is tried. */
function onlyOnce(reserve: DecodeOptions['reserve']): NonNullable<DecodeOptions['reserve']> {
  let reserved: Promise<void> | undefined;
  return (bytes) => {
    reserved ??= reserve?.(bytes) ?? Promise.resolve();
    return reserved;
  };
}

/** @param failOn `error` refuses truncated and damaged data but lets mere warnings pass; `none` takes what there is */
async function decodeOnce(
  source: PictureSource,
  format: ImageFormat,
  options: DecodeOptions,
  failOn: FailOn,
): Promise<DecodedImage> {
  const { name, input } = source;
  const upright = format === 'JPEG' ? factsOfUpright(source, options.orientation) : undefined;
  const metadata = upright ?? (await readMetadata(source, format, failOn));
  const orientation = upright
    ? 1
    : await withRandomAccess(input, (file) => readOrientation(format, file, metadata, options.orientation));
  const original = turnedSize(metadata, orientation);
  refuseMoreThan(options.maxPixels, name, original);
  const wanted = shrinkOf(format, metadata, original, options.scaledTo?.(original.width, original.height));
  const isByBlocks = wanted !== undefined && wanted.block > 1;
  const file = isByBlocks ? nameFile(source) : undefined;
  const smaller = isByBlocks && !file ? undefined : wanted;
  const size = chooseSize(name, format, metadata, original, smaller);
  try {
    await options.reserve?.(size.bytes);
    const how = { ...size, smaller, file };
    const pixels = await decodePixels(source, format, metadata, orientation, how, options, failOn);
    return { ...pixels, original, ...(smaller && { shrunk: placeShrunk(original, smaller, orientation) }) };
  } catch (error) {
    // It may not be there any more as it was read.
    if (file && !file.isCopy) return decodeOnce({ name, header: source.header, input }, format, options, failOn);
    if (error instanceof NotShrunk) return decodeOnce(source, format, { ...options, scaledTo: undefined }, failOn);
    throw error instanceof ImageError ? error : new DecoderFailure('', { cause: error });
  } finally {
    file?.remove();
  }
}

async function decodePixels(
  { name, input }: PictureSource,
  format: ImageFormat,
  metadata: HeaderFacts,
  orientation: Orientation,
  size: DecodeSize & { readonly smaller: SmallerSize | undefined; readonly file: NamedFile | undefined },
  options: DecodeOptions,
  failOn: FailOn,
): Promise<Omit<DecodedImage, 'original'>> {
  const { width, height, reduced, smaller, file } = size;
  const inks = metadata.space === 'cmyk';
  const channels = inks ? 4 : 3;
  // libvips turns pictures while it decodes them, but does not find the orientation everywhere.
  const isUpright = orientation === 1;
  const autoOrient = !isUpright && orientation === metadata.orientation;
  const stored = autoOrient ? size : turnedSize(size, orientation);
  const from = file && smaller ? `${file.path}[shrink=${smaller.block}]` : input;
  let pipeline = loadDecoder()(from, { failOn, limitInputPixels: MAX_REDUCED_SIDE ** 2, ignoreIcc: true, autoOrient });
  if (reduced || (smaller && !file)) {
    const { width, height } = stored;
    const how = smaller ? { kernel: 'lanczos3' as const } : { kernel: 'linear' as const, fastShrinkOnLoad: false };
    pipeline = pipeline.resize({ width, height, fit: 'fill', ...how });
  }
  pipeline = inks ? pipeline.pipelineColourspace('cmyk').toColourspace('cmyk') : pipeline.toColourspace('srgb');
  pipeline = pipeline.removeAlpha();
  const all = { first: 0, count: width };
  const asked = options.columnsOf?.(width, height) ?? all;
  // Other decoders might then leave out damaged parts of the file.
  const cuts =
    format === 'JPEG' &&
    (isUpright || autoOrient) &&
    !reduced &&
    !smaller &&
    !inks &&
    asked.count < WORTH_A_CUT * width;
  const held = cuts ? asked : all;
  if (cuts) pipeline = pipeline.extract({ left: held.first, top: 0, width: held.count, height });
  // Ink of 16 bits would be clipped to 8, not scaled.
  const wideInks = inks && metadata.depth === 'ushort';
  const raw = pipeline.raw({ depth: wideInks ? 'ushort' : 'uchar' });
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  if (file && (info.width !== stored.width || info.height !== stored.height)) throw new NotShrunk();
  const isWhole = data.length === info.width * info.height * channels * (wideInks ? 2 : 1);
  if (info.channels !== channels || !isWhole || (cuts && info.width !== held.count)) {
    throw new ImageError('unsupported-format', {
      where: name,
      problem: `${format} with ${info.channels} channels is not supported`,
      expected: 'greyscale, RGB or CMYK',
    });
  }
  const pixels = inks ? mixInks(wideInks ? upperBytes(data) : data) : data;
  return { data: autoOrient ? pixels : turnUpright(pixels, info, orientation), width, height, held, facts: {} };
}
