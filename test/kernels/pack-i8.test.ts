import { expect, it } from 'vitest';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import { describeBuilds } from './builds.js';
import { Bench, randomFloats } from './load.js';

const TILE = 8;
const HEADER = 16;

interface Layer {
  readonly weights: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Of each row: scale, zero point, mean. */
  readonly inputs: readonly (readonly [number, number, number])[];
  readonly bias: readonly number[];
}

function randomLayer(rows: number, columns: number, wide: boolean): { halves: Uint16Array; layer: Layer } {
  const seed = rows + 100 * columns;
  const halves = narrowToHalf(randomFloats(rows * columns, seed), 'test');
  const numbers = randomFloats(3 * rows, seed + 1);
  const inputs = Array.from({ length: rows }, (_, k): [number, number, number] => [
    Math.fround(0.01 + Math.abs(numbers[3 * k]!)),
    Math.floor(Math.abs(numbers[3 * k + 1]!) * (wide ? 4096 : 128)),
    numbers[3 * k + 2]!,
  ]);
  return {
    halves,
    layer: { weights: toFloat32(halves), rows, columns, inputs, bias: [...randomFloats(columns, seed + 2)] },
  };
}

function largest({ weights, rows, columns, inputs }: Layer): number[] {
  return Array.from({ length: columns }, (_, n) => {
    let most = 0;
    for (let k = 0; k < rows; k++) most = Math.max(most, Math.abs(weights[k * columns + n]! * inputs[k]![0]));
    return most;
  });
}

/** The plain loop that the kernel has to give the very bits of, on panels of zeros, and the columns' sums. */
function quantise(layer: Layer, steps: Float32Array, each: number, most: number, panelBytes: number) {
  const { weights, rows, columns, inputs } = layer;
  const lane = 4 / each;
  const packed = new DataView(new ArrayBuffer(Math.ceil(columns / TILE) * panelBytes));
  const bias = [...layer.bias];
  const zeros = bias.map(() => 0);
  const sizes = bias.map(() => 0);
  for (let k = 0; k < rows; k++) {
    const [scale, zero, mean] = inputs[k]!;
    for (let n = 0; n < columns; n++) {
      const weight = weights[k * columns + n]!;
      const integer = Math.max(-most, Math.min(most, Math.round(weight * scale * Math.fround(1 / steps[n]!))));
      const panel = Math.floor(n / TILE) * panelBytes;
      const at = panel + (Math.floor(k / lane) * TILE + (n % TILE)) * 4 + (k % lane) * each;
      if (each === 1) packed.setInt8(at, integer);
      else packed.setInt16(at, integer, true);
      zeros[n]! += integer * zero;
      sizes[n]! += Math.abs(integer);
      bias[n]! += (weight - (integer * steps[n]!) / scale) * mean;
    }
  }
  return { packed: new Uint8Array(packed.buffer), bias, zeros, sizes };
}

const bytesOf = (values: Float64Array): Uint8Array => new Uint8Array(values.buffer);

describeBuilds('weights to integer panels', (build) => {
  const bench = new Bench(build);
  const doubles = (address: number, count: number): number[] => [
    ...new Float64Array(bench.memory.buffer, address, count),
  ];
  const columns = [1, 2, 3, 4, 5, 8, 9, 11, 16, 23, 24, 40];
  const sizes = columns.flatMap((columns) =>
    [1, 2, 3, 4, 5, 8, 33].flatMap((rows) => [
      { rows, columns, each: 1, most: 127 },
      { rows, columns, each: 2, most: 127 },
      { rows, columns, each: 2, most: 8191 },
    ]),
  );

  it.each(sizes)('$rows × $columns in $each bytes up to $most, floats and halves', ({ rows, columns, each, most }) => {
    const { halves, layer } = randomLayer(rows, columns, each === 2);
    const padded = Math.ceil(columns / TILE) * TILE;
    const panelBytes = HEADER + Math.ceil(rows / 8) * 8 * TILE * each;
    const found = largest(layer);
    // a little less than the largest in some columns, so that weights are clipped; powers of 2 in others, so that ties occur
    const steps = Float32Array.from(found, (size, n) =>
      n % 3 === 0 ? size / most : n % 3 === 1 ? size / most / 1.5 : 2 ** Math.ceil(Math.log2(size / most)),
    );
    const expected = quantise(layer, steps, each, most, panelBytes);
    for (const values of [halves, layer.weights]) {
      bench.clear();
      const half = values === halves ? 1 : 0;
      const from = bench.place(values, values.BYTES_PER_ELEMENT);
      const inputsAt = bench.reserve(24 * rows);
      new Float64Array(bench.memory.buffer, inputsAt, 3 * rows).set(layer.inputs.flat());
      const channels = new Float64Array(5 * padded);
      channels.set(steps);
      channels.set(
        steps.map((step) => 1 / step),
        padded,
      );
      channels.set(layer.bias, 2 * padded);
      const channelsAt = bench.place(bytesOf(channels));
      const to = bench.place(new Uint8Array(expected.packed.length));
      bench.kernels.quantise_panels(to, from, half, rows, columns, panelBytes, each, inputsAt, channelsAt, most);
      expect(bench.bytes(to, expected.packed.length)).toEqual(expected.packed);
      expect(doubles(channelsAt + 16 * padded, columns)).toEqual(expected.bias);
      expect(doubles(channelsAt + 24 * padded, columns)).toEqual(expected.zeros);
      expect(doubles(channelsAt + 32 * padded, columns)).toEqual(expected.sizes);
      expect(bench.strayWrite()).toBeUndefined();

      const largestAt = bench.reserve(8 * padded);
      bench.kernels.largest_weights(largestAt, from, half, rows, columns, inputsAt);
      expect(doubles(largestAt, columns)).toEqual(found);
      expect(bench.strayWrite()).toBeUndefined();
    }
  });

  it('rounds halves up and the largest number below a half down', () => {
    const weights = Float32Array.of(0.5, 1.5, -0.5, -1.5, 2.5, -2.5, 0.25, -0.25, ...new Array(8).fill(1));
    const layer: Layer = {
      weights,
      rows: 2,
      columns: 8,
      inputs: [
        [1, 0, 0],
        [0.49999999999999994, 0, 0],
      ],
      bias: new Array(8).fill(0),
    };
    const steps = new Float32Array(8).fill(1);
    bench.clear();
    const from = bench.place(weights);
    const inputsAt = bench.place(bytesOf(Float64Array.of(1, 0, 0, 0.49999999999999994, 0, 0)));
    const channels = new Float64Array(40);
    channels.set(steps);
    channels.set(steps, 8);
    const channelsAt = bench.place(bytesOf(channels));
    const to = bench.place(new Uint8Array(32));
    bench.kernels.quantise_panels(to, from, 0, 2, 8, 32, 1, inputsAt, channelsAt, 127);
    expect([...bench.bytes(to, 32)].filter((_, at) => at % 4 === 0)).toEqual([1, 2, 0, 255, 3, 254, 0, 0]);
    expect([...bench.bytes(to, 32)].filter((_, at) => at % 4 === 1)).toEqual(new Array(8).fill(0));
    expect(bench.bytes(to, 32)).toEqual(quantise(layer, steps, 1, 127, 32).packed);
  });
});

describeBuilds('depthwise weights to integer blocks', (build) => {
  const bench = new Bench(build);
  const sizes = [1, 3, 5].flatMap((kernelSize) =>
    [1, 3, 8, 13, 24].flatMap((columns) => [
      { kernelSize, columns, each: 1, most: 127 },
      { kernelSize, columns, each: 2, most: 8191 },
    ]),
  );

  it.each(sizes)('$kernelSize × $kernelSize × $columns in $each bytes', ({ kernelSize, columns, each, most }) => {
    const { halves, layer } = randomLayer(kernelSize ** 2, columns, each === 2);
    const ofColumns = randomLayer(columns, 1, each === 2).layer.inputs;
    const lane = 4 / each;
    const groups = Math.ceil(kernelSize / lane);
    const blockBytes = HEADER + kernelSize * groups * 32;
    const padded = Math.ceil(columns / TILE) * TILE;
    const expected = new DataView(new ArrayBuffer((padded / TILE) * blockBytes));
    const rows = Array.from({ length: 7 }, (_, row) => new Float64Array(padded).fill(row === 0 || row === 5 ? 1 : 0));
    const sums = ofColumns.map((_, c) => ({ bias: layer.bias[c]!, zeros: 0, sizes: 0 }));
    ofColumns.forEach(([scale, zero, mean], c) => {
      const step = Math.fround(scale / most / 1.2);
      [step, zero, layer.bias[c]!, 0, 0, scale, mean].forEach((value, row) => {
        rows[row]![c] = value;
      });
      for (let ky = 0; ky < kernelSize; ky++) {
        for (let kx = 0; kx < kernelSize; kx++) {
          const weight = layer.weights[(ky * kernelSize + kx) * columns + c]!;
          const integer = Math.max(-most, Math.min(most, Math.round((weight * scale) / step)));
          const block = Math.floor(c / TILE) * blockBytes;
          const at = block + ((kx * groups + Math.floor(ky / lane)) * TILE + (c % TILE)) * 4 + (ky % lane) * each;
          if (each === 1) expected.setInt8(at, integer);
          else expected.setInt16(at, integer, true);
          sums[c]!.zeros += integer * zero;
          sums[c]!.sizes += Math.abs(integer);
          sums[c]!.bias += (weight - (integer * step) / scale) * mean;
        }
      }
    });
    for (const values of [halves, layer.weights]) {
      bench.clear();
      const from = bench.place(values, values.BYTES_PER_ELEMENT);
      const channels = bench.place(bytesOf(Float64Array.from(rows.flatMap((row) => [...row]))));
      const to = bench.place(new Uint8Array(expected.byteLength));
      const half = values === halves ? 1 : 0;
      bench.kernels.quantise_blocks(to, from, half, kernelSize, columns, blockBytes, each, channels, most);
      expect(bench.bytes(to, expected.byteLength)).toEqual(new Uint8Array(expected.buffer));
      const row = (index: number) => [...new Float64Array(bench.memory.buffer, channels + 8 * index * padded, columns)];
      expect(row(2)).toEqual(sums.map(({ bias }) => bias));
      expect(row(3)).toEqual(sums.map(({ zeros }) => zeros));
      expect(row(4)).toEqual(sums.map(({ sizes }) => sizes));
      expect(bench.strayWrite()).toBeUndefined();
    }
  });
});
