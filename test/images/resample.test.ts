import { describe, expect, it } from 'vitest';
import type { ResizeFilter } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { resample, resampleTf1 } from '../../src/images/resample.js';
import { bytesOf, difference, floatsOf, golden } from './golden.js';

const kernels = await loadPixelKernels();
const filters = ['pil-bilinear', 'pil-bicubic', 'lanczos3', 'nearest'] as const satisfies readonly ResizeFilter[];

/** Cuts [height, width, 3] out of rows that are `stride` pixels long. */
function cut(pixels: ArrayLike<number>, stride: number, x: number, y: number, width: number, height: number): number[] {
  const values: number[] = [];
  for (let row = y; row < y + height; row++) {
    for (let i = (row * stride + x) * 3; i < (row * stride + x + width) * 3; i++) values.push(pixels[i]!);
  }
  return values;
}

describe.each(golden.resizes)('resize $from to $to', ({ from, to, pixels, outputs }) => {
  const source = bytesOf(pixels);
  const x = { source: from[0], scaled: to[0], start: 0, count: to[0] };
  const y = { source: from[1], scaled: to[1], start: 0, count: to[1] };

  it.each(filters)('%s is Pillow’s, bit for bit', (filter) => {
    expect([...resample(source, x, y, filter, kernels)]).toEqual([...bytesOf(outputs[filter])]);
  });

  it.each(filters)('%s: a window is the same part of the whole', (filter) => {
    const left = Math.floor(to[0] / 3);
    const top = Math.floor(to[1] / 2);
    const width = Math.max(1, Math.floor(to[0] / 2) - 1);
    const height = Math.max(1, Math.floor(to[1] / 2) - 1);
    const window = resample(
      source,
      { ...x, start: left, count: width },
      { ...y, start: top, count: height },
      filter,
      kernels,
    );
    expect([...window]).toEqual(cut(bytesOf(outputs[filter]), to[0], left, top, width, height));
  });

  it('tf1-bilinear is the formula of TensorFlow 1', () => {
    const expected = floatsOf(outputs['tf1-bilinear']);
    expect(difference(resampleTf1(source, x, y), expected).maximum).toBeLessThan(1e-4);
    const row = { ...y, start: to[1] - 1, count: 1 };
    const last = { ...x, start: to[0] - 1, count: 1 };
    const corner = resampleTf1(source, last, row);
    expect(difference(corner, expected.slice(-3)).maximum).toBeLessThan(1e-4);
  });
});

describe('one wide or tall picture', () => {
  it('computes a window of a picture that would be gigabytes whole', () => {
    const source = new Uint8Array(10000 * 3).fill(77);
    const x = { source: 10000, scaled: 2560000, start: 1279888, count: 224 };
    const y = { source: 1, scaled: 256, start: 16, count: 224 };
    const window = resample(source, x, y, 'pil-bicubic', kernels);
    expect(window.length).toBe(224 * 224 * 3);
    expect(new Set(window)).toEqual(new Set([77]));
  });
});
