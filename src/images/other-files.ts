import { endingOf, isNamedLikePicture } from '../domain/picture-names.js';

/** What a file is that is no picture, as the count of skipped files names it. */
export type OtherKind =
  | ('text' | 'JSON' | 'XML' | 'HTML' | 'PDF' | 'document' | 'video' | 'audio' | 'archive' | 'program' | 'font')
  | ('database' | 'data' | 'system' | 'empty' | 'unknown');

/** How files begin (bytes as Latin-1), by what they are. */
const signatures: Readonly<Partial<Record<OtherKind, readonly string[]>>> = {
  PDF: ['%PDF-'],
  document: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', '{\\rtf', '%!PS', 'AT&TFORM', 'ITSF'],
  video: ['\x1aE\xdf\xa3', 'FLV\x01', '\0\0\x01\xba', '\0\0\x01\xb3', '0&\xb2u\x8ef\xcf\x11', '.RMF', '\x8aMNG'],
  audio: ['ID3', 'fLaC', 'OggS', 'MThd', '#!AMR', 'wvPK', 'MAC ', '.snd', 'caff', '\xff\xfb', '\xff\xf3', '\xff\xf1'],
  archive: [
    ...[
      'PK\x03\x04',
      'PK\x05\x06',
      'PK\x07\x08',
      '\x1f\x8b',
      '7z\xbc\xaf\x27\x1c',
      'Rar!\x1a\x07',
      'BZh',
      '\xfd7zXZ\0',
    ],
    ...['(\xb5/\xfd', '\x04"M\x18', 'MSCF', '!<arch>\n', '\xed\xab\xee\xdb', 'xar!', 'LZIP', '\x1f\x9d'],
  ],
  program: [
    ...['\x7fELF', 'MZ', '\0asm', 'dex\n', '\xca\xfe\xba\xbe'],
    ...['\xcf\xfa\xed\xfe', '\xce\xfa\xed\xfe', '\xfe\xed\xfa\xcf', '\xfe\xed\xfa\xce'],
  ],
  font: ['OTTO', 'ttcf', 'wOFF', 'wOF2', '\0\x01\0\0\0'],
  database: ['SQLite format 3\0', '\0\x01\0\0Standard'],
  data: [
    ...['\x89HDF\r\n\x1a\n', '\x93NUMPY', 'PAR1', 'ARROW1', 'GGUF', 'Obj\x01', '\x80\x02', '\x80\x03', '\x80\x04'],
    ...['\x80\x05', 'bplist00', 'CDF\x01', 'CDF\x02', 'MATLAB 5.0'],
  ],
  system: ['\0\x05\x16\x07', '\0\x05\x16\0', '\0\0\0\x01Bud1', 'L\0\0\0\x01\x14\x02\0'],
};

/** Boxes of QuickTime files without a brand. */
const QUICKTIME_BOX = /^(moov|mdat|wide|free|skip|pnot)$/;
const ISO_AUDIO = /^(M4A |M4B |M4P |F4A |F4B )$/;
/** As much as tells HEIC and the like, whose brands are others, from films. */
const ISO_VIDEO =
  /^(isom|iso[2-9]|mp4[12v]|avc1|qt {2}|M4V |M4VH|M4VP|f4v |3g[p2].|mmp4|MSNV|dash|XAVC|cmf[cf2]|piff|hvc1)$/;

/**
 * What a file is that is something else than a picture; undefined where it is one, or its name ends like a picture's does:
 * nobody would look for it among the skipped ones. Only what macOS keeps beside each file may have such a name.
 * @param header its first bytes; none of an empty file
 */
export function recogniseOther(header: Uint8Array, name: string): OtherKind | undefined {
  const start = Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString('latin1');
  const kind = byContainer(start) ?? bySignature(start);
  if (isNamedLikePicture(name)) return kind === 'system' ? kind : undefined;
  const found = kind ?? textKind(start);
  if (found !== undefined) return found;
  // A file without an ending may be a picture that is damaged.
  if (endingOf(name) === undefined) return undefined;
  return start === '' ? 'empty' : 'unknown';
}

function bySignature(start: string): OtherKind | undefined {
  const kinds = Object.entries(signatures) as [OtherKind, readonly string[]][];
  return kinds.find(([, beginnings]) => beginnings.some((beginning) => start.startsWith(beginning)))?.[0];
}

/** What is told by more than its first bytes. */
function byContainer(start: string): OtherKind | undefined {
  const [box, brand] = [start.slice(4, 8), start.slice(8, 12)];
  if (box === 'ftyp') return ISO_AUDIO.test(brand) ? 'audio' : ISO_VIDEO.test(brand) ? 'video' : undefined;
  if (QUICKTIME_BOX.test(box) && /^\0/.test(start)) return 'video';
  if (box === 'TFL3') return 'data';
  if (start.startsWith('RIFF')) return brand === 'AVI ' ? 'video' : brand === 'WAVE' ? 'audio' : undefined;
  if (start.startsWith('FORM') && /^AIF[FC]$/.test(brand)) return 'audio';
  if (start.startsWith('OggS') && start.includes('theora')) return 'video';
  if (start.startsWith('PK\x03\x04') && /\[Content_Types\]\.xml|_rels\/|mimetypeapplication\//.test(start))
    return 'document';
  if (start.slice(257, 262) === 'ustar') return 'archive';
  if (start[0] === 'G' && start[188] === 'G' && start[376] === 'G') return 'video';
  return undefined;
}

function textKind(start: string): OtherKind | undefined {
  // UTF-16 begins with a mark, or is none of what we know.
  if (/^(\xff\xfe|\xfe\xff)/.test(start)) return 'text';
  const text = start.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (start === '') return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text has no control characters but these
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return undefined;
  if (/^<svg[\s>]/i.test(text) || (/^<(\?xml|!--|!doctype svg)/i.test(text) && /<svg[\s>]|!doctype svg/i.test(text)))
    return undefined;
  if (/^<(!doctype html|html|head|body)/i.test(text)) return 'HTML';
  if (/^<(\?xml|!--)/i.test(text)) return 'XML';
  return /^(\{\s*["}]|\[\s*["{[\]\d])/.test(text) ? 'JSON' : 'text';
}
