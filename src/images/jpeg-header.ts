const MOST_SEGMENTS = 200;

/** Sampling of the first component, horizontal and vertical in four bits each. Others are rare, and versions differ in them. */
const KNOWN_SAMPLINGS = [0x11, 0x21, 0x22];
const ONCE = 0x11;

const [START_OF_FRAME, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2];
const [START_OF_SCAN, APP1] = [0xda, 0xe1];

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';

/** What there is to know of a JPEG before it is decoded. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Their numbers: one of grey pictures, three of others. */
  readonly components: readonly number[];
  readonly isProgressive: boolean;
  readonly exif?: Buffer;
  readonly xmp?: Buffer;
}

/** A file that leaves something to interpretation, which is for libvips to do. */
class Doubtful extends Error {}

export function doubtUnless(condition: unknown): asserts condition {
  if (!condition) throw new Doubtful();
}

/** @returns undefined where `read` doubts, or reads a field beyond the end of the file */
export function unlessDoubtful<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Doubtful || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Tables, restart interval, comments, applications' data. */
export function isPassive(marker: number): boolean {
  return [0xc4, 0xdb, 0xdd, 0xfe].includes(marker) || marker >> 4 === 0xe;
}

interface Segment {
  readonly marker: number;
  readonly content: Buffer;
  readonly end: number;
}

export function readSegment(bytes: Buffer, at: number): Segment {
  doubtUnless(bytes.readUInt8(at) === 0xff);
  const end = at + 2 + bytes.readUInt16BE(at + 2);
  doubtUnless(end <= bytes.length && end >= at + 4);
  return { marker: bytes.readUInt8(at + 1), content: bytes.subarray(at + 4, end), end };
}

/**
 * The markers before the first scan of a JPEG, grey or with three components, baseline or progressive with Huffman codes, with
 * metadata at most once. Of all others it doubts.
 * @param bytes the file, or as much of its start as has these
 * @returns with where the first scan begins
 */
export function readJpegHeader(bytes: Buffer): JpegHeader & { readonly scansAt: number } {
  let frame: Omit<JpegHeader, 'exif' | 'xmp'> | undefined;
  const blocks: { exif?: Buffer; xmp?: Buffer } = {};
  let at = 2;
  for (let count = 0; count < MOST_SEGMENTS; count++) {
    const { marker, content, end } = readSegment(bytes, at);
    if ([START_OF_FRAME, EXTENDED, PROGRESSIVE].includes(marker)) {
      doubtUnless(!frame);
      frame = { ...readFrame(content), isProgressive: marker === PROGRESSIVE };
    } else if (marker === START_OF_SCAN) {
      doubtUnless(frame);
      return { ...frame, ...blocks, scansAt: at };
    } else if (marker === APP1) addBlock(blocks, content);
    else doubtUnless(isPassive(marker));
    at = end;
  }
  throw new Doubtful();
}

function readFrame(content: Buffer): Pick<JpegHeader, 'width' | 'height' | 'components'> {
  const [height, width, count] = [content.readUInt16BE(1), content.readUInt16BE(3), content.readUInt8(5)];
  doubtUnless(content.readUInt8(0) === 8 && (count === 1 || count === 3) && content.length === 6 + 3 * count);
  doubtUnless(width > 0 && height > 0);
  const [first, ...others] = Array.from({ length: count }, (_, index) => content.readUInt8(7 + 3 * index));
  doubtUnless(KNOWN_SAMPLINGS.includes(first!) && others.every((sampling) => sampling === ONCE));
  const components = Array.from({ length: count }, (_, index) => content.readUInt8(6 + 3 * index));
  doubtUnless(new Set(components).size === count);
  return { width, height, components };
}

function addBlock(blocks: { exif?: Buffer; xmp?: Buffer }, content: Buffer): void {
  const start = content.toString('latin1', 0, XMP.length);
  if (start.startsWith(EXIF)) {
    doubtUnless(!blocks.exif);
    blocks.exif = content;
  } else {
    doubtUnless(start === XMP && !blocks.xmp);
    blocks.xmp = content.subarray(XMP.length);
  }
}
