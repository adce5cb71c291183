import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { ImageError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { decodeWhole, prepareDecoded, prepareImage } from '../../src/images/prepare.js';
import { tapsOfShrunk } from '../../src/images/shrunk-taps.js';
import { difference } from './golden.js';

const kernels = await loadPixelKernels();
const small: Preprocessing = {
  ...{ crop: 'center', resize: 160, resolution: 140, filter: 'pil-bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
};

const golden = fileURLToPath(new URL('../golden/preprocess/420.jpg', import.meta.url));
const inputBytes = small.resolution ** 2 * 3;

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
  expect(difference(one, other).maximum).toBeLessThanOrEqual(20);
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
    [1280, 960, 640, 480],
    [1283, 963, 641, 481],
    [1603, 2003, 400, 500],
    [1480, 2201, 370, 550],
    [2966, 2959, 370, 369],
    [2959, 2966, 369, 370],
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
    // Three pixels of each side are too few for a block.
    const [width, height] = orientation > 4 ? [1443, 1683] : [1683, 1443];
    const quality = { quality: 95, chromaSubsampling: '4:4:4' };
    const file = await waves(width, height).withMetadata({ orientation }).jpeg(quality).toBuffer();
    expect(await shrunkSize(file)).toEqual({ width: 420, height: 360 });
    for (const crop of ['center', 'squash'] as const) {
      const preprocessing = { ...small, crop };
      expectAlike(await inputOf(file, preprocessing, false), await inputOf(file, preprocessing, true));
    }
  });

  it('by the orientation that is given to a file without one', async () => {
    const file = await jpegOf(1683, 1443);
    const options = { orientation: 3, scaledTo: () => ({ width: 160, height: 160 }) };
    const [shrunk, whole] = [await decode(file, options), await decode(file, { orientation: 3 })];
    expect(shrunk.width).toBe(420);
    const [some, all] = [new Uint8Array(inputBytes), new Uint8Array(inputBytes)];
    prepareDecoded(shrunk, small, some, kernels);
    prepareDecoded(whole, small, all, kernels);
    expect(difference(some, all).maximum).toBeLessThanOrEqual(4);
  });

  it.each([
    ['grey', 640, 480, () => waves(1280, 960).greyscale().jpeg().toBuffer()],
    ['progressive', 640, 480, () => jpegOf(1280, 960, { progressive: true })],
    ['WebP', 426, 320, () => waves(1280, 960).webp({ quality: 95 }).toBuffer()],
    ['lossless WebP', 426, 320, () => waves(1280, 960).webp({ lossless: true }).toBuffer()],
  ])('%s', async (_, width, height, make) => {
    const file = await make();
    expect(await shrunkSize(file)).toEqual({ width, height });
    const apart = difference(await inputOf(file, small, false), await inputOf(file, small, true));
    expect(apart.mean).toBeLessThan(0.7);
    expect(apart.maximum).toBeLessThanOrEqual(6);
  });

  it('also where few pictures are decoded, whose small JPEGs have another decoder', async () => {
    const [large, below] = [await jpegOf(1280, 960), await jpegOf(1280, 819)];
    expect(await decodeWhole(large, small, { isBrief: true })).toEqual(await decodeWhole(large, small));
    expect(await decodeWhole(below, small, { isBrief: true })).toMatchObject({ width: 1280, height: 819 });
  });

  it('and ask for less memory', async () => {
    const asked: number[] = [];
    const file = await jpegOf(1603, 2003);
    const reserve = async (bytes: number) => void asked.push(bytes);
    await decodeWhole(file, small, { reserve });
    await decodeWhole(file, small, { reserve, fullDecode: true });
    expect(asked[0]).toBeLessThan(0.3 * asked[1]!);
  });

  it('with the size in the file', async () => {
    const file = await jpegOf(1603, 2003);
    const target = new Uint8Array(inputBytes);
    expect(await prepareImage(file, small, target, kernels)).toMatchObject({ width: 1603, height: 2003 });
  });
});

describe('a JPEG that is shrunk', () => {
  it('has the averages of blocks as pixels', async () => {
    const file = await waves(1683, 1443).greyscale().jpeg({ quality: 95 }).toBuffer();
    const [shrunk, whole] = [await decodeWhole(file, small), await decode(file)];
    expect(shrunk.width).toBe(420);
    let largest = 0;
    for (let y = 0; y < shrunk.height; y++) {
      for (let x = 0; x < shrunk.width; x++) {
        let sum = 0;
        for (let row = 4 * y; row < 4 * y + 4; row++) {
          for (let column = 4 * x; column < 4 * x + 4; column++) sum += whole.data[3 * (row * 1683 + column)]!;
        }
        largest = Math.max(largest, Math.abs(shrunk.data[3 * (y * 420 + x)]! - sum / 16));
      }
    }
    expect(largest).toBeLessThan(1.2);
  });

  it.each([
    'a b (1).jpg',
    'größe.jpg',
    'a[shrink=8].jpg',
    'a.jpg[shrink=8]',
    `quotes'".jpg`,
    'a,b=c.jpg',
    'line\nfeed.jpg',
  ])('gives the same pixels from a file named %j as from its bytes', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'shrink-'));
    vi.stubEnv('TMPDIR', folder);
    vi.stubEnv('TEMP', folder);
    try {
      const bytes = await jpegOf(1683, 1443);
      const file = join(folder, name);
      writeFileSync(file, bytes);
      const [one, other] = [await decodeWhole(file, small), await decodeWhole(bytes, small)];
      expect(one.width).toBe(420);
      expect(one).toEqual(other);
      // No copy is left.
      expect(readdirSync(folder)).toEqual([name]);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['is gone', (file: string) => rmSync(file)],
    ['is another', (file: string) => writeFileSync(file, readFileSync(golden))],
  ])('is decoded as it was read where the file %s meanwhile', async (_, change) => {
    const folder = mkdtempSync(join(tmpdir(), 'shrink-'));
    try {
      const file = join(folder, 'picture.jpg');
      const bytes = await jpegOf(1683, 1443);
      writeFileSync(file, bytes);
      const { data } = await decodeWhole(file, small, { reserve: async () => change(file) });
      expect(difference(data, (await decodeWhole(bytes, small)).data).maximum).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is decoded whole where there is no room for a copy', async () => {
    // Below a file no folder can be made, by no user.
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, process.execPath);
    try {
      const bytes = await jpegOf(1683, 1443);
      const { shrunk, data } = await decodeWhole(bytes, small);
      expect(shrunk).toBeUndefined();
      expect(difference(data, (await decodeWhole(bytes, small, { fullDecode: true })).data).maximum).toBe(0);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('pictures that are decoded as they are', () => {
  const alpha = () =>
    waves(1280, 960)
      .joinChannel(Buffer.alloc(1280 * 960, 100), { raw: { width: 1280, height: 960, channels: 1 } })
      .webp({ quality: 95 })
      .toBuffer();
  const moving = async () => {
    const frames = [await jpegOf(1280, 960), await jpegOf(1280, 960, { quality: 50 })];
    return sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
  };

  it.each([
    ['too low a JPEG', () => jpegOf(2200, 520), small],
    ['a JPEG of less than a megapixel', () => jpegOf(1280, 800), { ...small, resize: 16, resolution: 16 }],
    ['a PNG', () => waves(1280, 960).png().toBuffer(), small],
    ['CMYK', () => waves(1280, 960).toColourspace('cmyk').jpeg().toBuffer(), small],
    ['WebP with alpha', alpha, small],
    ['nearest', () => jpegOf(1280, 960), { ...small, filter: 'nearest' }],
    ['tf1-bilinear', () => jpegOf(1280, 960), { ...small, filter: 'tf1-bilinear' }],
  ] as const)('%s', async (_, make, preprocessing) => {
    const file = await make();
    expect(await shrunkSize(file, preprocessing)).toBeUndefined();
    const target = () => new Float32Array(preprocessing.resolution ** 2 * 3);
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
    const file = await jpegOf(1280, 960);
    const { width, height, shrunk } = await decodeWhole(file, small, { fullDecode: true });
    expect({ width, height, shrunk }).toEqual({ width: 1280, height: 960, shrunk: undefined });
  });
});

describe('damage in a picture that is shrunk', () => {
  const verdict = async (file: Uint8Array, fullDecode: boolean, lenient = false) => {
    const target = new Uint8Array(inputBytes);
    try {
      const { facts } = await prepareImage(file, small, target, kernels, { fullDecode, lenient });
      return facts.truncated ? 'truncated' : 'whole';
    } catch (error) {
      if (error instanceof ImageError) return error.message;
      throw error;
    }
  };

  it.each([false, true])('is found wherever a JPEG ends (progressive: %s)', async (progressive) => {
    const file = await jpegOf(1603, 2003, { progressive });
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
    const file = await jpegOf(1603, 2003);
    const webp = await waves(1603, 2003).webp().toBuffer();
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

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('tapsOfShrunk', () => {
  it('changes nothing where nothing was shrunk', () => {
    const whole = {
      ...{ size: 2, bits: 22, first: Int32Array.of(0, 3), length: Int32Array.of(2, 2) },
      weights: Int32Array.of(1000, 2000, 3000, 4000),
    };
    const taps = tapsOfShrunk(whole, 6, { pixels: 6, part: { start: 0, length: 6 }, block: 1 });
    const dense = (row: number) => {
      const weights = new Array(6).fill(0);
      for (let at = 0; at < taps.length[row]!; at++)
        weights[taps.first[row]! + at] = taps.weights[row * taps.size + at];
      return weights;
    };
    expect(dense(0)).toEqual([1000, 2000, 0, 0, 0, 0]);
    expect(dense(1)).toEqual([0, 0, 0, 3000, 4000, 0]);
  });

  it.each([2, 4, 8])('finds pixels of a smooth curve in averages of %d', (block) => {
    const pixels = 12;
    const curve = Float64Array.from({ length: pixels * block }, (_, at) => {
      const x = at / block - 6;
      return 100 + 10 * x + x ** 2 - x ** 3 / 3 + x ** 4 / 20;
    });
    const averages = Float64Array.from({ length: pixels }, (_, at) =>
      mean(curve.subarray(at * block, (at + 1) * block)),
    );
    const count = curve.length;
    const single = {
      ...{ size: 1, bits: 22, first: Int32Array.from(curve.keys()), length: new Int32Array(count).fill(1) },
      weights: new Int32Array(count).fill(2 ** 22),
    };
    const taps = tapsOfShrunk(single, count, { pixels, part: { start: 0, length: pixels }, block });
    // Nearer to the edges there are too few neighbours.
    for (let at = 2 * block; at < count - 2 * block; at++) {
      let found = 0;
      for (let tap = 0; tap < taps.length[at]!; tap++) {
        found += (taps.weights[at * taps.size + tap]! / 2 ** 22) * averages[taps.first[at]! + tap]!;
      }
      expect(found).toBeCloseTo(curve[at]!, 3);
    }
  });
});

it('a small file of the golden ones is as it was', async () => {
  const file = readFileSync(golden);
  expect(await shrunkSize(file)).toBeUndefined();
});
