import { describe, expect, it } from 'vitest';
import { Bench, builds } from './load.js';

/** Mantissa of 31 bits and shift of one output channel, as TFLite's QuantizeMultiplier gives them. */
interface Channel {
  readonly bias: number;
  readonly mantissa: number;
  readonly shift: number;
}

type Kernel = (...numbers: number[]) => void;
type ExactKernels = Record<'exact_add_i16' | 'exact_linear_i16' | 'exact_depthwise_i16' | 'exact_gather_i16', Kernel>;

/** gemmlowp's definitions, word for word in big integers. */
function requantise(sum: bigint, { mantissa, shift }: Channel): number {
  const shifted = BigInt.asIntN(32, sum << BigInt(Math.max(shift, 0)));
  const product = shifted * BigInt(mantissa);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const high = (product + nudge) / (1n << 31n);
  const exponent = BigInt(Math.max(-shift, 0));
  const mask = (1n << exponent) - 1n;
  const remainder = high & mask;
  const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
  return Number((high >> exponent) + (remainder > threshold ? 1n : 0n));
}

function clip(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function random(seed: number): (below: number) => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Values as they come about: −255 … 255, the ends often. */
function randomValues(count: number, seed: number): Int16Array {
  const next = random(seed);
  return Int16Array.from({ length: count }, () => (next(8) === 0 ? 255 * (2 * next(2) - 1) : next(511) - 255));
}

/** Shifts from 7 left to 31 right, so that halves, wrapping and zeros occur. */
function randomChannels(count: number, seed: number): Channel[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => ({
    bias: next(2 ** 20) - 2 ** 19,
    mantissa: next(4) === 0 ? [0, 2 ** 30, 2 ** 31 - 1, 3 * 2 ** 29][next(4)]! : 2 ** 30 + next(2 ** 30),
    shift: [-11, -7, 0, 1, -31, 7, -14, -1][index % 8]!,
  }));
}

/** Panels of 8 channels: biases, mantissas, 2^left, 2^right as doubles, then `rows` of 8 × `width` weights. */
function packPanels(channels: readonly Channel[], rows: number, width: number, weight: WeightAt): ArrayBuffer {
  const panelBytes = 160 + rows * width * 16;
  const buffer = new ArrayBuffer((channels.length / 8) * panelBytes);
  const view = new DataView(buffer);
  for (const [channel, { bias, mantissa, shift }] of channels.entries()) {
    const lane = channel % 8;
    const panel = Math.floor(channel / 8) * panelBytes;
    view.setInt32(panel + 4 * lane, bias, true);
    view.setInt32(panel + 32 + 4 * lane, mantissa, true);
    view.setInt32(panel + 64 + 4 * lane, 2 ** Math.max(shift, 0), true);
    view.setFloat64(panel + 96 + 8 * lane, 2 ** Math.min(shift, 0), true);
    for (let row = 0; row < rows; row++) {
      for (let item = 0; item < width; item++) {
        const at = panel + 160 + (row * 8 + lane) * width * 2 + item * 2;
        view.setInt16(at, weight(channel, row * width + item), true);
      }
    }
  }
  return buffer;
}

type WeightAt = (channel: number, index: number) => number;

describe.each(builds)('exact kernels in %s', (build) => {
  const bench = new Bench(build, 64);
  const kernels = bench.kernels as unknown as ExactKernels;

  function place(values: ArrayBufferLike): number {
    const address = bench.reserve(values.byteLength);
    new Uint8Array(bench.memory.buffer).set(new Uint8Array(values), address);
    return address;
  }

  function values(address: number, count: number): number[] {
    return Array.from(new Int16Array(bench.memory.buffer, address, count));
  }

  function runLinear(pixels: number, depth: number, outputs: number, low: number, high: number): void {
    bench.clear();
    const input = randomValues(pixels * depth, 1);
    const weights = randomValues(outputs * depth, 2);
    const channels = randomChannels(outputs, 3);
    const weight: WeightAt = (channel, index) => weights[channel * depth + index]!;
    const inputAt = place(input.buffer);
    const weightsAt = place(packPanels(channels, depth / 2, 2, weight));
    const outputAt = bench.reserve(pixels * outputs * 2);
    const strides = [depth * 2, outputs * 2] as const;
    kernels.exact_linear_i16(outputAt, inputAt, weightsAt, pixels, depth, outputs / 8, ...strides, low, high);
    const expected = Array.from({ length: pixels * outputs }, (_, at) => {
      const [pixel, channel] = [Math.floor(at / outputs), at % outputs];
      let sum = channels[channel]!.bias;
      for (let index = 0; index < depth; index++) sum += input[pixel * depth + index]! * weight(channel, index);
      return clip(requantise(BigInt(sum), channels[channel]!), low, high);
    });
    expect(values(outputAt, pixels * outputs)).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
  }

  it('exact_linear_i16 equals the definition at all tiles', () => {
    for (const pixels of [1, 2, 3, 4, 5, 7, 8, 9, 21]) {
      for (const depth of [2, 4, 8, 16, 24, 72]) {
        for (const outputs of [8, 16, 24]) runLinear(pixels, depth, outputs, -128, 127);
      }
    }
  });

  it('exact_linear_i16 clips to every range and cuts many pixels into blocks without a seam', () => {
    for (const [low, high] of [
      [0, 255],
      [-255, 0],
      [-3, 2],
      [-32768, 32767],
    ] as const) {
      runLinear(6, 16, 16, low, high);
    }
    runLinear(1540, 16, 8, -128, 127);
    runLinear(13, 1280, 16, -128, 127);
  });

  function runDepthwise(
    [height, width, count]: readonly [number, number, number],
    [size, stride, top, left, outHeight, outWidth]: readonly [number, number, number, number, number, number],
  ): void {
    bench.clear();
    const input = randomValues(height * width * count, 4);
    const weights = randomValues(size * size * count, 5);
    const channels = randomChannels(count, 6);
    const inputAt = place(input.buffer);
    const weightsAt = place(packPanels(channels, size * size, 1, (channel, tap) => weights[tap * count + channel]!));
    const outputAt = bench.reserve(outHeight * outWidth * count * 2);
    const sizes = [height, width, count, outHeight, outWidth] as const;
    kernels.exact_depthwise_i16(outputAt, inputAt, weightsAt, ...sizes, size, stride, top, left, -100, 120);
    const expected = Array.from({ length: outHeight * outWidth * count }, (_, at) => {
      const channel = at % count;
      const [y, x] = [Math.floor(at / count / outWidth), Math.floor(at / count) % outWidth];
      let sum = channels[channel]!.bias;
      for (let tap = 0; tap < size * size; tap++) {
        const inY = y * stride - top + Math.floor(tap / size);
        const inX = x * stride - left + (tap % size);
        if (inY < 0 || inY >= height || inX < 0 || inX >= width) continue;
        sum += input[(inY * width + inX) * count + channel]! * weights[tap * count + channel]!;
      }
      return clip(requantise(BigInt(sum), channels[channel]!), -100, 120);
    });
    expect(values(outputAt, expected.length)).toEqual(expected);
    expect(bench.strayWrite()).toBeUndefined();
  }

  it('exact_depthwise_i16 equals the definition for every window, stride and pad', () => {
    for (const size of [1, 2, 3, 5, 7]) {
      for (const stride of [1, 2, 3]) {
        for (const [height, width] of [
          [1, 1],
          [2, 3],
          [5, 4],
          [8, 9],
        ] as const) {
          for (const pad of [0, 1, size]) {
            const rows = Math.floor((height + pad + 1 - size) / stride) + 1;
            const columns = Math.floor((width + pad - size) / stride) + 1;
            if (rows < 1 || columns < 1) continue;
            runDepthwise([height, width, 16], [size, stride, pad, Math.max(pad - 1, 0), rows, columns]);
          }
        }
      }
    }
    runDepthwise([4, 4, 40], [3, 1, 1, 1, 4, 4]);
  });

  it.each([8, 16, 40, 1000])('exact_add_i16 equals the definition, %i values', (count) => {
    for (const [seed, shifts] of [
      [1, [0, -3, -17]],
      [2, [-1, 0, -19]],
      [3, [-9, -1, -16]],
      [4, [0, 0, -20]],
    ] as const) {
      bench.clear();
      const [a, b] = [randomValues(count, seed), randomValues(count, seed + 10)];
      const parts = randomChannels(3, seed).map((channel, part) => ({
        bias: 0,
        mantissa: Math.max(channel.mantissa, 2 ** 30),
        shift: shifts[part]!,
      }));
      const headers = parts.map((part) => new Uint8Array(packPanels(Array(8).fill(part), 0, 1, () => 0)));
      for (const header of headers.slice(0, 2)) new Int32Array(header.buffer, 64, 8).fill(2 ** 20);
      const constants = new Uint8Array(480);
      for (const [part, header] of headers.entries()) constants.set(header, part * 160);
      const [aAt, bAt, constantsAt] = [place(a.buffer), place(b.buffer), place(constants.buffer)];
      const outputAt = bench.reserve(count * 2);
      kernels.exact_add_i16(outputAt, aAt, bAt, constantsAt, count, -120, 130);
      const expected = Array.from({ length: count }, (_, index) => {
        const terms = [a[index]!, b[index]!].map((value, part) =>
          requantise(BigInt(value) << 20n, parts[part] as Channel),
        ) as [number, number];
        return clip(requantise(BigInt(terms[0] + terms[1]), parts[2]!), -120, 130);
      });
      expect(values(outputAt, count)).toEqual(expected);
      expect(new Set(expected).size).toBeGreaterThan(2);
      expect(bench.strayWrite()).toBeUndefined();
    }
  });

  it('exact_gather_i16 lays out the windows of a row, zeros outside', () => {
    for (const [channels, pixelStride] of [
      [3, 8],
      [1, 8],
      [8, 8],
      [12, 16],
      [17, 24],
    ] as const) {
      for (const [kernelHeight, kernelWidth, stride, pad] of [
        [3, 3, 2, 1],
        [1, 1, 2, 0],
        [5, 5, 1, 2],
        [2, 3, 1, 0],
        [7, 7, 3, 6],
      ] as const) {
        bench.clear();
        const [height, width] = [5, 6];
        const taps = kernelHeight * kernelWidth;
        const outWidth = Math.floor((width + 2 * pad - kernelWidth) / stride) + 1;
        const depth = Math.ceil((taps * channels) / 8) * 8;
        if (outWidth < 1) continue;
        const input = randomValues(height * width * pixelStride, 7);
        const inputAt = place(input.buffer);
        const outputAt = bench.reserve(outWidth * depth * 2);
        for (const y of [0, 1]) {
          const window = [kernelHeight, kernelWidth, stride, pad, pad] as const;
          const map = [height, width, pixelStride, channels, outWidth] as const;
          kernels.exact_gather_i16(outputAt, inputAt, y, ...map, ...window, depth);
          const expected = Array.from({ length: outWidth * depth }, (_, at) => {
            const [x, index] = [Math.floor(at / depth), at % depth];
            const tap = Math.floor(index / channels);
            const inY = y * stride - pad + Math.floor(tap / kernelWidth);
            const inX = x * stride - pad + (tap % kernelWidth);
            const inside = tap < taps && inY >= 0 && inY < height && inX >= 0 && inX < width;
            return inside ? input[(inY * width + inX) * pixelStride + (index % channels)]! : 0;
          });
          expect(values(outputAt, outWidth * depth)).toEqual(expected);
        }
        expect(bench.strayWrite()).toBeUndefined();
      }
    }
  });
});
