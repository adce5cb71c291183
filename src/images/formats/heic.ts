import { printable } from '../../errors/printable.js';
import { MEMORY_LIMIT } from '../decode-size.js';
import { findBoxes } from './iso-boxes.js';
import { type DecodedHeif, dropLibheif, type Handle, type Libheif, loadLibheif } from './libheif.js';
import { damaged, PictureProblem, tooLarge, unsupported } from './picture-problem.js';
import type { Readable } from './readable.js';

/** Measured: planes, the tiles they come from, and RGB take 7 bytes for each pixel, the copy of RGB takes 3; rounded up. */
const BYTES_PER_PIXEL = 12;

/** More is not kept for the next picture. */
const KEPT_BYTES = 48 * 2 ** 20;

/** `heif_error_code` of libheif's heif_error.h. */
const heifErrors = { unsupportedFile: 3, unsupportedFeature: 4, memory: 6 } as const;

function check(result: Handle | null | undefined): void {
  const code = result?.code?.value ?? (result ? 0 : -1);
  if (code === 0) return;
  const message = printable((result?.message ?? 'no picture').trim().split('\n')[0]!);
  if (code === heifErrors.memory)
    throw new PictureProblem('too-large', (format) => `${format} that takes too much memory (${message})`);
  const isUnsupported = code === heifErrors.unsupportedFile || code === heifErrors.unsupportedFeature;
  throw isUnsupported ? unsupported(`what libheif refuses (${message})`) : damaged(message);
}

/** Calls `use` with the file's primary picture. What libheif cannot do is a PictureProblem, also where it gives up as a whole. */
async function withPrimary<T>(bytes: Uint8Array, use: (heif: Libheif, picture: Handle) => Promise<T> | T): Promise<T> {
  const heif = loadLibheif();
  let context: Handle | undefined;
  let picture: Handle | undefined;
  try {
    context = heif.heif_context_alloc();
    check(heif.heif_context_read_from_memory(context, bytes));
    const primary = heif.heif_js_context_get_primary_image_handle(context);
    check(primary);
    picture = primary;
    return await use(heif, picture);
  } catch (error) {
    if (error instanceof PictureProblem) throw error;
    // An abort inside of WebAssembly: that instance is not to be used again.
    dropLibheif();
    context = picture = undefined;
    throw damaged(printable(String(error).split('\n')[0]!));
  } finally {
    if (picture) heif.heif_image_handle_release(picture);
    if (context) heif.heif_context_free(context);
  }
}

/** The largest picture by the `ispe` boxes: what is decoded, before `clap` cuts it. */
function largestCoded(bytes: Uint8Array): Pick<Readable, 'width' | 'height'> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sizes = findBoxes(view, ['meta', 'iprp', 'ipco', 'ispe'], { from: 0, to: bytes.length }, { meta: 4 })
    .filter(({ from, to }) => to - from >= 12)
    .map(({ from }) => ({ width: view.getUint32(from + 4), height: view.getUint32(from + 8) }));
  return sizes.sort((a, b) => b.width * b.height - a.width * a.height)[0];
}

/** The rows of the decoded picture, without the bytes between them. */
function copyRows({ channels }: DecodedHeif, width: number, height: number): Uint8Array {
  const [plane] = channels;
  if (!plane || plane.width !== width || plane.height !== height) {
    throw damaged(`${plane?.width} × ${plane?.height} pixels instead of ${width} × ${height}`);
  }
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = row * plane.stride;
    pixels.set(plane.data.subarray(from, from + width * 3), row * width * 3);
  }
  return pixels;
}

/**
 * The primary picture of a HEIC or HEIF file, turned and cut as the file says (`irot`, `imir`, `clap`; the orientation in
 * EXIF is not for readers to apply), by libheif. What it needs follows from the `ispe` boxes, before anything is decoded.
 *
 * @throws PictureProblem
 */
export async function openHeic(bytes: Uint8Array): Promise<Readable> {
  const coded = largestCoded(bytes);
  const needed = (coded ? coded.width * coded.height : 0) * BYTES_PER_PIXEL;
  // libheif's own limits are higher.
  if (coded && needed > MEMORY_LIMIT) throw tooLarge(coded);
  const [width, height] = await withPrimary(bytes, (heif, picture) => [
    heif.heif_image_handle_get_width(picture),
    heif.heif_image_handle_get_height(picture),
  ]);
  if (!(width! > 0 && height! > 0)) throw damaged(`${width} × ${height} pixels`);
  const size = { width: width!, height: height! };
  return {
    ...size,
    bytes: Math.max(needed, size.width * size.height * BYTES_PER_PIXEL),
    async decode() {
      const pixels = await withPrimary(bytes, async (heif, picture) => {
        const decoded = await heif.heif_js_decode_image2(
          picture,
          heif.heif_colorspace.heif_colorspace_RGB,
          heif.heif_chroma.heif_chroma_interleaved_RGB,
        );
        check(decoded);
        try {
          return copyRows(decoded, size.width, size.height);
        } finally {
          heif.heif_image_release(decoded.image);
        }
      });
      if (needed > KEPT_BYTES) dropLibheif();
      return pixels;
    },
  };
}
