/** Formats that sharp decodes: what the prebuilt libvips opens and what is a photo (SVG is neither trusted nor one). */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'AVIF';

/** Formats with a reader in formats/. `PPM` is the whole family, `ICO` cursors too. */
export type OtherFormat = 'BMP' | 'PPM' | 'ICO' | 'HEIC' | 'camera raw';

export const supportedFormats = 'JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, ICO, HEIC or camera raw';

/** How many leading bytes `detectFormat` looks at. */
export const FORMAT_HEADER_BYTES = 512;

export type DetectedFormat =
  | { readonly supported: true; readonly format: ImageFormat }
  | { readonly supported: true; readonly other: OtherFormat }
  /** `name` is undefined where nothing known begins like this. */
  | { readonly supported: false; readonly name: string | undefined };

function refused(name: string | undefined): DetectedFormat {
  return { supported: false, name };
}

function accepted(format: ImageFormat): DetectedFormat {
  return { supported: true, format };
}

function readBy(other: OtherFormat): DetectedFormat {
  return { supported: true, other };
}

/** Olympus and OM, Panasonic and Leica, Fujifilm; most others begin as TIFF files do. */
const rawSignatures = ['IIRO', 'IIRS', 'MMOR', 'IIU\0', 'FUJIFILMCCD-RAW'];

/** How files begin that are named in the refusal (bytes as Latin-1). */
const refusedBySignature: readonly (readonly [string, string])[] = [
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 'JPEG 2000'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\xff\x0a', 'JPEG XL'],
  ['8BPS', 'Photoshop (PSD)'],
  ['FOVb', 'Sigma raw (X3F)'],
  ['\0MRM', 'Minolta raw (MRW)'],
  ['qoif', 'QOI'],
  ['v/1\x01', 'OpenEXR'],
  ['#?RADIANCE', 'Radiance HDR'],
  ['SIMPLE  =', 'FITS'],
  ['%PDF-', 'PDF'],
  ['%!PS', 'PostScript'],
  ['PK\x03\x04', 'ZIP'],
  ['\x1f\x8b', 'gzip'],
  ['(\xb5/\xfd', 'zstd'],
  ['BZh', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ["7z\xbc\xaf'\x1c", '7-Zip'],
  ['Rar!\x1a\x07', 'RAR'],
  ['PAR1', 'Parquet'],
];

/** ISO base media files (HEIC, AVIF, video) name themselves in their first box: a major brand, then compatible ones. */
function detectIsoMedia(header: Buffer): DetectedFormat {
  const boxEnd = Math.min(header.readUInt32BE(0), header.length);
  const brands = [header.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(header.toString('latin1', at, at + 4));
  if (brands.includes('avif') || brands.includes('avis')) return accepted('AVIF');
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand))) return readBy('HEIC');
  if (brands[0] === 'crx ') return readBy('camera raw');
  return refused('video');
}

function detectText(header: Buffer): DetectedFormat {
  const text = header.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  if (/^\s*<(\?xml|!--|!DOCTYPE\s+svg|svg)/i.test(text)) {
    return refused(/<svg[\s/>]/i.test(text) || /DOCTYPE\s+svg/i.test(text) ? 'SVG' : 'XML');
  }
  if (/^\s*<(!doctype html|html|head|body)/i.test(text)) return refused('HTML');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text has no control characters but these
  return /^[^\x00-\x08\x0e-\x1a\x1c-\x1f]+$/.test(text) ? refused('text') : refused(undefined);
}

/** Two letters are a weak sign: the header's length has to be one that there is. */
function isBitmapHeader(header: Buffer): boolean {
  if (header.length < 18) return header.length === 2 || header.subarray(6, 10).every((byte) => byte === 0);
  const length = header.readUInt32LE(14);
  return length >= 12 && length <= 124;
}

/** An icon or cursor: three small numbers, and an entry whose reserved byte is 0 and whose picture comes after the list. */
function isIcon(header: Buffer): boolean {
  if (header.length < 6 || header.readUInt16LE(0) !== 0) return false;
  const isKnown = [1, 2].includes(header.readUInt16LE(2)) && header.readUInt16LE(4) > 0;
  return isKnown && (header.length < 22 || (header.readUInt32LE(14) > 0 && header.readUInt32LE(18) >= 22));
}

/** What a file is, by its first bytes alone: the name's ending is never believed. */
export function detectFormat(bytes: Uint8Array): DetectedFormat {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, FORMAT_HEADER_BYTES));
  const start = header.toString('latin1', 0, 32);
  if (start.startsWith('\xff\xd8\xff')) return accepted('JPEG');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return accepted('PNG');
  if (/^RIFF[\s\S]{4}WEBP/.test(start)) return accepted('WebP');
  if (/^GIF8[79]a/.test(start)) return accepted('GIF');
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(start.slice(0, 4))) {
    return accepted('TIFF');
  }
  if (rawSignatures.some((signature) => start.startsWith(signature))) return readBy('camera raw');
  if (header.length >= 12 && start.slice(4, 8) === 'ftyp') return detectIsoMedia(header);
  if (start.startsWith('BM') && isBitmapHeader(header)) return readBy('BMP');
  if (/^P([1-6Ff](\s+[#\d]|#)|7\n)/.test(start)) return readBy('PPM');
  if (isIcon(header)) return readBy('ICO');
  if (header.toString('latin1', 257, 262) === 'ustar') return refused('tar');
  for (const [signature, name] of refusedBySignature) if (start.startsWith(signature)) return refused(name);
  return detectText(header);
}
