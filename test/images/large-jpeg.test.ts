import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/images/decode.js';
import { readJpegHeader, unlessDoubtful } from '../../src/images/jpeg-header.js';
import { SMALL_JPEG_BYTES } from '../../src/images/shrink.js';

const folder = mkdtempSync(join(tmpdir(), 'mobilenet-large-jpeg-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [width, height] = [1100, 1000];

function noise(): Sharp {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0, state = 1; at < data.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[at] = state >>> 24;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const written: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  upright: (picture) => picture.jpeg({ quality: 95 }),
  'chroma in full': (picture) => picture.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }),
  grey: (picture) => picture.greyscale().toColourspace('b-w').jpeg({ quality: 100 }),
  progressive: (picture) => picture.jpeg({ quality: 95, progressive: true }),
  'four inks': (picture) => picture.toColourspace('cmyk').jpeg({ quality: 95 }),
  'turned by EXIF': (picture) => picture.withMetadata({ orientation: 6 }).jpeg({ quality: 95 }),
  'turned by XMP': (picture) => picture.withXmp('<x:xmpmeta tiff:Orientation="3"/>').jpeg({ quality: 95 }),
  'with a header of more than 64 KiB': (picture) =>
    picture
      .withXmp('<x:xmpmeta/>')
      .withExif({ IFD0: { Copyright: 'x'.repeat(64_900) } })
      .jpeg({ quality: 95 }),
};

async function write(name: string): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const path = join(folder, `${name}.jpg`);
  const bytes = await written[name]!(noise()).toBuffer();
  writeFileSync(path, bytes);
  return { path, bytes };
}

describe.each(Object.keys(written))('a JPEG of more than 1 MiB, %s', (name) => {
  it('has the same pixels as a file and as bytes', async () => {
    const { path, bytes } = await write(name);
    expect(bytes.length).toBeGreaterThan(SMALL_JPEG_BYTES);
    const [fromFile, fromBytes] = [await decode(path), await decode(bytes)];
    expect([fromFile.width, fromFile.height]).toEqual(
      /EXIF/.test(name) && name.startsWith('turned') ? [height, width] : [width, height],
    );
    expect(Buffer.compare(fromFile.data, fromBytes.data)).toBe(0);
    if (name.startsWith('turned') || name === 'four inks') return;
    expect(Buffer.compare(fromFile.data, await sharp(bytes).toColourspace('srgb').raw().toBuffer())).toBe(0);
  });

  it('is refused where it ends early, and decoded with lenient as far as it goes', async () => {
    const { path, bytes } = await write(name);
    truncateSync(path, bytes.length - 300_000);
    await expect(decode(path)).rejects.toMatchObject({ code: 'corrupt', message: /the file ends early/ });
    expect(await decode(path, { lenient: true })).toMatchObject({ facts: { truncated: true } });
  });
});

it('headers that leave a doubt are left to libvips', async () => {
  const { bytes } = await write('upright');
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  const read = (header: Buffer) => unlessDoubtful(() => readJpegHeader(header));
  expect(read(bytes)).toMatchObject({ width, height, isProgressive: false });
  for (const [place, value] of [
    [frame, 0xfe],
    [frame + 1, 0xc9],
    [frame + 4, 12],
    [frame + 9, 4],
    [frame + 11, 0x41],
  ] as const) {
    const changed = Buffer.from(bytes);
    changed[place] = value;
    expect(read(changed), `${place}: ${value}`).toBeUndefined();
  }
  for (let end = 0; end < frame + 19; end += 7) expect(read(bytes.subarray(0, end))).toBeUndefined();
});
