import { describe, expect, it } from 'vitest';
import { type KernelName, nameCall, orderCall } from '../../src/engine/kernel-signatures.js';
import type { Step } from '../../src/engine/plan.js';
import { forThread, ranges, splitStep } from '../../src/engine/split.js';

const TILE = 4;

/** A step with its kernel's arguments in their order. */
function step(
  kernel: KernelName,
  args: readonly number[],
  more: Partial<Pick<Step, 'scratchBytes' | 'strides'>> = {},
): Step {
  return { layer: 'layer', scratchBytes: 0, ...more, ...nameCall({ kernel, args }) };
}

/** The arguments of each part, in their order. */
function split(whole: Step, parts: number): (readonly number[])[] {
  return splitStep(whole, parts, TILE).map((part) => orderCall(part).args);
}

describe('ranges', () => {
  it.each([
    [0, 100, 2, 4],
    [0, 49, 2, 4],
    [0, 49, 7, 4],
    [3, 50, 4, 2],
    [0, 3, 4, 1],
    [0, 5, 64, 4],
    [0, 1, 1, 4],
  ])(
    '%d … %d in %d parts, cut at multiples of %d: in order, nothing twice, nothing left out',
    (from, to, parts, multiple) => {
      const found = ranges(from, to, parts, multiple);
      expect(found.length).toBeLessThanOrEqual(parts);
      expect(found[0]![0]).toBe(from);
      expect(found.at(-1)![1]).toBe(to);
      found.forEach(([start, end], index) => {
        expect(end).toBeGreaterThan(start);
        expect((start - from) % multiple).toBe(0);
        if (index > 0) expect(start).toBe(found[index - 1]![1]);
      });
    },
  );

  it('gives parts of about one length', () => {
    expect(ranges(0, 49, 2, 4)).toEqual([
      [0, 24],
      [24, 49],
    ]);
    expect(ranges(0, 112, 4, 1).map(([from, to]) => to - from)).toEqual([28, 28, 28, 28]);
  });

  it('of nothing: none', () => {
    expect(ranges(0, 0, 3, 4)).toEqual([]);
  });
});

describe('steps are cut', () => {
  it('pointwise: by whole tiles of pixels', () => {
    const parts = split(step('pointwise_f32', [64000, 128, 256, 512, 10, 300, 400, 0, 6]), 2);
    expect(parts).toEqual([
      [64000, 128, 256, 512, 4, 300, 400, 0, 6],
      [64000 + 4 * 400 * 4, 128 + 4 * 300 * 4, 256, 512 + 4 * 400 * 4, 6, 300, 400, 0, 6],
    ]);
  });

  it('pointwise without a residual keeps none', () => {
    const parts = split(step('pointwise_f32', [64000, 128, 256, 0, 8, 300, 400, 0, 6]), 2);
    expect(parts.map((args) => args[3])).toEqual([0, 0]);
  });

  it('pointwise of one pixel: by panels of output channels', () => {
    const parts = split(step('pointwise_f32', [64000, 128, 256, 512, 1, 1024, 1008, 0, 6]), 2);
    expect(parts).toEqual([
      [64000, 128, 256, 512, 1, 1024, 512, 0, 6],
      [64000 + 512 * 4, 128, 256 + 512 * 1025 * 4, 512 + 512 * 4, 1, 1024, 496, 0, 6],
    ]);
  });

  it('convolution: at rows where a whole tile of pixels ends', () => {
    const args = (from: number, to: number) => [9, 8, 7, 6, 75, 75, 32, 25, 64, from, to, 3, 3, 3, 3, 1, 1, 0, 0, 0, 6];
    expect(split(step('conv_f32', args(0, 25)), 3)).toEqual([args(0, 8), args(8, 16), args(16, 25)]);
  });

  it('depthwise and maximum pooling: by rows', () => {
    const depthwise = (from: number, to: number) => [9, 8, 7, 30, 30, 64, 30, from, to, 3, 3, 1, 1, 1, 1, 1, 1, 0, 6];
    expect(split(step('depthwise_f32', depthwise(0, 30)), 2)).toEqual([depthwise(0, 15), depthwise(15, 30)]);
    const pool = (from: number, to: number) => [9, 8, 30, 30, 64, 30, from, to, 3, 3, 1, 1, 1, 1, 0, 6];
    expect(split(step('max_pool_f32', pool(0, 30)), 2)).toEqual([pool(0, 15), pool(15, 30)]);
  });

  it('element by element: by cache lines, at every address', () => {
    expect(split(step('add_f32', [1024, 2048, 4096, 40000, 0, 6]), 2)).toEqual([
      [1024, 2048, 4096, 20000, 0, 6],
      [81024, 82048, 84096, 20000, 0, 6],
    ]);
    expect(split(step('activate_f32', [1024, 1024, 40000, 1, 0, 0]), 2)).toEqual([
      [1024, 1024, 20000, 1, 0, 0],
      [81024, 81024, 20000, 1, 0, 0],
    ]);
  });

  it('products of quarters: by pairs of panels', () => {
    const parts = split(step('pointwise_strassen_f32', [64000, 128, 256, 512, 1024, 361, 720, 728, 728, 0, 6]), 2);
    expect(parts).toEqual([
      [64000, 128, 256, 512, 1024, 361, 720, 368, 728, 0, 6],
      [64000 + 368 * 4, 128, 256 + 368 * 721 * 4, 512 + 368 * 4, 1024, 361, 720, 360, 728, 0, 6],
    ]);
  });

  it('scaling: by pixels, with the same gate', () => {
    expect(split(step('scale_f32', [1024, 2048, 64, 101, 200]), 2)).toEqual([
      [1024, 2048, 64, 51, 200],
      [1024 + 51 * 800, 2048 + 51 * 800, 64, 50, 200],
    ]);
  });

  it('not at all where the kernel sums over everything, or the work is little', () => {
    const whole: Step[] = [
      step('softmax_f32', [64, 64, 100000]),
      step('global_average_pool_f32', [64, 128, 10000, 1280]),
      step('pointwise_f32', [64, 128, 256, 0, 16, 16, 16, 0, 6]),
      step('add_f32', [64, 128, 256, 64, 0, 6]),
    ];
    for (const each of whole) expect(splitStep(each, 4, TILE)).toEqual([each]);
  });

  it('integers of one pixel: as they are, since they have no strides', () => {
    const args = [1000, 2000, 3000, 0, 1, 1280, 1000, 17, 0];
    expect(split(step('pointwise_i8', args), 4)).toEqual([args]);
  });

  it('integers: each map by its own stride, and what is not there stays away', () => {
    const strides = { output: 16, input: 8, residual: 32 };
    const args = (output: number, input: number, residual: number, pixels: number) => {
      return [output, input, 3000, residual, pixels, 1000, 16, 7, 0];
    };
    expect(split(step('pointwise_i8', args(1000, 2000, 4000, 42), { strides }), 2)).toEqual([
      args(1000, 2000, 4000, 21),
      args(1000 + 21 * 16, 2000 + 21 * 8, 4000 + 21 * 32, 21),
    ]);
    expect(split(step('pointwise_i8', args(1000, 2000, 0, 42), { strides }), 2)[1]).toEqual(
      args(1000 + 21 * 16, 2000 + 21 * 8, 0, 21),
    );
  });

  it('factors of each pixel: with their own stride', () => {
    expect(split(step('scale_pixels_f32', [1024, 2048, 64, 101, 200, 8]), 2)).toEqual([
      [1024, 2048, 64, 51, 200, 8],
      [1024 + 51 * 800, 2048 + 51 * 800, 64 + 51 * 32, 50, 200, 8],
    ]);
  });

  it('into one part where one is asked for', () => {
    const args = [1024, 2048, 4096, 40000, 0, 6];
    expect(split(step('add_f32', args), 1)).toEqual([args]);
  });
});

describe('scratch memory', () => {
  it('is each thread’s own', () => {
    const args = [9, 8, 7, 640, 75, 75, 3, 25, 64, 0, 25, 3, 3, 2, 2, 1, 1, 0, 0, 0, 6];
    const conv = step('conv_f32', args, { scratchBytes: 128 });
    expect([0, 1, 3].map((thread) => forThread(conv, thread).args)).toEqual(
      [640, 768, 1024].map((scratch) => ({ ...conv.args, scratch })),
    );
    const dense = step('pointwise_f32', [64, 128, 256, 640, 1, 8, 8, 0, 6], { scratchBytes: 128 });
    expect(forThread(dense, 1)).toEqual(dense);
  });
});
