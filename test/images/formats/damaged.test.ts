import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../../src/errors/errors.js';
import { decode } from '../../../src/images/decode.js';

const load = (name: string) => Buffer.from(readFileSync(new URL(`../../golden/formats/${name}`, import.meta.url)));

async function refusalOf(bytes: Uint8Array, maxPixels?: number): Promise<string> {
  const error = await decode(bytes, { name: 'x', ...(maxPixels !== undefined && { maxPixels }) }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  const { code, message } = error as ImageError;
  return `${code}: ${message}`;
}

function bitmapHeader(change: (header: Buffer) => void, name = 'rgb-24.bmp'): Buffer {
  const bytes = load(name);
  change(bytes);
  return bytes;
}

describe('what cannot be read is refused in one sentence', () => {
  it.each([
    ['cut bitmap', load('rgb-24.bmp').subarray(0, 200), 'corrupt: x: damaged BMP (146 of 279 bytes of pixels)'],
    ['cut palette', load('indexed-8.bmp').subarray(0, 200), /^corrupt: x: damaged BMP/],
    ['cut header', load('rgb-24.bmp').subarray(0, 40), 'corrupt: x: damaged BMP (the header is cut short)'],
    ['cut runs', load('rle8.bmp').subarray(0, -20), 'corrupt: x: damaged BMP (the data of the pixels end too early)'],
    [
      '200 bytes that claim 1.2 GB',
      bitmapHeader((header) => {
        header.writeInt32LE(20000, 18);
        header.writeInt32LE(20000, 22);
      }),
      'corrupt: x: damaged BMP (280 of 1200000000 bytes of pixels)',
    ],
    [
      'runs that claim 400 million pixels',
      bitmapHeader((header) => {
        header.writeInt32LE(20000, 18);
        header.writeInt32LE(20000, 22);
      }, 'rle8.bmp'),
      'too-large: x: 20000 × 20000 pixels as BMP need more than 640 MiB of memory; scale the image down first',
    ],
    [
      'a JPEG in a bitmap',
      bitmapHeader((header) => header.writeUInt32LE(4, 30)),
      /^unsupported-format: x: BMP with a JPEG inside is not supported$/,
    ],
    [
      'bit fields with gaps',
      bitmapHeader((header) => header.writeUInt32LE(0xf0f0, 54), 'rgb-32-fields.bmp'),
      'unsupported-format: x: BMP with bit fields that have gaps is not supported',
    ],
    ['cut pixmap', load('raw.ppm').subarray(0, -1), 'corrupt: x: damaged PPM (272 of 273 bytes of pixels)'],
    ['cut text', load('plain.ppm').subarray(0, -40), 'corrupt: x: damaged PPM (the file ends too early)'],
    ['sample above the maximum', Buffer.from('P2 2 1 15 3 16'), 'corrupt: x: damaged PPM (a number above 15)'],
    ['letters', Buffer.from('P2 2 1 15 3 x'), 'corrupt: x: damaged PPM (a number has other characters than digits)'],
    ['no maximum', Buffer.from('P5 2 1 0 xx'), 'corrupt: x: damaged PPM (the largest value is 0)'],
    ['no size', Buffer.from('P5 0 1 255 xx'), 'corrupt: x: damaged PPM (0 × 1 pixels)'],
    [
      'huge size',
      Buffer.from('P6 99999 99999 255 xx'),
      /^corrupt: x: damaged PPM \(2 of 29999400003 bytes of pixels\)$/,
    ],
    ['PAM', Buffer.from('P7\nWIDTH 1\n'), 'unsupported-format: x: PPM with P7 (PAM) is not supported'],
    ['icon that is cut', load('one.ico').subarray(0, 100), /^corrupt: x: damaged ICO/],
    ['icon whose list is cut', load('three.ico').subarray(0, 30), /^corrupt: x: damaged ICO/],
    ['icon whose PNG is cut', load('png.ico').subarray(0, -300), /^corrupt: x: damaged PNG/],
  ])('%s', async (_, bytes, expected) => {
    const refusal = await refusalOf(bytes);
    if (typeof expected === 'string') expect(refusal).toBe(expected);
    else expect(refusal).toMatch(expected);
  });

  it('more pixels than --max-pixels', async () => {
    expect(await refusalOf(load('rgb-24.bmp'), 90)).toMatch(/^too-large: x: 13 × 7 pixels, expected at most 90/);
  });
});
