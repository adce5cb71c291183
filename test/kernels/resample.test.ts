import { describe, expect, it } from 'vitest';
import { Bench, builds, randomFloats } from './load.js';

const BITS = 22;

function randomBytes(count: number, seed: number): Uint8Array {
  return Uint8Array.from(randomFloats(count, seed), (value) => (value + 1) * 128);
}

interface Axis {
  readonly first: Int32Array;
  readonly length: Int32Array;
  readonly weights: Int32Array;
  readonly size: number;
}

/** Any taps within `source` pixels, weights that overshoot on both sides, though no sum leaves 32 bits. */
function randomAxis(source: number, count: number, size: number, seed: number): Axis {
  const draw = randomFloats(count * (size + 2), seed);
  const length = Int32Array.from({ length: count }, (_, i) => 1 + Math.floor(((draw[i]! + 1) / 2) * (size - 0.01)));
  const first = length.map((taps, i) => Math.floor(((draw[count + i]! + 1) / 2) * (source - taps + 0.99)));
  const weights = Int32Array.from(draw.subarray(2 * count), (value, i) =>
    i % size < length[Math.floor(i / size)]! ? ((value * 1.9) / size) * 2 ** BITS : 0,
  );
  return { first, length, weights, size };
}

/** Σ weight · byte over byte(tap), in exact arithmetic, rounded half up and clipped. */
function convolve({ first, length, weights, size }: Axis, output: number, byteAt: (pixel: number) => number): number {
  let sum = 0n;
  for (let tap = 0; tap < length[output]!; tap++) {
    sum += BigInt(weights[output * size + tap]!) * BigInt(byteAt(first[output]! + tap));
  }
  const rounded = Number((sum + (1n << BigInt(BITS - 1))) >> BigInt(BITS));
  return Math.min(Math.max(rounded, 0), 255);
}

describe.each(builds)('%s: resampling RGB bytes', (build) => {
  const bench = new Bench(build);
  const slack = bench.kernels.RESAMPLE_SLACK.value;

  function run(kernel: 'resample_rows_u8' | 'resample_columns_u8', source: Uint8Array, axis: Axis, sizes: number[]) {
    bench.clear();
    const input = bench.place(source);
    bench.reserve(slack);
    const [first, length, whole] = [axis.first, axis.length, axis.weights].map((each) => bench.place(each)) as [
      number,
      number,
      number,
    ];
    let [weights, size] = [whole, axis.size];
    if (kernel === 'resample_rows_u8') {
      size = Math.ceil(axis.size / 4);
      weights = bench.reserve(axis.first.length * size * 16);
      bench.kernels.split_weights(weights, whole, axis.first.length, axis.size);
    }
    const [rows, columns, inputRow, bytes] = sizes as [number, number, number, number];
    const output = bench.reserve(bytes + slack);
    bench.kernels[kernel](output, input, first, length, weights, rows, columns, size, inputRow, BITS);
    expect(bench.strayWrite()).toBeUndefined();
    return [...bench.bytes(output, bytes)];
  }

  const sizes = [1, 2, 3, 4, 5, 16, 21].flatMap((source) =>
    [0, 1, 4, 11].flatMap((count) => [1, 3, 16].map((other) => ({ source, count, other }))),
  );

  it.each(sizes)('$source pixels of $other rows to $count', ({ source, count, other: rows }) => {
    const stride = (source + 2) * 3;
    const bytes = randomBytes(stride * rows, source + count + rows);
    const axis = randomAxis(source, count, Math.min(source, 11), source * 31 + count);
    const expected: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let x = 0; x < count; x++) {
        for (let c = 0; c < 3; c++) expected.push(convolve(axis, x, (pixel) => bytes[row * stride + pixel * 3 + c]!));
      }
    }
    expect(run('resample_rows_u8', bytes, axis, [rows, count, stride, expected.length])).toEqual(expected);
  });

  it.each(sizes)('$source rows of $other pixels to $count', ({ source, count, other: pixels }) => {
    const width = pixels * 3;
    const stride = width + 6;
    const bytes = randomBytes(stride * source, source + count + pixels);
    const axis = randomAxis(source, count, Math.min(source, 6), source * 37 + count);
    const expected: number[] = [];
    for (let y = 0; y < count; y++) {
      for (let i = 0; i < width; i++) expected.push(convolve(axis, y, (row) => bytes[row * stride + i]!));
    }
    expect(run('resample_columns_u8', bytes, axis, [count, width, stride, expected.length])).toEqual(expected);
  });

  it.each([0, 1, 2, 7])('looks %d pixels up', (pixels) => {
    bench.clear();
    const bytes = randomBytes(pixels * 3, pixels);
    const table = randomFloats(3 * 256, 9);
    const input = bench.place(bytes, 1);
    const tableAt = bench.place(table);
    const output = bench.reserve(pixels * 12);
    bench.kernels.look_up_f32(output, input, tableAt, pixels);
    expect(bench.strayWrite()).toBeUndefined();
    const expected = [...bytes].map((byte, i) => table[(i % 3) * 256 + byte]!);
    expect([...bench.floats(output, pixels * 3)]).toEqual(expected);
    // over its own input, which is the end of the output
    const inPlace = output + pixels * 9;
    new Uint8Array(bench.memory.buffer, inPlace, bytes.length).set(bytes);
    bench.kernels.look_up_f32(output, inPlace, tableAt, pixels);
    expect([...bench.floats(output, pixels * 3)]).toEqual(expected);
  });
});
