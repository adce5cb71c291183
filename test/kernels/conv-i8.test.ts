import { describe, expect, it } from 'vitest';
import {
  IntegerBench,
  integerBuilds,
  integerProducts,
  NARROW_MAX,
  randomChannels,
  randomLevels,
  randomWeights,
  requantise,
  SWISH,
  WIDE_INPUT,
  WIDE_MAX,
  WIDE_OUTPUT,
} from './integers.js';

interface Case {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  /** Above and to the left; as much or more is on the other sides. */
  readonly pad: number;
  readonly format: number;
  /** Channels of a stored pixel that do not count. */
  readonly unused?: number;
  readonly rows?: readonly [number, number];
  /** By `conv_rgb_i8`. */
  readonly rgb?: boolean;
}

/** Windows [outHeight · outWidth][depth], (ky, kx, channel), `zeros` outside of the map. */
function windows(input: Int32Array, zeros: Int32Array, c: Case, outHeight: number, outWidth: number, depth: number) {
  const found = new Int32Array(outHeight * outWidth * depth);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let k = 0; k < c.kernelSize ** 2 * c.channels; k++) {
        const tap = Math.floor(k / c.channels);
        const channel = k % c.channels;
        const inY = y * c.stride - c.pad + Math.floor(tap / c.kernelSize);
        const inX = x * c.stride - c.pad + (tap % c.kernelSize);
        const inside = inY >= 0 && inY < c.height && inX >= 0 && inX < c.width;
        const value = inside ? input[(inY * c.width + inX) * c.channels + channel]! : zeros[channel]!;
        found[(y * outWidth + x) * depth + k] = value;
      }
    }
  }
  return found;
}

describe.each(integerBuilds)('conv_i8 and conv_rgb_i8 in %s', (build) => {
  const bench = new IntegerBench(build);

  function run(c: Case): void {
    bench.clear();
    const wideIn = (c.format & WIDE_INPUT) > 0;
    const wideOut = (c.format & WIDE_OUTPUT) > 0;
    const inLargest = wideIn ? WIDE_MAX : NARROW_MAX;
    const outLargest = wideOut ? WIDE_MAX : NARROW_MAX;
    const sizeOf = (extent: number) => Math.floor((extent + 2 * c.pad - c.kernelSize) / c.stride) + 1;
    const [outHeight, outWidth] = [sizeOf(c.height), sizeOf(c.width)];
    const [rowStart, rowEnd] = c.rows ?? [0, outHeight];
    const terms = c.kernelSize ** 2 * c.channels;
    const { kernels } = bench;
    const format = bench.format(c.format);
    const depth = c.rgb ? kernels.conv_rgb_depth_i8(format) : Math.ceil(terms / 8) * 8;
    const input = randomLevels(c.height * c.width * c.channels, 1, inLargest);
    const zeros = randomLevels(c.channels, 6, inLargest);
    const weights = new Int32Array(depth * c.outChannels);
    weights.set(randomWeights(terms * c.outChannels, 2));
    const scale = c.format & SWISH ? 8 / NARROW_MAX : outLargest / inLargest;
    const second = c.format & SWISH ? outLargest / 40 : 1;
    const channels = randomChannels(c.outChannels, 3, terms, NARROW_MAX * scale, second, outLargest);
    const zerosAt = bench.place(Float32Array.from(zeros));
    const weightsAt = bench.placePanels(weights, channels, bench.bytesOf(wideIn), bench.bytesOf(wideOut));
    const scratchAt = bench.reserve(
      c.rgb
        ? kernels.conv_rgb_scratch_i8(outWidth, format)
        : kernels.conv_scratch_i8(c.channels, depth, outWidth, format),
    );
    const rowLength = outWidth * c.outChannels;
    const outputAt = bench.reserveLevels((rowEnd - rowStart) * rowLength, wideOut);
    // the map ends with the memory: whatever is read past it traps
    const pixelStride = c.channels + (c.unused ?? 0);
    const stored = new Int32Array(c.height * c.width * pixelStride).fill(inLargest);
    input.forEach((value, i) => {
      stored[Math.floor(i / c.channels) * pixelStride + (i % c.channels)] = value;
    });
    const inputAt = bench.placeLevels(stored, wideIn, true);
    const maps = [
      outputAt - rowStart * rowLength * bench.bytesOf(wideOut),
      inputAt,
      weightsAt,
      zerosAt,
      scratchAt,
    ] as const;
    const after = [c.pad, c.pad, ...bench.formatArguments(c.format)] as const;
    if (c.rgb) {
      kernels.conv_rgb_i8(...maps, c.height, c.width, outWidth, c.outChannels, rowStart, rowEnd, ...after);
    } else {
      const sizes = [c.height, c.width, pixelStride, c.channels, depth, outWidth, c.outChannels] as const;
      kernels.conv_i8(...maps, ...sizes, rowStart, rowEnd, c.kernelSize, c.stride, ...after);
    }
    expect(bench.strayWrite()).toBeUndefined();
    const rows = windows(input, zeros, c, outHeight, outWidth, depth);
    const sums = integerProducts(rows, weights, channels, outHeight * outWidth);
    const expected = Array.from(sums, (sum, i) => requantise(sum, i % c.outChannels, channels, undefined, c.format));
    expect(bench.levels(outputAt, (rowEnd - rowStart) * rowLength, wideOut)).toEqual(
      expected.slice(rowStart * rowLength, rowEnd * rowLength),
    );
    if (!c.rows && expected.length >= 200) expect(new Set(expected).size).toBeGreaterThan(10);
  }

  const map = { height: 7, width: 9, channels: 8, outChannels: 16, kernelSize: 3, stride: 1, pad: 1, format: 0 };
  const formats = [0, WIDE_INPUT, WIDE_OUTPUT, WIDE_INPUT | WIDE_OUTPUT, SWISH, SWISH | WIDE_INPUT];

  it.each([1, 2, 3, 5])('windows of %d', (kernelSize) => {
    for (const format of formats) {
      for (const stride of [1, 2, 3]) {
        for (const pad of [0, 1, 2]) run({ ...map, kernelSize, stride, pad, format });
      }
    }
  });

  it('pictures, of three channels', () => {
    for (const format of [WIDE_INPUT, WIDE_INPUT | WIDE_OUTPUT]) {
      for (const pad of [0, 1]) run({ ...map, height: 12, width: 11, channels: 3, stride: 2, pad, format });
      run({ ...map, height: 1, width: 1, channels: 3, format });
    }
  });

  it('pictures of three channels, 3×3 with stride 2', () => {
    const picture = { ...map, channels: 3, stride: 2, rgb: true };
    for (const format of formats) {
      for (const pad of [0, 1, 2]) {
        for (let width = 3; width < 30; width++) run({ ...picture, width, height: 3 + (width % 4), pad, format });
      }
      run({ ...picture, height: 1, width: 1, format });
      run({ ...picture, outChannels: 8, height: 12, width: 41, rows: [2, 5], format });
      run({ ...picture, outChannels: 8, height: 12, width: 41, rows: [5, 6], format });
    }
  });

  it('more channels', () => {
    for (const channels of [16, 24, 40]) for (const format of formats) run({ ...map, channels, format });
  });

  it('channels that are no multiple of 8', () => {
    for (const [channels, unused] of [
      [3, 5],
      [5, 3],
      [12, 4],
      [17, 7],
    ] as const) {
      for (const format of formats) run({ ...map, channels, unused, format });
    }
  });

  it('rows of the output by themselves', () => {
    for (const rows of [
      [0, 2],
      [3, 7],
      [6, 7],
      [4, 4],
    ] as const)
      for (const format of formats) run({ ...map, rows, format });
  });
});
