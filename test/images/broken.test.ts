import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { supportedFormats } from '../../src/domain/image-format.js';
import { ImageError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { canMakeFifo, makeFifo } from '../fifo.js';

const folder = mkdtempSync(join(tmpdir(), 'mobilenet-broken-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const boats = readFileSync(fileURLToPath(new URL('../photos/boats.jpg', import.meta.url)));
const png = readFileSync(fileURLToPath(new URL('../golden/preprocess/rgb.png', import.meta.url)));
const expected = `expected ${supportedFormats}`;

async function refusalOf(input: string | Uint8Array): Promise<ImageError> {
  const error = await decode(input).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  const refusal = error as ImageError;
  expect(refusal.message).not.toMatch(/[\r\n]/);
  return refusal;
}

/** Writes a file of these bytes; its refusal without the folder's name, as "code: message". */
async function refuse(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const refusal = await refusalOf(path);
  return `${refusal.code}: ${refusal.message.replace(`${folder}/`, '')}`;
}

function latin1(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(64)]);
}

/** A PNG's IHDR with another size and interlacing, its checksum made right again. */
function withPngHeader(width: number, height: number, interlaced: boolean): Buffer {
  const bytes = Buffer.from(png);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes[28] = interlaced ? 1 : 0;
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(12, 29)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  bytes.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 29);
  return bytes;
}

/** An uncompressed TIFF of one grey pixel, 0x1234…; sample format 1 is unsigned, 3 floating point. */
function greyTiff(bits: number, sampleFormat: number): Buffer {
  const fields: [tag: number, type: number, value: number][] = [
    [256, 3, 1], // width
    [257, 3, 1], // height
    [258, 3, bits],
    [259, 3, 1], // no compression
    [262, 3, 1], // black is zero
    [273, 4, 200], // where the pixel is
    [277, 3, 1], // samples per pixel
    [278, 3, 1], // rows per strip
    [279, 4, bits / 8],
    [339, 3, sampleFormat],
  ];
  const bytes = Buffer.alloc(208);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(fields.length, 8);
  for (const [i, [tag, type, value]] of fields.entries()) {
    bytes.writeUInt16LE(tag, 10 + i * 12);
    bytes.writeUInt16LE(type, 12 + i * 12);
    bytes.writeUInt32LE(1, 14 + i * 12);
    bytes.writeUInt32LE(value, 18 + i * 12);
  }
  bytes.writeUInt16LE(0x1234, 200);
  return bytes;
}

describe('formats that are not decoded are named', () => {
  it.each([
    ['a.jp2', latin1('\0\0\0\x0cjP  \r\n\x87\n'), 'JPEG 2000 is not supported'],
    ['a.jxl', latin1('\xff\x0a'), 'JPEG XL is not supported'],
    ['a.svg', '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG is not supported'],
    ['b.svg', '\ufeff  <svg/>', 'SVG is not supported'],
    ['a.pdf', latin1('%PDF-1.7\n'), 'PDF is not supported'],
    ['a.mp4', latin1('\0\0\0\x18ftypisom\0\0\0\0isommp42'), 'video is not supported'],
    ['text.jpg', 'Dear reader,\nthis is no picture.\n', 'text is not supported'],
    ['noise.jpg', latin1('\x01\x02\x03\x04'), 'not an image of a known format'],
    ['one-byte.png', latin1('x').subarray(0, 1), 'text is not supported'],
  ])('%s', async (name, bytes, what) => {
    expect(await refuse(name, bytes)).toBe(`unsupported-format: ${name}: ${what}, ${expected}`);
  });

  it('believes the bytes, not the name', async () => {
    const path = join(folder, 'really-a-png.jpg');
    writeFileSync(path, png);
    expect((await decode(path)).width).toBe(40);
  });
});

describe('damaged pictures', () => {
  it.each([0.9, 0.5, 0.1])('JPEG cut at %d of its length', async (share) => {
    const cut = boats.subarray(0, Math.floor(boats.length * share));
    expect(await refuse('cut.jpg', cut)).toMatch(/^corrupt: cut\.jpg: damaged JPEG \(.+\)$/);
  });

  it.each([300, 100, 20, 9])('PNG cut at byte %d', async (length) => {
    const what = await refuse('cut.png', png.subarray(0, length));
    expect(what).toMatch(/^corrupt: cut\.png: damaged PNG \(.+\)$/);
  });

  it('PNG through a transfer that made line ends of its signature', async () => {
    const bytes = Buffer.from(png);
    bytes[0] = 0x09;
    expect(await refuse('sign.png', bytes)).toBe('corrupt: sign.png: damaged PNG (wrong signature)');
  });

  it('header alone of each format', async () => {
    for (const start of [
      '\xff\xd8\xff\xe0',
      '\x89PNG\r\n\x1a\n',
      'RIFF\x10\0\0\0WEBPVP8 ',
      'GIF89a',
      'II*\0\x08\0\0\0',
    ]) {
      expect(await refuse('header.bin', latin1(start))).toMatch(/^corrupt: header\.bin: damaged /);
    }
    expect(await refuse('header.avif', latin1('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf'))).toMatch(/^corrupt: .*AVIF/);
  });

  it('a size that the file cannot hold is refused by the header, before memory is taken', async () => {
    expect(await refuse('bomb.png', withPngHeader(60000, 60000, true))).toMatch(
      /^too-large: bomb\.png: 60000 × 60000 pixels as PNG need more than 640 MiB/,
    );
    expect(await refuse('long.png', withPngHeader(1_000_000, 60000, false))).toMatch(/^too-large: long\.png: /);
  });

  it('a size that the file does not hold, decoded row by row, is damage', async () => {
    expect(await refuse('short.png', withPngHeader(20000, 20000, false))).toMatch(/^corrupt: short\.png: damaged PNG/);
  });
});

describe('what is no readable file', () => {
  it('empty file, no bytes', async () => {
    expect(await refuse('empty.jpg', '')).toBe('empty: empty.jpg: the file is empty');
    expect((await refusalOf(new Uint8Array(0))).message).toBe('image: no data');
  });

  it('nothing there, a file as a folder, a dangling link, an impossible name', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    for (const name of ['absent.jpg', 'file/a.jpg', 'link', `${'n'.repeat(300)}.jpg`, 'nul\0.jpg']) {
      expect((await refusalOf(join(folder, name))).code).toBe('not-found');
    }
  });

  it('folder', async () => {
    mkdirSync(join(folder, 'folder.jpg'));
    const refusal = await refusalOf(join(folder, 'folder.jpg'));
    expect(refusal.code).toBe('not-a-file');
    expect(refusal.message).toMatch(/folder\.jpg: is a folder, expected an image file$/);
  });

  it.skipIf(!canMakeFifo)('pipe, socket and device are not opened', async () => {
    makeFifo(join(folder, 'pipe.jpg'));
    const server = createServer().listen(join(folder, 'socket.jpg'));
    await new Promise((resolve) => server.once('listening', resolve));
    for (const path of [join(folder, 'pipe.jpg'), join(folder, 'socket.jpg'), '/dev/zero']) {
      const refusal = await refusalOf(path);
      expect(refusal.code).toBe('not-a-file');
      expect(refusal.message).toMatch(/: is a pipe, socket or device, expected an image file$/);
    }
    server.close();
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('file without permission', async () => {
    const path = join(folder, 'locked.jpg');
    writeFileSync(path, boats);
    chmodSync(path, 0);
    expect((await refusalOf(path)).code).toBe('unreadable');
  });

  it.skipIf(process.platform === 'win32')(
    'a name with line breaks and terminal codes stays one harmless line',
    async () => {
      const what = await refuse('a\nb\x1b[31m\u202egpj.jpg', 'text');
      expect(what).toBe(`unsupported-format: a\\nb\\x1b[31m\\u202egpj.jpg: text is not supported, ${expected}`);
    },
  );
});

describe('unusual pictures that are whole', () => {
  it('one row of pixels; floating-point samples', async () => {
    const wide = await sharp({ create: { width: 5000, height: 1, channels: 3, background: '#336699' } })
      .tiff({ compression: 'lzw' })
      .toBuffer();
    const image = await decode(wide);
    expect([...image.data.subarray(0, 3)]).toEqual([0x33, 0x66, 0x99]);
    expect((await refusalOf(greyTiff(32, 3))).message).toMatch(/TIFF with float samples is not supported/);
    const grey = await decode(greyTiff(16, 1));
    expect([...grey.data]).toEqual([0x12, 0x12, 0x12]);
  });
});
