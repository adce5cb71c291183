import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { ImageError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { decodeWhole, prepareDecoded, prepareImage } from '../../src/images/prepare.js';
import { tapsOfShrunk } from '../../src/images/shrunk-taps.js';
import { difference } from './golden.js';

const kernels = await loadPixelKernels();
const small: Preprocessing = {
  ...{ crop: 'center', resize: 64, resolution: 56, filter: 'pil-bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
};

/** Waves of eight pixels of the network's input: a shift by a tenth of one changes bytes by 5. */
function waves(width: number, height: number): Sharp {
  const data = new Uint8Array(width * height * 3);
  const turn = (Math.PI * small.resize) / (4 * Math.min(width, height));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[at++] = 128 + 100 * Math.sin(x * turn);
      data[at++] = 128 + 100 * Math.sin(y * turn);
      data[at++] = 128 + 100 * Math.sin((x + 2 * y) * turn * 0.5);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const jpegOf = (width: number, height: number, options: JpegOptions = {}) =>
  waves(width, height)
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4', ...options })
    .toBuffer();

async function inputOf(file: Uint8Array, preprocessing: Preprocessing, fullDecode: boolean): Promise<Uint8Array> {
  const target = new Uint8Array(preprocessing.resolution ** 2 * 3);
  await prepareImage(file, preprocessing, target, kernels, { fullDecode });
  return target;
}

/** At the edges a column or row of the file may be missing. */
function expectAlike(one: Uint8Array, other: Uint8Array): void {
  const inside = (_: number, at: number) => {
    const [x, y] = [Math.floor(at / 3) % small.resolution, Math.floor(at / 3 / small.resolution)];
    return Math.min(x, y) > 0 && Math.max(x, y) < small.resolution - 1;
  };
  expect(difference(one, other).maximum).toBeLessThanOrEqual(16);
  const apart = difference(one.filter(inside), other.filter(inside));
  expect(apart.mean).toBeLessThan(0.6);
  expect(apart.maximum).toBeLessThanOrEqual(4);
}

const shrunkSize = async (file: Uint8Array, preprocessing = small) => {
  const { width, height, original, shrunk } = await decodeWhole(file, preprocessing);
  if (shrunk) expect(shrunk.from).toEqual(original);
  return shrunk && { width, height };
};

describe('large pictures are shrunk while they are decoded', () => {
  it.each([
    [512, 384, 170, 128],
    [515, 389, 171, 129],
    [803, 1003, 160, 200],
    [640, 1101, 128, 220],
    [1166, 1159, 129, 128],
    [1153, 1160, 128, 128],
  ])('a JPEG of %d × %d to %d × %d, to nearly the same input', async (width, height, across, down) => {
    const file = await jpegOf(width, height);
    expect(await shrunkSize(file)).toEqual({ width: across, height: down });
    for (const crop of ['center', 'squash'] as const) {
      for (const filter of ['pil-bilinear', 'pil-bicubic', 'lanczos3'] as const) {
        const preprocessing = { ...small, crop, filter };
        expectAlike(await inputOf(file, preprocessing, false), await inputOf(file, preprocessing, true));
      }
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('a JPEG turned by orientation %d, in its place', async (orientation) => {
    // Three pixels of each side are too few for one of the shrunk picture.
    const [width, height] = orientation > 4 ? [647, 803] : [803, 647];
    const quality = { quality: 95, chromaSubsampling: '4:4:4' };
    const file = await waves(width, height).withMetadata({ orientation }).jpeg(quality).toBuffer();
    expect(await shrunkSize(file)).toEqual({ width: 160, height: 129 });
    for (const crop of ['center', 'squash'] as const) {
      const preprocessing = { ...small, crop };
      expectAlike(await inputOf(file, preprocessing, false), await inputOf(file, preprocessing, true));
    }
  });

  it('by the orientation that is given to a file without one', async () => {
    const file = await jpegOf(803, 647);
    const options = { orientation: 3, enoughOf: () => ({ width: 128, height: 128 }) };
    const [shrunk, whole] = [await decode(file, options), await decode(file, { orientation: 3 })];
    expect(shrunk.width).toBe(160);
    const [some, all] = [new Uint8Array(56 * 56 * 3), new Uint8Array(56 * 56 * 3)];
    prepareDecoded(shrunk, small, some, kernels);
    prepareDecoded(whole, small, all, kernels);
    expect(difference(some, all).maximum).toBeLessThanOrEqual(4);
  });

  it.each([
    ['grey', () => waves(512, 384).greyscale().jpeg().toBuffer()],
    ['progressive', () => jpegOf(512, 384, { progressive: true })],
    ['WebP', () => waves(512, 384).webp({ quality: 95 }).toBuffer()],
    ['lossless WebP', () => waves(512, 384).webp({ lossless: true }).toBuffer()],
  ])('%s', async (_, make) => {
    const file = await make();
    expect(await shrunkSize(file)).toEqual({ width: 170, height: 128 });
    const apart = difference(await inputOf(file, small, false), await inputOf(file, small, true));
    expect(apart.mean).toBeLessThan(0.7);
    expect(apart.maximum).toBeLessThanOrEqual(6);
  });

  it('also where few pictures are decoded, whose small JPEGs have another decoder', async () => {
    const [large, below] = [await jpegOf(512, 384), await jpegOf(512, 383)];
    expect(await decodeWhole(large, small, { isBrief: true })).toEqual(await decodeWhole(large, small));
    expect(await decodeWhole(below, small, { isBrief: true })).toMatchObject({ width: 512, height: 383 });
  });

  it('and ask for less memory', async () => {
    const asked: number[] = [];
    const file = await jpegOf(803, 1003);
    const reserve = async (bytes: number) => void asked.push(bytes);
    await decodeWhole(file, small, { reserve });
    await decodeWhole(file, small, { reserve, fullDecode: true });
    expect(asked[0]).toBeLessThan(0.3 * asked[1]!);
  });

  it('with the size in the file', async () => {
    const file = await jpegOf(803, 1003);
    const target = new Uint8Array(56 * 56 * 3);
    expect(await prepareImage(file, small, target, kernels)).toMatchObject({ width: 803, height: 1003 });
  });
});

describe('pictures that are decoded as they are', () => {
  const alpha = () =>
    waves(512, 384)
      .joinChannel(Buffer.alloc(512 * 384, 100), { raw: { width: 512, height: 384, channels: 1 } })
      .webp({ quality: 95 })
      .toBuffer();
  const moving = async () => {
    const frames = [await jpegOf(512, 384), await jpegOf(512, 384, { quality: 50 })];
    return sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
  };

  it.each([
    ['less than twice the size on one side', () => jpegOf(512, 383), small],
    ['a PNG', () => waves(512, 384).png().toBuffer(), small],
    ['CMYK', () => waves(512, 384).toColourspace('cmyk').jpeg().toBuffer(), small],
    ['WebP with alpha', alpha, small],
    ['nearest', () => jpegOf(512, 384), { ...small, filter: 'nearest' }],
    ['tf1-bilinear', () => jpegOf(512, 384), { ...small, filter: 'tf1-bilinear' }],
  ] as const)('%s', async (_, make, preprocessing) => {
    const file = await make();
    expect(await shrunkSize(file, preprocessing)).toBeUndefined();
    const target = () => new Float32Array(56 * 56 * 3);
    const [one, other] = [target(), target()];
    await prepareImage(file, preprocessing, one, kernels);
    await prepareImage(file, preprocessing, other, kernels, { fullDecode: true });
    expect(one).toEqual(other);
  });

  it('an animated WebP', async () => {
    const file = await moving();
    expect((await sharp(file).metadata()).pages).toBe(2);
    expect(await shrunkSize(file)).toBeUndefined();
  });

  it('all, where that is asked for', async () => {
    const file = await jpegOf(512, 384);
    const { width, height, shrunk } = await decodeWhole(file, small, { fullDecode: true });
    expect({ width, height, shrunk }).toEqual({ width: 512, height: 384, shrunk: undefined });
  });
});

describe('damage in a picture that is shrunk', () => {
  const verdict = async (file: Uint8Array, fullDecode: boolean, lenient = false) => {
    const target = new Uint8Array(56 * 56 * 3);
    try {
      const { facts } = await prepareImage(file, small, target, kernels, { fullDecode, lenient });
      return facts.truncated ? 'truncated' : 'whole';
    } catch (error) {
      if (error instanceof ImageError) return error.message;
      throw error;
    }
  };

  it.each([false, true])('is found wherever a JPEG ends (progressive: %s)', async (progressive) => {
    const file = await jpegOf(803, 1003, { progressive });
    for (const share of [0.05, 0.3, 0.6, 0.9, 0.99]) {
      const torn = file.subarray(0, Math.floor(file.length * share));
      const message = await verdict(torn, false);
      expect(message).toMatch(/damaged JPEG/);
      expect(message).toBe(await verdict(torn, true));
    }
    const torn = file.subarray(0, Math.floor(file.length * 0.9));
    expect(await verdict(torn, false, true)).toBe('truncated');
  });

  it('is judged as by a full decode', async () => {
    const file = await jpegOf(803, 1003);
    const webp = await waves(803, 1003).webp().toBuffer();
    let refused = 0;
    for (const whole of [file, webp]) {
      for (let at = 1; at < 20; at++) {
        const broken = Uint8Array.from(whole);
        broken.fill(
          at % 2 ? 0xff : 0x00,
          Math.floor((whole.length * at) / 20),
          Math.floor((whole.length * at) / 20) + 40,
        );
        const [shrunk, full] = [await verdict(broken, false), await verdict(broken, true)];
        expect(shrunk).toBe(full);
        if (full !== 'whole') refused++;
      }
      const torn = whole.subarray(0, whole.length - 100);
      expect(await verdict(torn, false)).toBe(await verdict(torn, true));
      expect(await verdict(torn, false)).toMatch(/damaged/);
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe('tapsOfShrunk', () => {
  it('changes nothing where nothing was shrunk', () => {
    const whole = {
      ...{ size: 2, bits: 22, first: Int32Array.of(0, 3), length: Int32Array.of(2, 2) },
      weights: Int32Array.of(1000, 2000, 3000, 4000),
    };
    const taps = tapsOfShrunk(whole, 6, { pixels: 6, part: { start: 0, length: 6 } });
    const dense = (row: number) => {
      const weights = new Array(6).fill(0);
      for (let at = 0; at < taps.length[row]!; at++)
        weights[taps.first[row]! + at] = taps.weights[row * taps.size + at];
      return weights;
    };
    expect(dense(0)).toEqual([1000, 2000, 0, 0, 0, 0]);
    expect(dense(1)).toEqual([0, 0, 0, 3000, 4000, 0]);
  });
});

it('a small file of the golden ones is as it was', async () => {
  const file = readFileSync(fileURLToPath(new URL('../golden/preprocess/420.jpg', import.meta.url)));
  expect(await shrunkSize(file)).toBeUndefined();
});
