/** Formats that are decoded; what the prebuilt libvips opens and what is a photo (SVG is neither trusted nor one). */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF' | 'AVIF';

export const supportedFormats = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';

/** How many leading bytes `detectFormat` looks at. */
export const FORMAT_HEADER_BYTES = 512;

export type DetectedFormat =
  | { readonly supported: true; readonly format: ImageFormat }
  /** `name` is undefined where nothing known begins like this. */
  | { readonly supported: false; readonly name: string | undefined };

function refused(name: string | undefined): DetectedFormat {
  return { supported: false, name };
}

function accepted(format: ImageFormat): DetectedFormat {
  return { supported: true, format };
}

/** How files begin that are named in the refusal (bytes as Latin-1). */
const refusedBySignature: readonly (readonly [string, string])[] = [
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 'JPEG 2000'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\xff\x0a', 'JPEG XL'],
  ['8BPS', 'Photoshop (PSD)'],
  ['\0\0\x01\0', 'ICO'],
  ['qoif', 'QOI'],
  ['v/1\x01', 'OpenEXR'],
  ['#?RADIANCE', 'Radiance HDR'],
  ['SIMPLE  =', 'FITS'],
  ['%PDF-', 'PDF'],
  ['%!PS', 'PostScript'],
  ['PK\x03\x04', 'ZIP'],
  ['\x1f\x8b', 'gzip'],
];

/** ISO base media files (HEIC, AVIF, video) name themselves in their first box: a major brand, then compatible ones. */
function detectIsoMedia(header: Buffer): DetectedFormat {
  const boxEnd = Math.min(header.readUInt32BE(0), header.length);
  const brands = [header.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(header.toString('latin1', at, at + 4));
  if (brands.includes('avif') || brands.includes('avis')) return accepted('AVIF');
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand))) return refused('HEIC');
  if (brands[0] === 'crx ') return refused('Canon raw');
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

/** What a file is, by its first bytes alone: the name's ending is never believed. */
export function detectFormat(bytes: Uint8Array): DetectedFormat {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, FORMAT_HEADER_BYTES));
  const start = header.toString('latin1', 0, 32);
  if (start.startsWith('\xff\xd8\xff')) return accepted('JPEG');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return accepted('PNG');
  if (/^RIFF[\s\S]{4}WEBP/.test(start)) return accepted('WebP');
  if (/^GIF8[79]a/.test(start)) return accepted('GIF');
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(start.slice(0, 4))) {
    return start.slice(8, 10) === 'CR' ? refused('Canon raw') : accepted('TIFF');
  }
  if (header.length >= 12 && start.slice(4, 8) === 'ftyp') return detectIsoMedia(header);
  if (start.startsWith('BM') && start.slice(6, 10) === '\0\0\0\0') return refused('BMP');
  if (/^P[1-7Ff][\s#]/.test(start)) return refused('PPM');
  for (const [signature, name] of refusedBySignature) if (start.startsWith(signature)) return refused(name);
  return detectText(header);
}
