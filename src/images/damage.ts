import { constants, inflateSync } from 'node:zlib';
import { crc32 } from '../archives/crc32.js';
import type { ImageFormat } from '../domain/image-format.js';
import { ImageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { viewOf } from './data-view.js';
import type { RandomAccess } from './formats/random-access.js';
import { closeJpeg, readJpegStructure, unsupportedJpeg } from './jpeg-structure.js';
import { type PngChunk, pngChunks } from './png-chunks.js';

/** Why the decoder failed, where its own message says too little. */
export interface Finding {
  /** A whole file of a kind that is not decoded, as in "… is not supported". */
  readonly unsupported?: string;
  /** What is wrong with a damaged one. */
  readonly damage?: string;
  /**
   * Where nothing is wrong but that the file ends early, and some of the image is there: what the decoder can be given
   * when it is told to go on at errors.
   */
  readonly remains?: Uint8Array | string;
}

const MOST_CHECKED_BYTES = 64 * 2 ** 20;

const ENDS_EARLY = 'the file ends early';

/** Bit depths by colour type (PNG specification, table 11.1). */
const pngDepths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Looks at a file that the decoder has refused. */
export function examine(format: ImageFormat, input: Uint8Array | string, file: RandomAccess): Finding {
  switch (format) {
    case 'PNG':
      return examinePng(file, input);
    case 'JPEG':
      return typeof input === 'string' && file.size > MOST_CHECKED_BYTES ? {} : examineJpeg(file.read(0, file.size));
    case 'AVIF':
      return isSequence(file) ? { unsupported: 'AVIF sequence' } : {};
    default:
      return {};
  }
}

function examineJpeg(bytes: Uint8Array): Finding {
  const structure = readJpegStructure(bytes);
  const unsupported = unsupportedJpeg(structure);
  if (unsupported !== undefined) return { unsupported };
  if (structure.ended) return {};
  return { damage: ENDS_EARLY, ...(structure.scanBytes > 0 && { remains: closeJpeg(bytes, structure) }) };
}

function examinePng(file: RandomAccess, input: Uint8Array | string): Finding {
  const types = new Set<string>();
  let firstData: PngChunk | undefined;
  let rowBytes = 1;
  /** Where the last whole chunk ends. */
  let end = 8;
  let rest: PngChunk | undefined;
  for (const chunk of pngChunks(file)) {
    const { type, start, length, whole } = chunk;
    if (types.size === 0 && type !== 'IHDR') return { damage: 'no header' };
    if (type === 'IHDR') {
      const header = file.read(start, length);
      const wrong = checkHeader(header);
      if (wrong !== undefined) return { damage: wrong };
      rowBytes = firstRowBytes(header);
    }
    if (whole && !hasRightChecksum(file, chunk)) return { damage: `wrong checksum of ${printable(type)}` };
    types.add(type);
    if (type === 'IDAT') firstData ??= chunk;
    if (whole) end = start + length + 4;
    else rest = chunk;
  }
  if (types.has('IEND')) return types.has('IDAT') ? {} : { damage: 'no image data' };
  const isLeft = firstData && inflatesTo(rowBytes, file.read(firstData.start, Math.min(firstData.length, 2 ** 16)));
  if (!isLeft) return { damage: ENDS_EARLY };
  return { damage: ENDS_EARLY, remains: typeof input === 'string' ? input : closePng(input, end, rest) };
}

/**
 * The file as far as it goes, in whole chunks: a decoder that meets the end of a file within one gives up what it has read
 * of it.
 */
function closePng(bytes: Uint8Array, end: number, rest: PngChunk | undefined): Uint8Array {
  const chunks = [bytes.subarray(0, end)];
  if (rest?.type === 'IDAT') chunks.push(pngChunk('IDAT', bytes.subarray(rest.start, rest.start + rest.length)));
  chunks.push(pngChunk('IEND', new Uint8Array()));
  return Buffer.concat(chunks);
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), data.length + 8);
  return chunk;
}

function checkHeader(header: Uint8Array): string | undefined {
  if (header.length < 13) return ENDS_EARLY;
  const view = viewOf(header);
  if (view.getUint32(0) === 0 || view.getUint32(4) === 0) return 'width or height is 0';
  const depths = pngDepths[view.getUint8(9)];
  if (!depths) return `colour type ${view.getUint8(9)} does not exist`;
  if (!depths.includes(view.getUint8(8))) return `bit depth ${view.getUint8(8)} does not exist for its colour type`;
  return undefined;
}

/** Only checked where that takes little memory. */
function hasRightChecksum(file: RandomAccess, { start, length }: PngChunk): boolean {
  if (length > MOST_CHECKED_BYTES) return true;
  const checked = file.read(start - 4, 4 + length + 4);
  return viewOf(checked).getUint32(4 + length) === crc32(checked.subarray(0, 4 + length));
}

const pngChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Of the first row, with the byte that names its filter; an interlaced file begins with every eighth pixel. */
function firstRowBytes(header: Uint8Array): number {
  const view = viewOf(header);
  const width = Math.ceil(view.getUint32(0) / (view.getUint8(12) === 1 ? 8 : 1));
  return 1 + Math.ceil((width * pngChannels[view.getUint8(9)]! * view.getUint8(8)) / 8);
}

/** Whether the start of packed data unpacks to so many bytes. */
function inflatesTo(length: number, packed: Uint8Array): boolean {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 24 };
    return inflateSync(packed, options).length >= length;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  }
}

function isSequence(file: RandomAccess): boolean {
  const header = Buffer.from(file.read(0, 64));
  const end = header.length >= 16 ? Math.min(header.readUInt32BE(0), header.length) : 0;
  return header.toString('latin1', 8, end).includes('avis');
}

/** @param reason the decoder's; undefined where it gives none */
export function refusal(
  name: string,
  format: ImageFormat,
  { unsupported, damage }: Finding,
  reason: string | undefined,
  cause: unknown,
): ImageError {
  if (unsupported !== undefined) {
    const details = {
      where: name,
      problem: `${unsupported} is not supported`,
      remedy: 'convert it to PNG or JPEG first',
    };
    return new ImageError('unsupported-format', details, { cause });
  }
  const problem = `damaged ${format} (${damage ?? reason ?? 'it does not follow the format'})`;
  return new ImageError('corrupt', { where: name, problem }, { cause });
}
