import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { decode } from '../../src/images/decode.js';
import { prepareDecoded, prepareImage, valuesOfBytes } from '../../src/images/prepare.js';
import { sharedPath } from '../shared.js';
import { bytesOf, difference, floatsOf, golden, takeGrid } from './golden.js';

const kernels = await loadPixelKernels();
const { mean, std } = golden;
const imagenet: Preprocessing = { crop: 'center', resize: 256, resolution: 224, filter: 'pil-bilinear', mean, std };

function testFile(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}

/** Normalised values back to pixels, 0…255. */
function toPixels(values: Float32Array): Float32Array {
  return values.map((value, i) => (value * std[i % 3]! + mean[i % 3]!) * 255);
}

describe('the input tensor against Pillow and torchvision', () => {
  it.each(golden.pipelines)('$file $crop $resize → $resolution $filter', async (expected) => {
    const { crop, resolution, filter } = expected;
    const preprocessing = { crop, resize: expected.resize ?? resolution, resolution, filter, mean, std };
    const tensor = new Float32Array(resolution * resolution * 3).fill(Number.NaN);
    await prepareImage(testFile(expected.file), preprocessing, tensor, kernels);
    // JPEG decoders differ by a step here and there; a PNG has one decoding.
    const tolerance = expected.file.endsWith('.png') ? { mean: 1e-4, maximum: 1e-3 } : { mean: 1, maximum: 4 };
    const grid = difference(toPixels(takeGrid(tensor, resolution)), toPixels(floatsOf(expected.grid)));
    expect(grid.mean).toBeLessThanOrEqual(tolerance.mean);
    expect(grid.maximum).toBeLessThanOrEqual(tolerance.maximum);
    const average = tensor.reduce((sum, value) => sum + value, 0) / tensor.length;
    expect(Math.abs(average - expected.mean)).toBeLessThan(0.005);
  });
});

const samples = sharedPath('images/imagenet_samples');

describe.skipIf(samples === undefined)('20 photographs of ../shared/reference/images/imagenet_samples', () => {
  it.each(Object.entries(golden.samples))('%s', async (name, grid) => {
    const tensor = new Float32Array(224 * 224 * 3);
    await prepareImage(`${samples}/${name}`, imagenet, tensor, kernels);
    const pixels = difference(toPixels(takeGrid(tensor, 224)), bytesOf(grid));
    expect(pixels.mean).toBeLessThanOrEqual(1);
    expect(pixels.maximum).toBeLessThanOrEqual(4);
  });
});

describe('prepareImage', () => {
  it.each([1, 3, 6, 8])(
    'leaves out columns of a JPEG turned by orientation %d and gives the same input',
    async (orientation) => {
      const noise = randomBytes(300 * 120 * 3);
      const [width, height] = orientation > 4 ? [120, 300] : [300, 120];
      const jpeg = await sharp(noise, { raw: { width, height, channels: 3 } })
        .withMetadata({ orientation })
        .jpeg()
        .toBuffer();
      for (const filter of ['pil-bilinear', 'pil-bicubic', 'lanczos3', 'nearest', 'tf1-bilinear'] as const) {
        const small: Preprocessing = { ...imagenet, resize: 64, resolution: 56, filter };
        const cut = new Float32Array(56 * 56 * 3);
        await prepareImage(jpeg, small, cut, kernels);
        const whole = await decode(jpeg);
        expect(whole.held).toEqual({ first: 0, count: 300 });
        const expected = new Float32Array(56 * 56 * 3);
        prepareDecoded(whole, small, expected, kernels);
        expect(cut).toEqual(expected);
      }
      const asked = { first: 90, count: 110 };
      expect(await decode(jpeg, { columnsOf: () => asked })).toMatchObject({ width: 300, height: 120, held: asked });
    },
  );

  it('finds damage in what is left out', async () => {
    const noise = randomBytes(300 * 120 * 3);
    const jpeg = await sharp(noise, { raw: { width: 300, height: 120, channels: 3 } })
      .jpeg()
      .toBuffer();
    const small: Preprocessing = { ...imagenet, resize: 64, resolution: 56 };
    const tensor = new Float32Array(56 * 56 * 3);
    const torn = jpeg.subarray(0, jpeg.length - 100);
    await expect(prepareImage(torn, small, tensor, kernels)).rejects.toThrow(/damaged JPEG/);
  });

  it('tells the size of the upright picture', async () => {
    const tensor = new Float32Array(224 * 224 * 3);
    const size = await prepareImage(testFile('golden/preprocess/orientation-6.jpg'), imagenet, tensor, kernels);
    expect(size).toEqual({ width: 30, height: 40, facts: {} });
  });

  it('writes into shared memory at an offset and nowhere else', async () => {
    const file = testFile('golden/preprocess/rgb.png');
    const small = { ...imagenet, resize: 40, resolution: 32 };
    const length = 32 * 32 * 3;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const whole = new Float32Array(memory.buffer).fill(-99);
    await prepareImage(file, small, new Float32Array(memory.buffer, 64, length), kernels);
    const alone = new Float32Array(length);
    await prepareImage(file, small, alone, kernels);
    expect([...whole.subarray(16, 16 + length)]).toEqual([...alone]);
    expect(whole.subarray(0, 16).every((value) => value === -99)).toBe(true);
    expect(whole.subarray(16 + length).every((value) => value === -99)).toBe(true);
  });

  it('takes tf1-bilinear without rounding to 8 bits', async () => {
    const image = { data: Uint8Array.from([0, 0, 0, 255, 255, 255]), width: 2, height: 1 };
    const tensor = new Float32Array(3 * 3 * 3);
    const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
    prepareDecoded(
      image,
      { crop: 'squash', resize: 3, resolution: 3, filter: 'tf1-bilinear', ...plain },
      tensor,
      kernels,
    );
    // Positions 0, 2/3, 4/3: the last lies past the second pixel's corner and keeps its value.
    expect(difference(tensor.subarray(0, 9), [0, 0, 0, 2 / 3, 2 / 3, 2 / 3, 1, 1, 1]).maximum).toBeLessThan(1e-6);
  });

  it.each([
    [1, 10000],
    [10000, 1],
    [1, 1],
    [3, 2],
  ])('fills every value of a %d × %d picture', (width, height) => {
    const data = new Uint8Array(width * height * 3).fill(128);
    const tensor = new Float32Array(224 * 224 * 3).fill(Number.NaN);
    for (const crop of ['center', 'squash'] as const) {
      prepareDecoded({ data, width, height }, { ...imagenet, crop }, tensor, kernels);
      expect(difference(toPixels(tensor), new Float32Array(tensor.length).fill(128)).maximum).toBeLessThan(1e-3);
    }
  });

  it.each([
    ['pil-bilinear', 300, 120],
    ['pil-bicubic', 3, 1000],
    ['lanczos3', 50, 60],
    ['nearest', 7, 5],
  ] as const)('gives bytes whose values are the floats: %s of %d × %d', (filter, width, height) => {
    const image = { data: randomBytes(width * height * 3), width, height };
    // A shorter side than the crop leaves a black border.
    for (const resize of [64, 40]) {
      const small: Preprocessing = { ...imagenet, resize, resolution: 56, filter };
      const [floats, bytes] = [new Float32Array(56 * 56 * 3), new Uint8Array(56 * 56 * 3).fill(99)];
      prepareDecoded(image, small, floats, kernels);
      prepareDecoded(image, small, bytes, kernels);
      const values = valuesOfBytes(small)!;
      expect(Float32Array.from(bytes, (byte, at) => values[(at % 3) * 256 + byte]!)).toEqual(floats);
    }
  });

  it('has no bytes to give where scaling does not round to them', () => {
    const unrounded: Preprocessing = { ...imagenet, filter: 'tf1-bilinear' };
    const image = { data: new Uint8Array(3), width: 1, height: 1 };
    expect(valuesOfBytes(unrounded)).toBeUndefined();
    expect(() => prepareDecoded(image, unrounded, new Uint8Array(224 * 224 * 3), kernels)).toThrow(RangeError);
  });

  it('gives grey networks the luminance that Pillow computes, before anything is scaled', () => {
    const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30);
    const image = { data, width: 2, height: 2 };
    const grey: Preprocessing = {
      ...imagenet,
      crop: 'squash',
      resolution: 2,
      grey: true,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    };
    const target = new Float32Array(4);
    prepareDecoded(image, grey, target, kernels);
    // PIL.Image.convert('L') of these pixels.
    expect([...target].map((value) => Math.round(value * 255))).toEqual([76, 150, 29, 18]);
    expect(data[0]).toBe(255);
    expect(valuesOfBytes(grey)).toBeUndefined();
    expect(() => prepareDecoded(image, grey, new Float32Array(12), kernels)).toThrow(/12 values, expected 4/);
  });

  it('refuses a target of the wrong length', async () => {
    const image = await decode(testFile('golden/preprocess/rgb.png'));
    expect(() => prepareDecoded(image, imagenet, new Float32Array(10), kernels)).toThrow(RangeError);
  });
});
