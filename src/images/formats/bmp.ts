import { readRuns } from './bmp-runs.js';
import { damaged, unsupported } from './picture-problem.js';
import type { Readable } from './readable.js';

/** What a bitmap's header says. */
interface Header {
  readonly size: number;
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Entries of the palette, 0 where the header leaves that to the bit depth. */
  readonly colours: number;
}

/** Values of the field `compression`; OS/2 headers use 3 and 4 for other things. */
const compressions = { none: 0, rle8: 1, rle4: 2, bitFields: 3, rle24: 4, alphaBitFields: 6 } as const;
const named: Readonly<Record<number, string>> = { 4: 'a JPEG inside', 5: 'a PNG inside' };

/** OS/2's second header, which may be cut short after any field; all other lengths are Windows'. */
const OS2_LENGTHS = { shortest: 16, longest: 64 };
const WINDOWS_LENGTHS = [40, 52, 56, 108, 124];

function isOs2({ size }: Pick<Header, 'size'>): boolean {
  return size <= OS2_LENGTHS.longest && !WINDOWS_LENGTHS.includes(size);
}

/** @param half of an icon: the height counts the mask below the picture too */
function readHeader(view: DataView, half: boolean): Header {
  if (view.byteLength < 12) throw damaged('the header is cut short');
  const size = view.getUint32(0, true);
  const isKnown = size === 12 || WINDOWS_LENGTHS.includes(size) || (size >= OS2_LENGTHS.shortest && size <= 64);
  if (!isKnown) throw damaged(`header of ${size} bytes`);
  if (view.byteLength < size) throw damaged('the header is cut short');
  const u16 = (at: number) => (at + 2 <= size ? view.getUint16(at, true) : 0);
  const u32 = (at: number) => (at + 4 <= size ? view.getUint32(at, true) : 0);
  const short = size === 12;
  const width = short ? u16(4) : view.getInt32(4, true);
  const rows = short ? u16(6) : view.getInt32(8, true);
  const height = half ? Math.abs(rows) >> 1 : Math.abs(rows);
  if (width <= 0 || height === 0) throw damaged(`${width} × ${height} pixels`);
  return {
    size,
    width,
    height,
    isTopDown: rows < 0,
    bits: short ? u16(10) : u16(14),
    compression: short ? 0 : u32(16),
    colours: short ? 0 : u32(32),
  };
}

/** Red, green and blue of each palette entry, 256 of them; those that are missing are black, as in Pillow. */
function readPalette(bytes: Uint8Array, at: number, count: number, entryBytes: number): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  for (let i = 0; i < Math.min(count, 256); i++) {
    const from = at + i * entryBytes;
    if (from + 3 > bytes.length) throw damaged('the palette is cut short');
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = bytes[from + 2 - c]!;
  }
  return palette;
}

/** Where one channel lies in a pixel's 16 or 32 bits: `(value >>> shift) & largest`, scaled to 0…255. */
interface Channel {
  readonly shift: number;
  readonly largest: number;
}

function channelOf(mask: number): Channel {
  if (mask === 0) return { shift: 0, largest: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  const largest = mask >>> shift;
  if ((largest & (largest + 1)) !== 0) throw unsupported('bit fields that have gaps');
  return { shift, largest };
}

const defaultMasks: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f],
  24: [0xff0000, 0x00ff00, 0x0000ff],
  32: [0xff0000, 0x00ff00, 0x0000ff],
};

/** Masks of red, green and blue. */
function readMasks(view: DataView, header: Header): readonly number[] {
  const standard = defaultMasks[header.bits]!;
  if (header.compression === compressions.none) return standard;
  // After the first 40 bytes, whether those are the whole header or not.
  if (view.byteLength < 52) throw damaged('the bit fields are cut short');
  const masks = [40, 44, 48].map((at) => view.getUint32(at, true));
  if (masks.every((mask) => mask === 0)) return standard;
  if (header.bits === 24 && masks.some((mask, i) => mask !== standard[i])) throw unsupported('bit fields of 24 bits');
  return masks;
}

type RowReader = (row: number, target: Uint8Array, to: number) => void;

function readIndexed(rows: Uint8Array, stride: number, { width, bits }: Header, palette: Uint8Array): RowReader {
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  return (row, target, to) => {
    for (let x = 0; x < width; x++) {
      const byte = rows[row * stride + Math.floor(x / perByte)]!;
      const index = (byte >> (8 - bits * ((x % perByte) + 1))) & mask;
      target[to++] = palette[index * 3]!;
      target[to++] = palette[index * 3 + 1]!;
      target[to++] = palette[index * 3 + 2]!;
    }
  };
}

function readMasked(rows: Uint8Array, stride: number, { width, bits }: Header, masks: readonly number[]): RowReader {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  const channels = masks.map(channelOf);
  return (row, target, to) => {
    for (let x = 0; x < width; x++) {
      const at = row * stride + (x * bits) / 8;
      const value = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
      for (const { shift, largest } of channels) {
        target[to++] = largest === 0 ? 0 : Math.floor((((value >>> shift) & largest) * 255) / largest);
      }
    }
  };
}

function readBgr(rows: Uint8Array, stride: number, { width, bits }: Header): RowReader {
  const step = bits / 8;
  return (row, target, to) => {
    for (let x = 0, at = row * stride; x < width; x++, at += step) {
      target[to++] = rows[at + 2]!;
      target[to++] = rows[at + 1]!;
      target[to++] = rows[at]!;
    }
  };
}

/** Rows as `read` gives them, the lowest first unless the header says otherwise. */
function collect({ width, height, isTopDown }: Header, read: RowReader): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) read(row, pixels, (isTopDown ? row : height - 1 - row) * width * 3);
  return pixels;
}

const DEPTHS = [1, 2, 4, 8, 16, 24, 32];

/** What a row's compression is, or a refusal; the same number means different things in different headers. */
function checkCompression(header: Header): 'rows' | 'runs' {
  const { bits, compression } = header;
  if (!DEPTHS.includes(bits)) throw unsupported(`${bits} bits per pixel`);
  if (compression === compressions.none) return 'rows';
  if (compression === compressions.rle8 && bits === 8) return 'runs';
  if (compression === compressions.rle4 && bits === 4) return 'runs';
  if (isOs2(header)) {
    if (compression === compressions.rle24 && bits === 24) return 'runs';
    if (compression === 3 && bits === 1) throw unsupported('Huffman coding');
  }
  const isMasked = compression === compressions.bitFields || compression === compressions.alphaBitFields;
  if (isMasked && (bits === 16 || bits === 32 || bits === 24)) return 'rows';
  throw unsupported(named[compression] ?? `compression ${compression} at ${bits} bits per pixel`);
}

/**
 * A bitmap, from its header on. Alpha is dropped, not blended.
 *
 * @param bytes from the header to the end of the file
 * @param pixelsAt where pixels begin in them, if the file says so
 * @param half the height counts a mask below the picture: an icon
 * @throws PictureProblem
 */
export function openDib(bytes: Uint8Array, pixelsAt: number | undefined, half = false): Readable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = readHeader(view, half);
  const { width, height, bits } = header;
  const kind = checkCompression(header);
  const entryBytes = header.size === 12 ? 3 : 4;
  const entries = bits > 8 ? 0 : header.colours || 1 << bits;
  const fieldBytes = { [compressions.bitFields]: 12, [compressions.alphaBitFields]: 16 }[header.compression] ?? 0;
  const headerEnd = header.size + (header.size === 40 ? fieldBytes : 0);
  const afterPalette = headerEnd + entries * entryBytes;
  // Some writers count the header alone.
  const isUsable = pixelsAt !== undefined && (entries === 0 ? pixelsAt >= headerEnd : pixelsAt > headerEnd);
  const first = isUsable ? pixelsAt : afterPalette;
  const stored = bytes.subarray(Math.min(first, bytes.length));
  const stride = Math.floor((width * bits + 31) / 32) * 4;
  if (kind === 'rows') {
    // The padding of the last row may be left out.
    const needed = stride * (height - 1) + Math.ceil((width * bits) / 8);
    if (stored.length < needed) throw damaged(`${stored.length} of ${needed} bytes of pixels`);
  }
  const palette =
    bits <= 8
      ? readPalette(bytes, headerEnd, Math.min(entries, (first - headerEnd) / entryBytes), entryBytes)
      : undefined;
  const masks = bits === 16 || fieldBytes > 0 ? readMasks(view, header) : undefined;
  masks?.forEach(channelOf);
  return {
    width,
    height,
    bytes: width * height * (kind === 'runs' ? 6 : 3),
    decode() {
      if (kind === 'runs') {
        const rows = readRuns(stored, width, height, bits);
        const flat = { ...header, bits: Math.max(bits, 8) };
        return collect(header, palette ? readIndexed(rows, width, flat, palette) : readBgr(rows, width * 3, flat));
      }
      if (palette) return collect(header, readIndexed(stored, stride, header, palette));
      return collect(
        header,
        masks && bits !== 24 ? readMasked(stored, stride, header, masks) : readBgr(stored, stride, header),
      );
    },
  };
}

const FILE_HEADER_BYTES = 14;

/** @throws PictureProblem */
export function openBmp(bytes: Uint8Array): Readable {
  if (bytes.length < FILE_HEADER_BYTES + 12) throw damaged('the header is cut short');
  const pixelsAt = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(10, true);
  return openDib(bytes.subarray(FILE_HEADER_BYTES), pixelsAt - FILE_HEADER_BYTES);
}
