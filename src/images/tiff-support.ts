import { ImageError } from '../errors/errors.js';
import type { RandomAccess } from './formats/random-access.js';
import { type Directory, readDirectory } from './tiff-directory.js';

const tags = {
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  stripBytes: 279,
  planar: 284,
  tileOffsets: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;

/** What sharp's libtiff unpacks. */
const compressions = new Set([1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001]);

const compressionNames: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  9: 'JBIG',
  10: 'JBIG',
  34661: 'JBIG',
  34676: 'SGI Log',
  34677: 'SGI Log',
  34712: 'JPEG 2000',
  34925: 'LZMA',
  34887: 'LERC',
  50000: 'Zstandard',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

const JPEG = 7;
const CIELAB = 8;
const YCBCR = 6;

const photometricNames: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  9: 'ICC L*a*b* colours',
  10: 'ITU L*a*b* colours',
  32844: 'logarithmic luminance',
  32845: 'logarithmic colours',
};

const sampleNames: Readonly<Record<number, string>> = { 2: 'signed', 3: 'float', 5: 'complex', 6: 'complex' };

function numberAt(directory: Directory, tag: number, otherwise: number): number {
  return directory.get(tag)?.numbers()[0] ?? otherwise;
}

/** What the decoder cannot read of this file, or would read in a wrong way; undefined where there is nothing. */
function findUnsupported(directory: Directory): string | undefined {
  const compression = numberAt(directory, tags.compression, 1);
  if (!compressions.has(compression)) return `${compressionNames[compression] ?? `number ${compression}`} compression`;
  const sampleFormat = numberAt(directory, tags.sampleFormat, 1);
  if (sampleFormat in sampleNames) return `${sampleNames[sampleFormat]} samples`;
  const bits = numberAt(directory, tags.bitsPerSample, 1);
  if (bits > 16) return `${bits} bits per sample`;
  const photometric = numberAt(directory, tags.photometric, 1);
  if (photometric in photometricNames) return photometricNames[photometric];
  if (photometric === YCBCR && compression !== JPEG) return 'YCbCr colours that are not compressed as JPEG';
  if (photometric === CIELAB && bits === 8) return 'L*a*b* colours of 8 bits';
  if (directory.has(tags.tileOffsets) && numberAt(directory, tags.planar, 1) === 2) return 'tiles for each channel';
  return undefined;
}

/** Whether a strip or tile lies beyond the end of the file. The decoder takes a tile that is missing for a black one. */
function endsEarly(directory: Directory, size: number): boolean {
  const pairs = [
    [tags.tileOffsets, tags.tileBytes],
    [tags.stripOffsets, tags.stripBytes],
  ] as const;
  return pairs.some(([offsetTag, bytesTag]) => {
    const offsets = directory.get(offsetTag)?.numbers() ?? [];
    const bytes = directory.get(bytesTag)?.numbers() ?? [];
    return offsets.some((offset, index) => offset + (bytes[index] ?? 0) > size);
  });
}

/**
 * Refuses TIFF files that are whole and cannot be decoded, and those that end before their last pixels.
 * @throws ImageError `unsupported-format`, `corrupt`
 */
export function checkTiff(name: string, file: RandomAccess): void {
  const directory = readDirectory(file);
  if (!directory) return;
  const unsupported = findUnsupported(directory);
  if (unsupported !== undefined) {
    throw new ImageError('unsupported-format', {
      where: name,
      problem: `TIFF with ${unsupported} is not supported`,
      remedy: 'convert it to PNG or JPEG first',
    });
  }
  if (endsEarly(directory, file.size)) {
    throw new ImageError('corrupt', { where: name, problem: 'damaged TIFF (the file ends early)' });
  }
}
