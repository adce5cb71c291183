import { damaged, unsupported } from './picture-problem.js';
import type { Readable } from './readable.js';

const NEWLINE = 10;
const RETURN = 13;
const HASH = 35;
const ZERO = 48;

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= RETURN);
}

/** Numbers in text, with comments from `#` to the end of a line. */
class Text {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** To the next byte that is neither white space nor in a comment; that byte, -1 at the end. */
  skip(): number {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) return -1;
      if (byte === HASH) this.#skipLine();
      else if (!isSpace(byte)) return byte;
      else this.at++;
    }
  }

  #skipLine(): void {
    let byte = this.#bytes[this.at];
    while (byte !== undefined && byte !== NEWLINE && byte !== RETURN) byte = this.#bytes[++this.at];
  }

  number(largest: number): number {
    let byte = this.skip();
    if (byte < 0) throw damaged('the file ends too early');
    let value = 0;
    for (; byte >= ZERO && byte < ZERO + 10; byte = this.#bytes[++this.at] ?? 32) {
      value = value * 10 + byte - ZERO;
      if (value > largest) throw damaged(`a number above ${largest}`);
    }
    if (!isSpace(byte) && byte !== HASH) throw damaged('a number has other characters than digits');
    return value;
  }

  /** Of a plain bitmap, whose digits need no space between them. */
  bit(): number {
    const byte = this.skip();
    if (byte < 0) throw damaged('the file ends too early');
    if (byte !== ZERO && byte !== ZERO + 1) throw damaged('a bit other than 0 and 1');
    this.at++;
    return byte - ZERO;
  }

  /** Past the one white space between header and raw pixels; a comment may stand before it. */
  endHeader(): void {
    while (this.#bytes[this.at] === HASH) this.#skipLine();
    this.at++;
  }
}

const LARGEST_SIDE = 2 ** 31 - 1;

/** Python's `round` of value / largest × 255: halves to the even neighbour. */
function scales(largest: number): Uint8Array {
  const table = new Uint8Array(largest + 1);
  for (let value = 0; value <= largest; value++) {
    const exact = (value / largest) * 255;
    const floor = Math.floor(exact);
    table[value] = exact - floor === 0.5 ? floor + (floor % 2) : Math.round(exact);
  }
  return table;
}

/** Reads sample number `index`, in 0…255; in order where the file is text. */
type Samples = (index: number) => number;

function rawSamples(bytes: Uint8Array, at: number, largest: number): Samples {
  const table = scales(largest);
  // A sample above the maximum is white.
  const scale = (value: number) => table[value > largest ? largest : value]!;
  if (largest < 256) return (index) => scale(bytes[at + index]!);
  return (index) => scale((bytes[at + index * 2]! << 8) | bytes[at + index * 2 + 1]!);
}

function plainSamples(text: Text, largest: number): Samples {
  const table = scales(largest);
  return () => table[text.number(largest)]!;
}

function rawBits(bytes: Uint8Array, at: number, width: number): Samples {
  const stride = Math.ceil(width / 8);
  return (index) => {
    const x = index % width;
    const byte = bytes[at + ((index - x) / width) * stride + (x >> 3)]!;
    return (byte >> (7 - (x & 7))) & 1 ? 0 : 255;
  };
}

/**
 * PBM, PGM and PPM, plain (P1 to P3) or raw (P4 to P6), up to 16 bits; the first picture of several.
 * @throws PictureProblem
 */
export function openNetpbm(bytes: Uint8Array): Readable {
  const kind = (bytes[1] ?? 0) - ZERO;
  if (kind < 1 || kind > 6) throw unsupported(kind === 7 ? 'P7 (PAM)' : 'floating-point samples');
  const isPlain = kind <= 3;
  const isBitmap = kind === 1 || kind === 4;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const text = new Text(bytes, 2);
  const width = text.number(LARGEST_SIDE);
  const height = text.number(LARGEST_SIDE);
  if (width === 0 || height === 0) throw damaged(`${width} × ${height} pixels`);
  const largest = isBitmap ? 1 : text.number(65535);
  if (largest === 0) throw damaged('the largest value is 0');
  if (!isPlain) text.endHeader();
  const samples = width * height * channels;
  const rowBytes = isBitmap ? Math.ceil(width / 8) : width * channels * (largest < 256 ? 1 : 2);
  // A plain sample has a digit, and but for bits a space before the next.
  const needed = isPlain ? (isBitmap ? samples : samples * 2 - 1) : rowBytes * height;
  const left = Math.max(0, bytes.length - text.at);
  if (left < needed) throw damaged(`${left} of ${isPlain ? 'at least ' : ''}${needed} bytes of pixels`);
  return {
    width,
    height,
    bytes: width * height * 3,
    decode() {
      if (kind === 6 && largest === 255) return bytes.slice(text.at, text.at + samples);
      let read: Samples;
      if (kind === 1) read = () => (text.bit() ? 0 : 255);
      else if (kind === 4) read = rawBits(bytes, text.at, width);
      else read = isPlain ? plainSamples(text, largest) : rawSamples(bytes, text.at, largest);
      const pixels = new Uint8Array(width * height * 3);
      for (let i = 0; i < samples; i++) {
        if (channels === 3) pixels[i] = read(i);
        else pixels.fill(read(i), i * 3, i * 3 + 3);
      }
      return pixels;
    },
  };
}
