import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { expect, it } from 'vitest';
import { decode } from '../../src/images/decode.js';
import { decodeRgb, lendRgb } from '../../src/images/jpeg-turbo.js';
import { readSmallJpeg } from '../../src/images/small-jpeg.js';
import { fuzzJpegs } from '../fuzz/jpeg.js';
import { sharedPath } from '../shared.js';

const photo = readFileSync(new URL('../photos/alps.jpg', import.meta.url));
const small = () => sharp(photo).resize(91, 62);

async function written(picture: Sharp, options: JpegOptions = {}): Promise<Uint8Array> {
  return new Uint8Array(await picture.jpeg(options).toBuffer());
}

/** Pixels of the decoder without sharp, upright; undefined where it leaves the file to sharp. */
async function decodeSmall(jpeg: Uint8Array) {
  const size = readSmallJpeg(jpeg);
  return size && decodeRgb(jpeg, size) && (await decode(jpeg, { isBrief: true }));
}

const hash = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

it.each<[string, () => Promise<Uint8Array>]>([
  ['baseline', () => written(small())],
  ['chroma in full', () => written(small(), { chromaSubsampling: '4:4:4' })],
  ['progressive', () => written(small(), { progressive: true })],
  ['grey', () => written(small().greyscale().toColourspace('b-w'))],
  ['turned by EXIF', () => written(small().withMetadata({ orientation: 6 }))],
  ['turned by XMP', () => written(small().withXmp('<x:xmpmeta tiff:Orientation="3"/>'))],
  ['with a colour profile', () => written(small().withIccProfile('p3'))],
])('a small JPEG, %s, has the same pixels with and without sharp', async (_, write) => {
  const jpeg = await write();
  const [without, by] = [await decodeSmall(jpeg), await decode(jpeg)];
  expect(without).toMatchObject({ width: by.width, height: by.height, held: { first: 0, count: by.width } });
  expect(hash(without!.data)).toBe(hash(by.data));
});

it.each<[string, () => Promise<Uint8Array>]>([
  ['of more than a megapixel', () => written(sharp(photo).resize(1025, 1024, { fit: 'fill' }))],
  ['in four inks', () => written(small().toColourspace('cmyk'))],
  ['that ends early', async () => (await written(small())).slice(0, -2)],
  [
    'with two EXIF blocks',
    async () => {
      const jpeg = await written(small().withMetadata({ orientation: 6 }));
      const length = 2 + ((jpeg[4]! << 8) | jpeg[5]!);
      return Uint8Array.from([...jpeg.subarray(0, 2 + length), ...jpeg.subarray(2)]);
    },
  ],
  [
    'without its last scan',
    async () => {
      const jpeg = Buffer.from(await written(small(), { progressive: true }));
      return Uint8Array.from([...jpeg.subarray(0, jpeg.lastIndexOf(Buffer.of(0xff, 0xda))), 0xff, 0xd9]);
    },
  ],
])('a JPEG %s is left to sharp', async (_, write) => {
  const jpeg = await write();
  expect(jpeg.subarray(0, 3)).toEqual(Uint8Array.of(0xff, 0xd8, 0xff));
  expect(readSmallJpeg(jpeg)).toBeUndefined();
});

it('a JPEG whose data are damaged is left to sharp', async () => {
  const jpeg = await written(small());
  const damaged = Uint8Array.from([...jpeg.subarray(0, -300), ...jpeg.subarray(-60)]);
  const size = readSmallJpeg(damaged)!;
  expect(decodeRgb(damaged, size)).toBeUndefined();
  // Nothing of it stays.
  expect(decodeRgb(jpeg, size)).toHaveLength(91 * 62 * 3);
});

function withoutTables(jpeg: Buffer): Buffer {
  const at = jpeg.indexOf(Buffer.of(0xff, 0xdb));
  if (at < 0) return jpeg;
  return withoutTables(Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2 + jpeg.readUInt16BE(at + 2))]));
}

it('a decoder that is used again knows nothing of the pictures before', async () => {
  const jpegs = [
    await written(small(), { progressive: true }),
    await written(small(), { chromaSubsampling: '4:4:4' }),
    await written(small().resize(40, 33)),
  ];
  const buffers = new Set<ArrayBufferLike>();
  for (const jpeg of [...jpegs, ...jpegs]) {
    const size = readSmallJpeg(jpeg)!;
    const { pixels, release } = lendRgb(jpeg, size)!;
    buffers.add(pixels.buffer);
    expect(hash(pixels)).toBe(hash(decodeRgb(jpeg, size)!));
    release();
  }
  // One memory, which grows at most once for these.
  expect(buffers.size).toBeLessThanOrEqual(2);
  // Tables of a file before would do for one that has none.
  const without = withoutTables(Buffer.from(jpegs[2]!));
  const size = readSmallJpeg(without)!;
  expect(size).toMatchObject({ width: 40, height: 33 });
  expect(lendRgb(without, size)).toBeUndefined();
});

it('pixels stay until they are released, however many pictures are decoded', async () => {
  const [first, second] = [await written(small()), await written(small().negate())];
  const size = { width: 91, height: 62 };
  const lent = [first, second, first].map((jpeg) => lendRgb(jpeg, size)!);
  expect(lent.map(({ pixels }) => hash(pixels))).toEqual(
    [first, second, first].map((jpeg) => hash(decodeRgb(jpeg, size)!)),
  );
  for (const { release } of lent) release();
});

it('a size that is not the file’s is an error', async () => {
  expect(decodeRgb(await written(small()), { width: 62, height: 91 })).toBeUndefined();
});

it('more pixels than are accepted are refused before anything is decoded', async () => {
  await expect(decode(await written(small()), { isBrief: true, maxPixels: 91 * 62 - 1 })).rejects.toMatchObject({
    code: 'too-large',
  });
});

it('damage has the same verdict with and without sharp', async () => {
  const { taken, different } = await fuzzJpegs(300, 7);
  expect(different).toEqual([]);
  expect(taken).toBeGreaterThan(30);
});

const samples = sharedPath('images/imagenet_samples');
it.skipIf(!samples)('photos of ImageNet have the same pixels with and without sharp', async () => {
  const names = readdirSync(samples!, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jpe?g$/i.test(name));
  let taken = 0;
  for (const name of names.filter((_, index) => index % 20 === 0)) {
    const jpeg = new Uint8Array(readFileSync(join(samples!, name)));
    const without = await decodeSmall(jpeg);
    if (!without) continue;
    taken++;
    expect(hash(without.data), name).toBe(hash((await decode(jpeg)).data));
  }
  expect(taken).toBeGreaterThan(20);
});
