import { describe, expect, it } from 'vitest';
import { ImageError } from '../../../src/errors/errors.js';
import { decode } from '../../../src/images/decode.js';
import {
  interchange,
  makeCr3,
  makeDng,
  makeJpeg,
  makeOrf,
  makeRaf,
  makeTiff,
  rgb,
  sensor,
  strip,
} from './raw-files.js';

const large = await makeJpeg(600, 400);
const larger = await makeJpeg(900, 600);
const thumbnail = await makeJpeg(160, 120);
const turned = await makeJpeg(600, 400, 8);

/** Size, preview, and the colours in the middles of the four sides: left, top, right, bottom. */
async function look(bytes: Uint8Array, leastPreview = 256) {
  const { data, width, height, facts } = await decode(bytes, { name: 'x', leastPreview });
  const colour = (x: number, y: number) => (data[(y * width + x) * 3]! > 128 ? 'red' : 'blue');
  const at = (x: number, y: number) => colour(Math.floor(x * (width - 1)), Math.floor(y * (height - 1)));
  const sides = [at(0.02, 0.25), at(0.25, 0.02), at(0.98, 0.75), at(0.75, 0.98)].join(' ');
  return { size: [width, height], preview: facts.preview, sides };
}

const upright = { size: [600, 400], preview: { width: 600, height: 400 }, sides: 'red red blue blue' };
/** Stored left is up: the camera was turned, orientation 6. */
const clockwise = { size: [400, 600], preview: { width: 400, height: 600 }, sides: 'red red blue blue' };

describe('the largest preview of a camera raw file', () => {
  it.each([
    ['CR2', makeTiff([strip(large, 6), interchange(thumbnail), sensor], { after: Buffer.from('CR\x02\0\0\0\0\0') })],
    [
      'NEF',
      makeTiff([[...rgb, [330, 4, { directories: [interchange(large), sensor] }]], interchange(thumbnail)], {
        magic: 'MM\0*',
      }),
    ],
    ['ARW', makeTiff([[...interchange(large), [330, 4, { directories: [sensor] }]], interchange(thumbnail)])],
    ['DNG', makeDng(large, thumbnail, 1)],
    ['DNG, big-endian', makeDng(large, thumbnail, 1, 'MM\0*')],
    ['PEF', makeTiff([sensor, interchange(thumbnail), interchange(large)])],
    ['RW2', makeTiff([[...sensor, [0x2e, 7, large]]], { magic: 'IIU\0' })],
    ['RAF', makeRaf(large)],
  ])('%s', async (_, bytes) => {
    expect(await look(bytes)).toEqual(upright);
  });

  it('of several sizes the largest', async () => {
    const bytes = makeTiff([sensor, interchange(large), interchange(larger), interchange(thumbnail)]);
    expect((await look(bytes)).preview).toEqual({ width: 900, height: 600 });
  });

  it.each([
    ['DNG', makeDng(large, thumbnail, 6)],
    ['ORF', makeOrf(large)],
    ['CR3, preview', makeCr3(large, undefined)],
    ['CR3, whole', makeCr3(thumbnail, large)],
  ])("%s: the raw file's orientation where the preview has none", async (_, bytes) => {
    const { size, preview } = await look(bytes);
    expect({ size, preview }).toEqual({ size: clockwise.size, preview: clockwise.preview });
    // Turned clockwise, what was on the left is above.
    const { data, width, height } = await decode(bytes, { leastPreview: 256 });
    expect(data[(20 * width + 200) * 3]).toBeGreaterThan(200);
    expect(data[((height - 20) * width + 200) * 3]).toBeLessThan(50);
  });

  it("the preview's own orientation counts first", async () => {
    const { data, width, height } = await decode(makeDng(turned, thumbnail, 6), { leastPreview: 256 });
    expect([width, height]).toEqual([400, 600]);
    // Turned the other way: what was on the left is below.
    expect(data[(20 * width + 200) * 3]).toBeLessThan(50);
  });
});

describe('what is refused', () => {
  async function refusalOf(bytes: Uint8Array, leastPreview = 256): Promise<string> {
    const error = await decode(bytes, { name: 'x', leastPreview }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ImageError);
    const { code, message } = error as ImageError;
    return `${code}: ${message}`;
  }

  it('a thumbnail alone', async () => {
    expect(await refusalOf(makeDng(thumbnail, thumbnail, 1))).toBe(
      'unsupported-format: x: camera raw file whose largest preview has 160 × 120 pixels, expected at least 256 on the shorter side; convert it to JPEG or TIFF first',
    );
    expect((await look(makeDng(thumbnail, thumbnail, 1), 120)).size).toEqual([160, 120]);
  });

  it.each([
    ['no preview', makeTiff([[...rgb, [330, 4, { directories: [sensor] }]]])],
    [
      'a lossless JPEG of samples',
      makeTiff([sensor, strip(Buffer.from(large.toString('hex').replace(/ffc0/, 'ffc3'), 'hex'), 7)]),
    ],
    ['CR3', makeCr3(Buffer.alloc(10), undefined)],
    ['RAF', makeRaf(Buffer.alloc(40))],
    ['ORF', Buffer.concat([Buffer.from('IIRO'), Buffer.alloc(40)])],
  ])('%s', async (_, bytes) => {
    expect(await refusalOf(bytes)).toBe(
      'unsupported-format: x: camera raw file without a JPEG preview; convert it to JPEG or TIFF first',
    );
  });

  it('a BigTIFF file whose second directory says that it is a DNG', async () => {
    const bytes = Buffer.alloc(16 + 16 + 36);
    bytes.write('II+\0\x08', 'latin1');
    // An empty directory, then one with the version of DNG.
    bytes.writeBigUInt64LE(16n, 8);
    bytes.writeBigUInt64LE(32n, 24);
    bytes.writeBigUInt64LE(1n, 32);
    bytes.writeUInt16LE(50706, 40);
    bytes.writeUInt16LE(1, 42);
    bytes.writeBigUInt64LE(4n, 44);
    expect(await refusalOf(bytes)).toMatch(/camera raw file without a JPEG preview/);
  });

  it('a file that ends before its preview', async () => {
    const bytes = makeRaf(large).subarray(0, 160);
    expect(await refusalOf(bytes)).toBe('corrupt: x: damaged camera raw (the file ends before the preview)');
  });

  it('a damaged preview', async () => {
    const bytes = makeRaf(large).subarray(0, 160 + large.length / 2);
    expect(await refusalOf(bytes)).toMatch(/^corrupt: x: damaged JPEG \(.+\)$/);
  });
});

it('a TIFF file that is no raw file stays one', async () => {
  const { width, facts } = await decode(makeTiff([rgb, rgb]));
  expect({ width, preview: facts.preview }).toEqual({ width: 16, preview: undefined });
});
