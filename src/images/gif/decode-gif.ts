import { viewOf } from '../data-view.js';
import type { RandomAccess } from '../formats/random-access.js';
import { unpackLzw } from './lzw.js';

/**
 * A GIF's first frame, for which libvips is not used: it makes transparent pixels black and does not keep their colours.
 * Source: the GIF89a specification; what a frame leaves free, and what a frame that is larger than the screen does, as in
 * Pillow (GifImagePlugin.py).
 */
export interface GifFrame {
  /** Of the screen, or of the frame where that reaches beyond it. */
  readonly width: number;
  readonly height: number;
  readonly frame: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly interlaced: boolean;
  /** Colours by index, 3 bytes each; undefined where the file has none: then the index is a grey. */
  readonly palette: Uint8Array | undefined;
  /** The index outside of the frame. */
  readonly outside: number;
  /** Where the packed pixels begin. */
  readonly data: number;
}

export type GifError = 'ends early' | 'no picture' | 'not a block';

/** Reads up to the pixels of the first frame. */
export function readGifFrame(bytes: RandomAccess): GifFrame | GifError {
  const screen = bytes.read(0, 13);
  if (screen.length < 13) return 'ends early';
  const global = readPalette(bytes, 13, screen[10]!);
  let at = 13 + (global?.length ?? 0);
  let transparent: number | undefined;
  for (;;) {
    const [kind, label] = bytes.read(at, 2);
    if (kind === undefined) return 'ends early';
    if (kind === 0x3b) return 'no picture';
    if (kind === 0x2c) return describeFrame(bytes, at + 1, screen, global, transparent);
    if (kind !== 0x21) return 'not a block';
    // A graphic control extension names the transparent colour of the frame after it.
    const control = bytes.read(at + 2, 5);
    if (label === 0xf9 && control[0]! >= 4 && control[1]! & 1) transparent = control[4];
    at = skipBlocks(bytes, at + 2);
  }
}

function readPalette(bytes: RandomAccess, at: number, flags: number): Uint8Array | undefined {
  return flags & 0x80 ? bytes.read(at, 3 * (2 << (flags & 7))) : undefined;
}

function describeFrame(
  bytes: RandomAccess,
  at: number,
  screen: Uint8Array,
  global: Uint8Array | undefined,
  transparent: number | undefined,
): GifFrame | GifError {
  const descriptor = bytes.read(at, 9);
  if (descriptor.length < 9) return 'ends early';
  const [left, top, width, height] = [0, 2, 4, 6].map((place) => viewOf(descriptor).getUint16(place, true));
  const flags = descriptor[8]!;
  const local = readPalette(bytes, at + 9, flags);
  return {
    width: Math.max(viewOf(screen).getUint16(6, true), left! + width!),
    height: Math.max(viewOf(screen).getUint16(8, true), top! + height!),
    frame: { left: left!, top: top!, width: width!, height: height! },
    interlaced: (flags & 0x40) !== 0,
    palette: local ?? global,
    outside: transparent ?? 0,
    data: at + 9 + (local?.length ?? 0),
  };
}

function skipBlocks(bytes: RandomAccess, start: number): number {
  let at = start;
  for (;;) {
    const [length] = bytes.read(at, 1);
    if (!length) return at + 1;
    at += length + 1;
  }
}

function* dataBlocks(bytes: RandomAccess, start: number): Generator<Uint8Array> {
  let at = start;
  for (;;) {
    const [length] = bytes.read(at, 1);
    if (!length) return;
    yield bytes.read(at + 1, length);
    at += length + 1;
  }
}

/** The rows of a frame in the order in which it has them. */
function* rowOrder(height: number, interlaced: boolean): Generator<number> {
  const passes = interlaced ? [[0, 8], [4, 8], [2, 4], [1, 2]] : [[0, 1]]; // biome-ignore format: one line each would hide the pattern
  for (const [first, step] of passes) for (let row = first!; row < height; row += step!) yield row;
}

export interface GifPixels {
  /** [height, width, 3] */
  readonly data: Uint8Array;
  /** Pixels that the file has, of as many as the frame should have. */
  readonly found: number;
  readonly wanted: number;
}

/** Unpacks the first frame, on its screen. Transparent pixels keep the colour that their index has. */
export function decodeGifFrame(bytes: RandomAccess, frame: GifFrame): GifPixels | GifError {
  const [codeBits] = bytes.read(frame.data, 1);
  if (codeBits === undefined) return 'ends early';
  if (codeBits < 1 || codeBits > 11) return 'not a block';
  const { width, height, left, top } = frame.frame;
  const indices = new Uint8Array(width * height);
  const found = unpackLzw(dataBlocks(bytes, frame.data + 1), codeBits, indices);
  indices.fill(frame.outside, found);
  const screen = new Uint8Array(frame.width * frame.height).fill(frame.outside);
  let from = 0;
  for (const row of rowOrder(height, frame.interlaced)) {
    screen.set(indices.subarray(from, from + width), (top + row) * frame.width + left);
    from += width;
  }
  return { data: colour(screen, frame.palette), found, wanted: indices.length };
}

function colour(indices: Uint8Array, palette: Uint8Array | undefined): Uint8Array {
  const colours = new Uint8Array(3 * 256);
  if (palette) colours.set(palette);
  else for (let index = 0; index < 256; index++) colours.fill(index, 3 * index, 3 * index + 3);
  const data = new Uint8Array(indices.length * 3);
  for (let pixel = 0, to = 0; pixel < indices.length; pixel++) {
    const from = 3 * indices[pixel]!;
    data[to++] = colours[from]!;
    data[to++] = colours[from + 1]!;
    data[to++] = colours[from + 2]!;
  }
  return data;
}
