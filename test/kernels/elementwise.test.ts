import { expect, it } from 'vitest';
import { activations } from '../reference-network.js';
import { describeBuilds } from './builds.js';
import { expectClose } from './compare.js';
import { Bench, randomFloats } from './load.js';
import { clamp, sigmoid, softmax, widenHalf } from './naive.js';

/** 2e-7 in units of 2⁻²⁴ is 3.36; sums, quotients and products add a few roundings. */
const EXP_UNITS = 3.3;

const counts = [0, 4, 8, 12, 40];
const large = [
  -3e38, -1e4, -200, -104, -103.9, -90, -88.8, -88.7, -87.4, -87.3, 0, -0, 87.3, 88.7, 88.8, 104, 1e4, 3e38,
];

/** Dense over −110 … 110, small values of either sign, and the ends. */
function sweep(): Float32Array {
  const values = [...large];
  for (let i = -11000; i <= 11000; ++i) values.push(i / 100 + i / 12345);
  for (let e = -30; e < 0; ++e) values.push(2 ** e, -(2 ** e));
  while (values.length % 4) values.push(1);
  return Float32Array.from(values);
}

/** Of sums near zero no digits are left: the absolute error that is allowed beside the relative one. */
const ABSOLUTE: Record<string, number> = { HARD_SIGMOID: 6e-8, HARD_SWISH: 2e-7, GELU: 1e-9, GELU_TANH: 1e-10 };

/** By the kernels' names of them: parameters, and the definition. Sigmoid and swish have tests of their own. */
const curves: Record<string, readonly [readonly number[], (x: number, ...parameters: readonly number[]) => number]> = {
  TANH: [[], activations.tanh],
  HARD_SWISH: [[], activations.hardSwish],
  HARD_SIGMOID: [[0.2, 0.5], activations.hardSigmoid],
  LEAKY_RELU: [[0.3], activations.leakyRelu],
  ELU: [[0.7], activations.elu],
  SELU: [[], activations.selu],
  GELU: [[], activations.gelu],
  GELU_TANH: [[], activations.geluTanh],
  SOFTPLUS: [[], activations.softplus],
  SOFTSIGN: [[], activations.softsign],
  MISH: [[], activations.mish],
  EXPONENTIAL: [[], activations.exponential],
};

describeBuilds('elementwise kernels', (build) => {
  const bench = new Bench(build);

  /** Runs apart and in place; both must give the same, and touch nothing else. */
  function run(input: Float32Array, kernel: (output: number, input: number) => void): Float32Array {
    bench.clear();
    const inputAt = bench.place(input);
    const outputAt = bench.reserve(input.byteLength);
    kernel(outputAt, inputAt);
    const apart = bench.floats(outputAt, input.length);
    expect(bench.floats(inputAt, input.length)).toEqual(input);
    kernel(inputAt, inputAt);
    expect(bench.floats(inputAt, input.length)).toEqual(apart);
    expect(bench.strayWrite()).toBeUndefined();
    return apart;
  }

  it('add_f32', () => {
    for (const count of counts) {
      for (const [min, max] of [
        [-Infinity, Infinity],
        [0, 0.5],
      ] as const) {
        const [a, b] = [randomFloats(count, 1), randomFloats(count, 2)];
        const expected = a.map((value, i) => clamp(Math.fround(value + b[i]!), min, max));
        const add = (output: number, at: number) => {
          const bAt = bench.place(b);
          bench.kernels.add_f32(output, at, bAt, count, min, max);
        };
        expect(run(a, add)).toEqual(expected);
        const addToSecond = (output: number, at: number) => {
          const bAt = bench.place(b);
          bench.kernels.add_f32(output, bAt, at, count, min, max);
        };
        expect(run(a, addToSecond)).toEqual(expected);
      }
    }
  });

  it('scale_f32', () => {
    for (const pixels of [0, 1, 2, 5]) {
      for (const channels of [8, 24]) {
        const input = randomFloats(pixels * channels, 1);
        const gate = randomFloats(channels, 2);
        const actual = run(input, (output, at) => {
          const gateAt = bench.place(gate);
          bench.kernels.scale_f32(output, at, gateAt, pixels, channels);
        });
        expect(actual).toEqual(input.map((value, i) => value * gate[i % channels]!));
      }
    }
  });

  it('clamp_f32', () => {
    for (const count of counts) {
      const input = randomFloats(count, 1);
      for (const [min, max] of [
        [0, Infinity],
        [-0.5, 0.25],
      ] as const) {
        const actual = run(input, (output, at) => bench.kernels.clamp_f32(output, at, count, min, max));
        expect(actual).toEqual(input.map((value) => clamp(value, min, max)));
      }
    }
  });

  /** From about here down the kernels no longer follow: sigmoid would be below the smallest normal number. */
  const FAR = -87.3;

  it('activate_f32: sigmoid over the whole range', () => {
    const input = sweep();
    const actual = run(input, (output, at) =>
      bench.kernels.activate_f32(output, at, input.length, bench.kernels.SIGMOID.value, 0, 0),
    );
    const near = (_: number, i: number) => input[i]! >= FAR;
    expectClose(actual.filter(near), Array.from(input, sigmoid).filter(near), EXP_UNITS + 2);
    for (const value of actual.filter((_, i) => input[i]! < FAR)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1.01 * Math.exp(FAR));
    }
  });

  it('activate_f32: swish over the whole range', () => {
    const input = sweep();
    const actual = run(input, (output, at) =>
      bench.kernels.activate_f32(output, at, input.length, bench.kernels.SWISH.value, 0, 0),
    );
    const near = (_: number, i: number) => input[i]! >= FAR;
    expectClose(actual.filter(near), Array.from(input, (x) => x * sigmoid(x)).filter(near), EXP_UNITS + 3);
    for (const value of actual.filter((_, i) => input[i]! < FAR)) {
      expect(value).toBeLessThanOrEqual(0);
      expect(value).toBeGreaterThan(1.01 * FAR * Math.exp(FAR));
    }
  });

  it.each(Object.entries(curves))('activate_f32: %s over the whole range', (name, [parameters, apply]) => {
    const finite = sweep().filter((x) => Math.abs(x) <= 200);
    const input = finite.subarray(finite.length % 4);
    const code = (bench.kernels as unknown as Record<string, { value: number }>)[name]!.value;
    for (const kernel of ['activate_f32', 'activate_rounded_f32'] as const) {
      const actual = run(input, (output, at) => {
        bench.kernels[kernel](output, at, input.length, code, parameters[0] ?? 0, parameters[1] ?? 0);
      });
      input.forEach((x, i) => {
        const expected = apply(x, ...parameters);
        // Beyond the floats' range no digits are asked for.
        if (Math.abs(expected) > 3.4e38) return;
        const tolerance = 1e-6 * Math.abs(expected) + (ABSOLUTE[name] ?? 1e-20);
        if (!(Math.abs(actual[i]! - expected) <= tolerance)) {
          expect.fail(`${kernel} ${name}(${x}) = ${actual[i]}, expected ${expected}`);
        }
      });
      const nan = run(Float32Array.of(Number.NaN, 1, 2, 3), (output, at) => {
        bench.kernels[kernel](output, at, 4, code, parameters[0] ?? 0, parameters[1] ?? 0);
      });
      expect(nan[0]).toBeNaN();
    }
  });

  it('prelu_f32', () => {
    for (const pixels of [1, 2, 5]) {
      for (const channels of [8, 24]) {
        for (const perPixel of [0, 1]) {
          const input = randomFloats(pixels * channels, 1);
          const slopes = randomFloats(channels * (perPixel ? pixels : 1), 2);
          const actual = run(input, (output, at) => {
            bench.kernels.prelu_f32(output, at, bench.place(slopes), pixels, channels, perPixel);
          });
          expect(actual).toEqual(input.map((x, i) => (x >= 0 ? x : x * slopes[i % slopes.length]!)));
        }
      }
    }
  });

  it('scale_pixels_f32', () => {
    for (const [pixels, channels, gateStride] of [
      [1, 8, 8],
      [5, 24, 8],
      [5, 8, 16],
      [7, 16, 0],
    ] as const) {
      const input = randomFloats(pixels * channels, 1);
      const gate = randomFloats(Math.max(gateStride * pixels, 8), 2);
      const actual = run(input, (output, at) => {
        bench.kernels.scale_pixels_f32(output, at, bench.place(gate), pixels, channels, gateStride);
      });
      expect(actual).toEqual(input.map((x, i) => x * gate[Math.floor(i / channels) * gateStride]!));
    }
  });

  it.each([
    ['multiply_f32', (a: number, b: number) => a * b],
    ['subtract_f32', (a: number, b: number) => a - b],
    ['maximum_f32', Math.max],
    ['minimum_f32', Math.min],
  ] as const)('%s', (kernel, apply) => {
    for (const count of counts) {
      const [a, b] = [randomFloats(count, 1), randomFloats(count, 2)];
      const actual = run(a, (output, at) => bench.kernels[kernel](output, at, bench.place(b), count));
      expect(actual).toEqual(a.map((value, i) => Math.fround(apply(value, b[i]!))));
    }
  });

  it('sigmoid and swish let a NaN pass', () => {
    const input = Float32Array.of(Number.NaN, 1, 2, 3);
    expect(
      run(input, (output, at) => bench.kernels.activate_f32(output, at, 4, bench.kernels.SIGMOID.value, 0, 0))[0],
    ).toBeNaN();
    expect(
      run(input, (output, at) => bench.kernels.activate_f32(output, at, 4, bench.kernels.SWISH.value, 0, 0))[0],
    ).toBeNaN();
  });

  it('sigmoid and swish at every count', () => {
    for (const count of counts) {
      const input = randomFloats(count, count);
      expectClose(
        run(input, (output, at) => bench.kernels.activate_f32(output, at, count, bench.kernels.SIGMOID.value, 0, 0)),
        Array.from(input, sigmoid),
        EXP_UNITS + 2,
      );
      expectClose(
        run(input, (output, at) => bench.kernels.activate_f32(output, at, count, bench.kernels.SWISH.value, 0, 0)),
        Array.from(input, (x) => x * sigmoid(x)),
        EXP_UNITS + 3,
      );
    }
  });

  it('softmax_f32 at any count', () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 1000, 1001]) {
      for (const scale of [0, 1, 30, 300]) {
        const input = randomFloats(count, count).map((value) => value * scale);
        const actual = run(input, (output, at) => bench.kernels.softmax_f32(output, at, count));
        // x − maximum is rounded before the power: up to half a unit of the difference
        expectClose(actual, softmax(input), EXP_UNITS + 3 + 2 * scale);
        expect(actual.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
      }
    }
  });

  it('softmax_f32 of huge and of equal values', () => {
    const softmaxOf = (values: number[]) => {
      const input = Float32Array.from(values);
      return Array.from(run(input, (output, at) => bench.kernels.softmax_f32(output, at, input.length)));
    };
    expect(softmaxOf([3e38, -3e38, 0, 3e38, -1])).toEqual([0.5, 0, 0, 0.5, 0]);
    expect(softmaxOf([-1e30, -1e30])).toEqual([0.5, 0.5]);
    // e^−103 is the smallest subnormal, e^−104 is zero
    expect(softmaxOf([0, -103, -104, -1e4])).toEqual([1, 2 ** -149, 0, 0]);
  });

  it('softmax_f32 is e^x within 2e-7 for every difference', () => {
    const input = Float32Array.from([0, ...Array.from({ length: 8700 }, (_, i) => -i / 100)]);
    const actual = run(input, (output, at) => bench.kernels.softmax_f32(output, at, input.length));
    const ratios = Float64Array.from(actual, (value) => value / actual[0]!);
    ratios.forEach((ratio, i) => {
      const power = Math.exp(input[i]!);
      // the two shares are rounded too; where they are subnormal, to fewer bits
      const share = power * actual[0]!;
      if (share < 2 ** -126) return;
      if (!(Math.abs(ratio - power) <= (2e-7 + 2 ** -23) * power)) expect.fail(`e^${input[i]}: ${ratio}, not ${power}`);
    });
  });
});

describeBuilds('widen_f16', (build) => {
  const bench = new Bench(build, 32);

  it('widens all 65536 patterns exactly', () => {
    bench.clear();
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const inputAt = bench.place(halves, 2);
    const outputAt = bench.reserve(65536 * 4);
    bench.kernels.widen_f16(outputAt, inputAt, 65536);
    const actual = bench.floats(outputAt, 65536);
    const bits = new Uint32Array(actual.buffer);
    for (let half = 0; half < 65536; ++half) {
      const expected = widenHalf(half);
      if (Number.isNaN(expected)) {
        expect(bits[half]).toBe((((half & 0x8000) << 16) | 0x7f800000 | ((half & 1023) << 13)) >>> 0);
      } else if (!Object.is(actual[half], expected)) {
        expect.fail(`0x${half.toString(16)}: ${actual[half]}, expected ${expected}`);
      }
    }
    expect(bench.strayWrite()).toBeUndefined();
  });

  it('takes any count', () => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9]) {
      bench.clear();
      const inputAt = bench.place(new Uint16Array(count).fill(0x3e00));
      const outputAt = bench.reserve(count * 4);
      bench.kernels.widen_f16(outputAt, inputAt, count);
      expect(Array.from(bench.floats(outputAt, count))).toEqual(new Array(count).fill(1.5));
      expect(bench.strayWrite()).toBeUndefined();
    }
  });
});
