import { jpegSize } from './jpeg-size.js';
import { damaged, PictureProblem } from './picture-problem.js';
import type { RandomAccess } from './random-access.js';
import { type Place, type RawFile, readRaw, readTiffRaw } from './raw-previews.js';
import type { Contained } from './readable.js';

const REMEDY = 'convert it to JPEG or TIFF first';

/** Places that are looked at. */
const MOST_PLACES = 100;

type Preview = Place & { readonly width: number; readonly height: number };

function largestOf(file: RandomAccess, places: readonly Place[]): Preview | undefined {
  const previews = places.slice(0, MOST_PLACES).flatMap((place) => {
    const size = place.length > 0 && place.at > 0 ? jpegSize(file, place.at) : undefined;
    return size ? [{ ...place, ...size }] : [];
  });
  return previews.sort((a, b) => b.width * b.height - a.width * a.height)[0];
}

/**
 * The largest JPEG that a camera put into its raw file: the sensor's own samples are not developed.
 *
 * @param leastSide of the preview's two sides in pixels: a smaller one stands for too little of the picture
 * @throws PictureProblem where there is no such preview
 */
export function openCameraRaw(file: RandomAccess, leastSide: number): Contained {
  return openPreview(file, readRaw(file), leastSide);
}

/**
 * Of a file that begins as TIFF files do.
 * @returns undefined for a TIFF file that is no raw file
 * @throws PictureProblem
 */
export function openRawTiff(file: RandomAccess, leastSide: number): Contained | undefined {
  const raw = readTiffRaw(file);
  return raw && openPreview(file, raw, leastSide);
}

function openPreview(file: RandomAccess, raw: RawFile, leastSide: number): Contained {
  const preview = largestOf(file, raw.places);
  if (!preview) {
    if (raw.places.some(({ at }) => at >= file.size)) throw damaged('the file ends before the preview');
    throw new PictureProblem('unsupported-format', (format) => `${format} file without a JPEG preview`, REMEDY);
  }
  const { at, length, width, height } = preview;
  if (Math.min(width, height) < leastSide) {
    throw new PictureProblem(
      'unsupported-format',
      (format) =>
        `${format} file whose largest preview has ${width} × ${height} pixels, expected at least ${leastSide} on the shorter side`,
      REMEDY,
    );
  }
  const { orientation } = raw;
  return {
    format: 'JPEG',
    data: file.read(at, length),
    isPreview: true,
    ...(orientation !== undefined && { orientation }),
  };
}
