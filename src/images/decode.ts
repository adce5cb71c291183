import { detectFormat, type ImageFormat, type OtherFormat, supportedFormats } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import { MEMORY_LIMIT, tooLarge } from './decode-size.js';
import { type DecodedImage, type DecodeOptions, refuseMoreThan } from './decoded-image.js';
import { withRandomAccess } from './formats/random-access.js';
import type { Contained, Readable } from './formats/readable.js';
import { recogniseOther } from './other-files.js';
import { decodeSmallJpeg } from './small-jpeg.js';
import { openPicture, type PictureSource } from './source.js';

/** A PNG's signature is made to show what a careless transfer did to it; the header's name after it still tells. */
function hasPngHeader(header: Uint8Array): boolean {
  return Buffer.from(header.subarray(0, 24)).includes('IHDR');
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
  const detected = recognise(source);
  if ('other' in detected) return decodeOther(source, detected.other, options);
  if (detected.format === 'TIFF') {
    const { openTiffOfCamera } = await import('./formats/open.js');
    const raw = await openTiffOfCamera(name, source.input, options.leastPreview);
    if (raw) return decodeContained(source, raw, options);
  }
  return decodeKnown(source, detected.format, options);
}

/**
 * Whether a file is an image by its first bytes; whether all of it can be decoded shows when it is.
 * @throws ImageError `not-found`, `not-a-file`, `unreadable`, `empty`, `unsupported-format`, `corrupt`
 */
export async function checkFormat(input: string | Uint8Array, name: string, path?: Buffer): Promise<void> {
  recognise(await openPicture(input, name, path, 'header'));
}

function recognise({ header, name }: PictureSource) {
  const detected = detectFormat(header);
  if (!detected.supported) {
    if (hasPngHeader(header)) {
      throw new ImageError('corrupt', { where: name, problem: 'damaged PNG (wrong signature)' });
    }
    const what = detected.name === undefined ? 'not an image of a known format' : `${detected.name} is not supported`;
    const otherKind = recogniseOther(header, name);
    throw new ImageError('unsupported-format', { where: name, problem: what, expected: supportedFormats, otherKind });
  }
  return detected;
}

async function decodeKnown(source: PictureSource, format: ImageFormat, options: DecodeOptions): Promise<DecodedImage> {
  if (format === 'GIF') return decodeGif(source, options);
  const small =
    format === 'JPEG' && (options.isBrief || options.releases) ? await decodeSmallJpeg(source, options) : undefined;
  if (small) return small;
  const { decodeBySharp } = await import('./decode-by-sharp.js');
  return decodeBySharp(source, format, options);
}

/** By a reader of our own: libvips makes transparent pixels black. */
async function decodeGif(source: PictureSource, options: DecodeOptions): Promise<DecodedImage> {
  const { openGif } = await import('./gif/open-gif.js');
  const { name } = source;
  const { width, height, bytes, decode: unpack } = await withRandomAccess(source.input, (file) => openGif(name, file));
  refuseMoreThan(options.maxPixels, name, { width, height });
  await options.reserve?.(bytes);
  const { data, facts } = await withRandomAccess(source.input, (file) => unpack(file, options.lenient ?? false));
  const size = { width, height };
  return { data, ...size, held: { first: 0, count: width }, original: size, facts };
}

/** A format that sharp does not read; inside of it there may be one that it does. */
async function decodeOther(source: PictureSource, format: OtherFormat, options: DecodeOptions): Promise<DecodedImage> {
  const { openOther } = await import('./formats/open.js');
  const opened = await openOther(source.name, format, source.input, options.leastPreview);
  if ('decode' in opened) return decodeReadable(source.name, format, opened, options);
  return decodeContained(source, opened, options);
}

async function decodeContained(
  source: PictureSource,
  { format, data, orientation, isPreview }: Contained,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const inside = { ...options, ...(orientation !== undefined && { orientation }) };
  const image = await decodeKnown({ name: source.name, header: source.header, input: data }, format, inside);
  if (!isPreview) return image;
  const { width, height } = image.original;
  return { ...image, facts: { ...image.facts, preview: { width, height } } };
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
    return { data, width, height, held: { first: 0, count: width }, original: { width, height }, facts: {} };
  } catch (error) {
    throw asImageError(name, format, error);
  }
}
